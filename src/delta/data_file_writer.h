#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "storage/object_store.h"
#include "types/batch.h"

namespace inlet::delta {

/// How the data files of one table are written. Made from a snapshot's schema and properties.
struct DataFileSpec {
  storage::Location table_root;
  types::StructType schema;  ///< Logical columns, partition columns included, in table order.
  std::vector<std::string> partition_columns;
  std::string compression = "snappy";           ///< delta.parquet.compression.codec
  std::int64_t target_file_bytes = 128 << 20;   ///< A file is closed at about this size.
  int stats_columns = 32;                       ///< delta.dataSkippingNumIndexedCols; -1 all.
  std::vector<std::string> stats_column_names;  ///< delta.dataSkippingStatsColumns, if set.
  int stats_string_prefix = 32;                 ///< delta.dataSkippingStringPrefixLength
  std::string directory;                        ///< Below the root, ending in a slash; or empty.
  std::string file_prefix = "part";             ///< With which the names of files begin.
};

/// Turns batches into Parquet files with statistics under a table's root: splits rows by partition,
/// rolls files, and tells of each file as an AddFile. Nothing is visible before a commit names
/// them. Destroying an unfinished writer deletes what it wrote, as far as it can.
///
/// Not thread-safe: one writer a thread, all from the same spec. File names are unique.
class DataFileWriter {
 public:
  virtual ~DataFileWriter() = default;

  /// `batch` has the logical columns of the spec by position.
  /// Errors: DELTA_NOT_NULL_CONSTRAINT_VIOLATED, INLET_DISK_FULL, kUnavailable.
  virtual Status Append(const types::BatchPtr& batch) = 0;
  /// Closes and syncs all files. A writer without rows gives no file.
  virtual Result<std::vector<AddFile>> Finish() = 0;

  static Result<std::unique_ptr<DataFileWriter>> Open(const DataFileSpec& spec);
};

/// Deletes staged files after a failed write; best effort.
void DeleteStaged(const storage::Location& table_root, const std::vector<AddFile>& files);

}  // namespace inlet::delta
