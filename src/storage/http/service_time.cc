#include "storage/http/service_time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>

namespace inlet::storage {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};

struct DateAndTime {
  year_month_day date;
  hh_mm_ss<milliseconds> time;
};

DateAndTime Split(std::int64_t time_ms) {
  const sys_time<milliseconds> time{milliseconds(time_ms)};
  const sys_days day = floor<days>(time);
  return {year_month_day(day), hh_mm_ss<milliseconds>(time - day)};
}

/// The `size` digits at `position`.
std::optional<int> DigitsAt(std::string_view text, std::size_t position, std::size_t size) {
  if (text.size() < position + size) return std::nullopt;
  int value = 0;
  const char* const begin = text.data() + position;
  const auto [end, error] = std::from_chars(begin, begin + size, value);
  if (error != std::errc() || end != begin + size || value < 0) return std::nullopt;
  return value;
}

std::optional<std::int64_t> Join(std::optional<int> year_number, std::optional<int> month_number,
                                 std::optional<int> day_number, std::string_view clock) {
  const std::optional<int> hour = DigitsAt(clock, 0, 2);
  const std::optional<int> minute = DigitsAt(clock, 3, 2);
  const std::optional<int> second = DigitsAt(clock, 6, 2);
  if (!year_number || !month_number || !day_number || !hour || !minute || !second) {
    return std::nullopt;
  }
  const year_month_day date(year(*year_number), month(static_cast<unsigned>(*month_number)),
                            day(static_cast<unsigned>(*day_number)));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const auto time = sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second);
  return duration_cast<milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

std::int64_t SystemNowMs() {
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::optional<std::int64_t> ParseIsoTimeMs(std::string_view text) {
  if (text.size() < 20 || text[10] != 'T' || text.back() != 'Z') return std::nullopt;
  std::optional<std::int64_t> time_ms =
      Join(DigitsAt(text, 0, 4), DigitsAt(text, 5, 2), DigitsAt(text, 8, 2), text.substr(11, 8));
  std::string fraction(text.substr(19, text.size() - 20));
  if (!time_ms || fraction.empty()) return time_ms;
  if (fraction[0] != '.') return std::nullopt;
  fraction.resize(4, '0');
  const std::optional<int> milliseconds_part = DigitsAt(fraction, 1, 3);
  if (!milliseconds_part) return std::nullopt;
  return *time_ms + *milliseconds_part;
}

std::optional<std::int64_t> ParseHttpTimeMs(std::string_view text) {
  if (text.size() != 29) return std::nullopt;
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (text.substr(8, 3) != kMonths[i]) continue;
    return Join(DigitsAt(text, 12, 4), static_cast<int>(i) + 1, DigitsAt(text, 5, 2),
                text.substr(17, 8));
  }
  return std::nullopt;
}

std::string FormatHttpTime(std::int64_t time_ms) {
  const auto [date, time] = Split(time_ms);
  return fmt::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kWeekdays[weekday(sys_days(date)).c_encoding()],
      static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
      time.seconds().count());
}

std::string FormatCompactTime(std::int64_t time_ms) {
  const auto [date, time] = Split(time_ms);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

}  // namespace inlet::storage
