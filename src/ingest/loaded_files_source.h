#pragma once

#include <memory>

#include "base/result.h"
#include "delta/snapshot.h"
#include "engine/engine.h"

namespace inlet::ingest {

/// The rows of loaded_files(TABLE t): every file that COPY INTO has loaded into a version of a
/// table, or has left out, with `path`, `size`, `modification_time`, `etag`, `commit_time` (when
/// that was), `table_version`, `ingestion_state` (LOADED or REJECTED) and `reason`. The columns
/// that cloud_files_state has, too, mean the same there. Errors: those of LoadedFiles::Load().
Result<std::shared_ptr<const engine::SplitSource>> OpenLoadedFiles(
    const delta::SnapshotPtr& snapshot);

/// The rows of copy_errors(TABLE t): the records that COPY INTO with `onError` = `continue` has
/// left out, with `path`, `record` and `reason`. Errors: as OpenLoadedFiles().
Result<std::shared_ptr<const engine::SplitSource>> OpenCopyErrors(
    const delta::SnapshotPtr& snapshot);

}  // namespace inlet::ingest
