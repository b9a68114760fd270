#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "types/data_type.h"
#include "types/time_zone.h"

namespace inlet::types {

/// Text to value by the grammar of Spark's CAST, and value to text as Spark prints it.
///
/// No value stands for text that does not fit. Nothing here allocates while parsing, throws or
/// depends on the process's locale. All of it is thread-safe.
/// Source: Databricks SQL language manual, "cast function"; measured on Apache Spark 4.1.

__extension__ using Int128 = __int128;

/// `text` without the blanks and control characters (0x00 to 0x20, 0x7F) around it, as Spark trims
/// before a cast.
std::string_view TrimForCast(std::string_view text);

/// Blanks around, a sign, digits; no fraction. For int8_t to int64_t.
template <class Int>
std::optional<Int> ParseInteger(std::string_view text);
/// Java's Long.parseLong: a sign and digits, nothing around. What the CSV reader takes.
template <class Int>
std::optional<Int> ParseStrictInteger(std::string_view text);

/// Blanks around; `1.`, `.5`, `1e3`, a `d` or `f` behind; `NaN`, `Inf`, `Infinity` in any case.
std::optional<double> ParseDouble(std::string_view text);
std::optional<float> ParseFloat(std::string_view text);
/// Java's Double.parseDouble: blanks around, suffixes; the words only as `NaN` and `Infinity`;
/// hexadecimal floats.
std::optional<double> ParseJavaDouble(std::string_view text);
std::optional<float> ParseJavaFloat(std::string_view text);

/// t, true, y, yes, 1 / f, false, n, no, 0; any case, blanks around.
std::optional<bool> ParseBoolean(std::string_view text);

/// Rounds half up to `scale`. `too_large` (may be null) tells a number that does not fit the
/// precision from text that is no number.
std::optional<Int128> ParseDecimal(std::string_view text, int precision, int scale,
                                   bool* too_large = nullptr);
/// The precision and scale that hold the number exactly as it is written (java.math.BigDecimal; a
/// negative scale for 1e3). No value when it is no number or its exponent is beyond all measure.
struct DecimalShape {
  int precision = 0;
  int scale = 0;
};
std::optional<DecimalShape> ParseDecimalShape(std::string_view text);

/// Days since 1970-01-01. `yyyy`, `yyyy-[m]m`, `yyyy-[m]m-[d]d`, then nothing or a blank or `T` and
/// anything; a sign and up to seven digits of the year.
std::optional<std::int32_t> ParseDate(std::string_view text);
/// Microseconds since 1970 UTC. A date as above, then optionally a time and a zone; without a zone
/// it is of `zone`. A time alone (`T10:00`, `10:00:00`) is of `today` (days), and does not fit
/// without it.
std::optional<std::int64_t> ParseTimestamp(std::string_view text, const TimeZone& zone,
                                           std::optional<std::int32_t> today = std::nullopt);
/// Microseconds of a wall clock. With `allow_zone` a zone in the text is left out of account,
/// without it does not fit.
std::optional<std::int64_t> ParseTimestampNtz(std::string_view text, bool allow_zone = true);

/// The words `epoch`, `now`, `today`, `tomorrow`, `yesterday`, which Spark takes in literals and in
/// casts of constants only, not in data. `now_us` is the instant of the statement.
std::optional<std::int32_t> ParseDateWord(std::string_view text, std::int64_t now_us,
                                          const TimeZone& zone);
std::optional<std::int64_t> ParseTimestampWord(std::string_view text, std::int64_t now_us,
                                               const TimeZone& zone);

/// The calendar, proleptic Gregorian. `DaysFromCivil` does not check its arguments.
std::int32_t DaysFromCivil(std::int64_t year, int month, int day);
struct CivilDate {
  std::int64_t year = 1970;
  int month = 1;
  int day = 1;
};
CivilDate CivilFromDays(std::int32_t days);
bool IsValidDate(std::int64_t year, int month, int day);

// Printing. Each appends to `out`.

/// Java's Double.toString: `1.0`, `1.0E20`, `1.0E-5`, `NaN`, `Infinity`.
void AppendDouble(double value, std::string& out);
void AppendFloat(float value, std::string& out);
void AppendInteger(std::int64_t value, std::string& out);
/// java.math.BigDecimal.toPlainString: keeps the scale.
void AppendDecimal(Int128 unscaled, int scale, std::string& out);
/// `2024-01-05`, `+12024-01-05`, `-0044-03-15`.
void AppendDate(std::int32_t days, std::string& out);
/// `2024-01-05 15:04:09.123` in `zone`; trailing zeros of the fraction are dropped.
void AppendTimestamp(std::int64_t instant_us, const TimeZone& zone, std::string& out);
void AppendTimestampNtz(std::int64_t local_us, std::string& out);

/// CAST(value AS STRING) of one cell, also of nested types: `[a, null]`, `{k -> 1}`, `{1, null}`.
/// A NULL gives `null`, as inside of nested values: the caller asks IsNull() for the outermost one.
/// Errors: INLET_UNSUPPORTED for VARIANT, whose text is made in types/variant.h.
Status AppendCell(const arrow::Array& array, std::int64_t row, const DataType& type,
                  const TimeZone& zone, std::string& out);

}  // namespace inlet::types
