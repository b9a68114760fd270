#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "sql/ast.h"

namespace inlet::sql {

/// DAY, days, WEEK ...; nothing for another word.
std::optional<IntervalUnit> FindIntervalUnit(std::string_view word);
/// "DAY"
std::string_view NameOf(IntervalUnit unit);

/// Sums the parts of an interval. Errors of all: INVALID_INTERVAL_FORMAT, also for months beside
/// days.
class IntervalBuilder {
 public:
  /// "1 day -2 hours", "interval 3 days"
  static Result<IntervalLiteral> FromText(std::string_view text);
  /// "1-2" YEAR TO MONTH, "1 02:03:04.5" DAY TO SECOND
  static Result<IntervalLiteral> FromRange(std::string_view text, IntervalUnit from,
                                           IntervalUnit to);

  /// Only seconds take a fraction.
  Status Add(std::string_view value, IntervalUnit unit);
  bool empty() const { return !first_; }
  Result<IntervalLiteral> Finish() const;

 private:
  std::optional<IntervalUnit> first_;  // The largest unit so far.
  IntervalUnit last_ = IntervalUnit::kYear;
  bool has_months_ = false;
  bool has_time_ = false;
  std::int64_t months_ = 0;
  std::int64_t microseconds_ = 0;
};

/// The value as in INTERVAL '<text>' from TO to: "1-2", "1 02:03:04.5", "-3".
std::string IntervalText(const IntervalLiteral& interval);
/// INTERVAL '1' DAY, as Spark shows it.
std::string ToSqlText(const IntervalLiteral& interval);

}  // namespace inlet::sql
