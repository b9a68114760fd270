#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string>
#include <vector>

#include "base/option_map.h"
#include "sql/interval_internal.h"

namespace inlet::sql {
namespace {

using enum IntervalUnit;

struct UnitInfo {
  IntervalUnit unit;
  std::string_view name;
  std::int64_t months;
  std::int64_t microseconds;
  IntervalUnit type_unit;  ///< What it counts as in the type: WEEK as DAY.
};

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kMinuteUs = 60 * kSecondUs;
constexpr std::int64_t kHourUs = 60 * kMinuteUs;
constexpr std::int64_t kDayUs = 24 * kHourUs;

constexpr UnitInfo kUnits[] = {
    {kYear, "YEAR", 12, 0, kYear},
    {kQuarter, "QUARTER", 3, 0, kMonth},
    {kMonth, "MONTH", 1, 0, kMonth},
    {kWeek, "WEEK", 0, 7 * kDayUs, kDay},
    {kDay, "DAY", 0, kDayUs, kDay},
    {kHour, "HOUR", 0, kHourUs, kHour},
    {kMinute, "MINUTE", 0, kMinuteUs, kMinute},
    {kSecond, "SECOND", 0, kSecondUs, kSecond},
    {kMillisecond, "MILLISECOND", 0, 1000, kSecond},
    {kMicrosecond, "MICROSECOND", 0, 1, kSecond},
};

const UnitInfo& InfoOf(IntervalUnit unit) { return kUnits[static_cast<std::size_t>(unit)]; }

std::unexpected<Error> Bad(std::string_view input, std::string message) {
  return Fail(Condition::INVALID_INTERVAL_FORMAT,
              {{"input", "'" + std::string(input) + "'"}, {"message", std::move(message)}});
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) {
    text.remove_suffix(1);
  }
  return text;
}

bool IsDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
  });
}

std::optional<std::int64_t> ParseInt64(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Microseconds of "12.345678"; digits past the sixth are dropped.
std::optional<std::int64_t> ParseSeconds(std::string_view text) {
  bool is_negative = false;
  if (text.starts_with('-') || text.starts_with('+')) {
    is_negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string fraction(point < text.size() ? text.substr(point + 1) : "");
  if (!fraction.empty() && !IsDigits(fraction)) return std::nullopt;
  if (fraction.size() > 9) return std::nullopt;
  fraction.resize(6, '0');
  const std::string_view whole = text.substr(0, point);
  if (!IsDigits(whole) && !(whole.empty() && point < text.size())) return std::nullopt;
  const auto seconds = whole.empty() ? 0 : ParseInt64(whole);
  if (!seconds) return std::nullopt;
  std::int64_t result = 0;
  if (__builtin_mul_overflow(*seconds, kSecondUs, &result) ||
      __builtin_add_overflow(result, *ParseInt64(fraction), &result)) {
    return std::nullopt;
  }
  return is_negative ? -result : result;
}

std::vector<std::string_view> SplitBlanks(std::string_view text) {
  std::vector<std::string_view> words;
  for (text = Trim(text); !text.empty(); text = Trim(text)) {
    std::size_t end = 0;
    while (end < text.size() && !std::isspace(static_cast<unsigned char>(text[end]))) ++end;
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

std::string TwoDigits(std::int64_t value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

/// "04.5" of 4'500'000; at least two digits before the point when `is_padded`.
std::string SecondsText(std::int64_t microseconds, bool is_padded) {
  const std::int64_t seconds = microseconds / kSecondUs;
  std::string text = is_padded ? TwoDigits(seconds) : std::to_string(seconds);
  if (const std::int64_t rest = microseconds % kSecondUs; rest != 0) {
    std::string fraction = std::to_string(kSecondUs + rest).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    text += "." + fraction;
  }
  return text;
}

}  // namespace

std::optional<IntervalUnit> FindIntervalUnit(std::string_view word) {
  for (const UnitInfo& info : kUnits) {
    if (EqualsIgnoreCase(word, info.name)) return info.unit;
    if (word.size() == info.name.size() + 1 && (word.back() == 's' || word.back() == 'S') &&
        EqualsIgnoreCase(word.substr(0, word.size() - 1), info.name)) {
      return info.unit;
    }
  }
  return std::nullopt;
}

std::string_view NameOf(IntervalUnit unit) { return InfoOf(unit).name; }

Status IntervalBuilder::Add(std::string_view value, IntervalUnit unit) {
  const UnitInfo& info = InfoOf(unit);
  value = Trim(value);
  (info.months != 0 ? has_months_ : has_time_) = true;
  bool has_overflow = false;
  if (unit == kSecond) {
    const auto seconds = ParseSeconds(value);
    if (!seconds) return Bad(value, "it is no number of seconds");
    has_overflow = __builtin_add_overflow(microseconds_, *seconds, &microseconds_);
  } else {
    const auto count = ParseInt64(value);
    if (!count) return Bad(value, "it is no whole number of " + std::string(info.name) + "S");
    std::int64_t total = 0;
    std::int64_t& sum = info.months != 0 ? months_ : microseconds_;
    has_overflow = __builtin_mul_overflow(*count, info.months + info.microseconds, &total) ||
                   __builtin_add_overflow(sum, total, &sum);
  }
  constexpr std::int64_t kMostMonths = 2'147'483'647;
  if (has_overflow || months_ > kMostMonths || months_ < -kMostMonths - 1) {
    return Bad(value, "it is out of range");
  }
  first_ = first_ ? std::min(*first_, info.type_unit) : info.type_unit;
  last_ = std::max(last_, info.type_unit);
  return Ok();
}

Result<IntervalLiteral> IntervalBuilder::Finish() const {
  if (!first_) return Bad("", "it has no value");
  if (has_months_ && has_time_)
    return Bad("", "months and days do not go together in one interval");
  IntervalLiteral interval;
  interval.type = has_months_ ? types::TypeId::kYearMonthInterval : types::TypeId::kDayTimeInterval;
  interval.from = *first_;
  interval.to = last_;
  interval.months = months_;
  interval.microseconds = microseconds_;
  return interval;
}

Result<IntervalLiteral> IntervalBuilder::FromText(std::string_view text) {
  std::vector<std::string_view> words = SplitBlanks(text);
  if (!words.empty() && EqualsIgnoreCase(words.front(), "interval")) words.erase(words.begin());
  if (words.empty() || words.size() % 2 != 0) return Bad(text, "it needs pairs of value and unit");
  IntervalBuilder builder;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const auto unit = FindIntervalUnit(words[i + 1]);
    if (!unit) return Bad(text, "'" + std::string(words[i + 1]) + "' is not a unit");
    TRY(builder.Add(words[i], *unit));
  }
  return builder.Finish();
}

Result<IntervalLiteral> IntervalBuilder::FromRange(std::string_view text, IntervalUnit from,
                                                   IntervalUnit to) {
  std::string_view rest = Trim(text);
  const bool is_negative = rest.starts_with('-');
  if (is_negative || rest.starts_with('+')) rest.remove_prefix(1);
  const bool is_months = from == kYear && to == kMonth;
  const bool is_time = from >= kDay && from < to && to <= kSecond;
  if (!is_months && !is_time) {
    return Bad(text, "there is no interval from " + std::string(NameOf(from)) + " to " +
                         std::string(NameOf(to)));
  }
  IntervalBuilder builder;
  for (auto unit = from; unit <= to;) {
    const char separator = unit == kYear ? '-' : unit == kDay ? ' ' : ':';
    const std::size_t end = unit == to ? rest.size() : rest.find(separator);
    if (end == std::string_view::npos) {
      return Bad(text,
                 "it does not fit " + std::string(NameOf(from)) + " TO " + std::string(NameOf(to)));
    }
    const std::string_view part = Trim(rest.substr(0, end));
    if (unit != kSecond && !IsDigits(part))
      return Bad(text, "'" + std::string(part) + "' is no number");
    TRY(builder.Add(part, unit));
    const std::int64_t value =
        unit == kSecond ? ParseSeconds(part).value_or(0) / kSecondUs : ParseInt64(part).value_or(0);
    const std::int64_t highest = unit == kMonth ? 11 : unit == kHour ? 23 : 59;
    if (unit != from && value > highest) {
      return Bad(text, std::string(NameOf(unit)) + " goes from 0 to " + std::to_string(highest));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
    unit = unit == kYear ? kMonth : static_cast<IntervalUnit>(static_cast<int>(unit) + 1);
  }
  IntervalLiteral interval = TRY(builder.Finish());
  interval.from = from;
  interval.to = to;
  if (is_negative) {
    interval.months = -interval.months;
    interval.microseconds = -interval.microseconds;
  }
  return interval;
}

std::string IntervalText(const IntervalLiteral& interval) {
  if (interval.type == types::TypeId::kYearMonthInterval) {
    const std::string sign = interval.months < 0 ? "-" : "";
    const std::int64_t months = interval.months < 0 ? -interval.months : interval.months;
    if (interval.to == kYear) return sign + std::to_string(months / 12);
    if (interval.from == kMonth) return sign + std::to_string(months);
    return sign + std::to_string(months / 12) + "-" + std::to_string(months % 12);
  }
  std::string text = interval.microseconds < 0 ? "-" : "";
  // Negative, so that the least value has a magnitude.
  std::int64_t rest = interval.microseconds < 0 ? interval.microseconds : -interval.microseconds;
  constexpr std::array<std::int64_t, 4> kSizes = {kDayUs, kHourUs, kMinuteUs, kSecondUs};
  for (int unit = static_cast<int>(interval.from); unit <= static_cast<int>(interval.to); ++unit) {
    const bool is_first = unit == static_cast<int>(interval.from);
    if (!is_first) text += unit == static_cast<int>(kHour) ? " " : ":";
    if (unit == static_cast<int>(kSecond)) {
      if (rest < -INT64_MAX) return text + "9223372036854.775808";
      text += SecondsText(-rest, !is_first);
      break;
    }
    const std::int64_t size = kSizes[static_cast<std::size_t>(unit - static_cast<int>(kDay))];
    const std::int64_t count = -(rest / size);
    text += is_first ? std::to_string(count) : TwoDigits(count);
    rest %= size;
  }
  return text;
}

std::string ToSqlText(const IntervalLiteral& interval) {
  std::string text =
      "INTERVAL '" + IntervalText(interval) + "' " + std::string(NameOf(interval.from));
  if (interval.to != interval.from) text += " TO " + std::string(NameOf(interval.to));
  return text;
}

}  // namespace inlet::sql
