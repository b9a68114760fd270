#pragma once

#include <vector>

#include "base/result.h"
#include "types/batch.h"
#include "types/data_type.h"

namespace spark::connect {
class Expression_Literal;
}

namespace inlet::server {

/// The first cell of a column as a literal of the protocol; NULL when there is no row.
/// Errors: INLET_UNSUPPORTED for nested types.
Result<spark::connect::Expression_Literal> LiteralAt(const std::vector<types::BatchPtr>& batches,
                                                     int column, const types::DataType& type);

}  // namespace inlet::server
