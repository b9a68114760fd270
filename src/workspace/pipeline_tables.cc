#include "workspace/pipeline_tables.h"

#include "ingest/stream/cloud_files_state.h"
#include "pipelines/json_object.h"
#include "pipelines/update.h"
#include "workspace/datasets.h"
#include "workspace/pipeline_services.h"
#include "workspace/row_source.h"

namespace inlet::workspace {
namespace {

using types::TypeId;

std::unexpected<Error> WrongArgument(const char* function, const char* message) {
  return Fail(Condition::INVALID_PARAMETER_VALUE,
              {{"parameter", "its argument"}, {"functionName", function}, {"message", message}});
}

/// The name in f(TABLE(name)); null for another argument.
const sql::ObjectName* TableArgument(const sql::Expression& argument) {
  const auto* subquery = argument.As<sql::ScalarSubquery>();
  if (subquery == nullptr) return nullptr;
  const auto* table = std::get_if<sql::TableQuery>(&subquery->query->body);
  return table == nullptr ? nullptr : &table->table.name;
}

Result<std::string> DatasetOf(const Call& call, const sql::FunctionCall& function) {
  if (function.arguments.size() != 1) {
    return WrongArgument("event_log", "it takes TABLE(name) or an id");
  }
  const sql::Expression& argument = function.arguments[0].value;
  if (const sql::ObjectName* name = TableArgument(argument)) {
    const catalog::TableEntry entry =
        TRY(call.shared.catalog->FindTable(TRY(Complete(*name, call.session))).At(name->span));
    if (!IsDataset(entry)) {
      return WrongArgument("event_log", "it is no streaming table or materialized view");
    }
    return entry.id;
  }
  const std::optional<std::string> id = TRY(ConstantText(call, argument));
  if (!id) return WrongArgument("event_log", "it is NULL");
  return *id;
}

Cell TextOrNull(const std::string& text) { return text.empty() ? Cell() : Cell(text); }

}  // namespace

Result<std::shared_ptr<const engine::SplitSource>> OpenEventLog(const Call& call,
                                                                const sql::FunctionCall& function) {
  std::vector<Row> rows;
  for (const pipelines::Event& event :
       TRY(call.shared.pipelines->events().List(TRY(DatasetOf(call, function))))) {
    pipelines::JsonObject sequence;
    sequence.Add("control_plane_seq_no", event.number);
    rows.push_back({event.id, sequence.Text(), pipelines::OriginOf(event),
                    event.timestamp_ms * 1000, event.message,
                    std::string(pipelines::ToText(event.level)), "STABLE", TextOrNull(event.error),
                    event.details, event.event_type});
  }
  types::StructType schema =
      StringColumns({"id", "sequence", "origin", "timestamp", "message", "level", "maturity_level",
                     "error", "details", "event_type"});
  schema.fields[3].type = TypeId::kTimestamp;
  return MakeRowSource(std::move(schema), rows);
}

Result<std::shared_ptr<const engine::SplitSource>> OpenCloudFilesState(
    const Call& call, const sql::FunctionCall& function) {
  constexpr const char* kName = "cloud_files_state";
  if (function.arguments.size() != 1) {
    return WrongArgument(kName, "it takes TABLE(name) or the path of a checkpoint");
  }
  const sql::Expression& argument = function.arguments[0].value;
  std::vector<ingest::StreamCheckpoint> streams;
  if (const sql::ObjectName* name = TableArgument(argument)) {
    const catalog::TableEntry entry =
        TRY(call.shared.catalog->FindTable(TRY(Complete(*name, call.session))).At(name->span));
    if (entry.kind != catalog::TableKind::kStreamingTable) {
      return WrongArgument(kName, "it is no streaming table");
    }
    for (pipelines::FlowCheckpoint& checkpoint : TRY(pipelines::CheckpointsOfStreamingTable(
             call.shared.pipelines->host(), entry,
             TRY(pipelines::ParseDefinition(entry.definition))))) {
      streams.push_back({.root = TRY(storage::Resolve(checkpoint.path)),
                         .flow_name = std::move(checkpoint.flow)});
    }
  } else {
    const std::optional<std::string> path = TRY(ConstantText(call, argument));
    if (!path) return WrongArgument(kName, "it is NULL");
    streams.push_back({.root = TRY(ResolvePath(call, *path)), .flow_name = {}});
  }
  return ingest::CloudFilesState(streams, call.shared.home + "/streams");
}

Result<std::shared_ptr<const engine::SplitSource>> OpenStreamMetrics(const Call& call) {
  std::vector<Row> rows;
  for (const pipelines::FlowMetrics& flow : TRY(call.shared.pipelines->events().Metrics())) {
    const pipelines::FlowCounts& counts = flow.counts;
    rows.push_back({flow.dataset_name, flow.flow_name, flow.updated_at_ms * 1000,
                    counts.num_batches, counts.num_input_rows, counts.num_output_rows,
                    counts.num_output_bytes, counts.num_dropped_rows,
                    counts.num_failed_expectations, counts.duration_ms, flow.last_duration_ms,
                    counts.backlog_files, counts.backlog_bytes});
  }
  types::StructType schema = StringColumns({"dataset_name", "flow_name"});
  schema.fields.push_back({.name = "updated_at", .type = TypeId::kTimestamp});
  for (const char* name :
       {"num_batches", "num_input_rows", "num_output_rows", "num_output_bytes", "num_dropped_rows",
        "num_failed_expectations", "duration_ms", "last_batch_duration_ms", "num_files_outstanding",
        "num_bytes_outstanding"}) {
    schema.fields.push_back({.name = name, .type = TypeId::kLong});
  }
  return MakeRowSource(std::move(schema), rows);
}

}  // namespace inlet::workspace
