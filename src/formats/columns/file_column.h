#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "types/data_type.h"

namespace inlet::formats {

/// A column of a file, or a part of a nested one: its SQL type and what the Arrow type that the
/// reader makes of it does not say.
struct FileColumn {
  std::string name;
  types::DataType type;  ///< VOID where `illegal` is set.
  bool nullable = true;
  std::optional<int> field_id;
  std::string physical;  ///< The stored type, for messages, such as `INT64 (Timestamp(...))`.
  bool illegal = false;  ///< Has no SQL type, such as DECIMAL(50,2).
  bool is_int96 = false;
  bool is_plain_int32 = false;  ///< INT32 without annotation: narrow integers are stored so, too.
  int first_leaf = 0;           ///< Leaf columns [first_leaf, end_leaf) are below it.
  int end_leaf = 0;
  /// STRUCT: its fields; ARRAY: the element; MAP: key and value; VARIANT: its group's fields.
  std::vector<FileColumn> children;
  bool is_group = false;  ///< A Parquet group that Arrow makes a struct of.
};

/// The SQL columns, with `parquet.field.id` in their metadata. Errors: PARQUET_TYPE_ILLEGAL.
Result<types::StructType> SqlColumns(const std::vector<FileColumn>& columns);

/// The inverse, for formats that have nothing more to say of their columns.
std::vector<FileColumn> FileColumnsOf(const types::StructType& schema);

/// Whether values of `from` can be read as `to`: the conversions of Spark's Parquet reader and of
/// Delta's type widening; for leaf columns only.
bool CanRead(const FileColumn& from, const types::DataType& to);

}  // namespace inlet::formats
