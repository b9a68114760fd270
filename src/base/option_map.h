#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace inlet {

/// Compares ASCII text, ignoring case.
struct CaseInsensitiveLess {
  using is_transparent = void;
  bool operator()(std::string_view left, std::string_view right) const;
};

bool EqualsIgnoreCase(std::string_view left, std::string_view right);

/// ASCII only; other bytes stay.
std::string ToLower(std::string_view text);

/// Options of a reader or writer: names ignore case, values are text.
using OptionMap = std::map<std::string, std::string, CaseInsensitiveLess>;

/// The known name nearest to `name` (edit distance at most a third of its
/// length, ignoring case), or nothing.
std::optional<std::string_view> NearestName(std::string_view name,
                                            std::span<const std::string_view> known);

/// " Did you mean `x`?" or an empty text; for the <suggestion> of an error.
std::string DidYouMean(std::string_view name, std::span<const std::string_view> known);

/// Typed look-ups. Errors: INVALID_PARAMETER_VALUE, naming option and value.
Result<std::optional<bool>> GetBool(const OptionMap& options, std::string_view name);
Result<std::optional<std::int64_t>> GetInt64(const OptionMap& options, std::string_view name);
std::optional<std::string> GetString(const OptionMap& options, std::string_view name);

}  // namespace inlet
