#include "server/spark_connect/plan_runner.h"

#include <spark/connect/base.pb.h>

#include "server/spark_connect/arrow_messages.h"
#include "server/spark_connect/data_types.h"
#include "server/spark_connect/literal_values.h"

namespace inlet::server {

using spark::connect::Command;
using spark::connect::ExecutePlanResponse;

PlanRunner::PlanRunner(ConnectSession& session, Operation& operation, std::string session_id,
                       std::size_t max_chunk_bytes)
    : session_(session),
      operation_(operation),
      session_id_(std::move(session_id)),
      max_chunk_bytes_(max_chunk_bytes),
      progress_(std::make_shared<ProgressMessages>(
          operation, ResponseHead{.session_id = session_id_,
                                  .server_side_session_id = session.server_side_id()})),
      client_(session.CloneClient()),
      options_{.stop = operation.stop_token(),
               .on_progress = [progress = progress_](
                                  const workspace::Progress& done) { progress->Report(done); }},
      translator_(*client_, session, options_) {}

Status PlanRunner::Run(const spark::connect::Plan& plan) {
  if (plan.has_root()) {
    TRY(RunRelation(plan.root()));
  } else if (plan.has_command()) {
    TRY(RunCommand(plan.command()));
  } else {
    return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE, {{"errorMsg", "the plan is empty"}});
  }
  progress_->Finish();
  ExecutePlanResponse complete;
  complete.mutable_result_complete();
  return Send(std::move(complete));
}

Status PlanRunner::RunRelation(const spark::connect::Relation& relation) {
  // Errors have their place in the text of spark.sql(), if nothing else has text of its own.
  const spark::connect::Relation* source = &relation;
  while (source != nullptr && (source->has_show_string() || source->has_html_string() ||
                               source->has_limit() || source->has_tail())) {
    source = InputOf(*source);
  }
  if (source != nullptr && source->has_sql()) operation_.sql = source->sql().query();
  return SendRows(TRY(translator_.Translate(relation)));
}

Status PlanRunner::RunCommand(const Command& command) {
  switch (command.command_type_case()) {
    case Command::kSqlCommand:
      return Sql(command.sql_command());
    case Command::kCreateDataframeView:
      return CreateView(command.create_dataframe_view());
    case Command::kWriteOperation:
      return Write(command.write_operation());
    case Command::kWriteOperationV2:
      return WriteV2(command.write_operation_v2());
    case Command::kMergeIntoTableCommand:
      return Merge(command.merge_into_table_command());
    case Command::kCheckpointCommand:
      return Checkpoint(command.checkpoint_command());
    case Command::kRemoveCachedRemoteRelationCommand:
      session_.DropRelation(
          command.remove_cached_remote_relation_command().relation().relation_id());
      return Ok();
    case Command::kMlCommand:
      // Clients clear a cache that there is not when they end.
      if (command.ml_command().has_clean_cache()) {
        ExecutePlanResponse response;
        response.mutable_ml_command_result()->mutable_param()->set_integer(0);
        return Send(std::move(response));
      }
      return FailUnsupported("machine learning");
    case Command::kGetResourcesCommand: {
      ExecutePlanResponse response;
      response.mutable_get_resources_command_result();
      return Send(std::move(response));
    }
    case Command::kRegisterFunction:
      session_.RegisterFunction(command.register_function().function_name(),
                                TRY(DefinitionOf(command.register_function())));
      return Ok();
    case Command::kRegisterTableFunction:
      return FailUnsupported("the Python table function " +
                             command.register_table_function().function_name());
    case Command::kRegisterDataSource:
      return FailUnsupported("Python data sources");
    case Command::kWriteStreamOperationStart:
      return StartStream(command.write_stream_operation_start());
    case Command::kStreamingQueryCommand:
      return StreamCommand(command.streaming_query_command());
    case Command::kStreamingQueryManagerCommand:
      return StreamManager(command.streaming_query_manager_command());
    case Command::kStreamingQueryListenerBusCommand:
      return ListenerBus(command.streaming_query_listener_bus_command());
    case Command::kPipelineCommand:
      return FailUnsupported("declarative pipelines from Python");
    case Command::kCreateResourceProfileCommand:
      return FailUnsupported("resource profiles");
    case Command::kExecuteExternalCommand:
      return FailUnsupported("external commands");
    case Command::kExtension:
      return DeltaCommand(command.extension());
    default:
      return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE,
                  {{"errorMsg", "a command has no kind that is known"}});
  }
}

Status PlanRunner::SendRows(const Frame& frame) {
  TRY(SendResult(TRY(translator_.Run(frame))));
  return SendObservations();
}

Status PlanRunner::SendResult(workspace::QueryResult result) {
  ExecutePlanResponse schema;
  *schema.mutable_schema() = ToMessage(result.schema);
  TRY(Send(std::move(schema)));
  std::int64_t offset = 0;
  ArrowMessageWriter writer(result.schema, result.session_time_zone, [&](ArrowMessage message) {
    const std::int64_t at = offset;
    offset += message.num_rows;
    return SendBatch(std::move(message.data), message.num_rows, at);
  });
  while (result.rows != nullptr) {
    const types::BatchPtr batch = TRY(result.rows->Next());
    if (batch == nullptr) break;
    TRY(writer.Add(batch));
  }
  return writer.Finish();
}

Status PlanRunner::SendBatch(std::string data, std::int64_t num_rows, std::int64_t offset) {
  const bool is_whole = max_chunk_bytes_ == 0 || data.size() <= max_chunk_bytes_;
  const std::size_t piece_bytes = is_whole ? data.size() : max_chunk_bytes_;
  const std::size_t num_pieces = is_whole ? 1 : (data.size() + piece_bytes - 1) / piece_bytes;
  for (std::size_t i = 0; i < num_pieces; ++i) {
    ExecutePlanResponse response;
    auto& batch = *response.mutable_arrow_batch();
    batch.set_row_count(num_rows);
    batch.set_start_offset(offset);
    if (is_whole) {
      batch.set_data(std::move(data));
    } else {
      batch.set_data(data.substr(i * piece_bytes, piece_bytes));
      batch.set_num_chunks_in_batch(static_cast<std::int64_t>(num_pieces));
      batch.set_chunk_index(static_cast<std::int64_t>(i));
    }
    TRY(Send(std::move(response)));
  }
  return Ok();
}

/// Metrics of df.observe(): a second run over the same rows.
Status PlanRunner::SendObservations() {
  if (translator_.observations().empty()) return Ok();
  ExecutePlanResponse response;
  for (const RelationTranslator::Observation& observation : translator_.observations()) {
    const types::StructType schema = TRY(translator_.SchemaOf(observation.metrics));
    const auto batches = TRY(translator_.Collect(observation.metrics));
    auto& metrics = *response.add_observed_metrics();
    metrics.set_name(observation.name);
    metrics.set_plan_id(observation.plan_id);
    for (std::size_t i = 0; i < schema.size(); ++i) {
      metrics.add_keys(schema.fields[i].name);
      *metrics.add_values() = TRY(LiteralAt(batches, static_cast<int>(i), schema.fields[i].type));
    }
  }
  return Send(std::move(response));
}

Status PlanRunner::Send(ExecutePlanResponse response) {
  FillHead({.session_id = session_id_, .server_side_session_id = session_.server_side_id()},
           operation_.id(), response);
  const std::size_t num_bytes = response.ByteSizeLong();
  return operation_.Push(std::make_shared<const ExecutePlanResponse>(std::move(response)),
                         num_bytes);
}

}  // namespace inlet::server
