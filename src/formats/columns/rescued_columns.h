#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/columns/column_plan.h"

namespace inlet::formats {

/// The rescued-data column for a batch as it was read. `plans` are about children of the batch.
Result<std::shared_ptr<arrow::Array>> RescueColumns(const std::vector<RescuePlan>& plans,
                                                    const arrow::RecordBatch& batch,
                                                    const std::string& file_path);

}  // namespace inlet::formats
