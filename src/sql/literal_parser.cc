#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/option_map.h"
#include "sql/interval_internal.h"
#include "sql/parser_internal.h"

namespace inlet::sql {
namespace {

using types::DataType;
using types::TypeId;

std::unexpected<Error> OutOfRange(std::string text, std::string_view type) {
  return Fail(Condition::INVALID_NUMERIC_LITERAL_RANGE,
              {{"rawStrippedQualifier", std::move(text)}, {"typeName", std::string(type)}});
}

struct NumberParts {
  std::string digits;  ///< With sign, without suffix.
  std::string suffix;  ///< Lower case.
  bool has_exponent = false;
  bool has_point = false;
};

NumberParts Split(std::string_view text, bool is_negative) {
  NumberParts parts;
  std::size_t end = text.size();
  while (end > 0 && std::isalpha(static_cast<unsigned char>(text[end - 1]))) --end;
  parts.suffix = ToLower(text.substr(end));
  const std::string_view digits = text.substr(0, end);
  parts.has_exponent = digits.find_first_of("eE") != std::string_view::npos;
  parts.has_point = digits.contains('.');
  parts.digits = (is_negative ? "-" : "") + std::string(digits);
  return parts;
}

template <class Integer>
bool Fits(const std::string& digits) {
  Integer value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  return error == std::errc() && stop == end;
}

/// The decimal type that holds the digits exactly: 1.50 is DECIMAL(3,2), 1e3 DECIMAL(4,0).
Result<Literal> DecimalLiteral(const NumberParts& parts) {
  std::string mantissa = parts.digits;
  std::int64_t exponent = 0;
  if (const std::size_t e = mantissa.find_first_of("eE"); e != std::string::npos) {
    const std::size_t first = mantissa[e + 1] == '+' ? e + 2 : e + 1;
    const char* const end = mantissa.data() + mantissa.size();
    const auto [stop, error] = std::from_chars(mantissa.data() + first, end, exponent);
    if (error != std::errc() || exponent > 1000 || exponent < -1000) {
      return OutOfRange(parts.digits, "DECIMAL(38,38)");
    }
    mantissa.resize(e);
  }
  const bool is_negative = mantissa.starts_with('-');
  if (is_negative) mantissa.erase(0, 1);
  std::int64_t scale = 0;
  if (const std::size_t point = mantissa.find('.'); point != std::string::npos) {
    scale = static_cast<std::int64_t>(mantissa.size() - point - 1);
    mantissa.erase(point, 1);
  }
  scale -= exponent;
  if (scale < 0) {
    mantissa.append(static_cast<std::size_t>(-scale), '0');
    scale = 0;
  }
  mantissa.erase(0, std::min(mantissa.find_first_not_of('0'), mantissa.size()));
  const auto digits = std::max<std::int64_t>(static_cast<std::int64_t>(mantissa.size()), 1);
  const std::int64_t precision = std::max(digits, scale);
  if (precision > 38 || scale > 38) return OutOfRange(parts.digits, "DECIMAL(38,38)");
  std::string text = mantissa;
  const auto least_size = static_cast<std::size_t>(scale + 1);  // A digit before the point.
  if (text.size() < least_size) text.insert(0, least_size - text.size(), '0');
  if (scale > 0) text.insert(text.size() - static_cast<std::size_t>(scale), ".");
  if (is_negative) text.insert(0, "-");
  return Literal{.type = DataType::Decimal(static_cast<int>(precision), static_cast<int>(scale)),
                 .text = std::move(text)};
}

Result<Literal> NumberLiteral(const NumberParts& parts) {
  const std::string& suffix = parts.suffix;
  const bool is_integer = !parts.has_point && !parts.has_exponent;
  const auto with = [&](TypeId type) { return Literal{.type = type, .text = parts.digits}; };
  if (suffix == "bd") return DecimalLiteral(parts);
  if (suffix == "d" || (suffix.empty() && parts.has_exponent)) return with(TypeId::kDouble);
  if (suffix == "f") return with(TypeId::kFloat);
  if (suffix.empty() && !is_integer) return DecimalLiteral(parts);
  if (!is_integer) {
    auto failed = Fail(Condition::PARSE_SYNTAX_ERROR, {{"error", "'" + parts.digits + suffix + "'"},
                                                       {"hint", " It is no integer."}});
    return failed;
  }
  if (suffix == "y") {
    if (!Fits<std::int8_t>(parts.digits)) return OutOfRange(parts.digits, "TINYINT");
    return with(TypeId::kByte);
  }
  if (suffix == "s") {
    if (!Fits<std::int16_t>(parts.digits)) return OutOfRange(parts.digits, "SMALLINT");
    return with(TypeId::kShort);
  }
  if (suffix == "l") {
    if (!Fits<std::int64_t>(parts.digits)) return OutOfRange(parts.digits, "BIGINT");
    return with(TypeId::kLong);
  }
  if (Fits<std::int32_t>(parts.digits)) return with(TypeId::kInteger);
  if (Fits<std::int64_t>(parts.digits)) return with(TypeId::kLong);
  return DecimalLiteral(parts);
}

}  // namespace

Result<Expression> Parser::ParseNumber(bool is_negative, std::size_t begin) {
  const NumberParts parts = Split(TextOf(Peek()), is_negative);
  Skip();
  Literal literal = TRY(NumberLiteral(parts).At(SpanFrom(begin)));
  return Make(std::move(literal), begin);
}

Result<Expression> Parser::ParseText() {
  const std::size_t begin = position();
  std::string text = TRY(Text());
  return Make(Literal{.type = TypeId::kString, .text = std::move(text)}, begin);
}

Result<Expression> Parser::ParseBinary() {
  const std::size_t begin = position();
  std::string bytes = Peek().value;
  Skip();
  return Make(Literal{.type = TypeId::kBinary, .text = std::move(bytes)}, begin);
}

Result<Expression> Parser::ParseTypedLiteral(TypeId type) {
  const std::size_t begin = position();
  Skip();
  std::string text = TRY(Text());
  return Make(Literal{.type = type, .text = std::move(text)}, begin);
}

/// INTERVAL followed by a value; elsewhere `interval` is a name.
bool Parser::SeesInterval() const {
  if (!Sees("INTERVAL")) return false;
  const std::size_t value = SeesAny({"-", "+"}, 1) ? 2 : 1;
  if (Peek(value).kind == TokenKind::kString) return true;
  return Peek(value).kind == TokenKind::kNumber && Peek(value + 1).kind == TokenKind::kWord;
}

Result<Expression> Parser::ParseInterval() {
  const std::size_t begin = position();
  IntervalLiteral value = TRY(ParseIntervalValue());
  return Make(value, begin);
}

/// INTERVAL '1-2' YEAR TO MONTH, INTERVAL 1 DAY 2 HOURS, INTERVAL '3 days'
Result<IntervalLiteral> Parser::ParseIntervalValue() {
  const std::size_t begin = position();
  TRY(Expect("INTERVAL"));
  IntervalBuilder builder;
  do {
    const bool is_negative = Accept("-");
    if (!is_negative) (void)Accept("+");
    const bool is_text = SeesText();
    std::string value = is_text ? TRY(Text()) : std::string(TextOf(Peek()));
    if (!is_text) Skip();
    if (is_negative) value = value.starts_with('-') ? value.substr(1) : "-" + value;
    const std::optional<IntervalUnit> unit =
        Peek().kind == TokenKind::kWord ? FindIntervalUnit(Peek().value) : std::nullopt;
    if (!unit) {
      if (!is_text || !builder.empty()) return Unexpected("a unit such as DAY");
      return IntervalBuilder::FromText(value).At(SpanFrom(begin));
    }
    Skip();
    if (Accept("TO")) {
      const auto to = FindIntervalUnit(TRY(Name()));
      if (!to) return Unexpected("a unit such as SECOND");
      return IntervalBuilder::FromRange(value, *unit, *to).At(SpanFrom(begin));
    }
    TRY(builder.Add(value, *unit).At(SpanFrom(begin)));
  } while (Peek().kind == TokenKind::kNumber ||
           (SeesText() && Peek(1).kind == TokenKind::kWord && FindIntervalUnit(Peek(1).value)));
  return builder.Finish().At(SpanFrom(begin));
}

}  // namespace inlet::sql
