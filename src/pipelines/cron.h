#pragma once

#include <bitset>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "types/time_zone.h"

namespace inlet::pipelines {

/// A Quartz cron expression: seconds minutes hours day-of-month month day-of-week [year].
///
/// Immutable; a value. Source: Quartz, "CronExpression"; answers of Quartz itself in
/// testdata/quartz.tsv.
class Cron {
 public:
  /// Errors: INVALID_SCHEDULE, with what is wrong in which field.
  static Result<Cron> Parse(std::string_view text);

  /// The first instant after `after_s` (seconds since 1970 UTC) at which the zone's clock shows a
  /// time of this expression; nothing when there is none until the year 2099.
  ///
  /// Where the clock is put forward, a time that it leaves out counts as the time one gap later,
  /// once. Where it is put back, a time that comes twice counts at its first coming only, unless
  /// the expression runs in every hour: then no hour is left out.
  std::optional<std::int64_t> Next(std::int64_t after_s, const types::TimeZone& zone) const;

 private:
  friend class CronParser;

  bool MatchesDay(std::chrono::year_month_day date) const;
  /// The first matching second of the wall clock at or after `local_s`.
  std::optional<std::int64_t> NextLocal(std::int64_t local_s) const;
  std::optional<std::int64_t> NextSecondOfDay(std::int64_t second_of_day) const;
  bool runs_every_hour() const { return hours_.count() == 24; }

  static constexpr int kFirstYear = 1970;
  static constexpr int kLastYear = 2099;

  std::bitset<60> seconds_;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<13> months_;
  std::bitset<kLastYear - kFirstYear + 1> years_;

  /// The day of the month, unless the day of the week is what counts.
  bool uses_days_of_month_ = false;
  std::bitset<32> days_of_month_;
  std::optional<int> days_before_last_;    ///< L is 0, L-3 is 3.
  std::optional<int> nearest_weekday_to_;  ///< 15W
  bool last_is_weekday_ = false;           ///< LW, L-3W

  std::bitset<8> days_of_week_;      ///< 1 is Sunday.
  std::optional<int> only_nth_;      ///< 6#3: the third Friday.
  bool only_last_of_month_ = false;  ///< 6L: the last Friday.
};

}  // namespace inlet::pipelines
