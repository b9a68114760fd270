#include <arrow/api.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/uuid.h"
#include "delta/table.h"
#include "ingest/stream/replay_files.h"
#include "ingest/write_table.h"
#include "pipelines/dataset_table.h"
#include "sql/parser.h"
#include "sql/printer.h"
#include "sql/walk.h"
#include "workspace/binder.h"
#include "workspace/datasets.h"
#include "workspace/pipeline_services.h"
#include "workspace/statements.h"
#include "workspace/table_definition.h"

// Streaming tables and materialized views: CREATE, REFRESH, ALTER, flows.
namespace inlet::workspace {
namespace {

using catalog::FullName;
using catalog::TableEntry;
using catalog::TableKind;
using pipelines::Definition;
using pipelines::UpdateRequest;

/// What both kinds of statement have.
template <class Statement>
Result<Definition> DefinitionFrom(const Call& call, const Statement& statement) {
  if (statement.is_private) return FailUnsupported("PRIVATE outside of a pipeline");
  if (statement.row_filter) return FailUnsupported("a ROW FILTER");
  if (statement.default_collation &&
      !EqualsIgnoreCase(*statement.default_collation, "UTF8_BINARY")) {
    return FailUnsupported("the collation " + *statement.default_collation);
  }
  Definition definition{.time_zone = call.session.time_zone(), .user = call.session.user};
  for (const sql::ColumnDefinition& column : statement.columns) {
    definition.columns.push_back(TRY(DeclaredColumnOf(column)));
  }
  for (const sql::TableConstraint& constraint : statement.constraints) {
    if (constraint.kind == sql::TableConstraint::Kind::kCheck) {
      return Result<Definition>(FailUnsupported("CHECK; an EXPECT ... ON VIOLATION FAIL UPDATE "
                                                "does the same"))
          .At(constraint.span);
    }
  }
  definition.expectations = TRY(pipelines::CheckExpectations(statement.expectations));
  for (const sql::PartitionColumn& column : statement.partitioned_by) {
    if (column.transform) return FailUnsupported("PARTITIONED BY an expression");
    definition.partition_columns.push_back(column.name);
  }
  if (statement.cluster_by && statement.cluster_by->kind == sql::ClusterBy::Kind::kColumns) {
    if (!definition.partition_columns.empty()) {
      return Fail(Condition::SPECIFY_CLUSTER_BY_WITH_PARTITIONED_BY_IS_NOT_ALLOWED, {});
    }
    for (const sql::ColumnPath& path : statement.cluster_by->columns) {
      std::string name;
      for (const std::string& part : path) name += (name.empty() ? "" : ".") + part;
      definition.clustering_columns.push_back(std::move(name));
    }
  }
  definition.properties = statement.properties;
  if (statement.schedule) {
    definition.schedule =
        TRY(pipelines::CheckSchedule(*statement.schedule, call.session.time_zone()));
  }
  return definition;
}

/// TRIGGER ON UPDATE looks at every source at each interval, so there is a limit to them.
/// Source: Databricks SQL language manual, "CREATE STREAMING TABLE", TRIGGER ON UPDATE.
Status CheckTrigger(const Call& call, const Definition& definition, sql::Query query) {
  constexpr std::size_t kMaxTables = 10;
  constexpr std::size_t kMaxViews = 30;
  if (!definition.schedule || definition.schedule->kind != pipelines::Schedule::Kind::kOnUpdate) {
    return Ok();
  }
  std::set<std::string> tables;
  std::set<std::string> views;
  TRY(sql::BindTables(query, [&](sql::TableRef& table) -> Status {
    const auto* named = table.As<sql::NamedTable>();
    if (named == nullptr) return Ok();
    const FullName name = TRY(Complete(named->name, call.session));
    const auto entry = call.shared.catalog->FindTable(name);
    if (!entry) return Ok();
    (entry->kind == TableKind::kView ? views : tables).insert(entry->id);
    return Ok();
  }));
  if (tables.size() <= kMaxTables && views.size() <= kMaxViews) return Ok();
  return Fail(Condition::INVALID_SCHEDULE,
              {{"schedule", pipelines::ToSql(*definition.schedule)},
               {"message", "the query reads " + std::to_string(tables.size()) + " tables and " +
                               std::to_string(views.size()) + " views; at most 10 and 30 can be " +
                               "watched"}});
}

/// What a statement meets at the name that it gives.
Result<std::optional<TableEntry>> ExistingAt(const Call& call, const FullName& name,
                                             const sql::ObjectName& written) {
  TRY(call.shared.catalog->FindSchema(name.catalog, name.schema).At(written.span));
  Result<TableEntry> existing = call.shared.catalog->FindTable(name);
  if (existing) return *std::move(existing);
  if (existing.error().condition != Condition::TABLE_OR_VIEW_NOT_FOUND) {
    return std::unexpected(std::move(existing).error());
  }
  return std::nullopt;
}

std::unexpected<Error> ExistsAlready(const FullName& name, const sql::ObjectName& written) {
  auto failed =
      Fail(Condition::TABLE_OR_VIEW_ALREADY_EXISTS, {{"relationName", catalog::ToString(name)}});
  failed.error().span = written.span;
  return failed;
}

Status SetSchedule(const Call& call, const std::string& table_id, const Definition& definition) {
  if (!definition.schedule) return call.shared.catalog->SetNextRun(table_id, 0, std::nullopt);
  const std::int64_t now_ms = pipelines::SystemClockMs();
  return call.shared.catalog->SetNextRun(
      table_id, now_ms, TRY(pipelines::NextRun(*definition.schedule, now_ms, now_ms)));
}

void RemoveDirectory(const storage::Location& root) {
  Result<std::vector<storage::ObjectInfo>> files = root.store->List(root.path + "/", {});
  if (!files) return;
  for (const storage::ObjectInfo& file : *files) (void)root.store->Delete(file.path).has_value();
}

class CreateViewRun {
 public:
  CreateViewRun(const Call& call, const sql::CreateMaterializedView& statement)
      : call_(call), statement_(statement) {}

  Result<QueryResult> Run() {
    const FullName name = TRY(Complete(statement_.name, call_.session));
    const auto existing = TRY(ExistingAt(call_, name, statement_.name));
    const bool replaces = statement_.or_replace || statement_.or_refresh;
    if (existing && statement_.if_not_exists) return NoRows();
    if (existing && (!replaces || existing->kind != TableKind::kMaterializedView)) {
      return ExistsAlready(name, statement_.name);
    }
    Definition definition = TRY(Define(name));
    UpdateRequest request{
        .entry = existing.value_or(TableEntry{.name = name, .id = RandomUuid()}),
        .definition = std::move(definition),
        .save = existing ? UpdateRequest::Save::kReplace : UpdateRequest::Save::kCreate,
        .user = call_.session.user,
        .stop = call_.options.stop};
    request.entry.kind = TableKind::kMaterializedView;
    request.entry.comment = statement_.comment.value_or("");
    if (!existing) {
      request.entry.location = TRY(call_.shared.catalog->ReserveTableLocation(name));
    }
    StoreDataset(request.definition, request.entry);
    const Result<pipelines::UpdateResult> done =
        call_.shared.pipelines->updater().Run(request).At(statement_.query_span);
    if (!done) {
      if (!existing) {
        if (const auto root = storage::Resolve(request.entry.location)) RemoveDirectory(*root);
        (void)call_.shared.pipelines->events().Forget(request.entry.id).has_value();
      }
      return std::unexpected(done.error());
    }
    TRY(SetSchedule(call_, request.entry.id, request.definition));
    return NoRows();
  }

 private:
  Result<Definition> Define(const FullName& name) const {
    if (sql::HasStream(statement_.query)) {
      return Result<Definition>(
                 Fail(Condition::INVALID_FLOW_QUERY_TYPE_STREAMING_RELATION_FOR_MATERIALIZED_VIEW,
                      {{"flowIdentifier", catalog::ToString(name)}}))
          .At(statement_.query_span);
    }
    if (statement_.refresh_policy == "INCREMENTAL STRICT") {
      return FailUnsupported("REFRESH POLICY INCREMENTAL STRICT");
    }
    Definition definition = TRY(DefinitionFrom(call_, statement_));
    definition.refresh_policy = statement_.refresh_policy;
    TRY(CheckTrigger(call_, definition, statement_.query));
    definition.flows.push_back({.name = name.object,
                                .query = sql::ToSql(statement_.query),
                                .catalog = call_.session.catalog,
                                .schema = call_.session.schema});
    return definition;
  }

  const Call& call_;
  const sql::CreateMaterializedView& statement_;
};

/// The flow of AUTO CDC into `target`, which has its name.
Result<pipelines::Flow> ChangeFlow(const Call& call, const sql::AutoCdc& statement,
                                   const FullName& target) {
  auto [query, rules] = TRY(pipelines::PlanAutoCdc(statement).At(statement.span));
  TRY(CheckFlowQuery(TRY(sql::ParseQuery(query)), /*is_once=*/false, catalog::ToString(target))
          .At(statement.span));
  return pipelines::Flow{.name = target.object,
                         .query = std::move(query),
                         .catalog = call.session.catalog,
                         .schema = call.session.schema,
                         .changes = std::move(rules)};
}

class CreateStreamingTableRun {
 public:
  CreateStreamingTableRun(const Call& call, const sql::CreateStreamingTable& statement)
      : call_(call), statement_(statement) {}

  Result<QueryResult> Run() {
    if (statement_.location) return FailUnsupported("a streaming table with a LOCATION");
    const FullName name = TRY(Complete(statement_.name, call_.session));
    const auto existing = TRY(ExistingAt(call_, name, statement_.name));
    if (existing && statement_.if_not_exists) return NoRows();
    if (existing && (!statement_.or_refresh || existing->kind != TableKind::kStreamingTable)) {
      return ExistsAlready(name, statement_.name);
    }
    Definition definition = TRY(Define(name));
    return existing ? Refresh(*existing, std::move(definition)) : New(name, std::move(definition));
  }

 private:
  Result<Definition> Define(const FullName& name) const {
    Definition definition = TRY(DefinitionFrom(call_, statement_));
    const sql::Query* query = nullptr;
    bool by_name = true;
    if (statement_.query) query = &*statement_.query;
    if (statement_.flow) {
      if (statement_.flow->auto_cdc) {
        definition.flows.push_back(TRY(ChangeFlow(call_, *statement_.flow->auto_cdc, name)));
        return definition;
      }
      if (statement_.flow->replace_where) return FailUnsupported("FLOW REPLACE WHERE");
      query = &*statement_.flow->query;
      by_name = statement_.flow->by_name;
    }
    if (query == nullptr) return definition;
    TRY(CheckTrigger(call_, definition, *query));
    const bool is_once = statement_.flow && statement_.flow->once;
    TRY(CheckFlowQuery(*query, is_once, catalog::ToString(name)).At(statement_.query_span));
    definition.flows.push_back({.name = name.object,
                                .query = sql::ToSql(*query),
                                .catalog = call_.session.catalog,
                                .schema = call_.session.schema,
                                .is_once = is_once,
                                .by_name = by_name});
    return definition;
  }

  /// The new definition holds from now on; rows and place stay, and what is new comes in.
  Result<QueryResult> Refresh(TableEntry entry, Definition definition) {
    // Flows that were added by CREATE FLOW are the table's own.
    const Definition before = TRY(pipelines::ParseDefinition(entry.definition));
    for (const pipelines::Flow& flow : before.flows) {
      if (!EqualsIgnoreCase(flow.name, entry.name.object)) definition.flows.push_back(flow);
    }
    StoreDataset(definition, entry);
    entry.comment = statement_.comment.value_or("");
    TRY(pipelines::ColumnsOfStreamingTable(call_.shared.pipelines->host(), entry, definition)
            .At(statement_.query_span));
    TRY(call_.shared.catalog->UpdateTable(entry));
    TRY(SetSchedule(call_, entry.id, definition));
    TRY(Update(entry, definition));
    return NoRows();
  }

  Result<QueryResult> New(const FullName& name, Definition definition) {
    std::string location = TRY(call_.shared.catalog->ReserveTableLocation(name));
    TableEntry entry{.name = name,
                     .id = RandomUuid(),
                     .kind = TableKind::kStreamingTable,
                     .location = std::move(location),
                     .comment = statement_.comment.value_or("")};
    StoreDataset(definition, entry);
    const storage::Location root = TRY(storage::Resolve(entry.location));
    Status created = [&]() -> Status {
      delta::TableDefinition table = pipelines::TableDefinitionOf(entry, definition);
      table.schema =
          TRY(pipelines::ColumnsOfStreamingTable(call_.shared.pipelines->host(), entry, definition)
                  .At(statement_.query_span));
      const ingest::WriteResult written =
          TRY(ingest::TableWriter(*call_.shared.engine, {.user_name = call_.session.user},
                                  call_.options.stop)
                  .Create(root, table, /*is_managed=*/true));
      call_.shared.snapshots.Put(written.snapshot);
      TRY(call_.shared.catalog->CreateTable(entry));
      TRY(Update(entry, definition).At(statement_.query_span));
      return SetSchedule(call_, entry.id, definition);
    }();
    if (created) return NoRows();
    // A statement that failed leaves nothing: it can be given again.
    ForgetDataset(call_, entry);
    if (const auto mine = call_.shared.catalog->FindTableById(entry.id)) {
      (void)call_.shared.catalog->DropTable(mine->name).has_value();
    }
    RemoveDirectory(root);
    return std::unexpected(std::move(created).error());
  }

  Status Update(const TableEntry& entry, const Definition& definition) {
    if (definition.flows.empty()) return Ok();
    TRY(call_.shared.pipelines->updater().Run({.entry = entry,
                                               .definition = definition,
                                               .user = call_.session.user,
                                               .stop = call_.options.stop}));
    return Ok();
  }

  const Call& call_;
  const sql::CreateStreamingTable& statement_;
};

std::unexpected<Error> IsNo(const sql::ObjectName& written, const TableEntry& entry,
                            const char* what) {
  auto failed = Fail(Condition::TABLE_OR_VIEW_NOT_FOUND,
                     {{"relationName", catalog::ToString(entry.name)},
                      {"suggestion", std::string(" What has this name is no ") + what + "."}});
  failed.error().span = written.span;
  return failed;
}

Result<TableEntry> FindEntry(const Call& call, const sql::ObjectName& name) {
  return call.shared.catalog->FindTable(TRY(Complete(name, call.session))).At(name.span);
}

/// The files of one flow that REFRESH ... REPLAY reads again.
struct FlowReplay {
  std::string checkpoint;
  std::vector<ingest::FileToReplay> files;
};

/// Those whose row of cloud_files_state holds the condition.
Result<std::vector<FlowReplay>> FindReplays(const Call& call, const sql::Refresh& statement,
                                            const TableEntry& entry, const Definition& definition) {
  if (statement.is_full || statement.is_async) {
    return FailUnsupported("REPLAY together with FULL or ASYNC");
  }
  sql::Query query =
      TRY(sql::ParseQuery("SELECT flow_name, source_id, path FROM "
                          "cloud_files_state(TABLE(" +
                          sql::ToString(statement.name) + "))"));
  std::get<sql::Select>(query.body).where = *statement.replay_where;
  const ingest::BoundQuery bound = TRY(Bind(call, std::move(query)));
  const auto rows =
      TRY(call.shared.engine->Run(bound.query, bound.inputs, bound.context, call.options.stop));
  std::map<std::string, FlowReplay> by_flow;
  for (pipelines::FlowCheckpoint& checkpoint : TRY(pipelines::CheckpointsOfStreamingTable(
           call.shared.pipelines->host(), entry, definition))) {
    by_flow[checkpoint.flow].checkpoint = std::move(checkpoint.path);
  }
  bool found = false;
  while (const types::BatchPtr batch = TRY(rows->Next())) {
    const auto text = [&](int column, std::int64_t row) {
      return static_cast<const arrow::StringArray&>(*batch->column(column)).GetString(row);
    };
    for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
      by_flow[text(0, row)].files.push_back({.source_id = text(1, row), .url = text(2, row)});
      found = true;
    }
  }
  if (!found) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "REPLAY WHERE"},
                 {"functionName", "REFRESH STREAMING TABLE"},
                 {"message", "no file that the table has found holds it. cloud_files_state(TABLE(" +
                                 sql::ToString(statement.name) + ")) shows them"}});
  }
  std::vector<FlowReplay> replays;
  for (auto& [flow, replay] : by_flow) {
    if (!replay.files.empty()) replays.push_back(std::move(replay));
  }
  return replays;
}

Status NoteReplays(const Call& call, const std::vector<FlowReplay>& replays) {
  for (const FlowReplay& replay : replays) {
    TRY(ingest::ReplayFiles(
        {.checkpoint = TRY(storage::Resolve(replay.checkpoint)),
         .scratch_directory = call.shared.home + "/streams",
         .files = replay.files,
         .resolve = [&](std::string_view url) { return ResolvePath(call, url); }}));
  }
  return Ok();
}

/// ALTER { STREAMING TABLE | MATERIALIZED VIEW }, one action.
struct AlterRun {
  const Call& call;
  const sql::AlterStreaming& statement;
  TableEntry entry;
  Definition definition;

  Status operator()(const sql::AlterStreaming::SetSchedule& action) {
    definition.schedule = TRY(pipelines::CheckSchedule(action.schedule, call.session.time_zone()));
    TRY(Save());
    return SetSchedule(call, entry.id, definition);
  }

  Status operator()(const sql::AlterStreaming::DropSchedule&) {
    definition.schedule.reset();
    TRY(Save());
    return SetSchedule(call, entry.id, definition);
  }

  /// The rows that are there stay as they are; from the next refresh on it holds.
  Status operator()(const sql::AlterStreaming::SetExpectation& action) {
    const auto old = FindExpectation(action.expectation.name);
    const bool is_there = old != definition.expectations.end();
    if (is_there == action.is_new) return WrongExpectation(action.expectation.name, is_there);
    pipelines::Expectation expectation =
        TRY(pipelines::CheckExpectations({&action.expectation, 1})).front();
    if (is_there) {
      *old = std::move(expectation);
    } else {
      definition.expectations.push_back(std::move(expectation));
    }
    return Save();
  }

  Status operator()(const sql::AlterStreaming::DropExpectation& action) {
    const auto old = FindExpectation(action.name);
    if (old == definition.expectations.end()) {
      if (action.if_exists) return Ok();
      return WrongExpectation(action.name, /*is_there=*/false);
    }
    definition.expectations.erase(old);
    return Save();
  }

  Status operator()(const sql::SetProperties& action) {
    for (const auto& [key, value] : action.properties) {
      std::erase_if(definition.properties,
                    [&](const auto& property) { return property.first == key; });
      definition.properties.emplace_back(key, value);
    }
    TRY(AlterTable(action));
    return Save();
  }

  Status operator()(const sql::UnsetProperties& action) {
    for (const std::string& key : action.keys) {
      std::erase_if(definition.properties,
                    [&](const auto& property) { return property.first == key; });
    }
    TRY(AlterTable(action));
    return Save();
  }

  Status operator()(const sql::AlterColumns& action) {
    for (const sql::AlterColumns::Column& column : action.columns) {
      if (!std::holds_alternative<sql::AlterColumns::SetComment>(column.change)) {
        return Status(FailUnsupported("this change of a column of a dataset")).At(column.span);
      }
    }
    return AlterTable(action);
  }

  template <class Other>
  Status operator()(const Other&) {
    return FailUnsupported("this form of ALTER");
  }

  std::vector<pipelines::Expectation>::iterator FindExpectation(std::string_view name) {
    return std::ranges::find_if(definition.expectations, [&](const auto& expectation) {
      return EqualsIgnoreCase(expectation.name, name);
    });
  }

  Status WrongExpectation(const std::string& name, bool is_there) const {
    std::string message = is_there ? "there is an expectation of this name already"
                                   : "there is no expectation of this name";
    for (const pipelines::Expectation& expectation : definition.expectations) {
      if (!is_there)
        message += (message.ends_with("name") ? ". There are: " : ", ") + expectation.name;
    }
    return Fail(Condition::INVALID_PARAMETER_VALUE, {{"parameter", types::QuoteIdentifier(name)},
                                                     {"functionName", "CONSTRAINT ... EXPECT"},
                                                     {"message", std::move(message)}});
  }

  Status Save() {
    StoreDataset(definition, entry);
    return call.shared.catalog->UpdateTable(entry);
  }

  Status AlterTable(sql::AlterTable::Action action) {
    TRY(AlterDatasetTable(
        call, {.name = statement.name, .action = std::move(action), .span = statement.span}));
    return Ok();
  }
};

}  // namespace

Result<QueryResult> Run(const Call& call, const sql::CreateMaterializedView& statement) {
  return CreateViewRun(call, statement).Run();
}

Result<QueryResult> Run(const Call& call, const sql::CreateStreamingTable& statement) {
  return CreateStreamingTableRun(call, statement).Run();
}

Result<QueryResult> Run(const Call& call, const sql::Refresh& statement) {
  using Kind = sql::Refresh::Kind;
  if (statement.kind == Kind::kFunction) return FailUnsupported("REFRESH FUNCTION");
  if (statement.kind == Kind::kPath) return NoRows();  // Nothing is kept of paths.
  const TableEntry entry = TRY(FindEntry(call, statement.name));
  const bool is_view = entry.kind == TableKind::kMaterializedView;
  const bool is_stream = entry.kind == TableKind::kStreamingTable;
  if (statement.kind == Kind::kMaterializedView && !is_view) {
    return IsNo(statement.name, entry, "materialized view");
  }
  if (statement.kind == Kind::kStreamingTable && !is_stream) {
    return IsNo(statement.name, entry, "streaming table");
  }
  if (!is_view && !is_stream) {
    // REFRESH TABLE of an ordinary table only forgets what was kept of it.
    if (!entry.location.empty()) {
      call.shared.snapshots.Forget(TRY(storage::Resolve(entry.location)));
    }
    return NoRows();
  }
  const Definition definition = TRY(pipelines::ParseDefinition(entry.definition));
  if (definition.flows.empty()) {
    return Result<QueryResult>(Fail(Condition::PIPELINE_DATASET_WITHOUT_FLOW,
                                    {{"identifier", catalog::ToString(entry.name)}}))
        .At(statement.name.span);
  }
  std::vector<FlowReplay> replays;
  if (statement.replay_where) {
    if (!is_stream) return IsNo(statement.name, entry, "streaming table");
    replays = TRY(FindReplays(call, statement, entry, definition).At(statement.span));
  }
  if (statement.is_async) {
    TRY(call.shared.catalog->RequestRefresh(entry.id, statement.is_full));
    return NoRows();
  }
  TRY(call.shared.pipelines->updater()
          .Run({.entry = entry,
                .definition = definition,
                .is_full = statement.is_full,
                .user = call.session.user,
                .prepare = [&] { return NoteReplays(call, replays); },
                .stop = call.options.stop})
          .At(statement.name.span));
  return NoRows();
}

/// EXPLAIN REFRESH: how much it would take in, source by source.
Result<QueryResult> ExplainRefresh(const Call& call, const sql::Refresh& statement) {
  if (statement.replay_where) return FailUnsupported("EXPLAIN REFRESH ... REPLAY");
  const TableEntry entry = TRY(FindEntry(call, statement.name));
  if (!IsDataset(entry)) {
    return IsNo(statement.name, entry, "streaming table or materialized view");
  }
  const Definition definition = TRY(pipelines::ParseDefinition(entry.definition));
  std::vector<Row> rows;
  for (const pipelines::Backlog& backlog :
       TRY(call.shared.pipelines->updater().Explain(entry, definition).At(statement.name.span))) {
    rows.push_back({backlog.flow, backlog.source, backlog.num_files, backlog.num_bytes});
  }
  types::StructType schema = StringColumns({"flow_name", "source"});
  schema.fields.push_back({.name = "num_files", .type = types::TypeId::kLong});
  schema.fields.push_back({.name = "num_bytes", .type = types::TypeId::kLong});
  return MakeResult(std::move(schema), rows);
}

Result<QueryResult> Run(const Call& call, const sql::AlterStreaming& statement) {
  TableEntry entry = TRY(FindEntry(call, statement.name));
  const TableKind wanted =
      statement.is_materialized_view ? TableKind::kMaterializedView : TableKind::kStreamingTable;
  if (entry.kind != wanted) {
    return IsNo(statement.name, entry,
                statement.is_materialized_view ? "materialized view" : "streaming table");
  }
  Definition definition = TRY(pipelines::ParseDefinition(entry.definition));
  AlterRun run{call, statement, std::move(entry), std::move(definition)};
  TRY(std::visit(run, statement.action).At(statement.span));
  return NoRows();
}

Result<QueryResult> Run(const Call& call, const sql::CreateFlow& statement) {
  if (statement.name.parts.size() != 1) {
    return FailUnsupported("a flow name of several parts");
  }
  TableEntry entry = TRY(FindEntry(call, statement.target));
  if (entry.kind != TableKind::kStreamingTable) {
    return IsNo(statement.target, entry, "streaming table");
  }
  Definition definition = TRY(pipelines::ParseDefinition(entry.definition));
  const std::string& name = statement.name.parts[0];
  if (definition.FindFlow(name) != nullptr) {
    if (statement.if_not_exists) return NoRows();
    return Result<QueryResult>(Fail(Condition::PIPELINE_DUPLICATE_IDENTIFIERS_FLOW,
                                    {{"flowName", types::QuoteIdentifier(name)}}))
        .At(statement.name.span);
  }
  if (statement.flow.auto_cdc) {
    pipelines::Flow flow = TRY(ChangeFlow(call, *statement.flow.auto_cdc, entry.name));
    flow.name = name;
    flow.comment = statement.comment;
    definition.flows.push_back(std::move(flow));
  } else {
    TRY(CheckFlowQuery(*statement.flow.query, statement.flow.once, types::QuoteIdentifier(name))
            .At(statement.query_span));
    definition.flows.push_back({.name = name,
                                .query = sql::ToSql(*statement.flow.query),
                                .catalog = call.session.catalog,
                                .schema = call.session.schema,
                                .is_once = statement.flow.once,
                                .by_name = statement.flow.by_name,
                                .comment = statement.comment});
  }
  // A flow that does not fit the table is refused when it is made.
  TRY(pipelines::ColumnsOfStreamingTable(call.shared.pipelines->host(), entry, definition)
          .At(statement.query_span));
  StoreDataset(definition, entry);
  TRY(call.shared.catalog->UpdateTable(entry));
  TRY(call.shared.pipelines->updater().Run({.entry = entry,
                                            .definition = definition,
                                            .user = call.session.user,
                                            .stop = call.options.stop}));
  return NoRows();
}

}  // namespace inlet::workspace
