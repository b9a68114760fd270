#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "delta/snapshot.h"
#include "delta/table.h"

namespace inlet::ingest {

struct CloneRequest {
  std::string source_name;  ///< For history.
  bool is_shallow = false;
  delta::Properties properties;  ///< Over those of the source.
  std::string user_name;
  std::stop_token stop;
};

struct CloneResult {
  delta::SnapshotPtr snapshot;
  std::int64_t source_bytes = 0;
  std::int64_t source_files = 0;
  std::int64_t removed_files = 0;
  std::int64_t removed_bytes = 0;
  std::int64_t copied_files = 0;
  std::int64_t copied_bytes = 0;
};

/// Makes the table at `root`, or the next version of `replaced`, what `source` is. A deep clone has
/// files of its own; a shallow one names those of the source.
/// Errors: those of storage and of delta::Transaction::Commit().
Result<CloneResult> CloneTable(const storage::Location& root, const delta::SnapshotPtr& source,
                               const delta::SnapshotPtr& replaced, const CloneRequest& request);

struct ConvertRequest {
  std::vector<types::StructField> partition_columns;
  bool collect_statistics = true;
  std::string user_name;
  std::stop_token stop;
};

/// Gives a directory of Parquet files a log, in place.
/// Errors: DELTA_CONVERT_NON_PARQUET_TABLE when there is no Parquet file;
/// DELTA_FAILED_TO_MERGE_FIELDS; DELTA_UNEXPECTED_NUM_PARTITION_COLUMNS_FROM_FILE_NAME;
/// DELTA_MISSING_PARTITION_COLUMN; those of delta::DefineTable().
Result<delta::SnapshotPtr> ConvertToDelta(const storage::Location& root,
                                          const ConvertRequest& request);

}  // namespace inlet::ingest
