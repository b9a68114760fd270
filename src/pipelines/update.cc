#include "pipelines/update.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/uuid.h"
#include "pipelines/json_object.h"

namespace inlet::pipelines {
namespace {

using catalog::TableEntry;
using catalog::TableKind;

constexpr int kMaxSchemaRestarts = 20;

std::string PlainName(const catalog::FullName& name) {
  return name.catalog + "." + name.schema + "." + name.object;
}

std::string ErrorJson(const Error& error, bool is_fatal) {
  JsonObject exception;
  exception.Add("class_name", error.info().name)
      .Add("message", ToString(error))
      .Add("sql_state", error.info().sqlstate);
  JsonObject json;
  json.Add("fatal", is_fatal).AddJson("exceptions", "[" + exception.Text() + "]");
  return json.Text();
}

std::string Details(std::string_view event_type, const JsonObject& content) {
  JsonObject json;
  json.AddJson(event_type, content.Text());
  return json.Text();
}

void Pause(std::chrono::milliseconds delay, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wakeup;
  std::unique_lock lock(mutex);
  (void)wakeup.wait_for(lock, stop, delay, [&] { return stop.stop_requested(); });
}

}  // namespace

bool IsSchemaChange(const Error& error) {
  switch (error.condition) {
    case Condition::UNKNOWN_FIELD_EXCEPTION_NEW_FIELDS_IN_FILE:
    case Condition::UNKNOWN_FIELD_EXCEPTION_NEW_FIELDS_IN_RECORD:
    case Condition::FLOW_SCHEMA_CHANGED:
    case Condition::DELTA_SCHEMA_CHANGED:
    case Condition::DELTA_SCHEMA_CHANGED_WITH_VERSION:
    case Condition::DELTA_METADATA_CHANGED:
      return true;
    default:
      return false;
  }
}

bool IsRetryable(const Error& error) {
  return error.kind() == ErrorKind::kUnavailable || error.kind() == ErrorKind::kConflict;
}

// ---- UpdateRecord

UpdateRecord::UpdateRecord(EventLog& log, Clock clock, const UpdateRequest& request,
                           std::string update_id)
    : log_(log),
      clock_(std::move(clock)),
      update_id_(std::move(update_id)),
      origin_{.dataset_id = request.entry.id,
              .dataset_name = PlainName(request.entry.name),
              .update_id = update_id_,
              .user = request.user} {}

void UpdateRecord::Append(Event event) {
  event.timestamp_ms = clock_();
  event.dataset_id = origin_.dataset_id;
  event.dataset_name = origin_.dataset_name;
  event.update_id = origin_.update_id;
  event.user = origin_.user;
  (void)log_.Append(std::move(event)).has_value();
}

void UpdateRecord::Created(const UpdateRequest& request) {
  const bool is_view = request.entry.kind == TableKind::kMaterializedView;
  JsonObject created;
  created.Add("cause", request.cause)
      .Add("full_refresh", request.is_full)
      .AddJson("config", ToJson(request.definition));
  Append({.event_type = "create_update",
          .message = "Update " + update_id_ + " started by " + request.cause + ".",
          .details = Details("create_update", created)});
  JsonObject dataset;
  dataset.Add("dataset_type", is_view ? "MATERIALIZED_VIEW" : "STREAMING_TABLE")
      .Add("num_flows", static_cast<std::int64_t>(request.definition.flows.size()));
  Append({.event_type = "dataset_definition",
          .message = "Dataset " + origin_.dataset_name + " defined.",
          .details = Details("dataset_definition", dataset)});
  for (const Flow& flow : request.definition.flows) {
    JsonObject definition;
    definition.Add("output_dataset", origin_.dataset_name)
        .Add("flow_type", is_view        ? "COMPLETE"
                          : flow.is_once ? "ONCE"
                                         : "APPEND")
        .Add("query", flow.query);
    Append({.flow_name = flow.name,
            .event_type = "flow_definition",
            .message = "Flow " + flow.name + " defined.",
            .details = Details("flow_definition", definition)});
  }
}

void UpdateRecord::Progress(std::string_view state, const Error* error) {
  JsonObject progress;
  progress.Add("state", state);
  Append({.level = error != nullptr ? EventLevel::kError : EventLevel::kInfo,
          .event_type = "update_progress",
          .message = "Update " + update_id_ + " is " + std::string(state) + ".",
          .details = Details("update_progress", progress),
          .error = error != nullptr ? ErrorJson(*error, /*is_fatal=*/true) : ""});
}

void UpdateRecord::Retry(const Error& error, int attempt) {
  JsonObject created;
  created.Add("cause", IsSchemaChange(error) ? "SCHEMA_CHANGE" : "RETRY_ON_FAILURE")
      .Add("attempt", std::int64_t{attempt});
  Append({.level = EventLevel::kWarn,
          .event_type = "create_update",
          .message = "Update " + update_id_ + " runs again.",
          .details = Details("create_update", created),
          .error = ErrorJson(error, /*is_fatal=*/false)});
}

void UpdateRecord::Planned(std::string_view technique) {
  JsonObject chosen;
  chosen.Add("maintenance_type", technique).Add("is_chosen", true);
  JsonObject planning;
  planning.AddJson("technique_information", "[" + chosen.Text() + "]");
  Append({.event_type = "planning_information",
          .message = "Flow planned as " + std::string(technique) + ".",
          .details = Details("planning_information", planning)});
}

void UpdateRecord::FlowStatus(const std::string& flow, std::string_view status,
                              const Error* error) {
  JsonObject progress;
  progress.Add("status", status);
  Append({.flow_name = flow,
          .level = error != nullptr ? EventLevel::kError : EventLevel::kInfo,
          .event_type = "flow_progress",
          .message = "Flow " + flow + " is " + std::string(status) + ".",
          .details = Details("flow_progress", progress),
          .error = error != nullptr ? ErrorJson(*error, /*is_fatal=*/true) : ""});
}

void UpdateRecord::FlowRows(const std::string& flow, const FlowCounts& counts,
                            const ExpectationRun* expectations) {
  JsonObject metrics;
  metrics.Add("num_output_rows", counts.num_output_rows)
      .Add("num_output_bytes", counts.num_output_bytes)
      .Add("backlog_bytes", counts.backlog_bytes)
      .Add("backlog_files", counts.backlog_files);
  JsonObject progress;
  progress.Add("status", "RUNNING").AddJson("metrics", metrics.Text());
  FlowCounts all = counts;
  if (expectations != nullptr) {
    std::vector<std::string> list;
    for (const ExpectationRun::Count& count : expectations->counts()) {
      JsonObject expectation;
      expectation.Add("name", count.name)
          .Add("dataset", origin_.dataset_name)
          .Add("passed_records", count.passed)
          .Add("failed_records", count.failed);
      list.push_back(expectation.Text());
      all.num_failed_expectations += count.failed;
    }
    all.num_dropped_rows = expectations->num_dropped();
    JsonObject quality;
    quality.Add("dropped_records", expectations->num_dropped());
    if (!list.empty()) {
      quality.AddJson("expectations", JsonArray(list));
      progress.AddJson("data_quality", quality.Text());
    }
  }
  Append({.flow_name = flow,
          .level = EventLevel::kMetrics,
          .event_type = "flow_progress",
          .message = "Flow " + flow + " wrote " + std::to_string(counts.num_output_rows) + " rows.",
          .details = Details("flow_progress", progress)});
  Event origin = origin_;
  origin.flow_name = flow;
  origin.timestamp_ms = clock_();
  (void)log_.AddCounts(origin, all).has_value();
}

// ---- Updater

Result<UpdateResult> Updater::Run(const UpdateRequest& request) {
  std::stop_source stop;
  const std::stop_callback on_stop(request.stop, [&stop] { stop.request_stop(); });
  const std::unique_ptr<Lease> lease = TRY(
      Lease::Acquire(host_.catalog(), LeaseNameOf(request.entry.id), PlainName(request.entry.name),
                     options_.lease, [&stop] { stop.request_stop(); }));
  if (request.is_still_wanted && !TRY(request.is_still_wanted())) {
    return UpdateResult{.was_run = false};
  }
  if (request.prepare) TRY(request.prepare());
  UpdateRecord record(log_, options_.lease.clock, request, RandomUuid());
  const bool is_new = request.save == UpdateRequest::Save::kCreate;
  catalog::RefreshEntry entry{.table_id = request.entry.id};
  if (!is_new) {
    entry = TRY(host_.catalog().FindRefresh(request.entry.id));
    TRY(host_.catalog().BeginUpdate(request.entry.id, record.update_id(), options_.lease.clock()));
    if (request.on_begin) TRY(request.on_begin());
  }
  record.Created(request);
  record.Progress("RUNNING");
  std::string sources = entry.sources;
  Result<std::int64_t> rows = RunWithRetries(
      {.host = host_, .request = request, .record = record, .stop = stop.get_token()}, sources);
  if (rows) {
    Status saved = Ok();
    if (is_new) {
      const std::int64_t started_ms = options_.lease.clock();
      saved = host_.catalog().CreateTable(request.entry);
      if (saved) {
        saved = host_.catalog().BeginUpdate(request.entry.id, record.update_id(), started_ms);
      }
    } else if (request.save == UpdateRequest::Save::kReplace) {
      saved = host_.catalog().UpdateTable(request.entry);
    }
    if (!saved) rows = std::unexpected(std::move(saved).error());
  }
  entry.finished_ms = options_.lease.clock();
  if (rows) {
    entry.state = "COMPLETED";
    entry.num_failures = 0;
    entry.sources = sources;
    record.Progress("COMPLETED");
  } else {
    const bool is_cancelled = rows.error().kind() == ErrorKind::kCancelled;
    entry.state = is_cancelled ? "CANCELED" : "FAILED";
    entry.error = ToString(rows.error());
    entry.num_failures += is_cancelled ? 0 : 1;
    record.Progress(entry.state, &rows.error());
  }
  if (rows || !is_new) TRY(host_.catalog().EndUpdate(entry));
  const std::int64_t num_output_rows = TRY(std::move(rows));
  return UpdateResult{.update_id = record.update_id(), .num_output_rows = num_output_rows};
}

Result<std::vector<Backlog>> Updater::Explain(const TableEntry& entry,
                                              const Definition& definition) {
  if (entry.kind == TableKind::kMaterializedView) return BacklogOfView(host_, entry, definition);
  // To look for new files is to note them; nobody else may do so meanwhile.
  const std::unique_ptr<Lease> lease = TRY(Lease::Acquire(
      host_.catalog(), LeaseNameOf(entry.id), PlainName(entry.name), options_.lease, nullptr));
  return BacklogOfStreamingTable(host_, entry, definition);
}

Result<std::int64_t> Updater::RunWithRetries(const UpdateRun& run, std::string& sources) {
  std::chrono::milliseconds delay = options_.first_retry_delay;
  int num_retries = 0;
  int num_schema_restarts = 0;
  while (true) {
    Result<std::int64_t> rows = RunDataset(run, sources);
    if (rows || run.stop.stop_requested()) return rows;
    if (IsSchemaChange(rows.error())) {
      if (++num_schema_restarts > kMaxSchemaRestarts) return rows;
      run.record.Retry(rows.error(), num_schema_restarts);
      continue;
    }
    if (!IsRetryable(rows.error()) || ++num_retries > run.request.max_retries) return rows;
    run.record.Retry(rows.error(), num_retries);
    Pause(delay, run.stop);
    if (run.stop.stop_requested()) return rows;
    delay *= 2;
  }
}

Result<std::string> SourcesNow(Host& host, const TableEntry& entry, const Definition& definition) {
  return entry.kind == TableKind::kMaterializedView ? SourcesOfView(host, definition)
                                                    : SourcesOfStreamingTable(host, definition);
}

Result<std::int64_t> Updater::RunDataset(const UpdateRun& run, std::string& sources) {
  if (run.request.entry.kind == TableKind::kMaterializedView) {
    return RefreshMaterializedView(run, sources);
  }
  // What comes in while it runs is news for the next one.
  std::string read = TRY(SourcesOfStreamingTable(host_, run.request.definition));
  const std::int64_t rows = TRY(RefreshStreamingTable(run));
  sources = std::move(read);
  return rows;
}

}  // namespace inlet::pipelines
