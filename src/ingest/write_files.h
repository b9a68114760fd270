#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/option_map.h"
#include "engine/engine.h"
#include "ingest/write_table.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// What becomes of the files that are in the directory already.
enum class FilesMode : std::uint8_t {
  kAppend,
  kOverwrite,
  kOverwritePartitions,  ///< Only those of partitions that the new rows are in.
};

/// Plain files in a directory: what df.write, INSERT OVERWRITE DIRECTORY and tables of file formats
/// write.
struct FilesSpec {
  storage::Location root;
  std::string format;  ///< csv, json, text, xml, parquet or orc.
  OptionMap options;   ///< Of the format; others mean nothing.
  std::vector<std::string> partition_columns;
  FilesMode mode = FilesMode::kAppend;
  bool is_ordered = false;  ///< One thread writes one file a partition, in the query's order.
};

/// Writes the query's rows; gives their number. The new files are there before the old ones go, so
/// that a failed query takes nothing away; `_SUCCESS` comes last.
///
/// Errors: INLET_UNSUPPORTED for another format; COLUMN_ALREADY_EXISTS;
/// DELTA_MISSING_PARTITION_COLUMN; INVALID_PARTITION_OPERATION for a partition column too many;
/// UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE; INVALID_PARAMETER_VALUE for an option; those of the query
/// and of storage.
Result<std::int64_t> WriteFiles(engine::Engine& engine, BoundQuery query, const FilesSpec& spec,
                                std::stop_token stop);

}  // namespace inlet::ingest
