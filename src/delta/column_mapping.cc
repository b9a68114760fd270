#include "delta/column_mapping.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/uuid.h"
#include "types/json_text.h"

namespace inlet::delta {
namespace {

constexpr const char* kId = "delta.columnMapping.id";
constexpr const char* kPhysicalName = "delta.columnMapping.physicalName";

using FieldChange = std::function<void(types::StructField&)>;

/// `type` with `change` applied to every struct field in it, outer ones first.
types::DataType WithFields(const types::DataType& type, const FieldChange& change) {
  switch (type.id()) {
    case types::TypeId::kArray:
      return types::DataType::Array(WithFields(type.element(), change), type.fields()[0].nullable);
    case types::TypeId::kMap:
      return types::DataType::Map(WithFields(type.key(), change), WithFields(type.value(), change),
                                  type.fields()[1].nullable);
    case types::TypeId::kStruct: {
      std::vector<types::StructField> fields = type.fields();
      for (types::StructField& field : fields) {
        change(field);
        field.type = WithFields(field.type, change);
      }
      return types::DataType::Struct(std::move(fields));
    }
    default:
      return type;
  }
}

types::StructType WithFields(types::StructType schema, const FieldChange& change) {
  for (types::StructField& field : schema.fields) {
    change(field);
    field.type = WithFields(field.type, change);
  }
  return schema;
}

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

types::StructType WithColumnIds(types::StructType schema, std::int64_t& max_id, bool keep_names) {
  // Ids that are there already are never given again.
  schema = WithFields(std::move(schema), [&](types::StructField& field) {
    const auto found = field.metadata.find(kId);
    std::int64_t id = 0;
    if (found == field.metadata.end()) return;
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), id);
    max_id = std::max(max_id, id);
  });
  return WithFields(std::move(schema), [&](types::StructField& field) {
    if (!field.metadata.contains(kId)) field.metadata[kId] = std::to_string(++max_id);
    if (!field.metadata.contains(kPhysicalName)) {
      field.metadata[kPhysicalName] =
          types::JsonQuote(keep_names ? field.name : "col-" + RandomUuid());
    }
  });
}

types::StructType WithoutColumnIds(types::StructType schema) {
  return WithFields(std::move(schema), [](types::StructField& field) {
    field.metadata.erase(kId);
    field.metadata.erase(kPhysicalName);
  });
}

std::shared_ptr<arrow::Array> Relabel(const std::shared_ptr<arrow::Array>& array,
                                      const std::shared_ptr<arrow::DataType>& type) {
  if (array->type()->Equals(*type)) return array;
  return arrow::MakeArray(RelabelData(array->data(), type));
}

}  // namespace inlet::delta
