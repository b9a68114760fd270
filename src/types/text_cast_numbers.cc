#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "types/text_cast.h"

namespace inlet::types {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsBlankForCast(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; }
bool IsBlankForJava(char c) { return static_cast<unsigned char>(c) <= 0x20; }

std::string_view TrimForJava(std::string_view text) {
  while (!text.empty() && IsBlankForJava(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlankForJava(text.back())) text.remove_suffix(1);
  return text;
}

// `lower` is in lower case.
bool IsWord(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] | 0x20) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

// A number out of the range of its type: was it too large (true) or too near to zero?
bool IsTooLarge(std::string_view digits) {
  std::int64_t magnitude = 0;  // Digits before the point, without leading zeros.
  bool point = false;
  bool significant = false;
  std::size_t i = 0;
  for (; i < digits.size() && digits[i] != 'e' && digits[i] != 'E'; ++i) {
    if (digits[i] == '.') {
      point = true;
    } else if (!point) {
      significant |= digits[i] != '0';
      if (significant) ++magnitude;
    } else if (!significant) {
      significant = digits[i] != '0';
      if (!significant) --magnitude;
    }
  }
  std::int64_t exponent = 0;
  if (i < digits.size()) {
    ++i;
    bool negative = i < digits.size() && digits[i] == '-';
    if (i < digits.size() && (digits[i] == '-' || digits[i] == '+')) ++i;
    for (; i < digits.size() && exponent < 1'000'000'000'000; ++i) {
      exponent = exponent * 10 + (digits[i] - '0');
    }
    if (negative) exponent = -exponent;
  }
  return significant && magnitude + exponent > 0;
}

// java.lang.Double.parseDouble's HexFloat: 0x1.8p3, the exponent is required.
template <class Float>
std::optional<Float> ParseHexadecimal(std::string_view text, bool negative) {
  std::size_t p = text.find_first_of("pP");
  if (p == text.npos || p + 1 >= text.size()) return std::nullopt;
  std::string_view exponent = text.substr(p + 1);
  if (exponent[0] == '+') exponent.remove_prefix(1);
  if (exponent.empty() || !(IsDigit(exponent[0]) || (exponent[0] == '-' && exponent.size() > 1))) {
    return std::nullopt;
  }
  // from_chars takes the same text without the 0x and without a plus.
  std::array<char, 128> buffer;
  std::string_view mantissa = text.substr(0, p);
  if (mantissa.size() + exponent.size() + 2 > buffer.size()) return std::nullopt;
  char* end = std::copy(mantissa.begin(), mantissa.end(), buffer.data());
  *end++ = 'p';
  end = std::copy(exponent.begin(), exponent.end(), end);
  if (!mantissa.empty() && !std::isxdigit(static_cast<unsigned char>(mantissa[0])) &&
      mantissa[0] != '.') {
    return std::nullopt;
  }
  Float value = 0;
  auto [stop, error] = std::from_chars(buffer.data(), end, value, std::chars_format::hex);
  if (stop != end) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    value = exponent[0] == '-' ? Float{0} : std::numeric_limits<Float>::infinity();
  } else if (error != std::errc{}) {
    return std::nullopt;
  }
  return negative ? -value : value;
}

constexpr std::array<double, 23> kPowersOfTen{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// `-123.456` with few enough digits that one division gives the nearest double.
std::optional<double> ParsePlainDouble(std::string_view text) {
  if (text.empty() || text.size() > 17) return std::nullopt;
  std::size_t i = text[0] == '-' ? 1 : 0;
  std::uint64_t digits = 0;
  std::size_t begin = i;
  for (; i < text.size() && IsDigit(text[i]); ++i) {
    digits = digits * 10 + static_cast<std::uint64_t>(text[i] - '0');
  }
  if (i == begin) return std::nullopt;
  std::size_t num_fraction = 0;
  if (i < text.size() && text[i] == '.') {
    std::size_t point = i++;
    for (; i < text.size() && IsDigit(text[i]); ++i) {
      digits = digits * 10 + static_cast<std::uint64_t>(text[i] - '0');
    }
    num_fraction = i - point - 1;
  }
  if (i != text.size() || digits > (std::uint64_t{1} << 53)) return std::nullopt;
  double value = static_cast<double>(digits) / kPowersOfTen[num_fraction];
  return text[0] == '-' ? -value : value;
}

// Java's grammar without blanks around and without the words.
template <class Float>
std::optional<Float> ParseFloatingDigits(std::string_view text) {
  if (text.empty()) return std::nullopt;
  bool negative = text[0] == '-';
  if (negative || text[0] == '+') text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  if (char last = static_cast<char>(text.back() | 0x20); last == 'd' || last == 'f') {
    bool hexadecimal = text.size() > 2 && (text[1] | 0x20) == 'x';
    if (!hexadecimal || text.find_first_of("pP") != text.npos) text.remove_suffix(1);
  }
  if (text.size() > 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
    return ParseHexadecimal<Float>(text.substr(2), negative);
  }
  // from_chars knows words of its own; a number starts with a digit or a point.
  if (text.empty() || !(IsDigit(text[0]) || text[0] == '.')) return std::nullopt;
  const char* begin = text.data();
  const char* end = begin + text.size();
  // from_chars takes `1e+5`, but not a number without digits such as `.e5`; nor does Java.
  Float value = 0;
  auto [stop, error] = std::from_chars(begin, end, value);
  if (stop != end || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    value = IsTooLarge(text) ? std::numeric_limits<Float>::infinity() : Float{0};
  }
  return negative ? -value : value;
}

template <class Float>
std::optional<Float> ParseJavaFloating(std::string_view text) {
  text = TrimForJava(text);
  if (std::optional<Float> value = ParseFloatingDigits<Float>(text)) return value;
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "NaN") return std::numeric_limits<Float>::quiet_NaN();
  if (text != "Infinity") return std::nullopt;
  Float infinity = std::numeric_limits<Float>::infinity();
  return negative ? -infinity : infinity;
}

template <class Float>
std::optional<Float> ParseFloatingForCast(std::string_view text) {
  if (std::optional<Float> value = ParseJavaFloating<Float>(text)) return value;
  text = TrimForCast(text);
  if (IsWord(text, "nan")) return std::numeric_limits<Float>::quiet_NaN();
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (!IsWord(text, "inf") && !IsWord(text, "infinity")) return std::nullopt;
  Float infinity = std::numeric_limits<Float>::infinity();
  return negative ? -infinity : infinity;
}

// The parts of `[+-]ddd.ddd[e[+-]ddd]`.
struct DecimalText {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  std::int64_t exponent = 0;
};

std::optional<DecimalText> SplitDecimal(std::string_view text) {
  DecimalText parts;
  if (text.empty()) return std::nullopt;
  parts.negative = text[0] == '-';
  if (parts.negative || text[0] == '+') text.remove_prefix(1);
  std::size_t size = 0;
  while (size < text.size() && IsDigit(text[size])) ++size;
  parts.whole = text.substr(0, size);
  text.remove_prefix(size);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    size = 0;
    while (size < text.size() && IsDigit(text[size])) ++size;
    parts.fraction = text.substr(0, size);
    text.remove_prefix(size);
  }
  if (parts.whole.empty() && parts.fraction.empty()) return std::nullopt;
  if (text.empty()) return parts;
  if ((text[0] | 0x20) != 'e') return std::nullopt;
  text.remove_prefix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.size() > 11) return std::nullopt;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), parts.exponent);
  if (error != std::errc{} || stop != text.data() + text.size() ||
      parts.exponent > std::numeric_limits<std::int32_t>::max() ||
      parts.exponent < std::numeric_limits<std::int32_t>::min()) {
    return std::nullopt;
  }
  return parts;
}

constexpr auto kInt128Powers = [] {
  std::array<Int128, 39> powers{};
  powers[0] = 1;
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

}  // namespace

std::string_view TrimForCast(std::string_view text) {
  while (!text.empty() && IsBlankForCast(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlankForCast(text.back())) text.remove_suffix(1);
  return text;
}

template <class Int>
std::optional<Int> ParseStrictInteger(std::string_view text) {
  if (text.empty()) return std::nullopt;
  bool negative = text[0] == '-';
  std::size_t i = negative || text[0] == '+' ? 1 : 0;
  if (i == text.size()) return std::nullopt;
  std::uint64_t value = 0;
  if (text.size() - i <= 18) {  // Cannot overflow 64 bits.
    for (; i < text.size(); ++i) {
      auto digit = static_cast<std::uint64_t>(text[i]) - '0';
      if (digit > 9) return std::nullopt;
      value = value * 10 + digit;
    }
  } else {
    for (; i < text.size(); ++i) {
      auto digit = static_cast<std::uint64_t>(text[i]) - '0';
      if (digit > 9 || __builtin_mul_overflow(value, std::uint64_t{10}, &value) ||
          __builtin_add_overflow(value, digit, &value)) {
        return std::nullopt;
      }
    }
  }
  auto limit = static_cast<std::uint64_t>(std::numeric_limits<Int>::max());
  if (value > limit + (negative ? 1 : 0)) return std::nullopt;
  return static_cast<Int>(negative ? 0 - value : value);
}

template <class Int>
std::optional<Int> ParseInteger(std::string_view text) {
  if (std::optional<Int> value = ParseStrictInteger<Int>(text)) [[likely]]
    return value;
  std::string_view trimmed = TrimForCast(text);
  return trimmed.size() == text.size() ? std::nullopt : ParseStrictInteger<Int>(trimmed);
}

template std::optional<std::int8_t> ParseInteger(std::string_view);
template std::optional<std::int16_t> ParseInteger(std::string_view);
template std::optional<std::int32_t> ParseInteger(std::string_view);
template std::optional<std::int64_t> ParseInteger(std::string_view);
template std::optional<std::int8_t> ParseStrictInteger(std::string_view);
template std::optional<std::int16_t> ParseStrictInteger(std::string_view);
template std::optional<std::int32_t> ParseStrictInteger(std::string_view);
template std::optional<std::int64_t> ParseStrictInteger(std::string_view);

std::optional<double> ParseDouble(std::string_view text) {
  if (std::optional<double> value = ParsePlainDouble(text)) [[likely]]
    return value;
  return ParseFloatingForCast<double>(text);
}

std::optional<float> ParseFloat(std::string_view text) { return ParseFloatingForCast<float>(text); }

std::optional<double> ParseJavaDouble(std::string_view text) {
  if (std::optional<double> value = ParsePlainDouble(text)) [[likely]]
    return value;
  return ParseJavaFloating<double>(text);
}

std::optional<float> ParseJavaFloat(std::string_view text) {
  return ParseJavaFloating<float>(text);
}

std::optional<bool> ParseBoolean(std::string_view text) {
  text = TrimForCast(text);
  for (std::string_view word : {"true", "t", "yes", "y", "1"}) {
    if (IsWord(text, word)) return true;
  }
  for (std::string_view word : {"false", "f", "no", "n", "0"}) {
    if (IsWord(text, word)) return false;
  }
  return std::nullopt;
}

std::optional<Int128> ParseDecimal(std::string_view text, int precision, int scale,
                                   bool* too_large) {
  if (too_large) *too_large = false;
  std::optional<DecimalText> parts = SplitDecimal(TrimForCast(text));
  if (!parts) return std::nullopt;

  // Digits up to the last one that counts; the next one decides about rounding.
  std::int64_t num_whole = static_cast<std::int64_t>(parts->whole.size());
  std::int64_t num_digits = num_whole + static_cast<std::int64_t>(parts->fraction.size());
  std::int64_t wanted = num_whole + parts->exponent + scale;
  auto digit_at = [&](std::int64_t i) {
    auto at = static_cast<std::size_t>(i);
    return (i < num_whole ? parts->whole[at] : parts->fraction[at - parts->whole.size()]) - '0';
  };
  auto overflow = [&]() -> std::optional<Int128> {
    if (too_large) *too_large = true;
    return std::nullopt;
  };
  Int128 limit = kInt128Powers[static_cast<std::size_t>(precision)];
  const Int128 limit_before_digit = limit / 10;
  Int128 value = 0;
  for (std::int64_t i = 0; i < std::min(wanted, num_digits); ++i) {
    // Asked before, as one digit more may be beyond 128 bits.
    if (value >= limit_before_digit) return overflow();
    value = value * 10 + digit_at(i);
  }
  if (wanted > num_digits) {
    if (value != 0) {
      std::int64_t zeros = wanted - num_digits;
      if (zeros > 38) return overflow();
      // value < 10^38 and 10^zeros may together be beyond 128 bits: compare by division.
      Int128 factor = kInt128Powers[static_cast<std::size_t>(zeros)];
      if (value > (limit - 1) / factor) return overflow();
      value *= factor;
    }
  } else if (wanted >= 0 && wanted < num_digits && digit_at(wanted) >= 5) {
    ++value;
    if (value >= limit) return overflow();
  }
  return parts->negative ? -value : value;
}

std::optional<DecimalShape> ParseDecimalShape(std::string_view text) {
  std::optional<DecimalText> parts = SplitDecimal(text);
  if (!parts) return std::nullopt;
  std::size_t leading = 0;
  while (leading < parts->whole.size() && parts->whole[leading] == '0') ++leading;
  std::size_t digits = parts->whole.size() - leading;
  if (digits == 0) {
    std::size_t zeros = 0;
    while (zeros < parts->fraction.size() && parts->fraction[zeros] == '0') ++zeros;
    digits = parts->fraction.size() - zeros;
  } else {
    digits += parts->fraction.size();
  }
  std::int64_t scale = static_cast<std::int64_t>(parts->fraction.size()) - parts->exponent;
  if (digits > 1'000'000 || scale > 1'000'000'000 || scale < -1'000'000'000) return std::nullopt;
  return DecimalShape{.precision = static_cast<int>(std::max<std::size_t>(digits, 1)),
                      .scale = static_cast<int>(scale)};
}

}  // namespace inlet::types
