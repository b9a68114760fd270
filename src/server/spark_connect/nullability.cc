#include "server/spark_connect/nullability.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/option_map.h"

namespace inlet::server {
namespace {

using sql::Expression;
using types::DataType;
using types::TypeId;

/// Functions that never give NULL.
constexpr std::array kNever = std::to_array<std::string_view>({"approx_count_distinct",
                                                               "array",
                                                               "collect_list",
                                                               "collect_set",
                                                               "count",
                                                               "count_if",
                                                               "cume_dist",
                                                               "current_catalog",
                                                               "current_database",
                                                               "current_date",
                                                               "current_schema",
                                                               "current_timestamp",
                                                               "current_timezone",
                                                               "current_user",
                                                               "dense_rank",
                                                               "grouping",
                                                               "grouping_id",
                                                               "hash",
                                                               "input_file_block_length",
                                                               "input_file_block_start",
                                                               "input_file_name",
                                                               "isnan",
                                                               "isnotnull",
                                                               "isnull",
                                                               "localtimestamp",
                                                               "map",
                                                               "monotonically_increasing_id",
                                                               "named_struct",
                                                               "now",
                                                               "ntile",
                                                               "percent_rank",
                                                               "pi",
                                                               "e",
                                                               "rand",
                                                               "randn",
                                                               "random",
                                                               "rank",
                                                               "row_number",
                                                               "session_user",
                                                               "spark_partition_id",
                                                               "struct",
                                                               "user",
                                                               "uuid",
                                                               "version",
                                                               "xxhash64"});

/// Functions that give NULL only when an argument is NULL.
constexpr std::array kWhenAnArgument = std::to_array<std::string_view>({"abs",
                                                                        "acos",
                                                                        "array_contains",
                                                                        "asin",
                                                                        "atan",
                                                                        "atan2",
                                                                        "ascii",
                                                                        "base64",
                                                                        "bin",
                                                                        "bit_length",
                                                                        "btrim",
                                                                        "cbrt",
                                                                        "ceil",
                                                                        "ceiling",
                                                                        "char_length",
                                                                        "character_length",
                                                                        "concat",
                                                                        "contains",
                                                                        "cos",
                                                                        "cosh",
                                                                        "crc32",
                                                                        "date_add",
                                                                        "date_diff",
                                                                        "date_sub",
                                                                        "datediff",
                                                                        "day",
                                                                        "dayname",
                                                                        "dayofmonth",
                                                                        "dayofweek",
                                                                        "dayofyear",
                                                                        "degrees",
                                                                        "endswith",
                                                                        "exp",
                                                                        "floor",
                                                                        "hex",
                                                                        "hour",
                                                                        "initcap",
                                                                        "instr",
                                                                        "last_day",
                                                                        "lcase",
                                                                        "left",
                                                                        "len",
                                                                        "length",
                                                                        "levenshtein",
                                                                        "locate",
                                                                        "lower",
                                                                        "lpad",
                                                                        "ltrim",
                                                                        "md5",
                                                                        "minute",
                                                                        "month",
                                                                        "monthname",
                                                                        "months_between",
                                                                        "negative",
                                                                        "not",
                                                                        "octet_length",
                                                                        "position",
                                                                        "positive",
                                                                        "pow",
                                                                        "power",
                                                                        "quarter",
                                                                        "radians",
                                                                        "regexp_replace",
                                                                        "repeat",
                                                                        "replace",
                                                                        "reverse",
                                                                        "right",
                                                                        "rint",
                                                                        "rpad",
                                                                        "rtrim",
                                                                        "second",
                                                                        "sha",
                                                                        "sha1",
                                                                        "sign",
                                                                        "signum",
                                                                        "sin",
                                                                        "sinh",
                                                                        "soundex",
                                                                        "split",
                                                                        "sqrt",
                                                                        "startswith",
                                                                        "substr",
                                                                        "substring",
                                                                        "tan",
                                                                        "tanh",
                                                                        "to_csv",
                                                                        "translate",
                                                                        "trim",
                                                                        "ucase",
                                                                        "unbase64",
                                                                        "upper",
                                                                        "weekday",
                                                                        "weekofyear",
                                                                        "year"});

bool Contains(const auto& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

KnownNulls OfType(const DataType& type, bool nullable) {
  KnownNulls known{.nullable = nullable, .inside = {}, .type = type};
  if (!type.is_nested() || type.is(TypeId::kVariant)) return known;
  for (const types::StructField& field : type.fields()) {
    known.inside.push_back(OfType(field.type, field.nullable));
  }
  return known;
}

/// Whether a cast may give NULL for what is not NULL. Source: Spark, Cast.forceNullable.
bool CastMayGiveNull(const std::optional<DataType>& from, const DataType& to) {
  if (to.is(TypeId::kString)) return false;
  if (!from) return true;
  if (from->is(TypeId::kVoid) || *from == to) return false;
  if (from->is(TypeId::kString)) return !to.is(TypeId::kBinary);
  if (to.is(TypeId::kDate))
    return !from->is(TypeId::kTimestamp) && !from->is(TypeId::kTimestampNtz);
  if (from->is(TypeId::kDate)) {
    return !to.is(TypeId::kTimestamp) && !to.is(TypeId::kTimestampNtz);
  }
  if (to.is(TypeId::kDecimal)) {
    int digits = 0;
    switch (from->id()) {
      case TypeId::kByte:
        digits = 3;
        break;
      case TypeId::kShort:
        digits = 5;
        break;
      case TypeId::kInteger:
        digits = 10;
        break;
      case TypeId::kLong:
        digits = 20;
        break;
      case TypeId::kDecimal:
        return to.scale() < from->scale() ||
               to.precision() - to.scale() < from->precision() - from->scale();
      default:
        return true;
    }
    return to.precision() - to.scale() < digits;
  }
  const bool is_fractional =
      from->is(TypeId::kFloat) || from->is(TypeId::kDouble) || from->is(TypeId::kDecimal);
  if (is_fractional && to.is_integer()) return true;
  if (from->is(TypeId::kTimestamp)) return to.is_integer() && !to.is(TypeId::kLong);
  return from->is_nested() || to.is_nested();
}

bool AnyNullable(const std::vector<KnownNulls>& all) {
  return std::any_of(all.begin(), all.end(),
                     [](const KnownNulls& known) { return known.nullable; });
}

KnownNulls OfCall(const sql::FunctionCall& call, const Scope& scope) {
  if (call.name.parts.size() != 1 || call.arguments.empty()) {
    const bool is_never =
        call.name.parts.size() == 1 && Contains(kNever, ToLower(call.name.parts[0]));
    return {.nullable = !is_never, .inside = {}, .type = std::nullopt};
  }
  const std::string name = ToLower(call.name.parts[0]);
  std::vector<KnownNulls> arguments;
  for (const auto& argument : call.arguments) arguments.push_back(NullsOf(argument.value, scope));
  KnownNulls known;
  if (name == "array") {
    const bool has_null = AnyNullable(arguments);
    known.nullable = false;
    known.inside = {arguments[0]};
    known.inside[0].nullable = has_null;
    if (arguments.size() > 1) known.inside[0].inside.clear();
  } else if (name == "struct") {
    known.nullable = false;
    known.inside = std::move(arguments);
  } else if (name == "named_struct") {
    known.nullable = false;
    for (std::size_t i = 1; i < arguments.size(); i += 2) known.inside.push_back(arguments[i]);
  } else if (name == "map") {
    known.nullable = false;
    bool has_null = false;
    for (std::size_t i = 1; i < arguments.size(); i += 2) has_null |= arguments[i].nullable;
    known.inside = {KnownNulls{.nullable = false}, KnownNulls{.nullable = has_null}};
  } else if (name == "coalesce" || name == "ifnull" || name == "nvl" || name == "greatest" ||
             name == "least") {
    known.nullable = std::all_of(arguments.begin(), arguments.end(),
                                 [](const KnownNulls& each) { return each.nullable; });
  } else if (name == "if" && arguments.size() == 3) {
    known.nullable = arguments[1].nullable || arguments[2].nullable;
  } else if (name == "nvl2" && arguments.size() == 3) {
    known.nullable = arguments[1].nullable || arguments[2].nullable;
  } else if (name == "collect_list" || name == "collect_set") {
    known.nullable = false;
    known.inside = {KnownNulls{.nullable = false}};
  } else if (Contains(kNever, name)) {
    known.nullable = false;
  } else if (Contains(kWhenAnArgument, name)) {
    known.nullable = AnyNullable(arguments);
  }
  return known;
}

KnownNulls Plain(bool nullable) { return {.nullable = nullable, .inside = {}, .type = {}}; }

}  // namespace

KnownNulls NullsOf(const Expression& expression, const Scope& scope) {
  if (const auto* literal = expression.As<sql::Literal>()) {
    return {.nullable = literal->type.is(TypeId::kVoid), .inside = {}, .type = literal->type};
  }
  if (expression.As<sql::IntervalLiteral>() != nullptr) return Plain(false);
  if (expression.As<sql::ColumnRef>() != nullptr) {
    const auto found = scope.FindColumn(expression);
    if (!found || *found == nullptr) return {};
    const OutputColumn& column = **found;
    if (column.type) return OfType(*column.type, column.nullable);
    return Plain(column.nullable);
  }
  if (const auto* access = expression.As<sql::FieldAccess>()) {
    const KnownNulls base = NullsOf(*access->base, scope);
    if (!base.type || !base.type->is(TypeId::kStruct)) return {};
    for (const types::StructField& field : base.type->fields()) {
      if (EqualsIgnoreCase(field.name, access->field)) {
        return OfType(field.type, base.nullable || field.nullable);
      }
    }
    return {};
  }
  if (const auto* cast = expression.As<sql::Cast>()) {
    const KnownNulls operand = NullsOf(*cast->operand, scope);
    const bool nullable =
        cast->is_try || operand.nullable || CastMayGiveNull(operand.type, cast->type);
    if (!cast->type.is_nested()) {
      return {.nullable = nullable, .inside = {}, .type = cast->type};
    }
    return {.nullable = nullable, .inside = operand.inside, .type = std::nullopt};
  }
  if (const auto* call = expression.As<sql::FunctionCall>()) return OfCall(*call, scope);
  if (const auto* binary = expression.As<sql::Binary>()) {
    using enum sql::BinaryOperator;
    if (binary->op == kNullSafeEqual) return Plain(false);
    if (binary->op == kDivide || binary->op == kModulo || binary->op == kIntegerDivide) return {};
    return Plain(NullsOf(*binary->left, scope).nullable || NullsOf(*binary->right, scope).nullable);
  }
  if (const auto* unary = expression.As<sql::Unary>()) {
    return Plain(NullsOf(*unary->operand, scope).nullable);
  }
  if (const auto* logical = expression.As<sql::Logical>()) {
    return Plain(
        std::any_of(logical->operands.begin(), logical->operands.end(),
                    [&](const Expression& operand) { return NullsOf(operand, scope).nullable; }));
  }
  if (expression.As<sql::Is>() != nullptr || expression.As<sql::IsDistinctFrom>() != nullptr ||
      expression.As<sql::Exists>() != nullptr) {
    return Plain(false);
  }
  if (const auto* in = expression.As<sql::InList>()) {
    return Plain(NullsOf(*in->operand, scope).nullable ||
                 std::any_of(in->values.begin(), in->values.end(), [&](const Expression& value) {
                   return NullsOf(value, scope).nullable;
                 }));
  }
  if (const auto* like = expression.As<sql::Like>()) {
    return Plain(
        NullsOf(*like->operand, scope).nullable ||
        std::any_of(like->patterns.begin(), like->patterns.end(),
                    [&](const Expression& pattern) { return NullsOf(pattern, scope).nullable; }));
  }
  if (const auto* choice = expression.As<sql::Case>()) {
    bool nullable = !choice->otherwise || NullsOf(*choice->otherwise, scope).nullable;
    for (const auto& when : choice->whens) nullable |= NullsOf(when.result, scope).nullable;
    return Plain(nullable);
  }
  return {};
}

DataType WithNulls(const DataType& type, const KnownNulls& known) {
  if (!type.is_nested() || type.is(TypeId::kVariant)) return type;
  if (known.inside.size() != type.fields().size()) return type;
  switch (type.id()) {
    case TypeId::kArray:
      return DataType::Array(WithNulls(type.element(), known.inside[0]), known.inside[0].nullable);
    case TypeId::kMap:
      return DataType::Map(WithNulls(type.key(), known.inside[0]),
                           WithNulls(type.value(), known.inside[1]), known.inside[1].nullable);
    case TypeId::kStruct: {
      std::vector<types::StructField> fields = type.fields();
      for (std::size_t i = 0; i < fields.size(); ++i) {
        fields[i].type = WithNulls(fields[i].type, known.inside[i]);
        fields[i].nullable = known.inside[i].nullable;
      }
      return DataType::Struct(std::move(fields));
    }
    default:
      return type;
  }
}

void SetNulls(const KnownNulls& known, OutputColumn& column) {
  column.nullable = known.nullable;
  column.type = known.type;
  column.nulls_inside = known.inside.empty() ? nullptr : std::make_shared<KnownNulls>(known);
}

bool SameButForNulls(const DataType& left, const DataType& right) {
  if (!left.is_nested() || left.is(TypeId::kVariant)) return left == right;
  if (left.id() != right.id() || left.fields().size() != right.fields().size()) return false;
  for (std::size_t i = 0; i < left.fields().size(); ++i) {
    const types::StructField& a = left.fields()[i];
    const types::StructField& b = right.fields()[i];
    if (a.name != b.name || !SameButForNulls(a.type, b.type)) return false;
  }
  return true;
}

}  // namespace inlet::server
