#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "delta/commit_file.h"
#include "delta/log_segment.h"
#include "storage/object_store.h"

namespace inlet::delta {

/// Who gets the file actions of a log checkpoint, one after the other.
struct FileActionSink {
  std::function<void(AddFile)> add;        ///< Empty: adds are not read at all.
  std::function<void(RemoveFile)> remove;  ///< Empty: removes are not read at all.
};

/// Reads a complete log checkpoint of any kind, its sidecars too. Streams: memory does not grow
/// with the number of files. Returns what is not about files.
///
/// Errors: DELTA_LOG_CORRUPT naming the file; PATH_NOT_FOUND of a sidecar; errors of storage.
Result<CommitActions> ReadLogCheckpoint(const storage::Location& table_root,
                                        const LogCheckpointFiles& checkpoint,
                                        const FileActionSink& sink);

}  // namespace inlet::delta
