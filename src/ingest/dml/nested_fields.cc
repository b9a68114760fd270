#include "ingest/dml/nested_fields.h"

#include <algorithm>

#include "base/option_map.h"

namespace inlet::ingest {
namespace {

using types::DataType;
using types::StructField;
using types::TypeId;

const StructField* Find(const std::vector<StructField>& fields, std::string_view name) {
  const auto found = std::ranges::find_if(
      fields, [&](const StructField& field) { return EqualsIgnoreCase(field.name, name); });
  return found == fields.end() ? nullptr : &*found;
}

}  // namespace

DataType WithFieldsAdded(const DataType& target, const DataType& source) {
  if (target.id() != source.id()) return target;
  switch (target.id()) {
    case TypeId::kArray:
      return DataType::Array(WithFieldsAdded(target.element(), source.element()),
                             target.fields()[0].nullable);
    case TypeId::kMap:
      return DataType::Map(WithFieldsAdded(target.key(), source.key()),
                           WithFieldsAdded(target.value(), source.value()),
                           target.fields()[1].nullable);
    case TypeId::kStruct:
      break;
    default:
      return target;
  }
  std::vector<StructField> fields = target.fields();
  for (StructField& field : fields) {
    const StructField* given = Find(source.fields(), field.name);
    if (given != nullptr) field.type = WithFieldsAdded(field.type, given->type);
  }
  for (const StructField& given : source.fields()) {
    if (Find(target.fields(), given.name) != nullptr) continue;
    fields.push_back({.name = given.name, .type = given.type, .nullable = true, .metadata = {}});
  }
  return DataType::Struct(std::move(fields));
}

std::optional<std::string> FieldMissingIn(const DataType& target, const DataType& source) {
  if (target.id() != source.id() || !target.is_nested()) return std::nullopt;
  const bool is_struct = target.is(TypeId::kStruct);
  for (std::size_t i = 0; i < source.fields().size(); ++i) {
    const StructField& given = source.fields()[i];
    const StructField* field = is_struct ? Find(target.fields(), given.name) : &target.fields()[i];
    if (field == nullptr) return given.name;
    if (auto inner = FieldMissingIn(field->type, given.type)) return given.name + "." + *inner;
  }
  return std::nullopt;
}

}  // namespace inlet::ingest
