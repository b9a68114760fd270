#include "engine/duckdb/functions/common_type.h"

#include <duckdb/common/types/decimal.hpp>

#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/logical_types.h"

// The least common type of several expressions. Source: Spark,
// AnsiTypeCoercion.findWiderTypeForTwo.
namespace inlet::engine::functions {
namespace {

using enum LogicalTypeId;

bool IsInteger(const LogicalType& type) {
  return type.id() == TINYINT || type.id() == SMALLINT || type.id() == INTEGER ||
         type.id() == BIGINT;
}

LogicalType AsDecimal(const LogicalType& type) {
  switch (type.id()) {
    case TINYINT:
      return LogicalType::DECIMAL(3, 0);
    case SMALLINT:
      return LogicalType::DECIMAL(5, 0);
    case INTEGER:
      return LogicalType::DECIMAL(10, 0);
    case BIGINT:
      return LogicalType::DECIMAL(20, 0);
    default:
      return type;
  }
}

LogicalType WiderDecimal(const LogicalType& a, const LogicalType& b) {
  const int scale = std::max(duckdb::DecimalType::GetScale(a), duckdb::DecimalType::GetScale(b));
  const int whole = std::max(duckdb::DecimalType::GetWidth(a) - duckdb::DecimalType::GetScale(a),
                             duckdb::DecimalType::GetWidth(b) - duckdb::DecimalType::GetScale(b));
  // Beyond 38 digits the whole ones are kept.
  const int kept = whole + scale > 38 ? std::max(38 - whole, 0) : scale;
  return LogicalType::DECIMAL(static_cast<std::uint8_t>(std::min(38, whole + kept)),
                              static_cast<std::uint8_t>(kept));
}

std::optional<LogicalType> CommonNested(const LogicalType& a, const LogicalType& b) {
  if (a.id() == LIST) {
    auto child = CommonTypeOf(duckdb::ListType::GetChildType(a), duckdb::ListType::GetChildType(b));
    return child ? std::optional(LogicalType::LIST(*child)) : std::nullopt;
  }
  if (a.id() == MAP) {
    auto key = CommonTypeOf(duckdb::MapType::KeyType(a), duckdb::MapType::KeyType(b));
    auto value = CommonTypeOf(duckdb::MapType::ValueType(a), duckdb::MapType::ValueType(b));
    return key && value ? std::optional(LogicalType::MAP(*key, *value)) : std::nullopt;
  }
  if (a.id() != STRUCT || IsVariant(a)) return std::nullopt;
  const auto& left = duckdb::StructType::GetChildTypes(a);
  const auto& right = duckdb::StructType::GetChildTypes(b);
  if (left.size() != right.size()) return std::nullopt;
  duckdb::child_list_t<LogicalType> fields;
  for (std::size_t i = 0; i < left.size(); ++i) {
    auto field = CommonTypeOf(left[i].second, right[i].second);
    if (!field) return std::nullopt;
    fields.emplace_back(left[i].first, *field);
  }
  return LogicalType::STRUCT(std::move(fields));
}

}  // namespace

std::optional<LogicalType> CommonTypeOf(const LogicalType& a, const LogicalType& b) {
  if (a == b || b.id() == SQLNULL) return a;
  if (a.id() == SQLNULL) return b;
  if (a.id() == b.id() && a.IsNested()) return CommonNested(a, b);
  if (a.IsNested() || b.IsNested()) return std::nullopt;
  if (a.id() == VARCHAR || b.id() == VARCHAR) {
    const LogicalType& other = a.id() == VARCHAR ? b : a;
    if (IsInteger(other)) return LogicalType::BIGINT;
    return other.IsNumeric() ? LogicalType::DOUBLE : other;
  }
  if (a.IsNumeric() && b.IsNumeric()) {
    if (IsInteger(a) && IsInteger(b)) return a.id() < b.id() ? b : a;
    const bool real = a.id() == FLOAT || a.id() == DOUBLE || b.id() == FLOAT || b.id() == DOUBLE;
    return real ? LogicalType::DOUBLE : WiderDecimal(AsDecimal(a), AsDecimal(b));
  }
  const bool moments = (a.id() == DATE || a.id() == TIMESTAMP || a.id() == TIMESTAMP_TZ) &&
                       (b.id() == DATE || b.id() == TIMESTAMP || b.id() == TIMESTAMP_TZ);
  if (moments) {
    return a.id() == TIMESTAMP_TZ || b.id() == TIMESTAMP_TZ ? LogicalType::TIMESTAMP_TZ
                                                            : LogicalType::TIMESTAMP;
  }
  return std::nullopt;
}

LogicalType CommonTypeOf(std::span<const ExpressionPtr> arguments) {
  LogicalType type = LogicalType::SQLNULL;
  for (const ExpressionPtr& argument : arguments) {
    auto common = CommonTypeOf(type, argument->return_type);
    if (!common) {
      Raise(Condition::DATATYPE_MISMATCH,
            {{"sqlExpr", "the call"},
             {"message", types::ToSql(FromDuckDbType(type)) + " and " +
                             types::ToSql(FromDuckDbType(argument->return_type)) +
                             " have no common type"}});
    }
    type = *common;
  }
  return type;
}

void CastToCommonType(ClientContext& context, std::span<ExpressionPtr> arguments) {
  const LogicalType type = CommonTypeOf(arguments);
  for (ExpressionPtr& argument : arguments) argument = CastTo(context, std::move(argument), type);
}

std::optional<types::DataType> CommonType(const types::DataType& left,
                                          const types::DataType& right) {
  const std::optional<LogicalType> common = CommonTypeOf(ToDuckDbType(left), ToDuckDbType(right));
  return common ? std::optional(FromDuckDbType(*common)) : std::nullopt;
}

}  // namespace inlet::engine::functions
