#pragma once

#include <optional>
#include <string>

#include "types/data_type.h"

namespace inlet::ingest {

/// `target` with the fields of structs, at any level, that only `source` has; they come last and
/// may be NULL. Other differences stay as `target` has them.
types::DataType WithFieldsAdded(const types::DataType& target, const types::DataType& source);

/// The first field of structs, at any level, that `source` has and `target` has not, by its path;
/// nothing when there is none.
std::optional<std::string> FieldMissingIn(const types::DataType& target,
                                          const types::DataType& source);

}  // namespace inlet::ingest
