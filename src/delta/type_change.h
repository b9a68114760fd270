#pragma once

#include "base/result.h"
#include "types/data_type.h"

namespace inlet::delta {

/// Whether type widening may have turned columns of `from` into `to`.
/// Source: Delta protocol, "Type Widening": supported type changes.
bool IsAllowedTypeChange(const types::DataType& from, const types::DataType& to);

/// Gives `field` another type and notes the change in its metadata.
void NoteTypeChange(types::StructField& field, const types::DataType& type);

/// The columns as if they had always had their types.
types::StructType WithoutTypeChanges(types::StructType schema);

/// Checks what `delta.typeChanges` of every field tells.
/// Errors: DELTA_UNSUPPORTED_TYPE_CHANGE_IN_SCHEMA.
Status CheckTypeChanges(const types::StructType& schema);

}  // namespace inlet::delta
