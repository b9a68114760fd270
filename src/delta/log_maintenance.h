#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "delta/snapshot.h"

namespace inlet::delta {

/// Whether delta.checkpointInterval wants a log checkpoint of this version.
bool IsCheckpointDue(const Snapshot& snapshot);

/// Writes a log checkpoint, the hint to it, and cleans the log, on a thread of its own. What goes
/// wrong is forgotten: the next checkpoint makes up for it. FlushLogCheckpoints() waits.
void StartLogCheckpoint(SnapshotPtr snapshot);

/// The same on this thread. Cleans the log when delta.enableExpiredLogCleanup allows it.
Status WriteLogCheckpoint(const SnapshotPtr& snapshot, std::int64_t now_ms);

/// Deletes commits, checkpoints and checksums before the newest checkpoint that is older than
/// delta.logRetentionDuration, in whole days; or than `retention_ms`, to the millisecond. Returns
/// how many files. Source: Delta protocol, "Metadata Cleanup".
Result<std::int64_t> CleanLog(const Snapshot& snapshot, std::int64_t now_ms,
                              std::optional<std::int64_t> retention_ms = std::nullopt);

}  // namespace inlet::delta
