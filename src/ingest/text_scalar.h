#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "types/data_type.h"
#include "types/time_zone.h"

namespace inlet::ingest {

/// One value of `type` from the text of a partition directory; no text is NULL.
/// Errors: CAST_INVALID_INPUT for text that does not fit; DATATYPE_MISMATCH for a type that no
/// directory name can hold.
Result<std::shared_ptr<arrow::Scalar>> ScalarFromText(const std::optional<std::string>& text,
                                                      const types::DataType& type,
                                                      const types::TimeZone& zone);

}  // namespace inlet::ingest
