#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "delta/commit_file.h"
#include "delta/log_segment.h"
#include "delta/protocol.h"
#include "storage/object_store.h"

namespace inlet::delta {

bool InCommitTimestampsEnabled(const Properties& properties);
/// The first version whose time stands in the commit; 0 when they were on from the start.
Version InCommitTimestampStart(const Properties& properties);

/// When the version of `segment` was made: its in-commit timestamp, else the modification time of
/// its commit file (or of its checkpoint, when that alone is left). `info`: its commitInfo, when
/// known.
std::int64_t CommitTime(const storage::Location& table_root, const LogSegment& segment,
                        const Properties& properties, const std::optional<CommitInfo>& info);

/// The commitInfo of a commit file. Errors: of storage; DELTA_LOG_CORRUPT.
Result<std::optional<CommitInfo>> ReadCommitInfo(const storage::Location& table_root,
                                                 const std::string& path);

/// "2024-01-05 15:04:09.123" UTC.
std::string TimeText(std::int64_t timestamp_ms);

/// The commits whose versions can be rebuilt, ascending, with their times: modification times made
/// strictly increasing. In-commit timestamps are not looked at.
struct TimedCommit {
  Version version = 0;
  std::int64_t timestamp_ms = 0;
  storage::ObjectInfo file;
};
Result<std::vector<TimedCommit>> ListCommits(const storage::Location& table_root);

}  // namespace inlet::delta
