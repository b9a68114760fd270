#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/option_map.h"
#include "base/result.h"

namespace inlet::ingest {

/// What happens to columns that the schema does not have.
enum class EvolutionMode : std::uint8_t {
  kAddNewColumns,
  kAddNewColumnsWithTypeWidening,
  kRescue,
  kFailOnNewColumns,
  kNone,
};

enum class CleanSource : std::uint8_t { kOff, kDelete, kMove };

/// The options of Auto Loader that are not those of reading a file.
/// Source: Databricks, "Auto Loader options".
struct FileStreamOptions {
  bool allow_overwrites = false;
  bool include_existing_files = true;
  bool incremental_listing = false;
  std::int64_t max_files = 1000;  ///< A trigger; 0: no limit.
  std::int64_t max_bytes = 0;     ///< A trigger; 0: no limit.
  std::optional<std::chrono::milliseconds> max_file_age;
  std::optional<std::chrono::milliseconds> backfill_interval;
  CleanSource clean_source = CleanSource::kOff;
  std::chrono::milliseconds clean_retention = std::chrono::hours(30 * 24);
  std::string move_destination;
  std::optional<EvolutionMode> evolution_mode;  ///< None: by whether there is a schema.
  /// New columns are taken in at once. Inlet's own.
  bool restart_on_schema_change = false;
  std::string schema_location;  ///< Empty: with the checkpoint.
  /// Use events of the file system where there are any.
  bool watch_directories = true;
  /// useManagedFileEvents: hear the events that are posted to this lakehouse.
  bool use_posted_events = false;
  /// useNotifications with queueUrl: hear those of a queue; empty: none.
  std::string queue_url;
  OptionMap queue;  ///< region, awsAccessKey, awsSecretKey, as they were given.
  int fetch_parallelism = 1;
  /// pathRewrites: beginnings of "bucket/path" in events, and what stands for them here.
  std::map<std::string, std::string> path_rewrites;
};

/// Takes the stream's own options out of `options`, names with or without `cloudFiles.`, and leaves
/// those of reading files, without that prefix.
///
/// Errors: INVALID_PARAMETER_VALUE naming the option; CF_INVALID_SCHEMA_EVOLUTION_MODE;
/// CONTRADICTORY_OPTIONS.
Result<FileStreamOptions> TakeFileStreamOptions(OptionMap& options);

/// Their names, for "did you mean".
std::span<const std::string_view> FileStreamOptionNames();

}  // namespace inlet::ingest
