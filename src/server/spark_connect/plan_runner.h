#pragma once

#include <memory>
#include <string>

#include "server/spark_connect/connect_session.h"
#include "server/spark_connect/progress_messages.h"

namespace google::protobuf {
class Any;
template <typename Key, typename Value>
class Map;
}  // namespace google::protobuf
namespace spark::connect {
class CheckpointCommand;
class Command;
class CreateDataFrameViewCommand;
class ExecutePlanResponse;
class MergeIntoTableCommand;
class Plan;
class Relation;
class SqlCommand;
class StreamingQueryCommand;
class StreamingQueryListenerBusCommand;
class StreamingQueryManagerCommand;
class WriteStreamOperationStart;
class WriteOperation;
class WriteOperationV2;
}  // namespace spark::connect

namespace inlet::server {

/// Runs one plan of ExecutePlan on the operation's thread: responses go into its buffer.
/// Not thread-safe.
class PlanRunner {
 public:
  /// All outlive this. `session_id` is what responses repeat; batches go out in pieces of at most
  /// `max_chunk_bytes`, 0: whole.
  PlanRunner(ConnectSession& session, Operation& operation, std::string session_id,
             std::size_t max_chunk_bytes);
  ~PlanRunner() { progress_->Finish(); }

  /// Errors: those of the plan; OPERATION_CANCELED.
  Status Run(const spark::connect::Plan& plan);

 private:
  Status RunRelation(const spark::connect::Relation& relation);
  Status RunCommand(const spark::connect::Command& command);

  // commands.cc
  Status Sql(const spark::connect::SqlCommand& command);
  Status CreateView(const spark::connect::CreateDataFrameViewCommand& command);
  Status Checkpoint(const spark::connect::CheckpointCommand& command);

  // writes.cc
  Status Write(const spark::connect::WriteOperation& write);
  Status WriteV2(const spark::connect::WriteOperationV2& write);
  Status Merge(const spark::connect::MergeIntoTableCommand& merge);
  Status WriteFiles(const Frame& frame, const spark::connect::WriteOperation& write,
                    const std::string& format, const std::string& path);
  Status UseSettings(const google::protobuf::Map<std::string, std::string>& options);
  Status WriteFirst(const Frame& frame, const spark::connect::WriteOperation& write,
                    const std::string& path);
  Result<bool> TableExists(const sql::ObjectName& name);
  /// Runs a statement whose queries name the translator's inputs.
  Status Execute(const sql::Statement& statement);

  // streaming_commands.cc
  Status StartStream(const spark::connect::WriteStreamOperationStart& start);
  Status SetSink(const spark::connect::WriteStreamOperationStart& start, const OptionMap& options,
                 workspace::DataStream& stream);
  Status StreamCommand(const spark::connect::StreamingQueryCommand& command);
  Status StreamManager(const spark::connect::StreamingQueryManagerCommand& command);
  Status ListenerBus(const spark::connect::StreamingQueryListenerBusCommand& command);
  Result<bool> Await(ingest::StreamingQuery& query,
                     std::optional<std::chrono::milliseconds> timeout);

  // delta_relations.cc
  Status DeltaCommand(const google::protobuf::Any& extension);

  Status SendRows(const Frame& frame);
  Status SendResult(workspace::QueryResult result);
  Status SendBatch(std::string data, std::int64_t num_rows, std::int64_t offset);
  Status SendObservations();
  Status Send(spark::connect::ExecutePlanResponse response);

  ConnectSession& session_;
  Operation& operation_;
  const std::string session_id_;
  const std::size_t max_chunk_bytes_;
  const std::shared_ptr<ProgressMessages> progress_;
  std::unique_ptr<workspace::Client> client_;
  workspace::ExecuteOptions options_;
  RelationTranslator translator_;
};

}  // namespace inlet::server
