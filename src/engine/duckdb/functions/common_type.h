#pragma once

#include <optional>

#include "types/data_type.h"

namespace inlet::engine::functions {

/// The type at which two operands meet by Spark's rules; none when they do not.
std::optional<types::DataType> CommonType(const types::DataType& left,
                                          const types::DataType& right);

}  // namespace inlet::engine::functions
