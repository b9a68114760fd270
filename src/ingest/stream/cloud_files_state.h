#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "engine/engine.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// One stream whose files are asked for.
struct StreamCheckpoint {
  storage::Location root;
  std::string flow_name;  ///< Of a streaming table; empty: none.
};

/// The rows of cloud_files_state: each file that the streams have found. May be asked while they
/// run. `scratch_directory` as in FileStreamRequest.
///
/// Errors: CF_STATE_INVALID_CHECKPOINT_PATH for a place that has no stream's checkpoint, unless it
/// is of a flow, which may not have run yet.
/// Source: Databricks SQL language manual, "cloud_files_state table-valued function".
Result<std::shared_ptr<const engine::SplitSource>> CloudFilesState(
    std::span<const StreamCheckpoint> streams, const std::string& scratch_directory);

}  // namespace inlet::ingest
