#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "delta/snapshot.h"

namespace inlet::delta {

struct WrittenCheckpoint {
  std::int64_t num_actions = 0;
  std::int64_t num_add_files = 0;
  std::int64_t size_bytes = 0;
};

/// Writes everything that `snapshot` is and `tombstones`: one file of the classic name, or with
/// delta.checkpointPolicy = v2 one of a UUID name, and a sidecar that has the files. Streams.
/// Source: Delta protocol, "Checkpoints".
Result<WrittenCheckpoint> WriteCheckpointFile(const Snapshot& snapshot,
                                              const std::vector<RemoveFile>& tombstones,
                                              const std::vector<SetTransaction>& transactions);

}  // namespace inlet::delta
