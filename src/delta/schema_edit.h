#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "types/data_type.h"

namespace inlet::delta {

/// A column or a field inside of one: {"address", "city"}. In lists and maps the parts are
/// `element`, `key` and `value`.
using FieldPath = std::vector<std::string>;

/// Where a field goes among its siblings; none: to the end.
struct FieldPosition {
  std::string after;  ///< Empty: first.
};

/// Changes to the fields of a schema, at any level. Errors of all: DELTA_MISSING_COLUMN for a path
/// that leads nowhere.
///
/// Errors: COLUMN_ALREADY_EXISTS; DELTA_ADD_COLUMN_PARENT_NOT_STRUCT.
Result<types::StructType> AddField(types::StructType schema, const FieldPath& path,
                                   types::StructField field,
                                   const std::optional<FieldPosition>& position);
Result<types::StructType> DropField(types::StructType schema, const FieldPath& path);
Result<types::StructType> MoveField(types::StructType schema, const FieldPath& path,
                                    const FieldPosition& position);
/// Errors: those of `change`.
Result<types::StructType> ChangeField(types::StructType schema, const FieldPath& path,
                                      const std::function<Status(types::StructField&)>& change);
/// Null when there is none.
const types::StructField* FindField(const types::StructType& schema, const FieldPath& path);

/// "a.b"
std::string ToText(const FieldPath& path);

}  // namespace inlet::delta
