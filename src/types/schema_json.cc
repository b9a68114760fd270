#include <simdjson.h>

#include <charconv>

#include "types/data_type.h"
#include "types/json_text.h"

namespace inlet::types {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

std::unexpected<Error> BadSchema(std::string_view text, std::string message) {
  constexpr std::size_t kShown = 200;
  return Fail(Condition::INVALID_SCHEMA, {{"inputSchema", std::string(text.substr(0, kShown))},
                                          {"message", std::move(message)}});
}

struct PrimitiveName {
  std::string_view json;
  TypeId id;
};

constexpr PrimitiveName kPrimitives[] = {
    {"void", TypeId::kVoid},
    {"null", TypeId::kVoid},
    {"boolean", TypeId::kBoolean},
    {"byte", TypeId::kByte},
    {"short", TypeId::kShort},
    {"integer", TypeId::kInteger},
    {"int", TypeId::kInteger},  // Not legal, seen in hand-made schemas.
    {"long", TypeId::kLong},
    {"float", TypeId::kFloat},
    {"double", TypeId::kDouble},
    {"string", TypeId::kString},
    {"binary", TypeId::kBinary},
    {"date", TypeId::kDate},
    {"timestamp", TypeId::kTimestamp},
    {"timestamp_ntz", TypeId::kTimestampNtz},
    {"interval year to month", TypeId::kYearMonthInterval},
    {"interval day to second", TypeId::kDayTimeInterval},
    {"variant", TypeId::kVariant},
};

/// `decimal`, `decimal(10,2)`, `decimal(10, 2)`.
Result<DataType> DecimalFromName(std::string_view name) {
  if (name == "decimal") return DataType::Decimal(10, 0);
  std::string digits;
  for (char c : name.substr(name.find('(') + 1)) {
    if (c != ' ') digits += c;
  }
  int precision = 0;
  int scale = 0;
  const char* const end = digits.data() + digits.size();
  const auto first = std::from_chars(digits.data(), end, precision);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ',') {
    return BadSchema(name, "not a decimal type");
  }
  const auto second = std::from_chars(first.ptr + 1, end, scale);
  if (second.ec != std::errc() || second.ptr == end || *second.ptr != ')') {
    return BadSchema(name, "not a decimal type");
  }
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision) {
    return BadSchema(name, "precision goes from 1 to 38, scale from 0 to the precision");
  }
  return DataType::Decimal(precision, scale);
}

Result<DataType> PrimitiveFromName(std::string_view name) {
  for (const PrimitiveName& primitive : kPrimitives) {
    if (primitive.json == name) return DataType(primitive.id);
  }
  if (name.starts_with("decimal")) return DecimalFromName(name);
  // Narrower spellings of the interval types.
  if (name == "interval year" || name == "interval month")
    return DataType(TypeId::kYearMonthInterval);
  if (name.starts_with("interval ")) return DataType(TypeId::kDayTimeInterval);
  return BadSchema(name, "unknown type");
}

Result<DataType> TypeFromJson(const element& json, int depth);

/// Leaves `value` as it is when the key is absent or of another type.
void ReadOptional(simdjson::simdjson_result<element> json, bool& value) {
  bool read = false;
  if (json.get(read) == simdjson::SUCCESS) value = read;
}

Result<StructType> StructFromJson(const object& json, int depth) {
  simdjson::dom::array fields;
  if (json["fields"].get(fields) != simdjson::SUCCESS)
    return BadSchema("struct", "it has no fields");
  StructType schema;
  for (const element& item : fields) {
    std::string_view name;
    element type;
    if (item["name"].get(name) != simdjson::SUCCESS ||
        item["type"].get(type) != simdjson::SUCCESS) {
      return BadSchema(simdjson::minify(item), "a field needs name and type");
    }
    // The type first: what a braced list has made before a TRY that returns is never destroyed.
    DataType field_type = TRY(TypeFromJson(type, depth + 1));
    StructField field{.name = std::string(name), .type = std::move(field_type)};
    ReadOptional(item["nullable"], field.nullable);
    object metadata;
    if (item["metadata"].get(metadata) == simdjson::SUCCESS) {
      for (const auto& [key, value] : metadata) {
        field.metadata[std::string(key)] = simdjson::minify(value);
      }
    }
    schema.fields.push_back(std::move(field));
  }
  return schema;
}

Result<DataType> NestedFromJson(const object& json, int depth) {
  std::string_view kind;
  if (json["type"].get(kind) != simdjson::SUCCESS) return BadSchema("type", "it has no name");
  if (kind == "struct") {
    StructType schema = TRY(StructFromJson(json, depth));
    return DataType::Struct(std::move(schema.fields));
  }
  bool contains_null = true;
  element first;
  if (kind == "array" && json["elementType"].get(first) == simdjson::SUCCESS) {
    ReadOptional(json["containsNull"], contains_null);
    return DataType::Array(TRY(TypeFromJson(first, depth + 1)), contains_null);
  }
  element second;
  if (kind == "map" && json["keyType"].get(first) == simdjson::SUCCESS &&
      json["valueType"].get(second) == simdjson::SUCCESS) {
    ReadOptional(json["valueContainsNull"], contains_null);
    DataType key = TRY(TypeFromJson(first, depth + 1));
    return DataType::Map(std::move(key), TRY(TypeFromJson(second, depth + 1)), contains_null);
  }
  return BadSchema(kind, "unknown nested type");
}

Result<DataType> TypeFromJson(const element& json, int depth) {
  if (depth > kMaxNesting) {
    return Fail(Condition::INLET_RESOURCE_LIMIT, {{"message", "A schema is nested too deeply"},
                                                  {"limit", std::to_string(kMaxNesting)}});
  }
  std::string_view name;
  if (json.get(name) == simdjson::SUCCESS) return PrimitiveFromName(name);
  object nested;
  if (json.get(nested) == simdjson::SUCCESS) return NestedFromJson(nested, depth);
  return BadSchema(simdjson::minify(json), "a type is a name or an object");
}

std::string_view NameOf(TypeId id) {
  for (const PrimitiveName& primitive : kPrimitives) {
    if (primitive.id == id) return primitive.json;
  }
  return "";
}

void Append(const DataType& type, std::string& out);

void AppendFields(const std::vector<StructField>& fields, std::string& out) {
  out += "{\"type\":\"struct\",\"fields\":[";
  const char* separator = "";
  for (const StructField& field : fields) {
    out += separator;
    separator = ",";
    out += "{\"name\":";
    AppendJsonQuoted(field.name, out);
    out += ",\"type\":";
    Append(field.type, out);
    out += field.nullable ? ",\"nullable\":true" : ",\"nullable\":false";
    out += ",\"metadata\":{";
    const char* comma = "";
    for (const auto& [key, value] : field.metadata) {
      out += comma;
      comma = ",";
      AppendJsonQuoted(key, out);
      out += ":" + value;
    }
    out += "}}";
  }
  out += "]}";
}

void Append(const DataType& type, std::string& out) {
  const auto boolean = [](bool value) { return value ? "true" : "false"; };
  switch (type.id()) {
    case TypeId::kDecimal:
      out += "\"decimal(" + std::to_string(type.precision()) + "," + std::to_string(type.scale()) +
             ")\"";
      return;
    case TypeId::kArray:
      out += "{\"type\":\"array\",\"elementType\":";
      Append(type.element(), out);
      out += std::string(",\"containsNull\":") + boolean(type.fields()[0].nullable) + "}";
      return;
    case TypeId::kMap:
      out += "{\"type\":\"map\",\"keyType\":";
      Append(type.key(), out);
      out += ",\"valueType\":";
      Append(type.value(), out);
      out += std::string(",\"valueContainsNull\":") + boolean(type.fields()[1].nullable) + "}";
      return;
    case TypeId::kStruct:
      AppendFields(type.fields(), out);
      return;
    default:
      out += "\"" + std::string(NameOf(type.id())) + "\"";
  }
}

}  // namespace

std::string ToJson(const StructType& schema) {
  std::string json;
  AppendFields(schema.fields, json);
  return json;
}

std::string ToJson(const DataType& type) {
  std::string json;
  Append(type, json);
  return json;
}

Result<StructType> SchemaFromJson(std::string_view json) {
  if (json.empty()) return BadSchema(json, "it is empty");
  simdjson::dom::parser parser;
  element root;
  if (const auto error = parser.parse(json.data(), json.size()).get(root);
      error != simdjson::SUCCESS) {
    return BadSchema(json, simdjson::error_message(error));
  }
  object object_root;
  std::string_view kind;
  if (root.get(object_root) != simdjson::SUCCESS ||
      object_root["type"].get(kind) != simdjson::SUCCESS || kind != "struct") {
    return BadSchema(json, "a schema is an object of type struct");
  }
  return StructFromJson(object_root, 0);
}

}  // namespace inlet::types
