#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sql/statement.h"

namespace inlet::pipelines {

/// When a streaming table or materialized view is refreshed by itself.
/// Source: Databricks SQL language manual, "CREATE STREAMING TABLE"; minutes are ours.
struct Schedule {
  enum class Kind : std::uint8_t { kEvery, kCron, kOnUpdate };
  Kind kind = Kind::kEvery;
  std::int64_t every_count = 0;       ///< kEvery
  std::string every_unit;             ///< MINUTE, HOUR, DAY, WEEK
  std::string cron;                   ///< kCron
  std::string time_zone;              ///< kCron
  std::int64_t at_most_every_ms = 0;  ///< kOnUpdate

  bool operator==(const Schedule&) const = default;
};

/// The schedule of a statement, its ranges checked. A CRON without a zone takes the session's.
/// Errors: INVALID_SCHEDULE; INVALID_TIMEZONE.
Result<Schedule> CheckSchedule(const sql::Schedule& schedule, std::string_view session_time_zone);

/// As it stands in a statement: "SCHEDULE EVERY 1 HOUR".
std::string ToSql(const Schedule& schedule);

/// When the next run is due after `after_ms`, both in milliseconds since 1970 UTC.
///
/// EVERY counts whole periods from `anchor_ms`, when the schedule was set: runs that were missed
/// are due once, and lateness does not shift those that follow. ON UPDATE is due when the sources
/// may be looked at again. Nothing when a CRON has no more times.
Result<std::optional<std::int64_t>> NextRun(const Schedule& schedule, std::int64_t anchor_ms,
                                            std::int64_t after_ms);

}  // namespace inlet::pipelines
