#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace inlet::types {

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
  bool is_fixed() const { return transitions_.empty() && rule_.empty(); }

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
  struct Transition {
    std::int64_t at_s;
    std::int32_t type;
  };
  struct LocalType {
    std::int32_t offset_s = 0;
    bool daylight = false;
    std::string abbreviation;
  };
  /// The end of one half of the yearly rule after the last transition.
  struct RuleDate {
    enum class Kind : std::uint8_t { kJulian, kDayOfYear, kMonthWeekDay };
    Kind kind = Kind::kMonthWeekDay;
    std::int32_t month = 0;
    std::int32_t week = 0;
    std::int32_t day = 0;
    std::int32_t time_s = 7200;
  };
  struct RuleText;

  friend class TimeZoneLoader;
  const LocalType& TypeAt(std::int64_t instant_s) const;
  const LocalType& TypeByRule(std::int64_t instant_s) const;
  static std::int64_t RuleInstant(const RuleDate& date, std::int64_t year, std::int32_t offset_s);

  std::string id_;
  LocalType first_;  // Before the first transition; the only one of a fixed zone.
  std::vector<LocalType> types_;
  std::vector<Transition> transitions_;
  std::string rule_;  // The POSIX TZ text after the last transition; empty for none.
  LocalType standard_;
  LocalType daylight_;
  bool has_daylight_ = false;
  RuleDate daylight_begins_;
  RuleDate daylight_ends_;
};

}  // namespace inlet::types
