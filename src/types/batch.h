#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "base/result.h"
#include "types/data_type.h"

namespace inlet::types {

using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

/// Pulls batches until there are no more. Not thread-safe.
class BatchReader {
 public:
  virtual ~BatchReader() = default;
  /// The next batch, or nullptr at the end. A batch has at least one row.
  virtual Result<BatchPtr> Next() = 0;
};

}  // namespace inlet::types
