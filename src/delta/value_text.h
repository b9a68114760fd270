#pragma once

#include <cstdint>
#include <string>

namespace inlet::delta {

/// Texts of values in the log: partition values and statistics.

/// YYYY-MM-DD; years beyond four digits with a sign, as Java writes them.
std::string DateText(std::int64_t days);
/// YYYY-MM-DD<separator>HH:MM:SS.ffffff, with `digits` of the fraction, rounded down.
std::string TimestampText(std::int64_t micros, char separator, int digits);
/// The shortest text that reads back as the same number, in the form of Java's Double.toString:
/// 1.0, 1.0E10, NaN, -Infinity.
std::string DoubleText(double value);
std::string FloatText(float value);
/// Plain, with all digits of the scale: 12.30.
__extension__ using Int128 = __int128;
std::string DecimalText(Int128 unscaled, int scale);

}  // namespace inlet::delta
