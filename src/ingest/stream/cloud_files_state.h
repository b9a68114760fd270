#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "engine/engine.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// The rows of cloud_files_state('checkpoint'): each file that a stream has found. May be asked
/// while the stream runs. `scratch_directory` as in FileStreamRequest.
///
/// Errors: CF_STATE_INVALID_CHECKPOINT_PATH for a place that has no file stream's checkpoint.
/// Source: Databricks SQL language manual, "cloud_files_state table-valued function".
Result<std::shared_ptr<const engine::SplitSource>> CloudFilesState(
    const storage::Location& checkpoint, const std::string& scratch_directory,
    const std::string& flow_name = "");

}  // namespace inlet::ingest
