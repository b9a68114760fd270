#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "engine/engine.h"
#include "ingest/read_files.h"
#include "workspace/session.h"

namespace inlet::workspace {

/// What loaded_files() says of the files of a directory, beside what was loaded: those that were
/// left out, with the reason, and those that nobody has loaded yet. Columns as of loaded_files().

/// loaded_files(TABLE t, 'path', options): as COPY INTO t FROM 'path' sees them. `request` has the
/// path and the options.
Result<std::shared_ptr<const engine::SplitSource>> OpenCopyFiles(
    const Call& call, const delta::SnapshotPtr& table, const ingest::ReadFilesRequest& request);

/// What the sources of a streaming table leave out; what they have found cloud_files_state() knows.
Result<std::shared_ptr<const engine::SplitSource>> OpenFilesLeftOut(
    const Call& call, const catalog::TableEntry& entry);

}  // namespace inlet::workspace
