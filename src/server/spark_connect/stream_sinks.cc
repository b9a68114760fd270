#include "server/spark_connect/stream_sinks.h"

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <cstdio>

#include "server/spark_connect/local_data.h"
#include "server/spark_connect/query_source.h"
#include "sql/statement.h"
#include "types/time_zone.h"

namespace inlet::server {
namespace {

struct Rows {
  types::StructType schema;
  std::vector<types::BatchPtr> batches;
};

/// The rows so far as a temporary view of the session.
Status ShowRows(ConnectSession& session, const std::string& name, const Rows& rows) {
  const std::string input = "memory_" + name;
  sql::Select select{.from = sql::TableRef{.node = sql::InputRef{.name = input}}};
  select.items.push_back({.value = {.node = sql::Star{}}});
  sql::CreateView view{.or_replace = true, .is_temporary = true, .name = {.parts = {name}}};
  view.query = sql::Query{.body = std::move(select)};
  const auto made = session.ExecuteInSession(
      view, {{.name = input, .source = LocalSource(rows.schema, rows.batches)}}, {});
  if (!made) return std::unexpected(made.error());
  return Ok();
}

/// In one piece, so that batches of several streams do not mix.
void PrintBatch(ingest::BatchId id, const std::string& table) {
  const std::string rule(43, '-');
  const std::string text = fmt::format("{}\nBatch: {}\n{}\n{}\n", rule, id, rule, table);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

Result<ingest::BatchFunction> MemorySink(ConnectSession& session, const std::string& name,
                                         types::StructType schema, bool replaces) {
  auto rows = std::make_shared<Rows>(Rows{.schema = std::move(schema)});
  TRY(ShowRows(session, name, *rows));
  return [&session, name, rows, replaces](ingest::BatchId, ingest::BoundQuery query,
                                          std::stop_token stop) -> Result<ingest::SinkResult> {
    auto batch = TRY(session.RunBound(std::move(query), stop));
    std::vector<types::BatchPtr> added;
    std::int64_t count = 0;
    while (types::BatchPtr one = TRY(batch.rows->Next())) {
      count += one->num_rows();
      added.push_back(std::move(one));
    }
    rows->schema = batch.schema;
    if (replaces) rows->batches.clear();
    rows->batches.insert(rows->batches.end(), added.begin(), added.end());
    TRY(ShowRows(session, name, *rows));
    return ingest::SinkResult{.num_output_rows = count};
  };
}

ingest::BatchFunction ConsoleSink(ConnectSession& session, const ShowOptions& options) {
  return [&session, options](ingest::BatchId id, ingest::BoundQuery query,
                             std::stop_token stop) -> Result<ingest::SinkResult> {
    auto batch = TRY(session.RunBound(std::move(query), stop));
    const types::TimeZone* zone = TRY(types::TimeZone::Find(batch.session_time_zone));
    ShownRows shown(batch.schema, *zone);
    std::int64_t count = 0;
    while (types::BatchPtr one = TRY(batch.rows->Next())) {
      if (count <= options.num_rows) TRY(shown.Add(*one));
      count += one->num_rows();
    }
    PrintBatch(id, shown.ToText(options));
    return ingest::SinkResult{.num_output_rows = count};
  };
}

Result<ingest::BatchFunction> ForeachBatchSink(ConnectSession& session,
                                               const PythonDefinition& definition,
                                               types::StructType schema,
                                               const std::stop_token& start_stop) {
  const std::shared_ptr<PythonBatchFunction> function =
      TRY(PythonBatchFunction::Start(session.python_home(), definition, session.python_settings(),
                                     [start_stop] { return start_stop.stop_requested(); }));
  return [&session, function, schema = std::move(schema)](
             ingest::BatchId id, ingest::BoundQuery query,
             std::stop_token stop) -> Result<ingest::SinkResult> {
    auto open = [&session,
                 query = std::move(query)]() -> Result<std::unique_ptr<types::BatchReader>> {
      return TRY(session.RunBound(query, {})).rows;
    };
    const std::string relation =
        session.KeepRelation({.schema = schema, .rows = QuerySource(schema, std::move(open))});
    const Status done = function->Call(relation, id, [&stop] { return stop.stop_requested(); });
    session.DropRelation(relation);
    if (!done) return std::unexpected(done.error());
    return ingest::SinkResult{};
  };
}

ingest::BatchFunction ForeachSink(ConnectSession& session, PythonDefinition definition) {
  return [&session, definition = std::move(definition)](
             ingest::BatchId id, ingest::BoundQuery query,
             std::stop_token stop) -> Result<ingest::SinkResult> {
    auto batch = TRY(session.RunBound(std::move(query), stop));
    auto map = TRY(PythonMap::Start(session.python_home(), definition, session.python_settings(),
                                    batch.schema,
                                    {.kind = "foreach",
                                     .batch_id = id,
                                     .is_interrupted = [stop] { return stop.stop_requested(); }},
                                    std::move(batch.rows)));
    while (TRY(map->Next()) != nullptr) {
    }
    return ingest::SinkResult{};
  };
}

ingest::BatchFunction NoopSink(ConnectSession& session) {
  return [&session](ingest::BatchId, ingest::BoundQuery query,
                    std::stop_token stop) -> Result<ingest::SinkResult> {
    auto batch = TRY(session.RunBound(std::move(query), stop));
    std::int64_t count = 0;
    while (types::BatchPtr one = TRY(batch.rows->Next())) count += one->num_rows();
    return ingest::SinkResult{.num_output_rows = count};
  };
}

}  // namespace inlet::server
