#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>

#include "base/option_map.h"
#include "types/data_type.h"

namespace inlet::types {
namespace {

struct TypeName {
  std::string_view sql;
  TypeId id;
};

/// The first of each type is how it prints.
constexpr TypeName kTypeNames[] = {
    {"VOID", TypeId::kVoid},
    {"NULL", TypeId::kVoid},
    {"BOOLEAN", TypeId::kBoolean},
    {"TINYINT", TypeId::kByte},
    {"BYTE", TypeId::kByte},
    {"SMALLINT", TypeId::kShort},
    {"SHORT", TypeId::kShort},
    {"INT", TypeId::kInteger},
    {"INTEGER", TypeId::kInteger},
    {"BIGINT", TypeId::kLong},
    {"LONG", TypeId::kLong},
    {"FLOAT", TypeId::kFloat},
    {"REAL", TypeId::kFloat},
    {"DOUBLE", TypeId::kDouble},
    {"STRING", TypeId::kString},
    {"BINARY", TypeId::kBinary},
    {"DATE", TypeId::kDate},
    {"TIMESTAMP", TypeId::kTimestamp},
    {"TIMESTAMP_LTZ", TypeId::kTimestamp},
    {"TIMESTAMP_NTZ", TypeId::kTimestampNtz},
    {"VARIANT", TypeId::kVariant},
};

/// Reads the text of types and column lists.
class DdlParser {
 public:
  explicit DdlParser(std::string_view text) : text_(text) {}

  Result<DataType> WholeType() {
    DataType type = TRY(Type(0));
    TRY(ExpectEnd());
    return type;
  }

  Result<StructType> WholeColumns() {
    StructType schema;
    SkipBlanks();
    if (position_ == text_.size()) return schema;
    do {
      schema.fields.push_back(TRY(Field(0)));
    } while (Accept(','));
    TRY(ExpectEnd());
    return schema;
  }

 private:
  std::unexpected<Error> Bad(std::string message) const {
    return Fail(Condition::INVALID_SCHEMA,
                {{"inputSchema", std::string(text_)},
                 {"message", message + " at position " + std::to_string(position_)}});
  }

  void SkipBlanks() {
    while (position_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[position_]))) {
      ++position_;
    }
  }

  bool Accept(char c) {
    SkipBlanks();
    if (position_ == text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  Status Expect(char c) {
    if (Accept(c)) return Ok();
    return Bad(std::string("'") + c + "' is missing");
  }

  Status ExpectEnd() {
    SkipBlanks();
    if (position_ == text_.size()) return Ok();
    return Bad("unexpected text");
  }

  bool AcceptWord(std::string_view word) {
    const std::size_t before = position_;
    if (EqualsIgnoreCase(Word(), word)) return true;
    position_ = before;
    return false;
  }

  std::string_view Word() {
    SkipBlanks();
    const std::size_t begin = position_;
    while (position_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[position_])) || text_[position_] == '_' ||
            static_cast<unsigned char>(text_[position_]) >= 0x80)) {
      ++position_;
    }
    return text_.substr(begin, position_ - begin);
  }

  Result<std::string> Name() {
    SkipBlanks();
    if (position_ < text_.size() && text_[position_] == '`') {
      return Quoted('`');
    }
    const std::string_view word = Word();
    if (word.empty()) return Bad("a name is missing");
    return std::string(word);
  }

  /// The text up to the closing quote, which is doubled inside.
  Result<std::string> Quoted(char quote) {
    std::string value;
    for (++position_; position_ < text_.size(); ++position_) {
      const char c = text_[position_];
      if (c == '\\' && quote != '`' && position_ + 1 < text_.size()) {
        value += text_[++position_];
        continue;
      }
      if (c == quote) {
        if (position_ + 1 < text_.size() && text_[position_ + 1] == quote) {
          ++position_;
        } else {
          ++position_;
          return value;
        }
      }
      value += c;
    }
    return Bad("a quote is not closed");
  }

  Result<StructField> Field(int depth) {
    StructField field{.name = TRY(Name()), .type = {}};
    (void)Accept(':');
    field.type = TRY(Type(depth));
    while (true) {
      if (AcceptWord("NOT")) {
        if (!AcceptWord("NULL")) return Bad("NULL is missing after NOT");
        field.nullable = false;
      } else if (AcceptWord("COMMENT")) {
        SkipBlanks();
        if (position_ == text_.size() || (text_[position_] != '\'' && text_[position_] != '"')) {
          return Bad("a quoted comment is missing");
        }
        field.set_comment(TRY(Quoted(text_[position_])));
      } else {
        return field;
      }
    }
  }

  Result<int> Number() {
    SkipBlanks();
    int value = 0;
    const char* const begin = text_.data() + position_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc()) return Bad("a number is missing");
    position_ += static_cast<std::size_t>(end - begin);
    return value;
  }

  Result<DataType> DecimalType() {
    if (!Accept('(')) return DataType::Decimal(10, 0);
    const int precision = TRY(Number());
    const int scale = Accept(',') ? TRY(Number()) : 0;
    TRY(Expect(')'));
    if (precision < 1 || precision > 38 || scale < 0 || scale > precision) {
      return Bad("a precision goes from 1 to 38 and a scale from 0 to the precision");
    }
    return DataType::Decimal(precision, scale);
  }

  Result<DataType> StructOf(int depth) {
    TRY(Expect('<'));
    std::vector<StructField> fields;
    if (Accept('>')) return DataType::Struct({});
    do {
      fields.push_back(TRY(Field(depth + 1)));
    } while (Accept(','));
    TRY(Expect('>'));
    return DataType::Struct(std::move(fields));
  }

  Result<DataType> IntervalType() {
    const std::string_view from = Word();
    const bool months = EqualsIgnoreCase(from, "YEAR") || EqualsIgnoreCase(from, "MONTH");
    if (AcceptWord("TO") && Word().empty()) return Bad("a unit is missing after TO");
    return DataType(months ? TypeId::kYearMonthInterval : TypeId::kDayTimeInterval);
  }

  Result<DataType> Type(int depth) {
    if (depth > kMaxNesting) {
      return Fail(Condition::INLET_RESOURCE_LIMIT, {{"message", "A type is nested too deeply"},
                                                    {"limit", std::to_string(kMaxNesting)}});
    }
    SkipBlanks();
    const std::size_t begin = position_;
    const std::string_view word = Word();
    const auto is = [&](std::string_view name) { return EqualsIgnoreCase(word, name); };
    if (is("ARRAY")) {
      TRY(Expect('<'));
      DataType element = TRY(Type(depth + 1));
      TRY(Expect('>'));
      return DataType::Array(std::move(element));
    }
    if (is("MAP")) {
      TRY(Expect('<'));
      DataType key = TRY(Type(depth + 1));
      TRY(Expect(','));
      DataType value = TRY(Type(depth + 1));
      TRY(Expect('>'));
      return DataType::Map(std::move(key), std::move(value));
    }
    if (is("STRUCT")) return StructOf(depth);
    if (is("DECIMAL") || is("DEC") || is("NUMERIC")) return DecimalType();
    if (is("INTERVAL")) return IntervalType();
    if (is("VARCHAR") || is("CHAR") || is("CHARACTER")) {
      TRY(Expect('('));
      TRY(Number());
      TRY(Expect(')'));
      return DataType(TypeId::kString);
    }
    for (const TypeName& known : kTypeNames) {
      if (is(known.sql)) {
        if (known.id == TypeId::kString && AcceptWord("COLLATE")) TRY(Name());
        return DataType(known.id);
      }
    }
    position_ = begin;
    return Bad("'" + std::string(word) + "' is not a type");
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

Status CheckNamesDiffer(const std::vector<StructField>& fields) {
  std::set<std::string> seen;
  for (const StructField& field : fields) {
    if (!seen.insert(ToLower(field.name)).second) {
      return Fail(Condition::COLUMN_ALREADY_EXISTS, {{"columnName", QuoteIdentifier(field.name)}});
    }
  }
  return Ok();
}

std::string_view SqlNameOf(TypeId id) {
  for (const TypeName& known : kTypeNames) {
    if (known.id == id) return known.sql;
  }
  return "";
}

bool IsPlainName(std::string_view name) {
  return !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
         });
}

std::string DecimalText(const DataType& type) {
  return "(" + std::to_string(type.precision()) + "," + std::to_string(type.scale()) + ")";
}

std::string QuoteText(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string FieldDdl(const StructField& field, std::string_view between) {
  std::string text = QuoteIdentifier(field.name) + std::string(between) + ToSql(field.type);
  if (!field.nullable) text += " NOT NULL";
  if (const auto comment = field.comment()) text += " COMMENT " + QuoteText(*comment);
  return text;
}

template <class Print>
std::string Join(const std::vector<StructField>& fields, std::string_view separator, Print print) {
  std::string text;
  for (const StructField& field : fields) {
    if (!text.empty()) text += separator;
    text += print(field);
  }
  return text;
}

}  // namespace

std::string QuoteIdentifier(std::string_view name) {
  if (IsPlainName(name)) return std::string(name);
  std::string quoted = "`";
  for (char c : name) {
    if (c == '`') quoted += '`';
    quoted += c;
  }
  return quoted + "`";
}

std::string ToString(const DataType& type) {
  switch (type.id()) {
    case TypeId::kDecimal:
      return "decimal" + DecimalText(type);
    case TypeId::kArray:
      return "array<" + ToString(type.element()) + ">";
    case TypeId::kMap:
      return "map<" + ToString(type.key()) + "," + ToString(type.value()) + ">";
    case TypeId::kStruct:
      return "struct<" +
             Join(
                 type.fields(), ",",
                 [](const StructField& field) { return field.name + ":" + ToString(field.type); }) +
             ">";
    case TypeId::kYearMonthInterval:
      return "interval year to month";
    case TypeId::kDayTimeInterval:
      return "interval day to second";
    default:
      return ToLower(SqlNameOf(type.id()));
  }
}

std::string ToSql(const DataType& type) {
  switch (type.id()) {
    case TypeId::kDecimal:
      return "DECIMAL" + DecimalText(type);
    case TypeId::kArray:
      return "ARRAY<" + ToSql(type.element()) + ">";
    case TypeId::kMap:
      return "MAP<" + ToSql(type.key()) + ", " + ToSql(type.value()) + ">";
    case TypeId::kStruct:
      return "STRUCT<" +
             Join(type.fields(), ", ",
                  [](const StructField& field) { return FieldDdl(field, ": "); }) +
             ">";
    case TypeId::kYearMonthInterval:
      return "INTERVAL YEAR TO MONTH";
    case TypeId::kDayTimeInterval:
      return "INTERVAL DAY TO SECOND";
    default:
      return std::string(SqlNameOf(type.id()));
  }
}

std::string ToDdl(const StructType& schema) {
  return Join(schema.fields, ", ", [](const StructField& field) { return FieldDdl(field, " "); });
}

Result<DataType> ParseType(std::string_view text) { return DdlParser(text).WholeType(); }

Result<StructType> ParseDdl(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') return SchemaFromJson(text);
  // `struct<a: INT>` is taken as its columns.
  if (first != std::string_view::npos && EqualsIgnoreCase(text.substr(first, 7), "struct<")) {
    const DataType type = TRY(ParseType(text));
    return StructType{.fields = type.fields()};
  }
  StructType schema = TRY(DdlParser(text).WholeColumns());
  TRY(CheckNamesDiffer(schema.fields));
  return schema;
}

}  // namespace inlet::types
