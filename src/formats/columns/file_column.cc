#include "formats/columns/file_column.h"

#include <algorithm>
#include <utility>

namespace inlet::formats {
namespace {

using types::DataType;
using types::StructField;
using types::TypeId;

const FileColumn* FindIllegal(const FileColumn& column) {
  if (column.illegal) return &column;
  if (column.type.is(TypeId::kVariant)) return nullptr;
  for (const FileColumn& child : column.children) {
    if (const FileColumn* found = FindIllegal(child)) return found;
  }
  return nullptr;
}

DataType WithFieldIds(const FileColumn& column);

StructField ToField(const FileColumn& column) {
  StructField field{.name = column.name, .type = WithFieldIds(column), .nullable = column.nullable};
  if (column.field_id) field.metadata["parquet.field.id"] = std::to_string(*column.field_id);
  return field;
}

DataType WithFieldIds(const FileColumn& column) {
  const auto& children = column.children;
  switch (column.type.id()) {
    case TypeId::kStruct: {
      std::vector<StructField> fields;
      for (const FileColumn& child : children) fields.push_back(ToField(child));
      return DataType::Struct(std::move(fields));
    }
    case TypeId::kArray:
      return DataType::Array(WithFieldIds(children[0]), children[0].nullable);
    case TypeId::kMap:
      return DataType::Map(WithFieldIds(children[0]), WithFieldIds(children[1]),
                           children[1].nullable);
    default:
      return column.type;
  }
}

/// Digits before the decimal point that any value of an integer type may have, in Delta's rules.
int IntegerDigits(TypeId id) { return id == TypeId::kLong ? 20 : 10; }

bool DecimalHolds(const DataType& decimal, int integer_digits, int scale) {
  return decimal.scale() >= scale && decimal.precision() - decimal.scale() >= integer_digits;
}

bool IntegerReadsAs(const FileColumn& from, const DataType& to) {
  const TypeId source = from.type.id();
  if (to.is_integer()) {
    // Delta stores BYTE and SHORT as INT32 too, with or without annotation; values are checked.
    return to.id() >= source || (from.is_plain_int32 && source == TypeId::kInteger);
  }
  if (to.is(TypeId::kDouble)) return source <= TypeId::kInteger;
  if (to.is(TypeId::kDecimal)) return DecimalHolds(to, IntegerDigits(source), 0);
  return to.is(TypeId::kDate) && from.is_plain_int32;
}

FileColumn Describe(const StructField& field, int& next_leaf) {
  FileColumn column{.name = field.name,
                    .type = field.type,
                    .nullable = field.nullable,
                    .physical = ToSql(field.type),
                    .first_leaf = next_leaf,
                    .is_group = field.type.is(TypeId::kStruct)};
  if (field.type.is_nested()) {
    for (const StructField& child : field.type.fields()) {
      column.children.push_back(Describe(child, next_leaf));
    }
  } else {
    ++next_leaf;
  }
  column.end_leaf = next_leaf;
  return column;
}

}  // namespace

std::vector<FileColumn> FileColumnsOf(const types::StructType& schema) {
  std::vector<FileColumn> columns;
  int next_leaf = 0;
  for (const StructField& field : schema.fields) columns.push_back(Describe(field, next_leaf));
  return columns;
}

Result<types::StructType> SqlColumns(const std::vector<FileColumn>& columns) {
  types::StructType result;
  for (const FileColumn& column : columns) {
    if (const FileColumn* illegal = FindIllegal(column)) {
      return Fail(Condition::PARQUET_TYPE_ILLEGAL,
                  {{"parquetType", illegal->physical}, {"column", column.name}});
    }
    result.fields.push_back(ToField(column));
  }
  return result;
}

bool CanRead(const FileColumn& from, const DataType& to) {
  if (from.illegal || !from.children.empty() || to.is_nested()) return false;
  if (from.type == to) return true;
  if (from.type.is_integer()) return IntegerReadsAs(from, to);
  switch (from.type.id()) {
    case TypeId::kVoid:
      return true;
    case TypeId::kFloat:
      return to.is(TypeId::kDouble);
    case TypeId::kDecimal:
      return to.is(TypeId::kDecimal) &&
             DecimalHolds(to, from.type.precision() - from.type.scale(), from.type.scale());
    case TypeId::kDate:
      return to.is(TypeId::kTimestampNtz);
    case TypeId::kTimestamp:
      return from.is_int96 && to.is(TypeId::kTimestampNtz);
    case TypeId::kTimestampNtz:
      return to.is(TypeId::kTimestamp);
    case TypeId::kBinary:
      return to.is(TypeId::kString) && from.physical == "BYTE_ARRAY";
    case TypeId::kString:
      return to.is(TypeId::kBinary) && from.physical.starts_with("BYTE_ARRAY");
    default:
      return false;
  }
}

}  // namespace inlet::formats
