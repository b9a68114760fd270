#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/option_map.h"
#include "sql/parser.h"
#include "sql/parser_internal.h"

namespace inlet::sql {
namespace {

bool IsAllWordBytes(std::string_view text) {
  return std::all_of(text.begin(), text.end(), IsWordByte);
}

/// The change of depth that an operator makes among the brackets of a type: `>>` closes two.
int AngleDepth(std::string_view sign) {
  int change = 0;
  for (const char c : sign) change += c == '<' ? 1 : c == '>' ? -1 : 0;
  return change;
}

/// The text of a constant: 'a', or 'a' || 'b'.
std::optional<std::string> ConstantText(const Expression& expression) {
  if (const auto* literal = expression.As<Literal>()) {
    if (literal->type.is(types::TypeId::kString)) return literal->text;
    return std::nullopt;
  }
  const auto* binary = expression.As<Binary>();
  if (binary == nullptr || binary->op != BinaryOperator::kConcat) return std::nullopt;
  const auto left = ConstantText(*binary->left);
  const auto right = ConstantText(*binary->right);
  if (!left || !right) return std::nullopt;
  return *left + *right;
}

}  // namespace

bool Parser::SeesName(std::size_t ahead) const {
  const TokenKind kind = Peek(ahead).kind;
  return kind == TokenKind::kWord || kind == TokenKind::kQuotedName;
}

Result<std::string> Parser::Name() {
  const Token& token = Peek();
  if (!SeesName()) {
    // Behind a dot, digits are a name too: t.1
    const bool is_digits =
        token.kind == TokenKind::kNumber && position() > 0 && IsAllWordBytes(TextOf(token));
    if (!is_digits) return Unexpected("a name");
    std::string digits(TextOf(token));
    Skip();
    return digits;
  }
  std::string name = token.value;
  Skip();
  return name;
}

Result<std::vector<std::string>> Parser::NameParts() {
  std::vector<std::string> parts;
  if (!SeesName()) return Unexpected("a name");
  do {
    parts.push_back(TRY(Name()));
  } while (!Sees("*", 1) && Accept("."));
  return parts;
}

Result<std::vector<std::string>> Parser::NameList() {
  std::vector<std::string> names;
  do {
    if (!SeesName()) return Unexpected("a name");
    names.push_back(TRY(Name()));
  } while (Accept(","));
  return names;
}

Result<std::vector<std::string>> Parser::BracketedNames() {
  TRY(Expect("("));
  std::vector<std::string> names = TRY(NameList());
  TRY(Expect(")"));
  return names;
}

Result<ColumnPath> Parser::Path() { return NameParts(); }

Result<std::vector<ColumnPath>> Parser::BracketedPaths() {
  TRY(Expect("("));
  std::vector<ColumnPath> paths;
  do {
    paths.push_back(TRY(Path()));
  } while (Accept(","));
  TRY(Expect(")"));
  return paths;
}

Result<ObjectName> Parser::NameOfText(std::string_view text, TextSpan span) const {
  ObjectName name = TRY(ParseObjectName(text).At(span));
  name.span = span;
  return name;
}

Result<ObjectName> Parser::Object() {
  const std::size_t begin = position();
  if (Sees("IDENTIFIER") && Sees("(", 1)) {
    Skip(2);
    Expression computed = TRY(ParseExpression());
    TRY(Expect(")"));
    const TextSpan span = SpanFrom(begin);
    if (const auto text = ConstantText(computed)) return NameOfText(*text, span);
    ObjectName name;
    name.computed = std::move(computed);
    name.span = span;
    return name;
  }
  ObjectName name{.parts = TRY(NameParts()), .computed = {}, .span = {}};
  name.span = SpanFrom(begin);
  return name;
}

Result<ObjectName> Parser::ObjectOrPath() {
  if (!SeesText()) return Object();
  const std::size_t begin = position();
  ObjectName name;
  name.parts = {"delta", TRY(Text())};
  name.span = SpanFrom(begin);
  return name;
}

Result<std::string> Parser::Text() {
  if (!SeesText()) return Unexpected("a quoted text");
  std::string text;
  for (; SeesText(); Skip()) text += Peek().value;
  return text;
}

Result<std::optional<std::string>> Parser::OptionalText(std::string_view keyword) {
  if (!Accept(keyword)) return std::nullopt;
  return TRY(Text());
}

Result<std::int64_t> Parser::Integer() {
  const bool is_negative = Accept("-");
  if (Peek().kind != TokenKind::kNumber) return Unexpected("an integer");
  std::string digits(TextOf(Peek()));
  if (!digits.empty() && (digits.back() == 'L' || digits.back() == 'l')) digits.pop_back();
  if (is_negative) digits.insert(0, "-");
  std::int64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || stop != end) return Unexpected("an integer");
  Skip();
  return value;
}

// The extent of a type is found here, its meaning in types/ddl.cc.
Result<std::string> Parser::TypeText() {
  if (Peek().kind != TokenKind::kWord) return Unexpected("a data type");
  std::string text = Peek().value;
  const bool is_interval = Sees("INTERVAL");
  Skip();
  if (is_interval) {
    text += " " + TRY(Name());
    if (Accept("TO")) text += " TO " + TRY(Name());
    return text;
  }
  if (Sees("(")) {
    const std::size_t length = ClosingBracket() + 1;
    for (std::size_t i = 0; i < length && !AtEnd(); ++i, Skip()) text += TextOf(Peek());
  } else if (Peek().kind == TokenKind::kOperator && TextOf(Peek())[0] == '<') {
    int depth = 0;
    do {
      if (AtEnd() || Sees(";")) return Unexpected("'>'");
      if (Peek().kind == TokenKind::kOperator) depth += AngleDepth(TextOf(Peek()));
      text += " ";
      text += TextOf(Peek());
      Skip();
    } while (depth > 0);
  }
  if (Sees("COLLATE") && SeesName(1)) {
    Skip();
    text += " COLLATE " + TRY(Name());
  }
  return text;
}

Result<types::DataType> Parser::Type() {
  const types::StructField field = TRY(ColumnType("c"));
  return field.type;
}

Result<types::StructField> Parser::ColumnType(std::string name) {
  const std::size_t begin = position();
  const std::string text = TRY(TypeText());
  Result<types::DataType> type = types::ParseType(text);
  if (!type) {
    Error error = std::move(type).error();
    const bool is_word = IsAllWordBytes(text);
    if (error.condition == Condition::INVALID_SCHEMA && is_word) {
      static constexpr std::string_view kTypes[] = {
          "BIGINT", "BINARY", "BOOLEAN", "DATE",          "DECIMAL", "DOUBLE",   "FLOAT",
          "INT",    "STRING", "TINYINT", "SMALLINT",      "ARRAY",   "MAP",      "STRUCT",
          "VOID",   "LONG",   "VARIANT", "TIMESTAMP_NTZ", "INTEGER", "TIMESTAMP"};
      auto failed =
          Fail(Condition::UNSUPPORTED_DATATYPE,
               {{"typeName", "\"" + text + "\""}, {"suggestion", DidYouMean(text, kTypes)}});
      failed.error().span = SpanFrom(begin);
      return failed;
    }
    if (error.span.empty()) error.span = SpanFrom(begin);
    return std::unexpected(std::move(error));
  }
  types::StructField field{.name = std::move(name), .type = *std::move(type)};
  std::string lower = ToLower(text);
  std::erase(lower, ' ');
  if (lower.starts_with("char(") || lower.starts_with("varchar(") ||
      lower.starts_with("character(")) {
    if (lower.starts_with("character")) lower.erase(4, 5);
    field.metadata["__CHAR_VARCHAR_TYPE_STRING"] = "\"" + lower + "\"";
  }
  return field;
}

Result<std::string> Parser::PropertyKey() {
  if (SeesText()) return Text();
  std::string key;
  for (const std::string& part : TRY(NameParts())) {
    if (!key.empty()) key += '.';
    key += part;
  }
  return key;
}

Result<std::string> Parser::PropertyValue() {
  if (SeesText()) return Text();
  std::string value;
  if (Accept("-")) value = "-";
  const TokenKind kind = Peek().kind;
  if (kind != TokenKind::kNumber && !(value.empty() && kind == TokenKind::kWord)) {
    return Unexpected("a value");
  }
  value += TextOf(Peek());
  Skip();
  // TRUE and FALSE are values, other words stand as written.
  const std::string lower = ToLower(value);
  return lower == "true" || lower == "false" ? lower : value;
}

Result<Properties> Parser::BracketedProperties() {
  TRY(Expect("("));
  Properties properties;
  if (Accept(")")) return properties;
  do {
    std::string key = TRY(PropertyKey());
    const bool has_sign = Accept("=") || Accept("=>");
    const bool has_value = has_sign || (!Sees(",") && !Sees(")"));
    properties.emplace_back(std::move(key), has_value ? TRY(PropertyValue()) : "");
  } while (Accept(","));
  TRY(Expect(")"));
  return properties;
}

Result<std::vector<std::string>> Parser::BracketedKeys() {
  TRY(Expect("("));
  std::vector<std::string> keys;
  do {
    keys.push_back(TRY(PropertyKey()));
  } while (Accept(","));
  TRY(Expect(")"));
  return keys;
}

}  // namespace inlet::sql
