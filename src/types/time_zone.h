#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace inlet::types {

/// The seconds of an offset as java.time.ZoneOffset.of takes it: `Z`, `+2`, `+02`, `+02:00`,
/// `+0200`,
/// `+02:00:30`, `+020030`; at most 18 hours. Spark takes `+2:00` and `+02:0` as well.
std::optional<std::int32_t> ParseZoneOffset(std::string_view text);

/// A time zone by its Spark name: `UTC`, `Europe/Berlin`, `+02:00`, `GMT+1`, `PST`.
///
/// Immutable and thread-safe; zones live as long as the process, so a reference may be kept.
/// Source: java.time.ZoneId.of with the short ids; the rules come from the system's tzdata.
class TimeZone {
 public:
  /// Errors: INVALID_TIMEZONE.
  static Result<const TimeZone*> Find(std::string_view id);
  /// The same without an error's text, for zones inside of data. Null when there is none.
  static const TimeZone* FindOrNull(std::string_view id);
  static const TimeZone& Utc();

  /// As java.time prints it: "UTC", "Europe/Berlin", "+02:00", "GMT+01:00".
  const std::string& id() const { return id_; }
  bool is_fixed() const { return transitions_.empty() && !rule_; }

  /// Seconds east of Greenwich at an instant, in seconds since 1970 UTC.
  std::int32_t OffsetAt(std::int64_t instant_s) const;
  bool IsDaylightAt(std::int64_t instant_s) const;
  /// Such as "CET" or "CEST"; the id where the zone data has no letters.
  std::string AbbreviationAt(std::int64_t instant_s) const;

  /// Microseconds of the wall clock to the instant and back. A time in a gap moves forward by the
  /// length of the gap; of two instants in an overlap it is the earlier one.
  /// Wraps around silently at the ends of the 64-bit range.
  std::int64_t ToInstant(std::int64_t local_us) const;
  std::int64_t ToLocal(std::int64_t instant_us) const;

 private:
  friend class TimeZoneLoader;

  struct LocalType {
    std::int32_t offset_s = 0;
    bool daylight = false;
    std::string abbreviation;
  };
  struct Transition {
    std::int64_t at_s = 0;
    std::uint8_t type = 0;  // From here on; an index into types_.
  };
  /// One of the two yearly changes after the last transition.
  struct RuleDate {
    enum class Kind : std::uint8_t { kJulian, kDayOfYear, kMonthWeekDay };
    Kind kind = Kind::kMonthWeekDay;
    int month = 0;
    int week = 0;
    int day = 0;
    std::int32_t time_s = 7200;

    /// Seconds of the wall clock since 1970.
    std::int64_t LocalSecondsIn(std::int64_t year) const;
  };
  struct YearlyRule {
    LocalType standard;
    LocalType daylight;
    RuleDate begin;
    RuleDate end;
  };

  const LocalType& TypeAt(std::int64_t instant_s) const;

  std::string id_;
  std::vector<LocalType> types_;         // The first one holds before the first transition.
  std::vector<Transition> transitions_;  // Sorted by time.
  std::optional<YearlyRule> rule_;       // After the last transition.
};

}  // namespace inlet::types
