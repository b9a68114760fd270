#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

namespace inlet::storage {

struct SchemeAndRest {
  std::string_view scheme;
  std::string_view rest;  ///< After the colon.
};

/// Splits "s3://b/x" into "s3" and "//b/x". Nothing for a plain path: a colon without a slash
/// behind it, or after a character that no scheme has, belongs to a file name. Views of `url`.
inline std::optional<SchemeAndRest> SplitScheme(std::string_view url) {
  const std::size_t colon = url.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::string_view scheme = url.substr(0, colon);
  const std::string_view rest = url.substr(colon + 1);
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto belongs = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '.' || c == '-';
  };
  if (!is_letter(scheme[0]) || !std::ranges::all_of(scheme, belongs)) return std::nullopt;
  if (!rest.starts_with('/')) return std::nullopt;
  return SchemeAndRest{scheme, rest};
}

}  // namespace inlet::storage
