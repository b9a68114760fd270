#include "delta/column_mapping.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include "types/json_text.h"

namespace inlet::delta {
namespace {

types::DataType ToPhysical(const types::DataType& type, ColumnMappingMode mode) {
  switch (type.id()) {
    case types::TypeId::kArray:
      return types::DataType::Array(ToPhysical(type.element(), mode), type.fields()[0].nullable);
    case types::TypeId::kMap:
      return types::DataType::Map(ToPhysical(type.key(), mode), ToPhysical(type.value(), mode),
                                  type.fields()[1].nullable);
    case types::TypeId::kStruct: {
      std::vector<types::StructField> fields;
      for (const types::StructField& field : type.fields()) {
        fields.push_back(delta::ToPhysical(field, mode));
      }
      return types::DataType::Struct(std::move(fields));
    }
    default:
      return type;
  }
}

std::shared_ptr<arrow::ArrayData> RelabelData(const std::shared_ptr<arrow::ArrayData>& data,
                                              const std::shared_ptr<arrow::DataType>& type) {
  std::shared_ptr<arrow::ArrayData> result = data->Copy();
  result->type = type;
  for (std::size_t i = 0; i < result->child_data.size(); ++i) {
    const int index = static_cast<int>(i);
    if (index >= type->num_fields()) break;
    result->child_data[i] = RelabelData(result->child_data[i], type->field(index)->type());
  }
  return result;
}

}  // namespace

Result<ColumnMappingMode> ColumnMappingModeOf(const Properties& properties) {
  const auto found = properties.find("delta.columnMapping.mode");
  if (found == properties.end() || found->second == "none") return ColumnMappingMode::kNone;
  if (found->second == "name") return ColumnMappingMode::kName;
  if (found->second == "id") return ColumnMappingMode::kId;
  return Fail(Condition::DELTA_INVALID_TABLE_PROPERTY, {{"property", found->first},
                                                        {"value", found->second},
                                                        {"message", "it is none, name or id"}});
}

std::string PhysicalName(const types::StructField& field, ColumnMappingMode mode) {
  if (mode == ColumnMappingMode::kNone) return field.name;
  const auto found = field.metadata.find("delta.columnMapping.physicalName");
  if (found == field.metadata.end()) return field.name;
  return types::JsonStringValue(found->second).value_or(field.name);
}

types::StructField ToPhysical(const types::StructField& field, ColumnMappingMode mode) {
  types::StructField physical = field;
  physical.name = PhysicalName(field, mode);
  physical.type = ToPhysical(field.type, mode);
  return physical;
}

std::shared_ptr<arrow::Array> Relabel(const std::shared_ptr<arrow::Array>& array,
                                      const std::shared_ptr<arrow::DataType>& type) {
  if (array->type()->Equals(*type)) return array;
  return arrow::MakeArray(RelabelData(array->data(), type));
}

}  // namespace inlet::delta
