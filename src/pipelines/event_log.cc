#include "pipelines/event_log.h"

#include <chrono>
#include <utility>

#include "base/uuid.h"
#include "pipelines/json_object.h"

namespace inlet::pipelines {
namespace {

using catalog::Sqlite;
using catalog::SqliteStatement;

constexpr std::string_view kSchema = R"sql(
CREATE TABLE IF NOT EXISTS events (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, timestamp_ms INTEGER NOT NULL,
  dataset_id TEXT NOT NULL, dataset_name TEXT NOT NULL, update_id TEXT NOT NULL,
  flow_name TEXT NOT NULL, user TEXT NOT NULL, level INTEGER NOT NULL, event_type TEXT NOT NULL,
  message TEXT NOT NULL, details TEXT NOT NULL, error TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS flows (
  dataset_id TEXT NOT NULL, flow_name TEXT NOT NULL, dataset_name TEXT NOT NULL,
  updated_at_ms INTEGER NOT NULL, last_duration_ms INTEGER NOT NULL, num_batches INTEGER NOT NULL,
  num_input_rows INTEGER NOT NULL, num_output_rows INTEGER NOT NULL,
  num_output_bytes INTEGER NOT NULL, num_dropped_rows INTEGER NOT NULL,
  num_failed_expectations INTEGER NOT NULL, duration_ms INTEGER NOT NULL,
  backlog_files INTEGER NOT NULL, backlog_bytes INTEGER NOT NULL, batch_id INTEGER NOT NULL,
  PRIMARY KEY (dataset_id, flow_name));
CREATE INDEX IF NOT EXISTS events_of_dataset ON events (dataset_id, event_type, number);
)sql";

constexpr std::string_view kColumns =
    "number, id, timestamp_ms, dataset_id, dataset_name, update_id, flow_name, user, level, "
    "event_type, message, details, error";

// Old events go after this many new ones of whatever process, not after each.
constexpr std::int64_t kAppendsBetweenPrunes = 500;

Event ReadEvent(const SqliteStatement& row) {
  return {.id = row.Text(1),
          .number = row.Int64(0),
          .timestamp_ms = row.Int64(2),
          .dataset_id = row.Text(3),
          .dataset_name = row.Text(4),
          .update_id = row.Text(5),
          .flow_name = row.Text(6),
          .user = row.Text(7),
          .level = static_cast<EventLevel>(row.Int64(8)),
          .event_type = row.Text(9),
          .message = row.Text(10),
          .details = row.Text(11),
          .error = row.Text(12)};
}

}  // namespace

std::int64_t SystemClockMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::string_view ToText(EventLevel level) {
  switch (level) {
    case EventLevel::kInfo:
      return "INFO";
    case EventLevel::kWarn:
      return "WARN";
    case EventLevel::kError:
      return "ERROR";
    case EventLevel::kMetrics:
      return "METRICS";
  }
  return "INFO";
}

std::string OriginOf(const Event& event) {
  JsonObject json;
  json.Add("pipeline_id", event.dataset_id).Add("pipeline_name", event.dataset_name);
  if (!event.update_id.empty()) json.Add("update_id", event.update_id);
  if (!event.flow_name.empty()) json.Add("flow_name", event.flow_name);
  json.Add("dataset_name", event.dataset_name);
  if (!event.user.empty()) json.Add("user_id", event.user);
  return json.Text();
}

Result<Sqlite*> EventLog::OpenLocked() {
  if (!database_) {
    Sqlite database = TRY(Sqlite::Open(home_ + "/events.db"));
    // A lost event is no lost row: the last ones may go with the power.
    TRY(database.Execute("PRAGMA synchronous = NORMAL;" + std::string(kSchema)));
    database_ = std::move(database);
  }
  return &*database_;
}

Status EventLog::Append(Event event) {
  const std::lock_guard lock(mutex_);
  Sqlite& database = *TRY(OpenLocked());
  std::int64_t number = 0;
  {
    SqliteStatement insert = TRY(
        database.Prepare("INSERT INTO events (id, timestamp_ms, dataset_id, dataset_name, "
                         "update_id, flow_name, user, level, event_type, message, details, "
                         "error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number"));
    TRY(insert.Bind(RandomUuid())
            .Bind(event.timestamp_ms)
            .Bind(event.dataset_id)
            .Bind(event.dataset_name)
            .Bind(event.update_id)
            .Bind(event.flow_name)
            .Bind(event.user)
            .Bind(std::int64_t{std::to_underlying(event.level)})
            .Bind(event.event_type)
            .Bind(event.message)
            .Bind(event.details)
            .Bind(event.error)
            .Step());
    number = insert.Int64(0);
    TRY(insert.Step());
  }
  if (number % kAppendsBetweenPrunes != 0) return Ok();
  TRY(TRY(database.Prepare("DELETE FROM events WHERE number IN (SELECT number FROM (SELECT number, "
                           "row_number() OVER (PARTITION BY dataset_id ORDER BY number DESC) AS "
                           "place FROM events) WHERE place > ?)"))
          .Bind(max_events_)
          .Step());
  return Ok();
}

Result<std::vector<Event>> EventLog::List(std::string_view dataset_id,
                                          std::string_view event_type) {
  const std::lock_guard lock(mutex_);
  SqliteStatement query =
      TRY(TRY(OpenLocked())
              ->Prepare("SELECT " + std::string(kColumns) +
                        " FROM events WHERE dataset_id = ? AND (? = '' OR event_type = ?) "
                        "ORDER BY number"));
  query.Bind(dataset_id).Bind(event_type).Bind(event_type);
  std::vector<Event> events;
  while (TRY(query.Step())) events.push_back(ReadEvent(query));
  return events;
}

Status EventLog::AddCounts(const Event& origin, const FlowCounts& batch) {
  const std::lock_guard lock(mutex_);
  TRY(TRY(TRY(OpenLocked())
              ->Prepare(
                  "INSERT INTO flows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                  "ON CONFLICT (dataset_id, flow_name) DO UPDATE SET "
                  "dataset_name = excluded.dataset_name, updated_at_ms = excluded.updated_at_ms, "
                  "last_duration_ms = excluded.last_duration_ms, "
                  "num_batches = num_batches + excluded.num_batches, "
                  "num_input_rows = num_input_rows + excluded.num_input_rows, "
                  "num_output_rows = num_output_rows + excluded.num_output_rows, "
                  "num_output_bytes = num_output_bytes + excluded.num_output_bytes, "
                  "num_dropped_rows = num_dropped_rows + excluded.num_dropped_rows, "
                  "num_failed_expectations = "
                  "num_failed_expectations + excluded.num_failed_expectations, "
                  "duration_ms = duration_ms + excluded.duration_ms, "
                  "backlog_files = excluded.backlog_files, "
                  "backlog_bytes = excluded.backlog_bytes, batch_id = excluded.batch_id"))
          .Bind(origin.dataset_id)
          .Bind(origin.flow_name)
          .Bind(origin.dataset_name)
          .Bind(origin.timestamp_ms)
          .Bind(batch.duration_ms)
          .Bind(batch.num_batches)
          .Bind(batch.num_input_rows)
          .Bind(batch.num_output_rows)
          .Bind(batch.num_output_bytes)
          .Bind(batch.num_dropped_rows)
          .Bind(batch.num_failed_expectations)
          .Bind(batch.duration_ms)
          .Bind(batch.backlog_files)
          .Bind(batch.backlog_bytes)
          .Bind(batch.batch_id)
          .Step());
  return Ok();
}

Result<std::vector<FlowMetrics>> EventLog::Metrics() {
  const std::lock_guard lock(mutex_);
  SqliteStatement query = TRY(
      TRY(OpenLocked())
          ->Prepare("SELECT dataset_id, dataset_name, flow_name, updated_at_ms, last_duration_ms, "
                    "num_batches, num_input_rows, num_output_rows, num_output_bytes, "
                    "num_dropped_rows, num_failed_expectations, duration_ms, backlog_files, "
                    "backlog_bytes, batch_id FROM flows ORDER BY dataset_name, flow_name"));
  std::vector<FlowMetrics> metrics;
  while (TRY(query.Step())) {
    metrics.push_back({.dataset_id = query.Text(0),
                       .dataset_name = query.Text(1),
                       .flow_name = query.Text(2),
                       .updated_at_ms = query.Int64(3),
                       .last_duration_ms = query.Int64(4),
                       .counts = {.num_batches = query.Int64(5),
                                  .num_input_rows = query.Int64(6),
                                  .num_output_rows = query.Int64(7),
                                  .num_output_bytes = query.Int64(8),
                                  .num_dropped_rows = query.Int64(9),
                                  .num_failed_expectations = query.Int64(10),
                                  .duration_ms = query.Int64(11),
                                  .backlog_files = query.Int64(12),
                                  .backlog_bytes = query.Int64(13),
                                  .batch_id = query.Int64(14)}});
  }
  return metrics;
}

Status EventLog::Forget(std::string_view dataset_id) {
  const std::lock_guard lock(mutex_);
  Sqlite& database = *TRY(OpenLocked());
  for (const char* table : {"events", "flows"}) {
    TRY(TRY(database.Prepare("DELETE FROM " + std::string(table) + " WHERE dataset_id = ?"))
            .Bind(dataset_id)
            .Step());
  }
  return Ok();
}

}  // namespace inlet::pipelines
