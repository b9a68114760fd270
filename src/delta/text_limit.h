#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.h"
#include "types/data_type.h"

namespace inlet::delta {

/// The most characters that a CHAR(n) or VARCHAR(n) column takes; nothing for other columns.
std::optional<std::int64_t> TextLimitOf(const types::StructField& field);

/// The texts of a column with blanks at their ends cut off where these alone are too much.
/// Errors: DELTA_EXCEED_CHAR_VARCHAR_LIMIT.
Result<std::shared_ptr<arrow::Array>> WithinTextLimit(const std::shared_ptr<arrow::Array>& texts,
                                                      std::int64_t limit,
                                                      const types::StructField& field);

}  // namespace inlet::delta
