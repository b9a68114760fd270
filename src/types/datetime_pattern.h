#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "types/time_zone.h"

namespace inlet::types {

/// A date-time pattern such as `yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]`, compiled once, used for many
/// values. Immutable and thread-safe.
///
/// Source: Databricks SQL language manual, "Datetime patterns" (java.time letters, Spark's limits).
class DateTimePattern {
 public:
  enum class Use : std::uint8_t { kParse, kFormat };

  /// Names (Jan, Friday) are those of `locale`; only English is known so far.
  /// Errors: INCONSISTENT_BEHAVIOR_CROSS_VERSION.*, INVALID_DATETIME_PATTERN.*;
  /// INLET_UNSUPPORTED for names in another language.
  static Result<DateTimePattern> Compile(std::string_view pattern, Use use,
                                         std::string_view locale = "en-US");

  /// No value: the text does not fit the pattern or names a day that does not exist.
  std::optional<std::int32_t> ParseDate(std::string_view text) const;
  /// A zone in the text wins over `zone`.
  std::optional<std::int64_t> ParseTimestamp(std::string_view text, const TimeZone& zone) const;
  /// A zone in the text is an error unless `allow_zone`, then it is left out of account.
  std::optional<std::int64_t> ParseTimestampNtz(std::string_view text,
                                                bool allow_zone = true) const;

  /// Append to `out`.
  void FormatTimestamp(std::int64_t instant_us, const TimeZone& zone, std::string& out) const;
  void FormatTimestampNtz(std::int64_t local_us, std::string& out) const;
  void FormatDate(std::int32_t days, std::string& out) const;

  const std::string& text() const { return text_; }

 private:
  struct Fields;
  class Compiler;
  class Formatter;

  /// A literal, a field, or an optional section around the items up to its end.
  struct Item {
    enum class Kind : std::uint8_t {
      kLiteral,
      kNumber,    ///< Digits of the field `letter`.
      kFraction,  ///< Digits of a second.
      kText,      ///< A name: month, weekday, am/pm, era.
      kOffset,    ///< X, x, Z, O.
      kZone,      ///< VV, z.
      kOptional,
    };
    Kind kind = Kind::kLiteral;
    char letter = 0;
    int count = 0;
    int min_width = 1;
    int max_width = 19;
    /// How many digits the numbers right after this one need (adjacent values).
    int reserved_width = 0;
    std::size_t end = 0;  ///< kOptional: the index after its last item.
    std::string literal;
  };

  bool Match(std::string_view text, Fields& fields) const;
  bool MatchItems(std::size_t begin, std::size_t end, std::string_view text, std::size_t& position,
                  Fields& fields) const;
  bool SetNumber(const Item& item, std::int64_t value, Fields& fields) const;
  static bool MatchName(const Item& item, std::string_view text, std::size_t& position,
                        Fields& fields);

  std::string text_;
  std::vector<Item> items_;
  bool has_era_ = false;  ///< Then `y` counts within the era.
};

}  // namespace inlet::types
