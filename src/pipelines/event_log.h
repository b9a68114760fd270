#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/sqlite.h"

namespace inlet::pipelines {

/// Milliseconds since 1970 UTC; a test has one of its own.
using Clock = std::function<std::int64_t()>;
std::int64_t SystemClockMs();

enum class EventLevel : std::uint8_t { kInfo, kWarn, kError, kMetrics };

/// One line of a dataset's event log.
/// Source: Databricks, "Pipeline event log schema".
struct Event {
  std::string id;           ///< A UUID; made by Append().
  std::int64_t number = 0;  ///< Grows by the order of events; made by Append().
  std::int64_t timestamp_ms = 0;
  std::string dataset_id;    ///< The table's id in the catalog.
  std::string dataset_name;  ///< catalog.schema.table
  std::string update_id;
  std::string flow_name;  ///< Empty: not of one flow.
  std::string user;
  EventLevel level = EventLevel::kInfo;
  std::string event_type;  ///< create_update, update_progress, flow_progress, ...
  std::string message;
  std::string details;  ///< JSON: one key named like the event type.
  std::string error;    ///< JSON {"exceptions": [...]}; empty: none.
};

/// What one flow has done: one micro-batch's worth, or all of them added up.
struct FlowCounts {
  std::int64_t num_batches = 0;
  std::int64_t num_input_rows = 0;
  std::int64_t num_output_rows = 0;
  std::int64_t num_output_bytes = 0;
  std::int64_t num_dropped_rows = 0;
  std::int64_t num_failed_expectations =
      0;  ///< Rows, counted for each expectation that they broke.
  std::int64_t duration_ms = 0;
  // Of the newest batch, not added up.
  std::int64_t backlog_files = 0;
  std::int64_t backlog_bytes = 0;
  std::int64_t batch_id = -1;
};

struct FlowMetrics {
  std::string dataset_id;
  std::string dataset_name;
  std::string flow_name;
  std::int64_t updated_at_ms = 0;
  std::int64_t last_duration_ms = 0;
  FlowCounts counts;
};

std::string_view ToText(EventLevel level);
/// The column `origin`: JSON.
std::string OriginOf(const Event& event);

/// The events of all datasets of one home, in `<home>/events.db`. Thread-safe; several processes
/// may write to it. Keeps the newest events of each dataset.
class EventLog {
 public:
  static constexpr std::int64_t kDefaultMaxEvents = 20'000;

  /// Opens the file at the first use. `max_events` is for each dataset.
  explicit EventLog(std::string home, std::int64_t max_events = kDefaultMaxEvents)
      : home_(std::move(home)), max_events_(max_events) {}

  Status Append(Event event);
  /// Oldest first; `event_type` empty: all.
  Result<std::vector<Event>> List(std::string_view dataset_id, std::string_view event_type = {});

  /// Adds `batch` to what the event's flow has done in all.
  Status AddCounts(const Event& origin, const FlowCounts& batch);
  /// One for each flow that has ever run, by name.
  Result<std::vector<FlowMetrics>> Metrics();
  /// Forgets the events and counts of a dataset that is no more.
  Status Forget(std::string_view dataset_id);

 private:
  Result<catalog::Sqlite*> OpenLocked();

  const std::string home_;
  const std::int64_t max_events_;
  std::mutex mutex_;
  std::optional<catalog::Sqlite> database_;  // Guarded by mutex_.
};

}  // namespace inlet::pipelines
