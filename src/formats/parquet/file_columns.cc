#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/schema.h>
#include <parquet/types.h>

#include <algorithm>
#include <charconv>

#include "formats/parquet/file_columns_internal.h"

namespace inlet::formats::parquet_internal {
namespace {

using parquet::arrow::SchemaField;
using types::DataType;
using types::StructField;
using types::TypeId;

std::optional<int> FieldId(const arrow::Field& field) {
  if (!field.HasMetadata()) return std::nullopt;
  const auto text = field.metadata()->Get("PARQUET:field_id");
  if (!text.ok()) return std::nullopt;
  int id = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), id);
  if (error != std::errc() || id < 0) return std::nullopt;
  return id;
}

/// The SQL type of a leaf, or nothing. The reader's Arrow types can be coloured by an Arrow schema
/// that a writer left in the file (dictionaries, large strings); Parquet's own type decides.
std::optional<DataType> LeafType(const parquet::schema::PrimitiveNode& node) {
  const parquet::LogicalType& logical = *node.logical_type();
  if (logical.is_null()) return DataType(TypeId::kVoid);
  if (logical.is_string() || logical.is_enum() || logical.is_JSON()) {
    return DataType(TypeId::kString);
  }
  if (logical.is_decimal()) {
    const auto& decimal = static_cast<const parquet::DecimalLogicalType&>(logical);
    if (decimal.precision() < 1 || decimal.precision() > 38 || decimal.scale() < 0 ||
        decimal.scale() > decimal.precision()) {
      return std::nullopt;
    }
    return DataType::Decimal(decimal.precision(), decimal.scale());
  }
  if (logical.is_date()) return DataType(TypeId::kDate);
  if (logical.is_time()) return DataType(TypeId::kString);
  if (logical.is_timestamp()) {
    const bool instant =
        static_cast<const parquet::TimestampLogicalType&>(logical).is_adjusted_to_utc();
    return DataType(instant ? TypeId::kTimestamp : TypeId::kTimestampNtz);
  }
  if (logical.is_float16()) return DataType(TypeId::kFloat);
  if (logical.is_int()) {
    const auto& integer = static_cast<const parquet::IntLogicalType&>(logical);
    switch (integer.bit_width()) {
      case 8:
        return DataType(integer.is_signed() ? TypeId::kByte : TypeId::kShort);
      case 16:
        return DataType(integer.is_signed() ? TypeId::kShort : TypeId::kInteger);
      case 32:
        return DataType(integer.is_signed() ? TypeId::kInteger : TypeId::kLong);
      default:
        return integer.is_signed() ? DataType(TypeId::kLong) : DataType::Decimal(20, 0);
    }
  }
  switch (node.physical_type()) {
    case parquet::Type::BOOLEAN:
      return DataType(TypeId::kBoolean);
    case parquet::Type::INT32:
      return DataType(TypeId::kInteger);
    case parquet::Type::INT64:
      return DataType(TypeId::kLong);
    case parquet::Type::INT96:
      return DataType(TypeId::kTimestamp);
    case parquet::Type::FLOAT:
      return DataType(TypeId::kFloat);
    case parquet::Type::DOUBLE:
      return DataType(TypeId::kDouble);
    case parquet::Type::BYTE_ARRAY:
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      return DataType(TypeId::kBinary);
    default:
      return std::nullopt;
  }
}

class Describer {
 public:
  explicit Describer(const parquet::SchemaDescriptor& schema) : schema_(schema) {}

  FileColumn Describe(const SchemaField& field) {
    FileColumn column{.name = field.field->name(),
                      .nullable = field.field->nullable(),
                      .field_id = FieldId(*field.field),
                      .first_leaf = next_leaf_};
    if (field.is_leaf()) {
      DescribeLeaf(field, column);
    } else {
      DescribeNested(field, column);
    }
    column.end_leaf = next_leaf_;
    return column;
  }

 private:
  void DescribeLeaf(const SchemaField& field, FileColumn& column) {
    const auto& node = static_cast<const parquet::schema::PrimitiveNode&>(
        *schema_.Column(field.column_index)->schema_node());
    column.first_leaf = field.column_index;
    next_leaf_ = field.column_index + 1;
    column.physical = parquet::TypeToString(node.physical_type());
    if (!node.logical_type()->is_none()) {
      column.physical += " (" + node.logical_type()->ToString() + ")";
    }
    column.is_int96 = node.physical_type() == parquet::Type::INT96;
    column.is_plain_int32 =
        node.physical_type() == parquet::Type::INT32 && node.logical_type()->is_none();
    const std::optional<DataType> type = LeafType(node);
    column.illegal = !type;
    if (type) column.type = *type;
  }

  void DescribeNested(const SchemaField& field, FileColumn& column) {
    column.physical = "group";
    for (const SchemaField& child : field.children) column.children.push_back(Describe(child));
    const arrow::DataType& type = *field.field->type();
    switch (type.id()) {
      case arrow::Type::STRUCT:
        column.is_group = true;
        DescribeGroup(field, column);
        return;
      case arrow::Type::MAP: {
        // Arrow has one child, the struct of entries.
        if (column.children.size() == 1) {
          std::vector<FileColumn> entry = std::move(column.children[0].children);
          column.children = std::move(entry);
        }
        column.illegal = column.children.size() != 2;
        if (column.illegal) return;
        const FileColumn& value = column.children[1];
        column.type = DataType::Map(column.children[0].type, value.type, value.nullable);
        return;
      }
      default:
        column.illegal = column.children.size() != 1;
        if (column.illegal) return;
        column.type = DataType::Array(column.children[0].type, column.children[0].nullable);
    }
  }

  void DescribeGroup(const SchemaField& field, FileColumn& column) {
    if (IsVariantGroup(field)) {
      column.type = TypeId::kVariant;
      return;
    }
    std::vector<StructField> fields;
    for (const FileColumn& child : column.children) {
      fields.push_back({.name = child.name, .type = child.type, .nullable = child.nullable});
    }
    column.type = DataType::Struct(std::move(fields));
  }

  bool IsVariantGroup(const SchemaField& field) const {
    return std::ranges::any_of(field.children, [&](const SchemaField& child) {
      if (!child.is_leaf() || child.field->name() != "metadata") return false;
      const parquet::schema::Node* group =
          schema_.Column(child.column_index)->schema_node()->parent();
      return group != nullptr && group->logical_type()->is_variant();
    });
  }

  const parquet::SchemaDescriptor& schema_;
  int next_leaf_ = 0;
};

}  // namespace

std::vector<FileColumn> DescribeColumns(const parquet::arrow::SchemaManifest& manifest) {
  Describer describer(*manifest.descr);
  std::vector<FileColumn> columns;
  for (const SchemaField& field : manifest.schema_fields) {
    columns.push_back(describer.Describe(field));
  }
  return columns;
}

}  // namespace inlet::formats::parquet_internal
