#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "types/data_type.h"
#include "types/time_zone.h"

namespace inlet::delta {

/// A partition value of the log as a scalar of the column's Arrow type. No text and empty text are
/// NULL. Zone-less text of a TIMESTAMP is of `zone`.
/// Errors: CAST_INVALID_INPUT for text that is none of the type.
/// Source: Delta protocol, "Partition Value Serialization".
Result<std::shared_ptr<arrow::Scalar>> ParsePartitionValue(const std::optional<std::string>& text,
                                                           const types::DataType& type,
                                                           const types::TimeZone& zone);

}  // namespace inlet::delta
