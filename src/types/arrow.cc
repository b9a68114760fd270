#include "types/arrow.h"

#include <arrow/api.h>

namespace inlet::types {
namespace {

constexpr char kTypeKey[] = "inlet.type";

std::shared_ptr<const arrow::KeyValueMetadata> VariantMark() {
  return arrow::key_value_metadata({kTypeKey}, {"variant"});
}

std::shared_ptr<arrow::DataType> VariantType() {
  return arrow::struct_({arrow::field("metadata", arrow::binary(), false),
                         arrow::field("value", arrow::binary(), false)});
}

bool IsVariant(const arrow::Field& field) {
  if (!field.HasMetadata()) return false;
  const auto mark = field.metadata()->Get(kTypeKey);
  return mark.ok() && *mark == "variant";
}

std::unexpected<Error> Illegal(const arrow::DataType& type) {
  return Fail(Condition::PARQUET_TYPE_ILLEGAL,
              {{"parquetType", type.ToString()}, {"column", "the data"}});
}

Result<StructField> FieldFromArrow(const arrow::Field& field) {
  StructField result{.name = field.name(), .type = {}, .nullable = field.nullable()};
  result.type = TypeId::kVariant;
  if (!IsVariant(field)) result.type = TRY(FromArrow(*field.type()));
  return result;
}

Result<DataType> FromNested(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRUCT: {
      std::vector<StructField> fields;
      for (const auto& child : type.fields()) fields.push_back(TRY(FieldFromArrow(*child)));
      return DataType::Struct(std::move(fields));
    }
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(type);
      const StructField key = TRY(FieldFromArrow(*map.key_field()));
      const StructField value = TRY(FieldFromArrow(*map.item_field()));
      return DataType::Map(key.type, value.type, value.nullable);
    }
    default: {
      const StructField element = TRY(FieldFromArrow(*type.field(0)));
      return DataType::Array(element.type, element.nullable);
    }
  }
}

}  // namespace

std::shared_ptr<arrow::DataType> ToArrow(const DataType& type) {
  switch (type.id()) {
    case TypeId::kVoid:
      return arrow::null();
    case TypeId::kBoolean:
      return arrow::boolean();
    case TypeId::kByte:
      return arrow::int8();
    case TypeId::kShort:
      return arrow::int16();
    case TypeId::kInteger:
      return arrow::int32();
    case TypeId::kLong:
      return arrow::int64();
    case TypeId::kFloat:
      return arrow::float32();
    case TypeId::kDouble:
      return arrow::float64();
    case TypeId::kDecimal:
      return arrow::decimal128(type.precision(), type.scale());
    case TypeId::kString:
      return arrow::utf8();
    case TypeId::kBinary:
      return arrow::binary();
    case TypeId::kDate:
      return arrow::date32();
    case TypeId::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case TypeId::kTimestampNtz:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case TypeId::kYearMonthInterval:
      return arrow::month_interval();
    case TypeId::kDayTimeInterval:
      return arrow::duration(arrow::TimeUnit::MICRO);
    case TypeId::kVariant:
      return VariantType();
    case TypeId::kArray:
      return arrow::list(ToArrow(type.fields()[0]));
    case TypeId::kMap:
      return std::make_shared<arrow::MapType>(ToArrow(type.fields()[0]), ToArrow(type.fields()[1]));
    case TypeId::kStruct: {
      arrow::FieldVector fields;
      for (const StructField& field : type.fields()) fields.push_back(ToArrow(field));
      return arrow::struct_(std::move(fields));
    }
  }
  return arrow::null();
}

std::shared_ptr<arrow::Field> ToArrow(const StructField& field) {
  return arrow::field(field.name, ToArrow(field.type), field.nullable,
                      field.type.is(TypeId::kVariant) ? VariantMark() : nullptr);
}

std::shared_ptr<arrow::Schema> ToArrow(const StructType& schema) {
  arrow::FieldVector fields;
  fields.reserve(schema.size());
  for (const StructField& field : schema.fields) fields.push_back(ToArrow(field));
  return arrow::schema(std::move(fields));
}

Result<DataType> FromArrow(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::NA:
      return DataType(TypeId::kVoid);
    case arrow::Type::BOOL:
      return DataType(TypeId::kBoolean);
    case arrow::Type::INT8:
      return DataType(TypeId::kByte);
    case arrow::Type::UINT8:
    case arrow::Type::INT16:
      return DataType(TypeId::kShort);
    case arrow::Type::UINT16:
    case arrow::Type::INT32:
      return DataType(TypeId::kInteger);
    case arrow::Type::UINT32:
    case arrow::Type::INT64:
      return DataType(TypeId::kLong);
    case arrow::Type::UINT64:
      return DataType::Decimal(20, 0);
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
      return DataType(TypeId::kFloat);
    case arrow::Type::DOUBLE:
      return DataType(TypeId::kDouble);
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      if (decimal.precision() > 38 || decimal.scale() < 0 ||
          decimal.scale() > decimal.precision()) {
        return Illegal(type);
      }
      return DataType::Decimal(decimal.precision(), decimal.scale());
    }
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      return DataType(TypeId::kString);
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::FIXED_SIZE_BINARY:
      return DataType(TypeId::kBinary);
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
      return DataType(TypeId::kDate);
    case arrow::Type::TIMESTAMP:
      return DataType(static_cast<const arrow::TimestampType&>(type).timezone().empty()
                          ? TypeId::kTimestampNtz
                          : TypeId::kTimestamp);
    case arrow::Type::INTERVAL_MONTHS:
      return DataType(TypeId::kYearMonthInterval);
    case arrow::Type::DURATION:
      return DataType(TypeId::kDayTimeInterval);
    case arrow::Type::DICTIONARY:
      return FromArrow(*static_cast<const arrow::DictionaryType&>(type).value_type());
    case arrow::Type::STRUCT:
    case arrow::Type::MAP:
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::LIST_VIEW:
    case arrow::Type::LARGE_LIST_VIEW:
    case arrow::Type::FIXED_SIZE_LIST:
      return FromNested(type);
    default:
      return Illegal(type);
  }
}

Result<StructType> FromArrow(const arrow::Schema& schema) {
  StructType result;
  for (const auto& field : schema.fields()) result.fields.push_back(TRY(FieldFromArrow(*field)));
  return result;
}

std::unexpected<Error> FromArrowStatus(const arrow::Status& status) {
  switch (status.code()) {
    case arrow::StatusCode::IOError:
      return Fail(Condition::STORAGE_UNAVAILABLE, {{"message", status.message()}});
    case arrow::StatusCode::OutOfMemory:
    case arrow::StatusCode::CapacityError:
      return Fail(Condition::INLET_RESOURCE_LIMIT,
                  {{"message", status.message()}, {"limit", "memory"}});
    case arrow::StatusCode::Cancelled:
      return Fail(Condition::OPERATION_CANCELED, {});
    default:
      return FailInternal(status.ToString());
  }
}

}  // namespace inlet::types
