#pragma once

#include <optional>

#include "base/result.h"
#include "types/data_type.h"

namespace inlet::formats {

/// Adds the columns of `more` to `schema`: names equal ignoring case are one column, in the
/// spelling that came first; its type is the wider one; new columns come last. Where there is no
/// wider type, the first stays: what does not fit is rescued, or fails when it is read.
void MergeSchema(const types::StructType& more, types::StructType& schema);

/// The narrowest type that holds the values of both, for files that carry their own types.
std::optional<types::DataType> WiderType(const types::DataType& left, const types::DataType& right);

/// The same with NULLs allowed everywhere, as Spark reads files whatever they promise.
types::StructType AsNullable(const types::StructType& schema);

/// Refuses columns whose names differ only in case, at every level.
/// Errors: COLUMN_ALREADY_EXISTS.
Status CheckDistinctNames(const types::StructType& schema);

}  // namespace inlet::formats
