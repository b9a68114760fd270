#include "pipelines/change_sink.h"

#include <arrow/api.h>

#include <algorithm>

#include "base/uuid.h"
#include "delta/table.h"
#include "ingest/delta_source.h"
#include "ingest/dml/queries.h"
#include "ingest/dml/table_change.h"
#include "ingest/stream/stream_schema.h"
#include "sql/ast.h"
#include "sql/parser.h"
#include "sql/walk.h"

namespace inlet::pipelines {
namespace {

using delta::SnapshotPtr;
using ingest::BatchId;
using ingest::BoundQuery;
using ingest::SinkResult;
using types::StructType;

/// How often a batch is applied again because others changed the target meanwhile.
constexpr int kMaxAttempts = 20;
constexpr const char* kEvents = "events";
constexpr const char* kTarget = "target";
constexpr const char* kState = "state";

/// The tables of a batch, by name. Each query gets inputs of its own.
class Tables {
 public:
  explicit Tables(std::string time_zone) : time_zone_(std::move(time_zone)) {}

  Status Add(const char* name, SnapshotPtr snapshot) {
    auto source =
        TRY(ingest::DeltaSource::Open(std::move(snapshot), {.session_time_zone = time_zone_}));
    inputs_.push_back({.name = name, .source = std::move(source)});
    return Ok();
  }

  /// SQL over them, bound.
  Result<BoundQuery> Query(const std::string& text) const {
    BoundQuery bound{.query = TRY(sql::ParseQuery(text)), .inputs = inputs_};
    TRY(sql::BindTables(bound.query, PutInput));
    bound.context.session_time_zone = time_zone_;
    return bound;
  }

  /// The rows of the change's table for which `condition` holds go.
  Status DeleteWhere(ingest::TableChange& change, const std::string& condition) const {
    sql::Expression where = TRY(sql::ParseExpression(condition));
    TRY(sql::BindTables(where, PutInput));
    const ingest::ChangeColumns columns = change.Wanted(/*with_news=*/false);
    BoundQuery bound{.query = ingest::DeleteQuery({.snapshot = *change.snapshot(),
                                                   .schema = change.schema(),
                                                   .alias = "t",
                                                   .columns = columns},
                                                  &where),
                     .inputs = inputs_};
    bound.inputs.push_back(TRY(change.Target(ingest::kTargetInput)));
    bound.context.session_time_zone = time_zone_;
    return change.Run(std::move(bound), columns);
  }

 private:
  static Status PutInput(sql::TableRef& table) {
    const auto* named = table.As<sql::NamedTable>();
    if (named == nullptr) return Ok();
    const std::string name = named->name.parts.back();
    table.node = sql::InputRef{.name = name};
    if (table.alias.empty()) table.alias = name;
    return Ok();
  }

  const std::string time_zone_;
  std::vector<engine::Input> inputs_;
};

class ChangeSink final : public ingest::StreamSink {
 public:
  ChangeSink(engine::Engine& engine, ChangeSinkOptions options)
      : engine_(engine), options_(std::move(options)) {}

  std::string description() const override {
    return "ChangeSink[" + storage::UrlOf(*options_.root.store, options_.root.path) + "]";
  }
  bool is_transactional() const override { return true; }

  Status Open(const std::string& query_id, const StructType&) override {
    app_id_ = query_id;
    return Ok();
  }

  Result<SinkResult> AddBatch(BatchId id, BoundQuery query,
                              const std::function<Status()>& before_visible,
                              std::stop_token stop) override {
    SnapshotPtr target = TRY(delta::Snapshot::Load(options_.root));
    if (Has(*target, id)) {
      return SinkResult{.table_version = target->version(), .was_there_already = true};
    }
    const storage::Location place =
        TRY(storage::Resolve(options_.temp_directory + "/cdc-" + RandomUuid()));
    Result<SinkResult> result = [&]() -> Result<SinkResult> {
      // The events are read once, whatever it takes to apply them.
      const ingest::WriteResult events =
          TRY(ingest::TableWriter(engine_, {.before_commit = before_visible}, stop)
                  .CreateAs(place, {}, std::move(query), /*is_managed=*/true));
      if (events.num_rows == 0) {
        return SinkResult{.num_output_rows = 0, .table_version = target->version()};
      }
      return ApplyInTurn(id, events.snapshot, std::move(target), stop);
    }();
    (void)place.store->DeleteAll(place.path).has_value();
    return result;
  }

 private:
  bool Has(const delta::Snapshot& table, BatchId id) const {
    const auto last = table.transaction(app_id_);
    return last && *last >= id;
  }

  Result<SinkResult> ApplyInTurn(BatchId id, const SnapshotPtr& events, SnapshotPtr target,
                                 const std::stop_token& stop) {
    for (int attempt = 1;; ++attempt) {
      Result<SinkResult> result = Apply(id, events, target, stop);
      const bool try_again = !result && result.error().kind() == ErrorKind::kConflict &&
                             attempt < kMaxAttempts && !stop.stop_requested();
      if (!try_again) return result;
      target = TRY(delta::Snapshot::Load(options_.root));
      if (Has(*target, id)) {
        return Fail(Condition::CONCURRENT_STREAM_LOG_UPDATE, {{"batchId", std::to_string(id)}});
      }
    }
  }

  Result<SinkResult> Apply(BatchId id, const SnapshotPtr& events, const SnapshotPtr& latest,
                           const std::stop_token& stop) {
    const StructType columns =
        TRY(TargetColumns(events->schema(), options_.rules, options_.table_name));
    const SnapshotPtr newest_state = TRY(LoadState(events->schema()));
    const bool state_is_done = Has(*newest_state, id);
    const SnapshotPtr state = state_is_done ? TRY(StateBefore(newest_state)) : newest_state;
    Tables tables(options_.session_time_zone);
    TRY(tables.Add(kEvents, events));
    TRY(tables.Add(kState, state));
    TRY(CheckSequences(tables, stop));
    const ChangeQueries queries = QueriesOf(options_.rules, columns);

    const SnapshotPtr target = TRY(WithColumns(latest, columns, stop));
    ingest::TableChange change(engine_, target, OptionsOf(stop));
    change.ReadsWholeTable();  // The new rows come from the old ones.
    Tables with_target = tables;
    TRY(with_target.Add(kTarget, target));
    TRY(with_target.DeleteWhere(change, queries.gone_rows));
    TRY(change.Insert(TRY(InTargetOrder(with_target, queries.new_rows, change.schema(), columns)),
                      /*in_feed=*/true));
    const ingest::ChangeFigures figures = TRY(change.Finish());
    if (!state_is_done) TRY(CommitState(id, state, tables, queries, stop));

    change.Set({.app_id = app_id_, .version = id});
    const SnapshotPtr after = TRY(
        change.Commit({.name = "STREAMING UPDATE",
                       .parameters = {{"outputMode", delta::JsonString("Update")},
                                      {"queryId", delta::JsonString(app_id_)},
                                      {"epochId", delta::JsonString(std::to_string(id))}},
                       .metrics = {{"numOutputRows", std::to_string(figures.inserted_rows)},
                                   {"numDeletedRows", std::to_string(figures.deleted_rows)},
                                   {"numAddedFiles", std::to_string(figures.added_files)},
                                   {"numRemovedFiles", std::to_string(figures.removed_files)}}}));
    if (options_.on_commit) options_.on_commit(after);
    return SinkResult{.num_output_rows = figures.inserted_rows,
                      .num_output_bytes = figures.added_bytes,
                      .table_version = after->version()};
  }

  ingest::ChangeOptions OptionsOf(const std::stop_token& stop) const {
    return {.user_name = options_.user_name,
            .session_time_zone = options_.session_time_zone,
            .stop = stop};
  }

  /// Makes it the first time.
  Result<SnapshotPtr> LoadState(const StructType& events) {
    Result<SnapshotPtr> state = delta::Snapshot::Load(options_.state);
    if (state || state.error().condition != Condition::DELTA_TABLE_NOT_FOUND) return state;
    delta::TableDefinition definition{.schema = StateColumns(events, options_.rules)};
    definition.properties["delta.enableDeletionVectors"] = "true";
    return TRY(ingest::TableWriter(engine_, {.user_name = options_.user_name}, {})
                   .Create(options_.state, definition, /*is_managed=*/true))
        .snapshot;
  }

  /// Nobody but this flow writes it, so the last commit is that of the batch.
  static Result<SnapshotPtr> StateBefore(const SnapshotPtr& newest) {
    return delta::Snapshot::Load(newest->table_root(), newest->version() - 1);
  }

  Status CommitState(BatchId id, const SnapshotPtr& state, const Tables& tables,
                     const ChangeQueries& queries, const std::stop_token& stop) {
    ingest::TableChange change(engine_, state, OptionsOf(stop));
    if (!queries.gone_state.empty()) TRY(tables.DeleteWhere(change, queries.gone_state));
    TRY(change.Insert(TRY(tables.Query(queries.new_state)), /*in_feed=*/true));
    TRY(change.Finish());
    change.Set({.app_id = app_id_, .version = id});
    TRY(change.Commit({.name = "STREAMING UPDATE"}));
    return Ok();
  }

  Status CheckSequences(const Tables& tables, const std::stop_token& stop) const {
    BoundQuery missing = TRY(
        tables.Query(std::string("SELECT count(*) FROM events WHERE ") + kSequence + " IS NULL"));
    const auto rows =
        TRY(engine_.Run(missing.query, std::move(missing.inputs), missing.context, stop));
    const types::BatchPtr batch = TRY(rows->Next());
    const std::int64_t count =
        batch == nullptr ? 0 : static_cast<const arrow::Int64Array&>(*batch->column(0)).Value(0);
    if (count == 0) return Ok();
    return Fail(Condition::AUTO_CDC_INVALID,
                {{"tableName", options_.table_name},
                 {"message", "SEQUENCE BY is NULL for " + std::to_string(count) + " events"}});
  }

  /// The target with all columns of the events; new ones are a commit of their own.
  Result<SnapshotPtr> WithColumns(const SnapshotPtr& target, const StructType& columns,
                                  const std::stop_token& stop) const {
    StructType merged = ingest::MergeNewColumns(target->schema(), columns, /*widen=*/false);
    if (merged == target->schema()) return target;
    if (!options_.merge_schema) {
      return Fail(Condition::DELTA_METADATA_MISMATCH,
                  {{"message", options_.table_name + " has no column " +
                                   ingest::NamesOfChanges(target->schema(), merged)},
                   {"tableSchema", types::ToDdl(target->schema())},
                   {"dataSchema", types::ToDdl(columns)}});
    }
    ingest::TableChange change(engine_, target, OptionsOf(stop));
    TRY(change.Evolve(std::move(merged)));
    TRY(change.Finish());
    return change.Commit({.name = "ADD COLUMNS"});
  }

  /// Columns that the events do not have are NULL.
  static Result<BoundQuery> InTargetOrder(const Tables& tables, const std::string& rows,
                                          const StructType& target, const StructType& given) {
    std::string columns;
    for (const types::StructField& field : target.fields) {
      const std::string name = Quoted(field.name);
      columns += columns.empty() ? "" : ", ";
      columns += "CAST(" + (given.Find(field.name) != nullptr ? "r." + name : "NULL") + " AS " +
                 types::ToSql(field.type) + ") AS " + name;
    }
    return tables.Query("SELECT " + columns + " FROM (" + rows + ") AS r");
  }

  engine::Engine& engine_;  // Outlives this.
  const ChangeSinkOptions options_;
  std::string app_id_;
};

}  // namespace

std::unique_ptr<ingest::StreamSink> MakeChangeSink(engine::Engine& engine,
                                                   ChangeSinkOptions options) {
  return std::make_unique<ChangeSink>(engine, std::move(options));
}

}  // namespace inlet::pipelines
