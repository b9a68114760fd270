#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct pcre2_real_code_8;

namespace inlet::engine::functions {

/// A java.util.regex pattern, run by PCRE2 within limits. Immutable; its matches are of one thread.
///
/// Not known: class intersections (`[a-z&&[^b]]`), which fail by name.
class Regex {
 public:
  /// Raises INVALID_PARAMETER_VALUE for a pattern that is none.
  Regex(std::string_view pattern, std::string_view function);

  /// The groups of a match, each a range of bytes; an empty optional where a group took no part.
  using Range = std::pair<std::size_t, std::size_t>;
  using Groups = std::vector<std::optional<Range>>;
  /// The first match at or behind `from`. Raises INLET_RESOURCE_LIMIT for a pattern that runs away.
  bool Find(std::string_view text, std::size_t from, Groups& groups) const;
  std::uint32_t num_groups() const { return num_groups_; }
  /// Of (?<name>...); -1 for none.
  int GroupNamed(const std::string& name) const;

 private:
  struct Free {
    void operator()(pcre2_real_code_8* code) const;
  };
  std::unique_ptr<pcre2_real_code_8, Free> code_;
  std::uint32_t num_groups_ = 0;
};

}  // namespace inlet::engine::functions
