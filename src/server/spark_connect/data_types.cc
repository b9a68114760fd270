#include "server/spark_connect/data_types.h"

#include <fmt/format.h>
#include <spark/connect/types.pb.h>

#include "types/json_text.h"

namespace inlet::server {
namespace {

using Message = spark::connect::DataType;
using types::DataType;
using types::StructField;
using types::TypeId;

std::unexpected<Error> NoSqlType(std::string_view name) {
  return FailUnsupported("the type " + std::string(name));
}

std::string MetadataJson(const types::FieldMetadata& metadata) {
  std::string json = "{";
  for (const auto& [key, value] : metadata) {
    json += (json.size() > 1 ? "," : "") + types::JsonQuote(key) + ":" + value;
  }
  return json + "}";
}

Result<DataType> FromStruct(const Message::Struct& message) {
  std::vector<StructField> fields;
  for (const auto& field : message.fields()) {
    DataType type = TRY(FromMessage(field.data_type()));
    fields.push_back({.name = field.name(),
                      .type = std::move(type),
                      .nullable = field.nullable(),
                      .metadata = MetadataOf(field.metadata())});
  }
  return DataType::Struct(std::move(fields));
}

void SetFields(const std::vector<StructField>& fields, Message::Struct& message) {
  for (const StructField& field : fields) {
    auto& added = *message.add_fields();
    added.set_name(field.name);
    added.set_nullable(field.nullable);
    if (!field.metadata.empty()) added.set_metadata(MetadataJson(field.metadata));
    *added.mutable_data_type() = ToMessage(field.type);
  }
}

}  // namespace

types::FieldMetadata MetadataOf(const std::string& json) {
  if (json.empty() || json == "{}") return {};
  const auto schema = types::SchemaFromJson(
      R"({"type":"struct","fields":[{"name":"f","type":"long","nullable":true,"metadata":)" + json +
      "}]}");
  return schema && schema->size() == 1 ? schema->fields[0].metadata : types::FieldMetadata{};
}

Result<DataType> FromMessage(const Message& message) {
  switch (message.kind_case()) {
    case Message::kNull:
      return DataType(TypeId::kVoid);
    case Message::kBoolean:
      return DataType(TypeId::kBoolean);
    case Message::kByte:
      return DataType(TypeId::kByte);
    case Message::kShort:
      return DataType(TypeId::kShort);
    case Message::kInteger:
      return DataType(TypeId::kInteger);
    case Message::kLong:
      return DataType(TypeId::kLong);
    case Message::kFloat:
      return DataType(TypeId::kFloat);
    case Message::kDouble:
      return DataType(TypeId::kDouble);
    case Message::kDecimal: {
      const int precision = message.decimal().has_precision() ? message.decimal().precision() : 10;
      const int scale = message.decimal().has_scale() ? message.decimal().scale() : 0;
      return types::ParseType(fmt::format("decimal({},{})", precision, scale));
    }
    case Message::kString:
    case Message::kChar:
    case Message::kVarChar:
      return DataType(TypeId::kString);
    case Message::kBinary:
      return DataType(TypeId::kBinary);
    case Message::kDate:
      return DataType(TypeId::kDate);
    case Message::kTimestamp:
      return DataType(TypeId::kTimestamp);
    case Message::kTimestampNtz:
      return DataType(TypeId::kTimestampNtz);
    case Message::kYearMonthInterval:
      return DataType(TypeId::kYearMonthInterval);
    case Message::kDayTimeInterval:
      return DataType(TypeId::kDayTimeInterval);
    case Message::kVariant:
      return DataType(TypeId::kVariant);
    case Message::kArray:
      return DataType::Array(TRY(FromMessage(message.array().element_type())),
                             message.array().contains_null());
    case Message::kMap:
      return DataType::Map(TRY(FromMessage(message.map().key_type())),
                           TRY(FromMessage(message.map().value_type())),
                           message.map().value_contains_null());
    case Message::kStruct:
      return FromStruct(message.struct_());
    case Message::kUdt:
      if (!message.udt().has_sql_type()) return NoSqlType("UDT");
      return FromMessage(message.udt().sql_type());
    case Message::kUnparsed:
      return ParseSchemaText(message.unparsed().data_type_string());
    case Message::kCalendarInterval:
      return NoSqlType("INTERVAL of months, days and microseconds");
    case Message::kTime:
      return NoSqlType("TIME");
    case Message::kGeometry:
      return NoSqlType("GEOMETRY");
    case Message::kGeography:
      return NoSqlType("GEOGRAPHY");
    default:
      return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE,
                  {{"errorMsg", "a data type has no kind"}});
  }
}

Result<types::StructType> ColumnsFromMessage(const Message& message) {
  const DataType type = TRY(FromMessage(message));
  if (!type.is(TypeId::kStruct)) {
    return types::StructType{.fields = {{.name = "value", .type = type}}};
  }
  return types::StructType{.fields = type.fields()};
}

Message ToMessage(const DataType& type) {
  Message message;
  switch (type.id()) {
    case TypeId::kVoid:
      message.mutable_null();
      break;
    case TypeId::kBoolean:
      message.mutable_boolean();
      break;
    case TypeId::kByte:
      message.mutable_byte();
      break;
    case TypeId::kShort:
      message.mutable_short_();
      break;
    case TypeId::kInteger:
      message.mutable_integer();
      break;
    case TypeId::kLong:
      message.mutable_long_();
      break;
    case TypeId::kFloat:
      message.mutable_float_();
      break;
    case TypeId::kDouble:
      message.mutable_double_();
      break;
    case TypeId::kDecimal:
      message.mutable_decimal()->set_precision(type.precision());
      message.mutable_decimal()->set_scale(type.scale());
      break;
    case TypeId::kString:
      message.mutable_string()->set_collation("UTF8_BINARY");
      break;
    case TypeId::kBinary:
      message.mutable_binary();
      break;
    case TypeId::kDate:
      message.mutable_date();
      break;
    case TypeId::kTimestamp:
      message.mutable_timestamp();
      break;
    case TypeId::kTimestampNtz:
      message.mutable_timestamp_ntz();
      break;
    case TypeId::kYearMonthInterval:
      message.mutable_year_month_interval()->set_start_field(0);
      message.mutable_year_month_interval()->set_end_field(1);
      break;
    case TypeId::kDayTimeInterval:
      message.mutable_day_time_interval()->set_start_field(0);
      message.mutable_day_time_interval()->set_end_field(3);
      break;
    case TypeId::kVariant:
      message.mutable_variant();
      break;
    case TypeId::kArray:
      *message.mutable_array()->mutable_element_type() = ToMessage(type.element());
      message.mutable_array()->set_contains_null(type.fields()[0].nullable);
      break;
    case TypeId::kMap:
      *message.mutable_map()->mutable_key_type() = ToMessage(type.key());
      *message.mutable_map()->mutable_value_type() = ToMessage(type.value());
      message.mutable_map()->set_value_contains_null(type.fields()[1].nullable);
      break;
    case TypeId::kStruct:
      SetFields(type.fields(), *message.mutable_struct_());
      break;
  }
  return message;
}

Message ToMessage(const types::StructType& columns) {
  Message message;
  SetFields(columns.fields, *message.mutable_struct_());
  return message;
}

Result<DataType> ParseSchemaText(std::string_view text) {
  if (const auto type = types::ParseType(text)) return *type;
  return DataType::Struct(TRY(types::ParseDdl(text)).fields);
}

}  // namespace inlet::server
