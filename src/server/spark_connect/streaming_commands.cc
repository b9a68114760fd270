#include <fmt/format.h>
#include <spark/connect/base.pb.h>
#include <spark/connect/commands.pb.h>

#include "base/uuid.h"
#include "server/spark_connect/plan_runner.h"
#include "server/spark_connect/stream_sinks.h"
#include "server/spark_connect/stream_table.h"
#include "sql/parser.h"
#include "sql/printer.h"
#include "types/json_text.h"
#include "types/text_cast.h"
#include "workspace/data_stream.h"

/// df.writeStream, StreamingQuery and spark.streams.
namespace inlet::server {
namespace {

using spark::connect::ExecutePlanResponse;
using Start = spark::connect::WriteStreamOperationStart;
using Trigger = ingest::StreamTrigger;

/// "1 hour", "10 seconds", "500 milliseconds" as Spark's trigger takes them.
Result<std::chrono::milliseconds> IntervalOf(const std::string& text) {
  const auto literal = sql::ParseExpression("INTERVAL '" + text + "'");
  const auto* interval = literal ? literal->As<sql::IntervalLiteral>() : nullptr;
  if (interval == nullptr || interval->months != 0 || interval->microseconds < 0) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "processingTime"},
                 {"functionName", "trigger"},
                 {"message", "it is no span of time: " + text}});
  }
  constexpr std::int64_t kMicrosecondsPerMillisecond = 1000;
  return std::chrono::milliseconds(interval->microseconds / kMicrosecondsPerMillisecond);
}

Result<Trigger> TriggerOf(const Start& start) {
  switch (start.trigger_case()) {
    case Start::kProcessingTimeInterval:
      return Trigger{.kind = Trigger::Kind::kProcessingTime,
                     .interval = TRY(IntervalOf(start.processing_time_interval()))};
    case Start::kAvailableNow:
      return Trigger{.kind = Trigger::Kind::kAvailableNow};
    case Start::kOnce:
      return Trigger{.kind = Trigger::Kind::kOnce};
    case Start::kContinuousCheckpointInterval:
      return FailUnsupported("the trigger continuous");
    case Start::kRealTimeBatchDuration:
      return FailUnsupported("the trigger realTime");
    default:
      return Trigger{};
  }
}

/// The time as streaming events carry it: 2024-01-31T12:34:56.789Z.
std::string NowText() {
  using namespace std::chrono;
  const auto now_ms = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  constexpr std::int64_t kMicrosecondsPerMillisecond = 1000;
  std::string text;
  types::AppendTimestampNtz(now_ms * kMicrosecondsPerMillisecond, text);
  text[10] = 'T';
  return text + "Z";
}

std::unexpected<Error> NoQuery(const std::string& id) {
  return Fail(Condition::INVALID_PARAMETER_VALUE, {{"parameter", "id"},
                                                   {"functionName", "StreamingQuery"},
                                                   {"message", "there is no query " + id}});
}

std::unexpected<Error> BadStart(std::string parameter, std::string message) {
  return Fail(Condition::INVALID_PARAMETER_VALUE, {{"parameter", std::move(parameter)},
                                                   {"functionName", "start"},
                                                   {"message", std::move(message)}});
}

/// Options of the console: numRows, truncate as a flag or as a width.
Result<ShowOptions> ShowOptionsOf(const OptionMap& options) {
  constexpr std::int64_t kMaxShown = 1 << 20;
  ShowOptions show;
  const std::int64_t num_rows = TRY(GetInt64(options, "numRows")).value_or(show.num_rows);
  show.num_rows = static_cast<int>(std::clamp<std::int64_t>(num_rows, 0, kMaxShown));
  const std::string truncate = ToLower(GetString(options, "truncate").value_or("true"));
  if (truncate == "false") {
    show.truncate = 0;
  } else if (truncate != "true") {
    const std::int64_t width = TRY(GetInt64(options, "truncate")).value_or(0);
    show.truncate = static_cast<int>(std::clamp<std::int64_t>(width, 0, kMaxShown));
  }
  return show;
}

/// What a stream without a checkpoint of its own may lose: its sink keeps nothing either.
bool IsPassing(const Start& start, const std::string& format) {
  return !start.has_table_name() &&
         (format == "memory" || format == "console" || format == "noop" ||
          start.has_foreach_batch() || start.has_foreach_writer());
}

}  // namespace

Status PlanRunner::StartStream(const Start& start) {
  const OptionMap options(start.options().begin(), start.options().end());
  workspace::DataStream stream;
  stream.name = start.query_name();
  stream.trigger = TRY(TriggerOf(start));
  if (!stream.name.empty() && session_.streams().IsRunning(stream.name)) {
    return BadStart("queryName", "a query " + stream.name + " is running already");
  }
  const std::string mode = ToLower(start.output_mode());
  if (!mode.empty() && mode != "append" && mode != "update" && mode != "complete") {
    return Fail(Condition::STREAMING_OUTPUT_MODE_INVALID, {{"outputMode", start.output_mode()}});
  }
  stream.is_complete = mode == "complete";
  stream.merge_schema = TRY(GetBool(options, "mergeSchema")).value_or(false);
  const std::string format = ToLower(start.format());
  stream.checkpoint = GetString(options, "checkpointLocation").value_or("");
  if (stream.checkpoint.empty()) {
    const auto base = session_.FindConfig("spark.sql.streaming.checkpointLocation");
    if (base && !base->empty()) {
      stream.checkpoint = *base + "/" + (stream.name.empty() ? RandomUuid() : stream.name);
    } else if (IsPassing(start, format)) {
      stream.checkpoint = session_.TemporaryDirectory() + "/" + RandomUuid();
    } else {
      return BadStart("checkpointLocation", "the option is missing");
    }
  }
  stream.partition_columns.assign(start.partitioning_column_names().begin(),
                                  start.partitioning_column_names().end());
  stream.on_progress = [&session = session_](const ingest::StreamProgress& progress) {
    session.streams().OnProgress(progress);
  };
  session_.streams().Retire();
  translator_.ReadStreamsWith(stream.checkpoint);
  stream.query = ToNamedQuery(TRY(translator_.Translate(start.input())));
  stream.inputs = translator_.inputs();
  TRY(SetSink(start, options, stream));
  StreamTable::QueryPtr query = TRY(client_->OpenStream(stream));
  TRY(query->Start());
  session_.streams().Add(query, sql::ToSql(stream.query));
  ExecutePlanResponse response;
  auto& result = *response.mutable_write_stream_operation_start_result();
  result.mutable_query_id()->set_id(query->id());
  result.mutable_query_id()->set_run_id(query->run_id());
  result.set_name(query->name());
  if (session_.streams().has_listener()) {
    result.set_query_started_event_json(fmt::format(
        R"({{"id":"{}","runId":"{}","name":{},"timestamp":"{}"}})", query->id(), query->run_id(),
        query->name().empty() ? "null" : types::JsonQuote(query->name()), NowText()));
  }
  return Send(std::move(response));
}

/// Where the rows go.
Status PlanRunner::SetSink(const Start& start, const OptionMap& options,
                           workspace::DataStream& stream) {
  const std::string format = ToLower(start.format());
  if (start.has_foreach_batch() || start.has_foreach_writer()) {
    const bool is_batch = start.has_foreach_batch();
    const auto& message = is_batch ? start.foreach_batch() : start.foreach_writer();
    if (!message.has_python_function()) return FailUnsupported("functions of Scala");
    PythonDefinition definition{.name = is_batch ? "foreachBatch" : "foreach",
                                .command = message.python_function().command(),
                                .version = message.python_function().python_ver()};
    stream.take =
        is_batch ? TRY(ForeachBatchSink(session_, definition, TRY(client_->DescribeStream(stream)),
                                        operation_.stop_token()))
                 : ForeachSink(session_, std::move(definition));
    stream.sink_description = is_batch ? "ForeachBatchSink" : "ForeachWriterTable";
    return Ok();
  }
  if (start.has_table_name()) {
    // Tables are Delta, whatever format is named.
    stream.table = TRY(sql::ParseObjectName(start.table_name()));
    return Ok();
  }
  if (format == "memory") {
    if (stream.name.empty()) return BadStart("queryName", "the memory sink needs one");
    stream.take = TRY(MemorySink(session_, stream.name, TRY(client_->DescribeStream(stream)),
                                 stream.is_complete));
    stream.sink_description = "MemorySink";
    return Ok();
  }
  if (format == "console") {
    stream.take = ConsoleSink(session_, TRY(ShowOptionsOf(options)));
    stream.sink_description = "org.apache.spark.sql.execution.streaming.ConsoleTable$";
    return Ok();
  }
  if (format == "noop") {
    stream.take = NoopSink(session_);
    stream.sink_description = "NoopSink";
    return Ok();
  }
  const std::string path =
      start.has_path() ? start.path() : GetString(options, "path").value_or("");
  if (path.empty()) return BadStart("path", "it is missing");
  if (format.empty() || format == "delta") {
    stream.table.parts = {"delta", path};
    return Ok();
  }
  if (stream.is_complete) return FailUnsupported("files in the output mode complete");
  stream.file_format = format;
  stream.directory = path;
  stream.file_options = options;
  stream.file_options.erase("path");
  stream.file_options.erase("checkpointLocation");
  return Ok();
}

Status PlanRunner::StreamCommand(const spark::connect::StreamingQueryCommand& command) {
  using Kind = spark::connect::StreamingQueryCommand;
  const std::string& id = command.query_id().id();
  StreamTable::QueryPtr query = session_.streams().Find(id, command.query_id().run_id());
  if (query == nullptr) return NoQuery(id);
  ExecutePlanResponse response;
  auto& result = *response.mutable_streaming_query_command_result();
  *result.mutable_query_id() = command.query_id();
  const auto add_progress = [&](const ingest::StreamProgress& progress) {
    result.mutable_recent_progress()->add_recent_progress_json(ingest::ToJson(progress));
  };
  switch (command.command_case()) {
    case Kind::kStatus: {
      const ingest::StreamStatus status = query->status();
      auto& message = *result.mutable_status();
      message.set_status_message(status.message);
      message.set_is_data_available(status.is_data_available);
      message.set_is_trigger_active(status.is_trigger_active);
      message.set_is_active(query->is_active());
      break;
    }
    case Kind::kLastProgress:
      result.mutable_recent_progress();
      if (const auto progress = query->last_progress()) add_progress(*progress);
      break;
    case Kind::kRecentProgress:
      result.mutable_recent_progress();
      for (const auto& progress : query->recent_progress()) add_progress(progress);
      break;
    case Kind::kStop:
      query->Stop();
      break;
    case Kind::kProcessAllAvailable:
      if (const Status done = query->ProcessAllAvailable(); !done) {
        return std::unexpected(StreamFailure(*query, done.error()));
      }
      break;
    case Kind::kAwaitTermination: {
      std::optional<std::chrono::milliseconds> left;
      if (command.await_termination().has_timeout_ms()) {
        left = std::chrono::milliseconds(command.await_termination().timeout_ms());
      }
      result.mutable_await_termination()->set_terminated(TRY(Await(*query, left)));
      break;
    }
    case Kind::kException:
      result.mutable_exception();
      if (const auto error = query->exception()) {
        const Error failure = StreamFailure(*query, *error);
        result.mutable_exception()->set_exception_message(ToString(failure));
        result.mutable_exception()->set_error_class(std::string(failure.info().name));
      }
      break;
    case Kind::kExplain:
      result.mutable_explain()->set_result(
          session_.streams().Explain(query->run_id(), command.explain().extended()));
      break;
    default:
      return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE,
                  {{"errorMsg", "a command of a streaming query has no kind"}});
  }
  // A client that hears of the end may start the next run at once.
  query = nullptr;
  session_.streams().Retire();
  return Send(std::move(response));
}

/// In short waits, so that an interrupted client does not hold a thread.
Result<bool> PlanRunner::Await(ingest::StreamingQuery& query,
                               std::optional<std::chrono::milliseconds> timeout) {
  constexpr std::chrono::milliseconds kStep(200);
  const auto begin = std::chrono::steady_clock::now();
  while (!operation_.stop_token().stop_requested()) {
    std::chrono::milliseconds step = kStep;
    if (timeout) {
      const auto left = *timeout - std::chrono::duration_cast<std::chrono::milliseconds>(
                                       std::chrono::steady_clock::now() - begin);
      if (left.count() < 0) return false;
      step = std::min(step, left);
    }
    const Result<bool> is_over = query.AwaitTermination(step);
    if (!is_over) return std::unexpected(StreamFailure(query, is_over.error()));
    if (*is_over) return true;
    if (timeout && *timeout <= std::chrono::milliseconds(0)) return false;
  }
  return Fail(Condition::OPERATION_CANCELED, {});
}

Status PlanRunner::StreamManager(const spark::connect::StreamingQueryManagerCommand& command) {
  using Kind = spark::connect::StreamingQueryManagerCommand;
  ExecutePlanResponse response;
  auto& result = *response.mutable_streaming_query_manager_command_result();
  const auto describe = [](const ingest::StreamingQuery& query, auto& message) {
    message.mutable_id()->set_id(query.id());
    message.mutable_id()->set_run_id(query.run_id());
    if (!query.name().empty()) message.set_name(query.name());
  };
  switch (command.command_case()) {
    case Kind::kActive:
      result.mutable_active();
      for (const auto& query : session_.streams().Active()) {
        describe(*query, *result.mutable_active()->add_active_queries());
      }
      break;
    case Kind::kGetQuery:
      if (const auto query = session_.streams().Find(command.get_query(), "")) {
        describe(*query, *result.mutable_query());
      }
      break;
    case Kind::kAwaitAnyTermination: {
      std::optional<std::chrono::milliseconds> timeout;
      if (command.await_any_termination().has_timeout_ms()) {
        timeout = std::chrono::milliseconds(command.await_any_termination().timeout_ms());
      }
      std::optional<Error> failure;
      const bool has_ended =
          session_.streams().WaitForEnd(timeout, operation_.stop_token(), failure);
      if (failure) return std::unexpected(*failure);
      result.mutable_await_any_termination()->set_terminated(has_ended);
      break;
    }
    case Kind::kResetTerminated:
      session_.streams().ForgetEnded();
      result.set_reset_terminated(true);
      break;
    case Kind::kListListeners:
      result.mutable_list_listeners();
      break;
    default:
      return FailUnsupported("streaming listeners that run on the server");
  }
  return Send(std::move(response));
}

/// One long answer: events as they come, until the client takes its listeners away.
Status PlanRunner::ListenerBus(const spark::connect::StreamingQueryListenerBusCommand& command) {
  if (!command.add_listener_bus_listener()) {
    session_.streams().Listen(false);
    return Ok();
  }
  session_.streams().Listen(true);
  ExecutePlanResponse added;
  added.mutable_streaming_query_listener_events_result()->set_listener_bus_listener_added(true);
  TRY(Send(std::move(added)));
  while (const auto event = session_.streams().NextEvent(operation_.stop_token())) {
    ExecutePlanResponse response;
    auto& message = *response.mutable_streaming_query_listener_events_result()->add_events();
    message.set_event_json(event->json);
    message.set_event_type(event->kind == StreamTable::Event::Kind::kProgress
                               ? spark::connect::QUERY_PROGRESS_EVENT
                               : spark::connect::QUERY_TERMINATED_EVENT);
    TRY(Send(std::move(response)));
  }
  return Ok();
}

}  // namespace inlet::server
