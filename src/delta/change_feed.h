#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/scan.h"
#include "delta/snapshot.h"

namespace inlet::delta {

/// The three columns behind those of the table.
inline constexpr const char* kChangeTypeColumn = "_change_type";
inline constexpr const char* kCommitVersionColumn = "_commit_version";
inline constexpr const char* kCommitTimestampColumn = "_commit_timestamp";

/// The rows that versions of a table have changed: those of their change files, or where a version
/// has none, those of the files that it added and removed.
/// Source: Delta protocol, "Change Data Files", "Reader Requirements for Change Data Feed".
struct ChangeFeed {
  SnapshotPtr snapshot;  ///< Whose columns the rows have.
  std::shared_ptr<const std::vector<ScanFile>> files;
  struct Origin {
    Version version = 0;
    std::int64_t timestamp_ms = 0;
    std::string change_type;  ///< Empty: the file tells for each row.
  };
  std::vector<Origin> origins;  ///< Of `files`, by place.
};

/// The changes of versions `start` to `end`, both included.
/// Errors: DELTA_CDC_START_VERSION_AFTER_LATEST; DELTA_INVALID_CDC_RANGE;
/// DELTA_MISSING_CHANGE_DATA when the feed was not on all the time;
/// DELTA_CHANGE_DATA_FEED_INCOMPATIBLE_SCHEMA_CHANGE, _DATA_SCHEMA when columns were dropped,
/// renamed or got another type; DELTA_LOG_FILE_NOT_FOUND for commits that are gone.
Result<ChangeFeed> LoadChangeFeed(const SnapshotPtr& latest, Version start, Version end);

/// The feed of no version: nothing was committed between two timestamps.
ChangeFeed EmptyChangeFeed(const SnapshotPtr& latest);

/// The columns of the feed's rows.
types::StructType ChangeFeedSchema(const Snapshot& snapshot);

}  // namespace inlet::delta
