#include "formats/columns/schema_merge.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/option_map.h"

namespace inlet::formats {
namespace {

using types::DataType;
using types::StructField;
using types::TypeId;

void MergeFields(const std::vector<StructField>& more, std::vector<StructField>& fields) {
  for (const StructField& field : more) {
    const auto found = std::ranges::find_if(
        fields, [&](const StructField& known) { return EqualsIgnoreCase(known.name, field.name); });
    if (found == fields.end()) {
      fields.push_back(field);
      fields.back().nullable = true;
      continue;
    }
    found->nullable |= field.nullable;
    if (std::optional<DataType> wider = WiderType(found->type, field.type)) {
      found->type = *std::move(wider);
    }
  }
}

/// An integer as the decimal that Delta widens it to.
DataType AsDecimal(const DataType& type) {
  switch (type.id()) {
    case TypeId::kByte:
    case TypeId::kShort:
    case TypeId::kInteger:
      return DataType::Decimal(10, 0);
    case TypeId::kLong:
      return DataType::Decimal(20, 0);
    default:
      return type;
  }
}

std::optional<DataType> WiderDecimal(const DataType& left, const DataType& right) {
  const int scale = std::max(left.scale(), right.scale());
  const int integer = std::max(left.precision() - left.scale(), right.precision() - right.scale());
  if (integer + scale > 38) return std::nullopt;
  return DataType::Decimal(integer + scale, scale);
}

std::optional<DataType> WiderNumber(const DataType& left, const DataType& right) {
  if (left.is_integer() && right.is_integer()) return left.id() > right.id() ? left : right;
  const bool has_decimal = left.is(TypeId::kDecimal) || right.is(TypeId::kDecimal);
  const bool has_floating = !(left.is_integer() || left.is(TypeId::kDecimal)) ||
                            !(right.is_integer() || right.is(TypeId::kDecimal));
  if (has_decimal) {
    if (has_floating) return std::nullopt;
    return WiderDecimal(AsDecimal(left), AsDecimal(right));
  }
  // A LONG does not read as a DOUBLE without loss.
  if (left.is(TypeId::kLong) || right.is(TypeId::kLong)) return std::nullopt;
  return DataType(TypeId::kDouble);
}

DataType AsNullable(const DataType& type) {
  switch (type.id()) {
    case TypeId::kStruct: {
      std::vector<StructField> fields = type.fields();
      for (StructField& field : fields) {
        field.type = AsNullable(field.type);
        field.nullable = true;
      }
      return DataType::Struct(std::move(fields));
    }
    case TypeId::kArray:
      return DataType::Array(AsNullable(type.element()));
    case TypeId::kMap:
      return DataType::Map(AsNullable(type.key()), AsNullable(type.value()));
    default:
      return type;
  }
}

}  // namespace

void MergeSchema(const types::StructType& more, types::StructType& schema) {
  if (schema.empty()) {
    schema = more;
    return;
  }
  MergeFields(more.fields, schema.fields);
}

std::optional<DataType> WiderType(const DataType& left, const DataType& right) {
  if (left == right) return left;
  if (left.is(TypeId::kVoid)) return right;
  if (right.is(TypeId::kVoid)) return left;
  if (left.is_numeric() && right.is_numeric()) return WiderNumber(left, right);
  if (left.id() != right.id()) {
    const auto are = [&](TypeId one, TypeId other) {
      return (left.is(one) && right.is(other)) || (left.is(other) && right.is(one));
    };
    if (are(TypeId::kDate, TypeId::kTimestampNtz)) return DataType(TypeId::kTimestampNtz);
    if (are(TypeId::kTimestamp, TypeId::kTimestampNtz)) return DataType(TypeId::kTimestamp);
    return std::nullopt;
  }
  switch (left.id()) {
    case TypeId::kStruct: {
      std::vector<StructField> fields = left.fields();
      MergeFields(right.fields(), fields);
      return DataType::Struct(std::move(fields));
    }
    case TypeId::kArray: {
      std::optional<DataType> element = WiderType(left.element(), right.element());
      if (!element) return std::nullopt;
      return DataType::Array(*std::move(element),
                             left.fields()[0].nullable || right.fields()[0].nullable);
    }
    case TypeId::kMap: {
      std::optional<DataType> key = WiderType(left.key(), right.key());
      std::optional<DataType> value = WiderType(left.value(), right.value());
      if (!key || !value) return std::nullopt;
      return DataType::Map(*std::move(key), *std::move(value),
                           left.fields()[1].nullable || right.fields()[1].nullable);
    }
    default:
      return std::nullopt;
  }
}

types::StructType AsNullable(const types::StructType& schema) {
  types::StructType result = schema;
  for (StructField& field : result.fields) {
    field.type = AsNullable(field.type);
    field.nullable = true;
  }
  return result;
}

Status CheckDistinctNames(const types::StructType& schema) {
  std::set<std::string, CaseInsensitiveLess> names;
  for (const StructField& field : schema.fields) {
    if (!names.insert(field.name).second) {
      return Fail(Condition::COLUMN_ALREADY_EXISTS, {{"columnName", field.name}});
    }
    if (field.type.is(TypeId::kStruct)) {
      TRY(CheckDistinctNames({field.type.fields()}));
    } else if (field.type.is_nested()) {
      for (const StructField& child : field.type.fields()) TRY(CheckDistinctNames({{child}}));
    }
  }
  return Ok();
}

}  // namespace inlet::formats
