#pragma once

#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "base/option_map.h"
#include "base/result.h"
#include "ingest/file_listing.h"
#include "ingest/file_scan.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// The columns that files have, as an inference found them.
struct FilesSchema {
  types::StructType data;        ///< With the corrupt-record column, when a hint asks for it.
  types::StructType partitions;  ///< Of the directory names.
  bool operator==(const FilesSchema&) const = default;
};

/// A call of read_files, or a path used as a table.
struct ReadFilesRequest {
  storage::Location location;  ///< Its path may be a glob.
  std::string path_text;       ///< As the user wrote it, for messages.
  OptionMap options;
  std::string session_time_zone = "UTC";
  int threads = 1;
  /// Adds the hidden `_metadata` as the last column.
  bool with_metadata = false;
  /// False for csv.`path`: plain Spark's defaults, no rescued-data column.
  bool is_read_files = true;
  /// As spark.read: a schema that does not name the partition columns leaves them at the end.
  bool keeps_partitions = false;
  std::optional<std::string> base_path;  ///< Where partition columns begin; none: as listed.
  bool infer_partition_types = true;     ///< spark.sql.sources.partitionColumnTypeInference.enabled
  bool rescue_file_path = true;  ///< spark.databricks.sql.rescuedDataColumn.filePath.enabled
  /// The files to read, found already; none: `location` is listed.
  std::shared_ptr<const FileListing> listing;
  /// What an earlier inference found; then nothing is inferred. Not with the option `schema`.
  std::optional<FilesSchema> inferred;
  /// Set: the schema may be guessed (FileScan::guess_holds()), by this.
  std::optional<formats::ConfiguredFormat::GuessOptions> guess;
  /// Options that the caller has taken out already, for "did you mean".
  std::span<const std::string_view> callers_options;
  bool ignore_wrong_files = false;  ///< As of FileScanSpec.
  /// Takes the malformed records, when the options name no badRecordsPath.
  std::function<void(formats::BadRecord)> bad_record_sink;
};

/// Lists the files, finds format, schema and partition columns, plans the scan.
/// Cost: one listing, and a read of the files when the schema is to be inferred.
///
/// Errors: PATH_NOT_FOUND; CF_UNKNOWN_OPTION_KEYS_ERROR with the nearest known name;
/// CF_UNABLE_TO_DETECT_FILE_FORMAT; CF_EMPTY_DIR_FOR_SCHEMA_INFERENCE; INVALID_SCHEMA;
/// CF_INVALID_SCHEMA_HINTS_OPTION; INVALID_PARAMETER_VALUE; those of the format.
/// Source: Databricks SQL language manual, "read_files table-valued function".
Result<std::shared_ptr<const FileScan>> OpenReadFiles(const ReadFilesRequest& request,
                                                      std::stop_token stop);

/// The schema alone; see OpenReadFiles(). Not with the option `schema`.
Result<FilesSchema> InferFilesSchema(const ReadFilesRequest& request, std::stop_token stop);

/// Whether the options, `format` among them, are known and have values that make sense, before any
/// file is looked at. Errors: CF_UNKNOWN_OPTION_KEYS_ERROR; INVALID_PARAMETER_VALUE;
/// CONTRADICTORY_OPTIONS; those of the format.
Status CheckReadOptions(const OptionMap& options);

/// The options of read_files that say which files under a path are wanted.
/// Errors: INVALID_PARAMETER_VALUE.
Result<FileFilter> FilterFrom(const OptionMap& options, std::string_view session_time_zone);

}  // namespace inlet::ingest
