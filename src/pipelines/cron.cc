#include "pipelines/cron.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/option_map.h"

namespace inlet::pipelines {

using std::chrono::day;
using std::chrono::days;
using std::chrono::last;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::weekday;
using std::chrono::year;
using std::chrono::year_month_day;

namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;

constexpr std::array<std::string_view, 12> kMonths = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                      "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kWeekdays = {"SUN", "MON", "TUE", "WED",
                                                       "THU", "FRI", "SAT"};

std::vector<std::string_view> Split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) return parts;
    text.remove_prefix(begin);
    const std::size_t end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end);
  }
}

unsigned LastDay(year y, month m) { return unsigned{(y / m / last).day()}; }

weekday WeekdayOf(year y, month m, unsigned d) { return weekday(sys_days(y / m / day(d))); }

/// The working day next to day `wanted` that lies in the same month.
unsigned NearestWeekday(year y, month m, unsigned wanted) {
  const unsigned last_day = LastDay(y, m);
  const weekday on = WeekdayOf(y, m, wanted);
  if (on == std::chrono::Saturday) return wanted == 1 ? wanted + 2 : wanted - 1;
  if (on == std::chrono::Sunday) return wanted == last_day ? wanted - 2 : wanted + 1;
  return wanted;
}

}  // namespace

/// Reads one expression, field by field.
class CronParser {
 public:
  explicit CronParser(std::string_view text) : text_(text) {}

  Result<Cron> Run() {
    const std::vector<std::string_view> fields = Split(text_, " \t\r\n");
    if (fields.size() < 6 || fields.size() > 7) {
      return Wrong("it has " + std::to_string(fields.size()) +
                   " fields; six or seven are needed, seconds first");
    }
    TRY(Parse({"seconds", 0, 59}, fields[0], cron_.seconds_, 0));
    TRY(Parse({"minutes", 0, 59}, fields[1], cron_.minutes_, 0));
    TRY(Parse({"hours", 0, 23}, fields[2], cron_.hours_, 0));
    TRY(Parse({"months", 1, 12, kMonths}, fields[4], cron_.months_, 0));
    TRY(ParseDays(fields[3], fields[5]));
    TRY(Parse({"years", Cron::kFirstYear, Cron::kLastYear},
              fields.size() == 7 ? fields[6] : std::string_view("*"), cron_.years_,
              Cron::kFirstYear));
    return std::move(cron_);
  }

 private:
  struct Field {
    std::string_view name;
    int least;
    int most;
    std::span<const std::string_view> words = {};  ///< Of the values from `least` on.
  };

  std::unexpected<Error> Wrong(std::string message) const {
    return Fail(Condition::INVALID_SCHEDULE,
                {{"schedule", "CRON '" + std::string(text_) + "'"}, {"message", message}});
  }

  /// a, a-b, a/n, a-b/n, *, */n and lists of them. Value `v` becomes bit `v - first_bit`.
  template <std::size_t kSize>
  Status Parse(const Field& field, std::string_view text, std::bitset<kSize>& bits, int first_bit) {
    if (text.front() == ',' || text.back() == ',' || text.contains(",,")) {
      return Wrong("the " + std::string(field.name) + " " + std::string(text) +
                   " have an empty item");
    }
    for (const std::string_view item : Split(text, ",")) {
      const auto set = [&](int value) { bits.set(static_cast<std::size_t>(value - first_bit)); };
      TRY(ParseItem(field, item, set));
    }
    return Ok();
  }

  template <class Set>
  Status ParseItem(const Field& field, std::string_view item, const Set& set) {
    const std::size_t slash = item.find('/');
    const std::string_view range = item.substr(0, slash);
    int step = 1;
    if (slash != std::string_view::npos) {
      step = TRY(Number(field, item.substr(slash + 1)));
      const int width = field.most - field.least + 1;
      if (step < 1 || step > width)
        return Wrong(Described(field, item) + ": the step is not right");
    }
    int begin = field.least;
    int end = field.most;
    if (range != "*" && !range.empty()) {
      const std::size_t dash = range.find('-');
      begin = TRY(Value(field, range.substr(0, dash)));
      if (dash != std::string_view::npos) {
        end = TRY(Value(field, range.substr(dash + 1)));
      } else if (slash == std::string_view::npos) {
        end = begin;
      }
    } else if (range.empty() && slash == std::string_view::npos) {
      return Wrong(Described(field, item) + " is empty");
    }
    // FRI-MON and 22-2 go around the end. Years do not.
    const int width = field.most - field.least + 1;
    if (end < begin) {
      if (field.least == Cron::kFirstYear) return Wrong(Described(field, item) + " goes backwards");
      end += width;
    }
    for (int value = begin; value <= end; value += step) {
      set(field.least + (value - field.least) % width);
    }
    return Ok();
  }

  std::string Described(const Field& field, std::string_view item) const {
    return "the " + std::string(field.name) + " have " + std::string(item);
  }

  Result<int> Number(const Field& field, std::string_view text) const {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
      return Wrong(Described(field, text) + ", which is no value");
    }
    return value;
  }

  Result<int> Value(const Field& field, std::string_view text) const {
    for (std::size_t i = 0; i < field.words.size(); ++i) {
      if (EqualsIgnoreCase(text, field.words[i])) return field.least + static_cast<int>(i);
    }
    const int value = TRY(Number(field, text));
    if (value < field.least || value > field.most) {
      return Wrong(Described(field, text) + "; they go from " + std::to_string(field.least) +
                   " to " + std::to_string(field.most));
    }
    return value;
  }

  Status ParseDays(std::string_view of_month, std::string_view of_week) {
    if ((of_month == "?") == (of_week == "?")) {
      return Wrong("exactly one of day-of-month and day-of-week must be ?");
    }
    cron_.uses_days_of_month_ = of_week == "?";
    return cron_.uses_days_of_month_ ? ParseDaysOfMonth(of_month) : ParseDaysOfWeek(of_week);
  }

  Status ParseDaysOfMonth(std::string_view text) {
    const Field field{"days of the month", 1, 31};
    if (text.front() == 'L' || text.front() == 'l') {
      std::string_view rest = text.substr(1);
      if (!rest.empty() && (rest.back() == 'W' || rest.back() == 'w')) {
        cron_.last_is_weekday_ = true;
        rest.remove_suffix(1);
      }
      cron_.days_before_last_ = 0;
      if (rest.empty()) return Ok();
      if (rest.front() != '-') return Wrong(Described(field, text) + ": L stands alone or as L-n");
      cron_.days_before_last_ = TRY(Number(field, rest.substr(1)));
      if (*cron_.days_before_last_ > 30) return Wrong(Described(field, text) + ": n is at most 30");
      return Ok();
    }
    if (text.back() == 'W' || text.back() == 'w') {
      cron_.nearest_weekday_to_ = TRY(Value(field, text.substr(0, text.size() - 1)));
      return Ok();
    }
    return Parse(field, text, cron_.days_of_month_, 0);
  }

  Status ParseDaysOfWeek(std::string_view text) {
    const Field field{"days of the week", 1, 7, kWeekdays};
    if (const std::size_t hash = text.find('#'); hash != std::string_view::npos) {
      const int weekday_number = TRY(Value(field, text.substr(0, hash)));
      cron_.only_nth_ = TRY(Number(field, text.substr(hash + 1)));
      if (*cron_.only_nth_ < 1 || *cron_.only_nth_ > 5) {
        return Wrong(Described(field, text) + ": the number behind # goes from 1 to 5");
      }
      cron_.days_of_week_.set(static_cast<std::size_t>(weekday_number));
      return Ok();
    }
    if (EqualsIgnoreCase(text, "L")) {  // Saturday, the last day of a week.
      cron_.days_of_week_.set(7);
      return Ok();
    }
    if (text.back() == 'L' || text.back() == 'l') {
      const int weekday_number = TRY(Value(field, text.substr(0, text.size() - 1)));
      cron_.days_of_week_.set(static_cast<std::size_t>(weekday_number));
      cron_.only_last_of_month_ = true;
      return Ok();
    }
    return Parse(field, text, cron_.days_of_week_, 0);
  }

  const std::string_view text_;
  Cron cron_;
};

Result<Cron> Cron::Parse(std::string_view text) { return CronParser(text).Run(); }

bool Cron::MatchesDay(year_month_day date) const {
  const year y = date.year();
  const month m = date.month();
  const unsigned d = unsigned{date.day()};
  if (!years_[static_cast<std::size_t>(int{y} - kFirstYear)] || !months_[unsigned{m}]) return false;
  if (uses_days_of_month_) {
    if (days_before_last_) {
      const int wanted = static_cast<int>(LastDay(y, m)) - *days_before_last_;
      if (wanted < 1) return false;
      const auto on = static_cast<unsigned>(wanted);
      return d == (last_is_weekday_ ? NearestWeekday(y, m, on) : on);
    }
    if (nearest_weekday_to_) {
      const auto wanted = static_cast<unsigned>(*nearest_weekday_to_);
      return wanted <= LastDay(y, m) && d == NearestWeekday(y, m, wanted);
    }
    return days_of_month_[d];
  }
  const unsigned on = WeekdayOf(y, m, d).c_encoding() + 1;
  if (!days_of_week_[on]) return false;
  if (only_nth_) return static_cast<int>((d - 1) / 7) + 1 == *only_nth_;
  if (only_last_of_month_) return d + 7 > LastDay(y, m);
  return true;
}

std::optional<std::int64_t> Cron::NextSecondOfDay(std::int64_t second_of_day) const {
  const auto first_hour = static_cast<std::size_t>(second_of_day / 3600);
  for (std::size_t hour = first_hour; hour < 24; ++hour) {
    if (!hours_[hour]) continue;
    const bool is_first_hour = hour == first_hour;
    const auto first_minute = is_first_hour ? static_cast<std::size_t>(second_of_day / 60 % 60) : 0;
    for (std::size_t minute = first_minute; minute < 60; ++minute) {
      if (!minutes_[minute]) continue;
      const bool is_first_minute = is_first_hour && minute == first_minute;
      for (std::size_t second = is_first_minute ? static_cast<std::size_t>(second_of_day % 60) : 0;
           second < 60; ++second) {
        if (seconds_[second]) return static_cast<std::int64_t>(hour * 3600 + minute * 60 + second);
      }
    }
  }
  return std::nullopt;
}

std::optional<std::int64_t> Cron::NextLocal(std::int64_t local_s) const {
  const sys_days end = year(kLastYear + 1) / 1 / 1;
  const std::int64_t from_s = std::max(
      local_s, std::int64_t{sys_days(year(kFirstYear) / 1 / 1).time_since_epoch().count()});
  sys_days date{days(from_s / kSecondsPerDay)};
  std::int64_t second_of_day = from_s % kSecondsPerDay;
  for (; date < end; date += days(1), second_of_day = 0) {
    if (!MatchesDay(year_month_day(date))) continue;
    if (const auto found = NextSecondOfDay(second_of_day)) {
      return std::int64_t{date.time_since_epoch().count()} * kSecondsPerDay + *found;
    }
  }
  return std::nullopt;
}

std::optional<std::int64_t> Cron::Next(std::int64_t after_s, const types::TimeZone& zone) const {
  std::int64_t from_s = after_s + 1;
  while (true) {
    const std::int64_t offset_s = zone.OffsetAt(from_s);
    const std::optional<std::int64_t> local_s = NextLocal(from_s + offset_s);
    if (!local_s) return std::nullopt;
    const std::int64_t instant_s = *local_s - offset_s;
    if (zone.OffsetAt(instant_s) == offset_s) {
      const bool came_before = zone.ToInstant(*local_s * 1'000'000) / 1'000'000 < instant_s;
      if (!came_before || runs_every_hour()) return instant_s;
      from_s = instant_s + 1;
      continue;
    }
    // The clock is changed on the way there: from the change on, another offset holds.
    std::int64_t before_s = from_s;
    std::int64_t changed_s = instant_s;
    while (changed_s - before_s > 1) {
      const std::int64_t middle_s = before_s + (changed_s - before_s) / 2;
      (zone.OffsetAt(middle_s) == offset_s ? before_s : changed_s) = middle_s;
    }
    const bool is_left_out = *local_s < changed_s + zone.OffsetAt(changed_s);
    if (is_left_out && !runs_every_hour()) {
      const std::optional<std::int64_t> next_s = Next(changed_s - 1, zone);
      return next_s ? std::min(*next_s, instant_s) : instant_s;
    }
    from_s = changed_s;
  }
}

}  // namespace inlet::pipelines
