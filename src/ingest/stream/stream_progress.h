#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace inlet::ingest {

/// `sources[i]` of a progress.
struct SourceProgress {
  std::string description;
  std::optional<std::string> start_offset;   ///< JSON.
  std::optional<std::string> end_offset;     ///< JSON.
  std::optional<std::string> latest_offset;  ///< JSON.
  std::int64_t num_input_rows = 0;
  double input_rows_per_second = 0;
  double processed_rows_per_second = 0;
  std::map<std::string, std::string> metrics;  ///< numFilesOutstanding, numBytesOutstanding.
};

/// What one micro-batch did, with the fields of Spark's StreamingQueryProgress.
struct StreamProgress {
  std::string id;
  std::string run_id;
  std::optional<std::string> name;
  std::int64_t timestamp_ms = 0;  ///< When the trigger fired.
  std::int64_t batch_id = 0;
  std::int64_t batch_duration_ms = 0;
  /// addBatch, commitOffsets, getBatch, latestOffset, queryPlanning, triggerExecution, walCommit.
  std::map<std::string, std::int64_t> duration_ms;
  std::int64_t num_input_rows = 0;
  double input_rows_per_second = 0;
  double processed_rows_per_second = 0;
  std::vector<SourceProgress> sources;
  std::string sink_description;
  std::int64_t num_output_rows = -1;  ///< -1: unknown, as in Spark.
  /// Not among Spark's: bytes written, and the version of the target table.
  std::int64_t num_output_bytes = 0;
  std::optional<std::int64_t> table_version;
  /// Spark's observedMetrics: name to JSON value; filled by BatchRewrite.
  std::map<std::string, std::string> observed_metrics;
};

/// Spark's `progress.json`.
std::string ToJson(const StreamProgress& progress);

struct StreamStatus {
  std::string message;  ///< "Waiting for data to arrive", "Processing new data", ...
  bool is_data_available = false;
  bool is_trigger_active = false;
};
std::string ToJson(const StreamStatus& status);

}  // namespace inlet::ingest
