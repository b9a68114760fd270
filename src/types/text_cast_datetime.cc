#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <limits>

#include "types/text_cast.h"

namespace inlet::types {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86400 * kMicrosPerSecond;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
int Digit(char c) { return c - '0'; }
int TwoDigits(const char* at) { return Digit(at[0]) * 10 + Digit(at[1]); }

constexpr std::array<int, 13> kDaysOfMonth{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

inline bool IsValid(std::int64_t year, int month, int day) {
  if (month < 1 || month > 12 || day < 1) return false;
  if (day <= 28) return true;
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= kDaysOfMonth[static_cast<std::size_t>(month)] + (month == 2 && leap ? 1 : 0);
}

// Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
constexpr std::int32_t ToDays(std::int64_t year, int month, int day) {
  year -= month <= 2;
  std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  auto year_of_era = static_cast<unsigned>(year - era * 400);
  auto day_of_year =
      static_cast<unsigned>((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1);
  unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return static_cast<std::int32_t>(era * 146097 + static_cast<std::int64_t>(day_of_era) - 719468);
}

// The first days of the months of the years that most data is of, and of the month behind them.
constexpr int kFirstTableYear = 1900;
constexpr std::uint64_t kNumTableYears = 200;
constexpr std::array<std::int32_t, kNumTableYears* 12 + 1> kMonthStarts = [] {
  std::array<std::int32_t, kNumTableYears * 12 + 1> starts{};
  for (std::size_t i = 0; i < starts.size(); ++i) {
    starts[i] = ToDays(kFirstTableYear + static_cast<int>(i / 12), static_cast<int>(i % 12) + 1, 1);
  }
  return starts;
}();

// Days, when they fit a DATE.
std::optional<std::int32_t> CheckedDays(std::int64_t year, int month, int day) {
  const auto table_year = static_cast<std::uint64_t>(year) - kFirstTableYear;
  const auto table_month = static_cast<std::uint64_t>(month) - 1;
  if (table_year < kNumTableYears && table_month < 12) [[likely]] {
    const std::int32_t* start = &kMonthStarts[table_year * 12 + table_month];
    if (day < 1 || day > start[1] - start[0]) return std::nullopt;
    return start[0] + day - 1;
  }
  if (!IsValid(year, month, day) || year > 5'881'580 || year < -5'877'641) return std::nullopt;
  return ToDays(year, month, day);
}

// `yyyy-MM-dd` exactly, by far the most common shape. -1 in `month` when it is not.
struct PlainDate {
  int year = 0;
  int month = -1;
  int day = 0;
};

PlainDate ReadPlainDate(const char* at) {
  if constexpr (std::endian::native == std::endian::little) {
    // `yyyy-MM-` at once: without the zeros and minuses digits are at most 9, minuses 0. Adding
    // 0x76 and 0x7F makes the high bit of what is more.
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, 8);
    bytes ^= 0x2D30302D30303030;
    const std::uint64_t more = bytes | (bytes + 0x7F76767F76767676);
    if ((more & 0x8080808080808080) != 0 || !IsDigit(at[8]) || !IsDigit(at[9])) return {};
    const auto digit = [&](int i) { return static_cast<int>((bytes >> (i * 8)) & 0xFF); };
    return {.year = digit(0) * 1000 + digit(1) * 100 + digit(2) * 10 + digit(3),
            .month = digit(5) * 10 + digit(6),
            .day = TwoDigits(at + 8)};
  }
  for (const int i : {0, 1, 2, 3, 5, 6, 8, 9}) {
    if (!IsDigit(at[i])) return {};
  }
  if (at[4] != '-' || at[7] != '-') return {};
  return {.year = TwoDigits(at) * 100 + TwoDigits(at + 2),
          .month = TwoDigits(at + 5),
          .day = TwoDigits(at + 8)};
}

// What the text of a timestamp says; times count from midnight.
struct TimestampText {
  bool has_date = true;
  std::int64_t year = 1;
  int month = 1;
  int day = 1;
  std::int64_t time_us = 0;
  std::string_view zone;  // Empty for none.
};

// `yyyy-MM-dd[ T]HH:mm:ss[.f...][zone]` without blanks around.
bool ReadPlainTimestamp(std::string_view text, TimestampText& out) {
  if (text.size() < 19) return false;
  const char* at = text.data();
  PlainDate date = ReadPlainDate(at);
  if (date.month < 0 || (at[10] != ' ' && at[10] != 'T') || at[13] != ':' || at[16] != ':' ||
      !IsDigit(at[11]) || !IsDigit(at[12]) || !IsDigit(at[14]) || !IsDigit(at[15]) ||
      !IsDigit(at[17]) || !IsDigit(at[18])) {
    return false;
  }
  int hour = TwoDigits(at + 11);
  int minute = TwoDigits(at + 14);
  int second = TwoDigits(at + 17);
  if (hour > 23 || minute > 59 || second > 59) return false;
  std::size_t i = 19;
  std::int64_t fraction = 0;
  if (i < text.size() && at[i] == '.') {
    int num_digits = 0;
    for (++i; i < text.size() && IsDigit(at[i]); ++i) {
      if (num_digits < 6) {
        fraction = fraction * 10 + Digit(at[i]);
        ++num_digits;
      }
    }
    for (; num_digits < 6; ++num_digits) fraction *= 10;
  }
  out.year = date.year;
  out.month = date.month;
  out.day = date.day;
  out.time_us = (hour * 3600 + minute * 60 + second) * kMicrosPerSecond + fraction;
  out.zone = text.substr(i);
  return true;
}

// Apache Spark's lenient grammar, segment by segment: year, month, day, hour, minute, second,
// microseconds; the zone may follow seconds or their fraction only.
class TimestampScanner {
 public:
  explicit TimestampScanner(std::string_view text) : text_(TrimForCast(text)) {}

  bool Scan(TimestampText& out) {
    if (text_.empty()) return false;
    std::size_t i = 0;
    bool negative_year = text_[0] == '-';
    bool signed_year = negative_year || text_[0] == '+';
    if (signed_year) ++i;
    for (; i < text_.size(); ++i) {
      char c = text_[i];
      if (IsDigit(c)) {
        if (segment_ != kMicro && num_digits_ == kMaxDigits) return false;
        // Digits past the microseconds are dropped.
        if (segment_ != kMicro || num_digits_ < 6) value_ = value_ * 10 + Digit(c);
        ++num_digits_;
        continue;
      }
      if (c == 'T' && i == 0) {
        out.has_date = false;
        segment_ = kHour;
      } else if (segment_ == kYear && c == ':' && !signed_year) {
        out.has_date = false;
        segment_ = kHour;
        if (!Close()) return false;
      } else if ((segment_ < kDay && c == '-') || (segment_ == kDay && (c == ' ' || c == 'T')) ||
                 ((segment_ == kHour || segment_ == kMinute) && c == ':') ||
                 (segment_ == kSecond && c == '.')) {
        if (!Close()) return false;
      } else if (segment_ == kSecond || segment_ == kMicro) {
        out.zone = text_.substr(i);
        break;
      } else {
        return false;
      }
    }
    if (!Close()) return false;
    return Finish(out, negative_year);
  }

 private:
  enum Segment : std::uint8_t { kYear, kMonth, kDay, kHour, kMinute, kSecond, kMicro, kEnd };

  bool Close() {
    bool fits = segment_ == kMicro || (segment_ == kYear ? num_digits_ >= 4 && num_digits_ <= 6
                                                         : num_digits_ > 0 && num_digits_ <= 2);
    if (!fits) return false;
    if (segment_ == kMicro) {
      for (int n = num_digits_; n < 6; ++n) value_ *= 10;
    }
    values_[segment_] = value_;
    value_ = 0;
    num_digits_ = 0;
    segment_ = static_cast<Segment>(segment_ + 1);
    return true;
  }

  bool Finish(TimestampText& out, bool negative_year) {
    if (values_[kHour] > 23 || values_[kMinute] > 59 || values_[kSecond] > 59) return false;
    out.year = negative_year ? -values_[kYear] : values_[kYear];
    out.month = values_[kMonth];
    out.day = values_[kDay];
    out.time_us =
        (values_[kHour] * 3600 + values_[kMinute] * 60 + values_[kSecond]) * kMicrosPerSecond +
        values_[kMicro];
    return true;
  }

  // More than any segment has, and few enough for an int.
  static constexpr int kMaxDigits = 9;

  std::string_view text_;
  Segment segment_ = kYear;
  int value_ = 0;
  int num_digits_ = 0;
  std::array<int, kEnd> values_{1, 1, 1, 0, 0, 0, 0};
};

bool ReadTimestamp(std::string_view text, TimestampText& out) {
  if (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text = TrimForCast(text);
  if (ReadPlainTimestamp(text, out)) [[likely]]
    return true;
  out = {};
  return TimestampScanner(text).Scan(out);
}

std::string_view TrimForJava(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= 0x20) text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= 0x20) text.remove_suffix(1);
  return text;
}

// `days` at `time_us`, when it fits.
std::optional<std::int64_t> LocalMicros(std::int64_t days, std::int64_t time_us) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(days, kMicrosPerDay, &result) ||
      __builtin_add_overflow(result, time_us, &result)) {
    return std::nullopt;
  }
  return result;
}

std::optional<std::int64_t> LocalMicros(const TimestampText& text,
                                        std::optional<std::int32_t> today) {
  if (!text.has_date) return today ? LocalMicros(*today, text.time_us) : std::nullopt;
  std::optional<std::int32_t> days = CheckedDays(text.year, text.month, text.day);
  if (!days) return std::nullopt;
  return LocalMicros(*days, text.time_us);
}

}  // namespace

std::int32_t DaysFromCivil(std::int64_t year, int month, int day) {
  return ToDays(year, month, day);
}

// Hinnant's, too.
CivilDate CivilFromDays(std::int32_t days) {
  std::int64_t shifted = std::int64_t{days} + 719468;
  std::int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  auto day_of_era = static_cast<unsigned>(shifted - era * 146097);
  unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  unsigned shifted_month = (5 * day_of_year + 2) / 153;
  int month = static_cast<int>(shifted_month) + (shifted_month < 10 ? 3 : -9);
  return {.year = static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0),
          .month = month,
          .day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1)};
}

bool IsValidDate(std::int64_t year, int month, int day) { return IsValid(year, month, day); }

std::optional<std::int32_t> ParseDate(std::string_view text) {
  if (text.size() == 10) {
    PlainDate date = ReadPlainDate(text.data());
    if (date.month >= 0) [[likely]]
      return CheckedDays(date.year, date.month, date.day);
  }
  text = TrimForCast(text);
  if (text.empty()) return std::nullopt;
  bool negative = text[0] == '-';
  if (negative || text[0] == '+') text.remove_prefix(1);
  std::array<int, 3> values{1, 1, 1};
  std::size_t segment = 0;
  int value = 0;
  int num_digits = 0;
  auto fits = [&] {
    return segment == 0 ? num_digits >= 4 && num_digits <= 7 : num_digits > 0 && num_digits <= 2;
  };
  std::size_t i = 0;
  for (; i < text.size() && text[i] != ' ' && text[i] != 'T'; ++i) {
    if (segment < 2 && text[i] == '-') {
      if (!fits()) return std::nullopt;
      values[segment++] = value;
      value = num_digits = 0;
    } else {
      if (!IsDigit(text[i]) || ++num_digits > 7) return std::nullopt;
      value = value * 10 + Digit(text[i]);
    }
  }
  // Only a whole date may be followed by something.
  if (!fits() || (segment < 2 && i < text.size())) return std::nullopt;
  values[segment] = value;
  return CheckedDays(negative ? -values[0] : values[0], values[1], values[2]);
}

std::optional<std::int64_t> ParseTimestamp(std::string_view text, const TimeZone& zone,
                                           std::optional<std::int32_t> today) {
  TimestampText parts;
  if (!ReadTimestamp(text, parts)) return std::nullopt;
  std::optional<std::int64_t> local = LocalMicros(parts, today);
  if (!local) return std::nullopt;
  if (parts.zone.empty()) return zone.ToInstant(*local);
  std::string_view name = TrimForJava(parts.zone);
  if (std::optional<std::int32_t> offset_s = ParseZoneOffset(name)) {
    std::int64_t instant = 0;
    if (__builtin_sub_overflow(*local, *offset_s * kMicrosPerSecond, &instant)) return std::nullopt;
    return instant;
  }
  const TimeZone* own = TimeZone::FindOrNull(name);
  if (!own) return std::nullopt;
  return own->ToInstant(*local);
}

std::optional<std::int64_t> ParseTimestampNtz(std::string_view text, bool allow_zone) {
  TimestampText parts;
  if (!ReadTimestamp(text, parts)) return std::nullopt;
  if (!parts.zone.empty()) {
    std::string_view name = TrimForJava(parts.zone);
    if (!allow_zone || (!ParseZoneOffset(name) && !TimeZone::FindOrNull(name))) return std::nullopt;
  }
  return LocalMicros(parts, std::nullopt);
}

std::optional<std::int64_t> ParseTimestampWord(std::string_view text, std::int64_t now_us,
                                               const TimeZone& zone) {
  std::string word;
  for (char c : TrimForCast(text)) word += static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  if (word == "epoch") return 0;
  if (word == "now") return now_us;
  std::optional<std::int32_t> days = ParseDateWord(word, now_us, zone);
  if (!days) return std::nullopt;
  return zone.ToInstant(*days * kMicrosPerDay);
}

std::optional<std::int32_t> ParseDateWord(std::string_view text, std::int64_t now_us,
                                          const TimeZone& zone) {
  std::string word;
  for (char c : TrimForCast(text)) word += static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  if (word == "epoch") return 0;
  std::int64_t local = zone.ToLocal(now_us);
  auto today = static_cast<std::int32_t>(local / kMicrosPerDay - (local % kMicrosPerDay < 0));
  if (word == "now" || word == "today") return today;
  if (word == "tomorrow") return today + 1;
  if (word == "yesterday") return today - 1;
  return std::nullopt;
}

}  // namespace inlet::types
