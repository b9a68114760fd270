#include "engine/duckdb/logical_types.h"

#include <duckdb/common/types.hpp>
#include <duckdb/common/types/decimal.hpp>

namespace inlet::engine {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using types::DataType;
using types::TypeId;

namespace {

constexpr char kVariantAlias[] = "VARIANT";
constexpr char kYearMonthAlias[] = "INTERVAL YEAR TO MONTH";

DataType StructOf(const LogicalType& type) {
  std::vector<types::StructField> fields;
  for (const auto& [name, child] : duckdb::StructType::GetChildTypes(type)) {
    fields.push_back({.name = name.empty() ? "col" + std::to_string(fields.size() + 1) : name,
                      .type = FromDuckDbType(child)});
  }
  return DataType::Struct(std::move(fields));
}

LogicalType NestedToDuckDb(const DataType& type) {
  if (type.is(TypeId::kArray)) return LogicalType::LIST(ToDuckDbType(type.element()));
  if (type.is(TypeId::kMap)) {
    return LogicalType::MAP(ToDuckDbType(type.key()), ToDuckDbType(type.value()));
  }
  duckdb::child_list_t<LogicalType> children;
  for (const types::StructField& field : type.fields()) {
    children.emplace_back(field.name, ToDuckDbType(field.type));
  }
  return LogicalType::STRUCT(std::move(children));
}

}  // namespace

LogicalType VariantType() {
  LogicalType type =
      LogicalType::STRUCT({{"metadata", LogicalType::BLOB}, {"value", LogicalType::BLOB}});
  type.SetAlias(kVariantAlias);
  return type;
}

bool IsVariant(const LogicalType& type) {
  return type.id() == LogicalTypeId::STRUCT && type.HasAlias() && type.GetAlias() == kVariantAlias;
}

LogicalType ToDuckDbType(const DataType& type) {
  switch (type.id()) {
    case TypeId::kVoid:
      return LogicalType::SQLNULL;
    case TypeId::kBoolean:
      return LogicalType::BOOLEAN;
    case TypeId::kByte:
      return LogicalType::TINYINT;
    case TypeId::kShort:
      return LogicalType::SMALLINT;
    case TypeId::kInteger:
      return LogicalType::INTEGER;
    case TypeId::kLong:
      return LogicalType::BIGINT;
    case TypeId::kFloat:
      return LogicalType::FLOAT;
    case TypeId::kDouble:
      return LogicalType::DOUBLE;
    case TypeId::kDecimal:
      return LogicalType::DECIMAL(static_cast<std::uint8_t>(type.precision()),
                                  static_cast<std::uint8_t>(type.scale()));
    case TypeId::kString:
      return LogicalType::VARCHAR;
    case TypeId::kBinary:
      return LogicalType::BLOB;
    case TypeId::kDate:
      return LogicalType::DATE;
    case TypeId::kTimestamp:
      return LogicalType::TIMESTAMP_TZ;
    case TypeId::kTimestampNtz:
      return LogicalType::TIMESTAMP;
    case TypeId::kYearMonthInterval: {
      LogicalType interval = LogicalType::INTERVAL;
      interval.SetAlias(kYearMonthAlias);
      return interval;
    }
    case TypeId::kDayTimeInterval:
      return LogicalType::INTERVAL;
    case TypeId::kVariant:
      return VariantType();
    case TypeId::kArray:
    case TypeId::kMap:
    case TypeId::kStruct:
      return NestedToDuckDb(type);
  }
  return LogicalType::SQLNULL;
}

DataType FromDuckDbType(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::SQLNULL:
      return TypeId::kVoid;
    case LogicalTypeId::BOOLEAN:
      return TypeId::kBoolean;
    case LogicalTypeId::TINYINT:
      return TypeId::kByte;
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::SMALLINT:
      return TypeId::kShort;
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::INTEGER:
      return TypeId::kInteger;
    case LogicalTypeId::UINTEGER:
    case LogicalTypeId::BIGINT:
      return TypeId::kLong;
    case LogicalTypeId::UBIGINT:
      return DataType::Decimal(20, 0);
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::UHUGEINT:
      return DataType::Decimal(38, 0);
    case LogicalTypeId::FLOAT:
      return TypeId::kFloat;
    case LogicalTypeId::DOUBLE:
      return TypeId::kDouble;
    case LogicalTypeId::DECIMAL:
      return DataType::Decimal(duckdb::DecimalType::GetWidth(type),
                               duckdb::DecimalType::GetScale(type));
    case LogicalTypeId::BLOB:
      return TypeId::kBinary;
    case LogicalTypeId::DATE:
      return TypeId::kDate;
    case LogicalTypeId::TIMESTAMP_TZ:
      return TypeId::kTimestamp;
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS:
      return TypeId::kTimestampNtz;
    case LogicalTypeId::INTERVAL:
      return type.HasAlias() && type.GetAlias() == kYearMonthAlias ? TypeId::kYearMonthInterval
                                                                   : TypeId::kDayTimeInterval;
    case LogicalTypeId::LIST:
      return DataType::Array(FromDuckDbType(duckdb::ListType::GetChildType(type)));
    case LogicalTypeId::ARRAY:
      return DataType::Array(FromDuckDbType(duckdb::ArrayType::GetChildType(type)));
    case LogicalTypeId::MAP:
      return DataType::Map(FromDuckDbType(duckdb::MapType::KeyType(type)),
                           FromDuckDbType(duckdb::MapType::ValueType(type)));
    case LogicalTypeId::STRUCT:
      return IsVariant(type) ? DataType(TypeId::kVariant) : StructOf(type);
    default:
      return TypeId::kString;
  }
}

}  // namespace inlet::engine
