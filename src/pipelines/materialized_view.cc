#include <set>

#include "base/option_map.h"
#include "ingest/delta_source.h"
#include "ingest/write_table.h"
#include "pipelines/dataset_table.h"
#include "pipelines/update.h"
#include "sql/parser.h"
#include "sql/walk.h"

namespace inlet::pipelines {
namespace {

/// Functions whose value is another one at each refresh.
constexpr std::string_view kChanging[] = {"current_date",
                                          "current_timestamp",
                                          "now",
                                          "current_time",
                                          "localtimestamp",
                                          "rand",
                                          "random",
                                          "randn",
                                          "uuid",
                                          "unix_timestamp",
                                          "curdate",
                                          "current_user",
                                          "user",
                                          "session_user",
                                          "shuffle",
                                          "raise_error",
                                          "monotonically_increasing_id"};

/// What the query reads, when that says all about its result: Delta tables at their versions.
/// Empty: it may give other rows although nothing that we see has changed.
std::string SourcesOf(const ingest::BoundQuery& query) {
  const std::set<std::string> functions = sql::FunctionsOf(query.query);
  for (const std::string_view changing : kChanging) {
    if (functions.contains(std::string(changing))) return "";
  }
  std::string sources;
  for (const engine::Input& input : query.inputs) {
    const auto* table = dynamic_cast<const ingest::DeltaSource*>(input.source.get());
    if (table == nullptr) return "";
    const delta::SnapshotPtr& snapshot = table->scan().snapshot();
    sources += snapshot->table_url() + "@" + std::to_string(snapshot->version()) + "#" +
               snapshot->metadata().id + "\n";
  }
  return sources;
}

/// The view's query under its declared names.
/// Errors: UDTF_ALIAS_NUMBER_MISMATCH when the column list has another number of columns.
Result<ingest::BoundQuery> BindView(const UpdateRun& run, const Flow& flow,
                                    const sql::Query& query) {
  const UpdateRequest& request = run.request;
  const Scope scope = ScopeOf(request.definition, flow);
  ingest::BoundQuery bound = TRY(run.host.Bind(scope, query, run.stop));
  const std::size_t num_declared = request.definition.columns.size();
  if (num_declared == 0) return bound;
  const types::StructType columns =
      TRY(run.host.engine().Describe(bound.query, bound.inputs, bound.context));
  if (columns.size() != num_declared) {
    return Fail(Condition::UDTF_ALIAS_NUMBER_MISMATCH,
                {{"message", request.entry.name.object + " names " + std::to_string(num_declared) +
                                 " columns, its query has " + std::to_string(columns.size())}});
  }
  bound.query = WithDeclaredNames(bound.query, request.definition);
  return bound;
}

Result<ingest::WriteResult> WriteView(const UpdateRun& run, ingest::BoundQuery query,
                                      std::function<Status()> before_commit) {
  const UpdateRequest& request = run.request;
  const storage::Location root = TRY(storage::Resolve(request.entry.location));
  delta::TableDefinition definition = TableDefinitionOf(request.entry, request.definition);
  definition.schema = TRY(run.host.engine().Describe(query.query, query.inputs, query.context));
  ApplyDeclaredColumns(request.definition, definition.schema);
  ingest::TableWriter writer(run.host.engine(),
                             {.user_name = request.user, .before_commit = std::move(before_commit)},
                             run.stop);
  if (request.save == UpdateRequest::Save::kCreate) {
    return writer.CreateAs(root, std::move(definition), std::move(query), /*is_managed=*/true);
  }
  const delta::SnapshotPtr current = TRY(run.host.snapshots().Latest(root));
  const bool is_redefined = request.save == UpdateRequest::Save::kReplace;
  if (is_redefined || !SameColumns(definition.schema, current->schema())) {
    return writer.Replace(current, std::move(definition), std::move(query), true);
  }
  return writer.Insert(current, std::move(query), {.overwrite = true});
}

}  // namespace

Result<std::string> SourcesOfView(Host& host, const Definition& definition) {
  const Flow& flow = definition.flows.at(0);
  return SourcesOf(TRY(host.Bind(ScopeOf(definition, flow), TRY(sql::ParseQuery(flow.query)), {})));
}

Result<std::vector<Backlog>> BacklogOfView(Host& host, const catalog::TableEntry& entry,
                                           const Definition& definition) {
  const Flow& flow = definition.flows.at(0);
  const ingest::BoundQuery query =
      TRY(host.Bind(ScopeOf(definition, flow), TRY(sql::ParseQuery(flow.query)), {}));
  Backlog backlog{.flow = flow.name, .source = "the whole query", .num_bytes = 0};
  const std::string sources = SourcesOf(query);
  const bool is_up_to_date =
      !sources.empty() && sources == TRY(host.catalog().FindRefresh(entry.id)).sources;
  if (!is_up_to_date) {
    for (const engine::Input& input : query.inputs) {
      *backlog.num_bytes += input.source->estimated_bytes();
    }
  }
  return std::vector{backlog};
}

Result<std::int64_t> RefreshMaterializedView(const UpdateRun& run, std::string& sources) {
  const UpdateRequest& request = run.request;
  const Flow& flow = request.definition.flows.at(0);
  const auto fail = [&](Error error) -> std::unexpected<Error> {
    run.record.FlowStatus(flow.name, "FAILED", &error);
    return std::unexpected(std::move(error));
  };
  run.record.FlowStatus(flow.name, "PLANNING");
  const std::int64_t started_ms = SystemClockMs();
  Result<sql::Query> query = sql::ParseQuery(flow.query);
  if (!query) return fail(std::move(query).error());
  Result<ingest::BoundQuery> bound = BindView(run, flow, *query);
  if (!bound) return fail(std::move(bound).error());
  std::string new_sources = SourcesOf(*bound);
  const bool is_plain_refresh = request.save == UpdateRequest::Save::kNothing && !request.is_full;
  if (is_plain_refresh && !new_sources.empty() && new_sources == sources) {
    run.record.Planned("MAINTENANCE_TYPE_NO_OP");
    run.record.FlowStatus(flow.name, "COMPLETED");
    return 0;
  }
  run.record.Planned("MAINTENANCE_TYPE_COMPLETE_RECOMPUTE");
  run.record.FlowStatus(flow.name, "RUNNING");
  ExpectationRun expectations(request.definition.expectations, flow.name);
  const Result<ingest::WriteResult> written = [&]() -> Result<ingest::WriteResult> {
    ingest::BoundQuery rewritten = TRY(expectations.Rewrite(*std::move(bound)));
    return WriteView(run, std::move(rewritten),
                     [&] { return expectations.Check(run.host.engine()); });
  }();
  if (!written) return fail(written.error());
  run.host.snapshots().Put(written->snapshot);
  sources = std::move(new_sources);
  run.record.FlowRows(flow.name,
                      {.num_batches = 1,
                       .num_output_rows = written->num_rows,
                       .num_output_bytes = written->size_bytes,
                       .duration_ms = SystemClockMs() - started_ms},
                      &expectations);
  run.record.FlowStatus(flow.name, "COMPLETED");
  return written->num_rows;
}

}  // namespace inlet::pipelines
