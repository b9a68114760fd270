#include "delta/type_change.h"

#include <nlohmann/json.hpp>

namespace inlet::delta {
namespace {

using types::TypeId;

/// Digits before and after the point that a type needs as a decimal; nothing when it is none.
std::optional<std::pair<int, int>> DigitsOf(const types::DataType& type) {
  switch (type.id()) {
    case TypeId::kByte:
    case TypeId::kShort:
    case TypeId::kInteger:
      return std::pair(10, 0);
    case TypeId::kLong:
      return std::pair(20, 0);
    case TypeId::kDecimal:
      return std::pair(type.precision() - type.scale(), type.scale());
    default:
      return std::nullopt;
  }
}

Result<types::DataType> TypeNamed(const std::string& name) {
  // The names of the schema JSON are not all those of SQL.
  const nlohmann::json schema = {{"type", "struct"},
                                 {"fields",
                                  {{{"name", "c"},
                                    {"type", name},
                                    {"nullable", true},
                                    {"metadata", nlohmann::json::object()}}}}};
  const types::StructType parsed = TRY(types::SchemaFromJson(schema.dump()));
  return parsed.fields[0].type;
}

Status CheckField(const types::StructField& field) {
  const auto changes = field.metadata.find("delta.typeChanges");
  if (changes != field.metadata.end()) {
    const nlohmann::json list = nlohmann::json::parse(changes->second, nullptr, false);
    if (list.is_array()) {
      for (const nlohmann::json& change : list) {
        if (!change.is_object() || !change.contains("fromType") || !change.contains("toType") ||
            !change["fromType"].is_string() || !change["toType"].is_string()) {
          continue;
        }
        const std::string from_name = change["fromType"];
        const std::string to_name = change["toType"];
        const Result<types::DataType> from = TypeNamed(from_name);
        const Result<types::DataType> to = TypeNamed(to_name);
        if (!from || !to || !IsAllowedTypeChange(*from, *to)) {
          return Fail(Condition::DELTA_UNSUPPORTED_TYPE_CHANGE_IN_SCHEMA,
                      {{"fieldName", field.name}, {"fromType", from_name}, {"toType", to_name}});
        }
      }
    }
  }
  for (const types::StructField& child : field.type.fields()) TRY(CheckField(child));
  return Ok();
}

types::DataType WithoutTypeChanges(const types::DataType& type) {
  switch (type.id()) {
    case TypeId::kArray:
      return types::DataType::Array(WithoutTypeChanges(type.element()), type.fields()[0].nullable);
    case TypeId::kMap:
      return types::DataType::Map(WithoutTypeChanges(type.key()), WithoutTypeChanges(type.value()),
                                  type.fields()[1].nullable);
    case TypeId::kStruct:
      return types::DataType::Struct(
          delta::WithoutTypeChanges(types::StructType{type.fields()}).fields);
    default:
      return type;
  }
}

}  // namespace

bool IsAllowedTypeChange(const types::DataType& from, const types::DataType& to) {
  if (from == to) return true;
  if (from.is_integer() && to.is_integer()) return from.id() < to.id();
  if (from.is(TypeId::kFloat)) return to.is(TypeId::kDouble);
  if (from.is(TypeId::kDate)) return to.is(TypeId::kTimestampNtz);
  if (to.is(TypeId::kDouble)) return from.is_integer() && !from.is(TypeId::kLong);
  if (!to.is(TypeId::kDecimal)) return false;
  const auto had = DigitsOf(from);
  const auto has = DigitsOf(to);
  return had && has->first >= had->first && has->second >= had->second;
}

void NoteTypeChange(types::StructField& field, const types::DataType& type) {
  nlohmann::json changes = nlohmann::json::array();
  const auto found = field.metadata.find("delta.typeChanges");
  if (found != field.metadata.end()) {
    nlohmann::json before = nlohmann::json::parse(found->second, nullptr, false);
    if (before.is_array()) changes = std::move(before);
  }
  // The JSON of a plain type is its name as a JSON text.
  changes.push_back({{"fromType", nlohmann::json::parse(types::ToJson(field.type))},
                     {"toType", nlohmann::json::parse(types::ToJson(type))}});
  field.metadata["delta.typeChanges"] = changes.dump();
  field.type = type;
}

types::StructType WithoutTypeChanges(types::StructType schema) {
  for (types::StructField& field : schema.fields) {
    field.metadata.erase("delta.typeChanges");
    field.type = WithoutTypeChanges(field.type);
  }
  return schema;
}

Status CheckTypeChanges(const types::StructType& schema) {
  for (const types::StructField& field : schema.fields) TRY(CheckField(field));
  return Ok();
}

}  // namespace inlet::delta
