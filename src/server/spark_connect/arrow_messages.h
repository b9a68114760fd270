#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "types/batch.h"
#include "types/data_type.h"

/// Arrow IPC streams as Spark Connect sends and takes them.
namespace inlet::server {

/// One batch as a whole IPC stream.
struct ArrowMessage {
  std::string data;
  std::int64_t num_rows = 0;
};

/// Turns the batches of a result into messages: small batches joined, large ones cut, times under
/// the session's zone, columns under the names of `schema`. Not thread-safe.
class ArrowMessageWriter {
 public:
  /// Errors: INLET_UNSUPPORTED for an unknown time zone.
  ArrowMessageWriter(types::StructType schema, std::string session_time_zone,
                     std::function<Status(ArrowMessage)> emit);

  /// Columns beyond those of the schema are left out.
  Status Add(const types::BatchPtr& batch);
  /// What is left; a message without rows when there was none at all.
  Status Finish();

 private:
  Status Flush();
  Status Emit(const types::BatchPtr& batch);

  const std::shared_ptr<arrow::Schema> schema_;
  const std::function<Status(ArrowMessage)> emit_;
  std::vector<types::BatchPtr> pending_;
  std::int64_t pending_rows_ = 0;
  std::int64_t pending_bytes_ = 0;
  bool has_emitted_ = false;
};

/// All rows of a result as one IPC stream: what a command returns as a local relation.
Result<std::string> ToIpcStream(types::BatchReader* rows, const types::StructType& schema,
                                const std::string& session_time_zone);

}  // namespace inlet::server
