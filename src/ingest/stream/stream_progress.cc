#include "ingest/stream/stream_progress.h"

#include <fmt/format.h>

#include <cmath>
#include <ctime>

#include "types/json_text.h"

namespace inlet::ingest {
namespace {

using types::JsonQuote;

std::string Time(std::int64_t timestamp_ms) {
  const std::time_t seconds = timestamp_ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     timestamp_ms % 1000);
}

std::string Rate(double rate) { return std::isfinite(rate) ? fmt::format("{}", rate) : "0.0"; }

std::string Offset(const std::optional<std::string>& json) { return json.value_or("null"); }

std::string ToJson(const SourceProgress& source) {
  std::string metrics;
  for (const auto& [name, value] : source.metrics) {
    metrics += (metrics.empty() ? "" : ",") + JsonQuote(name) + ":" + JsonQuote(value);
  }
  return fmt::format(
      R"({{"description":{},"startOffset":{},"endOffset":{},"latestOffset":{},"numInputRows":{},)"
      R"("inputRowsPerSecond":{},"processedRowsPerSecond":{},"metrics":{{{}}}}})",
      JsonQuote(source.description), Offset(source.start_offset), Offset(source.end_offset),
      Offset(source.latest_offset), source.num_input_rows, Rate(source.input_rows_per_second),
      Rate(source.processed_rows_per_second), metrics);
}

}  // namespace

std::string ToJson(const StreamProgress& progress) {
  std::string durations;
  for (const auto& [step, duration_ms] : progress.duration_ms) {
    durations += fmt::format("{}{}:{}", durations.empty() ? "" : ",", JsonQuote(step), duration_ms);
  }
  std::string sources;
  for (const SourceProgress& source : progress.sources) {
    sources += (sources.empty() ? "" : ",") + ToJson(source);
  }
  std::string observed;
  for (const auto& [name, json] : progress.observed_metrics) {
    observed += (observed.empty() ? "" : ",") + JsonQuote(name) + ":" + json;
  }
  return fmt::format(
      R"({{"id":"{}","runId":"{}","name":{},"timestamp":"{}","batchId":{},"batchDuration":{},)"
      R"("numInputRows":{},"inputRowsPerSecond":{},"processedRowsPerSecond":{},)"
      R"("durationMs":{{{}}},"stateOperators":[],"sources":[{}],)"
      R"("sink":{{"description":{},"numOutputRows":{}}},"observedMetrics":{{{}}}}})",
      progress.id, progress.run_id, progress.name ? JsonQuote(*progress.name) : "null",
      Time(progress.timestamp_ms), progress.batch_id, progress.batch_duration_ms,
      progress.num_input_rows, Rate(progress.input_rows_per_second),
      Rate(progress.processed_rows_per_second), durations, sources,
      JsonQuote(progress.sink_description), progress.num_output_rows, observed);
}

std::string ToJson(const StreamStatus& status) {
  return fmt::format(R"({{"message":{},"isDataAvailable":{},"isTriggerActive":{}}})",
                     JsonQuote(status.message), status.is_data_available, status.is_trigger_active);
}

}  // namespace inlet::ingest
