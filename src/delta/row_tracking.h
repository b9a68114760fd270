#pragma once

#include "delta/commit_file.h"
#include "delta/snapshot.h"

namespace inlet::delta {

/// Whether new files get row ids.
bool TracksRows(const Protocol& protocol, const Properties& properties);

/// Gives the added files of `commit` that have none their baseRowId and defaultRowCommitVersion,
/// and moves the high-water mark. `before` is the version right before; null for version 0. Source:
/// Delta protocol, "Row Tracking".
void AssignRowIds(const Snapshot* before, CommitActions& commit);

}  // namespace inlet::delta
