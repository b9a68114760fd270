#include "workspace/open_stream.h"

#include <utility>

#include "ingest/stream/checkpoint_log.h"
#include "ingest/stream/counted_source.h"
#include "ingest/stream/delta_stream_source.h"
#include "ingest/stream/file_stream_source.h"
#include "workspace/binder.h"
#include "workspace/stream_check.h"
#include "workspace/stream_session.h"
#include "workspace/stream_state.h"

namespace inlet::workspace {
namespace {

struct Parts {
  std::shared_ptr<StreamSession> session;
  std::vector<std::unique_ptr<ingest::StreamSource>> sources;
  ingest::BatchBinder bind;
  storage::Location checkpoint;
};

storage::Location Below(const storage::Location& location, const std::string& name) {
  return {.store = location.store, .path = location.path + "/" + name};
}

Result<std::unique_ptr<ingest::StreamSource>> OpenSource(
    const std::shared_ptr<StreamSession>& session, StreamTable table,
    const storage::Location& state, const storage::Location& schemas) {
  if (table.files) {
    return ingest::OpenFileStream(
        {.files = *std::move(table.files),
         .state = state,
         .schemas = schemas,
         .resolve = [session](std::string_view path) { return ResolvePath(session->call(), path); },
         .posted_events = std::make_shared<connectors::FileEventLog>(session->call().shared.home),
         .scratch_directory = session->call().shared.home + "/streams"});
  }
  if (table.rate) {
    table.rate->state = state;
    return ingest::OpenRateStream(*std::move(table.rate));
  }
  return ingest::OpenDeltaStream({.table = table.table->root,
                                  .options = std::move(table.options),
                                  .session_time_zone = session->call().session.time_zone()});
}

Result<Parts> Prepare(const Call& call, const StreamRequest& request) {
  Parts parts;
  parts.session = std::make_shared<StreamSession>(call.shared, call.session, request.query_text,
                                                  request.inputs);
  const Call own = parts.session->call();
  TRY(request.is_complete ? CheckStateful(request.query) : CheckAppendOnly(request.query));
  std::vector<StreamTable> tables = TRY(FindStreams(own, request.query));
  if (tables.empty()) {
    return Fail(Condition::INVALID_FLOW_QUERY_TYPE_BATCH_RELATION_FOR_STREAMING_TABLE,
                {{"flowIdentifier", request.name.empty() ? "of the query" : request.name}});
  }
  parts.checkpoint = TRY(ResolvePath(own, request.checkpoint).Context("the checkpoint"));
  while (parts.checkpoint.path.ends_with('/')) parts.checkpoint.path.pop_back();
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const storage::Location state = Below(parts.checkpoint, "sources/" + std::to_string(i));
    storage::Location schemas = state;
    if (!request.schema_location.empty()) {
      schemas = Below(TRY(ResolvePath(own, request.schema_location)), std::to_string(i));
    }
    const TextSpan span = tables[i].span;
    parts.sources.push_back(
        TRY(OpenSource(parts.session, std::move(tables[i]), state, schemas).At(span)));
  }
  parts.bind = [session = parts.session, query = request.query](const auto& inputs) {
    return BindStreams(session->call(), query, inputs);
  };
  return parts;
}

}  // namespace

Result<std::unique_ptr<ingest::StreamingQuery>> OpenStream(const Call& call,
                                                           StreamRequest request) {
  Parts parts = TRY(Prepare(call, request));
  if (request.is_complete) {
    request.make_rewrite = MakeStateful(*call.shared.engine, parts.checkpoint);
  }
  return ingest::StreamingQuery::Open(*call.shared.engine,
                                      {.name = std::move(request.name),
                                       .checkpoint = std::move(parts.checkpoint),
                                       .sources = std::move(parts.sources),
                                       .bind = std::move(parts.bind),
                                       .sink = std::move(request.sink),
                                       .trigger = request.trigger,
                                       .make_rewrite = std::move(request.make_rewrite),
                                       .restart_on_schema_change = request.restart_on_schema_change,
                                       .on_progress = std::move(request.on_progress)});
}

Result<types::StructType> DescribeStream(const Call& call, const StreamRequest& request) {
  const Parts parts = TRY(Prepare(call, request));
  std::vector<std::shared_ptr<const engine::SplitSource>> inputs;
  for (const auto& source : parts.sources) {
    inputs.push_back(ingest::EmptySource(TRY(source->Schema())));
  }
  const ingest::BoundQuery bound = TRY(parts.bind(inputs));
  return call.shared.engine->Describe(bound.query, bound.inputs, bound.context);
}

Result<std::vector<StreamBacklog>> FindBacklog(const Call& call, const StreamRequest& request) {
  const Parts parts = TRY(Prepare(call, request));
  const auto log = TRY(ingest::CheckpointLog::Open(parts.checkpoint));
  const ingest::CheckpointLog::Position position = TRY(log.Find());
  const auto& done = position.is_committed ? position.newest : position.before;
  std::vector<StreamBacklog> backlogs;
  for (std::size_t i = 0; i < parts.sources.size(); ++i) {
    ingest::StreamSource& source = *parts.sources[i];
    TRY(source.FixEnd());
    const bool has_end = done && i < done->ends.size();
    backlogs.push_back({.source = source.description(),
                        .metrics = source.Metrics(has_end ? done->ends[i] : std::nullopt)});
  }
  return backlogs;
}

}  // namespace inlet::workspace
