#pragma once

#include <memory>
#include <string>

#include "base/option_map.h"
#include "base/result.h"
#include "ingest/stream/stream_source.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// STREAM t: the rows of a Delta table, then those that are appended to it.
struct DeltaStreamRequest {
  storage::Location table;
  /// startingVersion, startingTimestamp, skipChangeCommits, ignoreDeletes, ignoreChanges,
  /// maxFilesPerTrigger, maxBytesPerTrigger, ignoring case.
  OptionMap options;
  std::string session_time_zone = "UTC";
};

/// Checks the options; reads nothing yet. Its offsets are those of the reference's Delta source:
///   {"sourceVersion":1,"reservoirId":"<table id>","reservoirVersion":7,"index":-1,
///    "isStartingVersion":false}
/// All before version 7 is read, and of version 7 the files up to `index`; with isStartingVersion
/// they are those of the table as it stood at version 7.
///
/// Errors: INVALID_PARAMETER_VALUE; CF_UNKNOWN_OPTION_KEYS_ERROR;
/// DELTA_STARTING_VERSION_AND_TIMESTAMP_BOTH_SET. While it runs: DELTA_SOURCE_IGNORE_DELETE,
/// DELTA_SOURCE_TABLE_IGNORE_CHANGES, DELTA_SCHEMA_CHANGED_WITH_VERSION,
/// DELTA_STREAMING_INCOMPATIBLE_SCHEMA_CHANGE, DELTA_VERSION_NOT_FOUND.
/// Source: Databricks, "Delta table streaming reads and writes".
Result<std::unique_ptr<StreamSource>> OpenDeltaStream(DeltaStreamRequest request);

}  // namespace inlet::ingest
