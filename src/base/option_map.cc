#include "base/option_map.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <vector>

namespace inlet {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Letters put in, left out, changed, or swapped with the next one.
std::size_t EditDistance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before(right.size() + 1);
  std::vector<std::size_t> last(right.size() + 1);
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(last.begin(), last.end(), 0);
  for (std::size_t i = 1; i <= left.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t changed = last[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, changed});
      const bool swapped =
          i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last.back();
}

std::unexpected<Error> BadValue(std::string_view name, const std::string& value,
                                std::string_view wanted) {
  return Fail(Condition::INVALID_PARAMETER_VALUE,
              {{"parameter", std::string(name)},
               {"functionName", "the options"},
               {"message", "'" + value + "' is not " + std::string(wanted)}});
}

}  // namespace

bool CaseInsensitiveLess::operator()(std::string_view left, std::string_view right) const {
  return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end(),
                                      [](char a, char b) { return Lower(a) < Lower(b); });
}

bool EqualsIgnoreCase(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return Lower(a) == Lower(b); });
}

std::string ToLower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), Lower);
  return lower;
}

std::optional<std::string_view> NearestName(std::string_view name,
                                            std::span<const std::string_view> known) {
  constexpr std::size_t kLongestName = 256;  // The distance is quadratic.
  if (name.size() > kLongestName) return std::nullopt;
  const std::string lower = ToLower(name);
  std::optional<std::string_view> nearest;
  std::size_t best = std::max<std::size_t>(name.size() / 3, 1) + 1;
  for (std::string_view candidate : known) {
    const std::size_t distance = EditDistance(lower, ToLower(candidate));
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string DidYouMean(std::string_view name, std::span<const std::string_view> known) {
  const std::optional<std::string_view> nearest = NearestName(name, known);
  return nearest ? " Did you mean `" + std::string(*nearest) + "`?" : "";
}

Result<std::optional<bool>> GetBool(const OptionMap& options, std::string_view name) {
  const auto found = options.find(name);
  if (found == options.end()) return std::nullopt;
  if (EqualsIgnoreCase(found->second, "true")) return true;
  if (EqualsIgnoreCase(found->second, "false")) return false;
  return BadValue(name, found->second, "true or false");
}

Result<std::optional<std::int64_t>> GetInt64(const OptionMap& options, std::string_view name) {
  const auto found = options.find(name);
  if (found == options.end()) return std::nullopt;
  const std::string& text = found->second;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return BadValue(name, text, "an integer");
  }
  return value;
}

std::optional<std::string> GetString(const OptionMap& options, std::string_view name) {
  const auto found = options.find(name);
  if (found == options.end()) return std::nullopt;
  return found->second;
}

}  // namespace inlet
