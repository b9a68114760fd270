#include <charconv>
#include <filesystem>

#include "base/option_map.h"
#include "delta/table.h"
#include "ingest/align_to_table.h"
#include "pipelines/change_sink.h"
#include "pipelines/dataset_table.h"
#include "pipelines/update.h"
#include "sql/parser.h"
#include "sql/walk.h"

namespace inlet::pipelines {
namespace {

using storage::Location;

/// Says in the table's log how many full refreshes its rows have seen: what decides which
/// checkpoints go on must change in the same commit as the rows.
constexpr std::string_view kGenerationApp = "inlet.generation";

/// A deletion vector's name in the log; what stands before it is a directory.
/// Source: Delta protocol, "Deletion Vector Descriptor".
constexpr std::size_t kVectorNameSize = 20;

std::int64_t GenerationOf(const delta::Snapshot& table) {
  return table.transaction(kGenerationApp).value_or(0);
}

std::string StateRoot(catalog::Catalog& catalog, const std::string& table_id,
                      std::int64_t generation) {
  return catalog.home() + "/streams/" + table_id + "/" + std::to_string(generation);
}

std::string CheckpointOf(Host& host, const catalog::TableEntry& entry, std::int64_t generation,
                         const Flow& flow) {
  std::string directory;
  for (const char c : ToLower(flow.name)) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    constexpr char kHex[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    directory += is_plain ? std::string(1, c) : std::string{'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return StateRoot(host.catalog(), entry.id, generation) + "/" + directory;
}

std::string PlainName(const catalog::FullName& name) {
  return name.catalog + "." + name.schema + "." + name.object;
}

/// Runs the flows of one update into the table at `root`.
class FlowsRun {
 public:
  FlowsRun(const UpdateRun& run, Location root, std::int64_t generation)
      : run_(run), root_(std::move(root)), generation_(generation) {}

  /// A flow that fails does not keep the others from running; the first error is the update's.
  Result<std::int64_t> Run() {
    std::optional<Error> first_error;
    for (const Flow& flow : run_.request.definition.flows) {
      if (run_.stop.stop_requested()) break;
      run_.record.FlowStatus(flow.name, "RUNNING");
      Status done = flow.is_once ? RunOnce(flow) : RunStream(flow);
      if (done) {
        run_.record.FlowStatus(flow.name, "COMPLETED");
        continue;
      }
      const bool is_stopped = done.error().kind() == ErrorKind::kCancelled;
      run_.record.FlowStatus(flow.name, is_stopped ? "STOPPED" : "FAILED", &done.error());
      if (!first_error) first_error = std::move(done).error();
    }
    if (first_error) return std::unexpected(*std::move(first_error));
    if (run_.stop.stop_requested()) return Fail(Condition::OPERATION_CANCELED, {});
    return num_rows_;
  }

 private:
  Status RunStream(const Flow& flow) {
    FlowStream stream{.query = TRY(sql::ParseQuery(flow.query)),
                      .name = flow.name,
                      .checkpoint = CheckpointOf(run_.host, run_.request.entry, generation_, flow),
                      .sink = flow.changes ? MakeChangeSinkFor(flow) : MakeSink()};
    auto expectations = std::make_shared<std::shared_ptr<ExpectationRun>>();
    if (!run_.request.definition.expectations.empty()) {
      stream.make_rewrite = [this, &flow, expectations](ingest::BatchId) {
        return RewriteOf(flow, *expectations);
      };
    }
    stream.on_progress = [this, &flow, expectations](const ingest::StreamProgress& progress) {
      num_rows_ += std::max<std::int64_t>(progress.num_output_rows, 0);
      run_.record.FlowRows(flow.name, CountsOf(progress), expectations->get());
      expectations->reset();
    };
    const auto query =
        TRY(run_.host.OpenStream(ScopeOf(run_.request.definition, flow), std::move(stream)));
    return query->RunToEnd(run_.stop);
  }

  std::unique_ptr<ingest::StreamSink> MakeSink() const {
    const UpdateRequest& request = run_.request;
    return ingest::MakeDeltaSink(
        run_.host.engine(),
        {.root = root_,
         .table_name = PlainName(request.entry.name),
         .merge_schema = request.definition.columns.empty(),
         .user_name = request.user,
         .on_commit = [&snapshots = run_.host.snapshots()](const delta::SnapshotPtr& snapshot) {
           snapshots.Put(snapshot);
         }});
  }

  std::unique_ptr<ingest::StreamSink> MakeChangeSinkFor(const Flow& flow) const {
    const UpdateRequest& request = run_.request;
    Host& host = run_.host;
    const std::string checkpoint = CheckpointOf(host, request.entry, generation_, flow);
    // The home is on a local disk.
    const Location state = storage::Resolve(checkpoint + "/cdc").value_or(Location());
    return MakeChangeSink(
        host.engine(),
        {.root = root_,
         .state = state,
         .table_name = PlainName(request.entry.name),
         .rules = *flow.changes,
         .merge_schema = request.definition.columns.empty(),
         .user_name = request.user,
         .session_time_zone = request.definition.time_zone,
         .temp_directory = host.catalog().temporary_directory(),
         .on_commit = [&snapshots = host.snapshots()](const delta::SnapshotPtr& snapshot) {
           snapshots.Put(snapshot);
         }});
  }

  ingest::BatchRewrite RewriteOf(const Flow& flow, std::shared_ptr<ExpectationRun>& current) const {
    auto run = std::make_shared<ExpectationRun>(run_.request.definition.expectations, flow.name);
    current = run;
    return {.rewrite = [run](ingest::BoundQuery query) { return run->Rewrite(std::move(query)); },
            .check = [run, &engine = run_.host.engine()] { return run->Check(engine); }};
  }

  static FlowCounts CountsOf(const ingest::StreamProgress& progress) {
    FlowCounts counts{.num_batches = 1,
                      .num_input_rows = progress.num_input_rows,
                      .num_output_rows = std::max<std::int64_t>(progress.num_output_rows, 0),
                      .num_output_bytes = progress.num_output_bytes,
                      .duration_ms = progress.batch_duration_ms,
                      .batch_id = progress.batch_id};
    for (const ingest::SourceProgress& source : progress.sources) {
      counts.backlog_files += Number(source.metrics, "numFilesOutstanding");
      counts.backlog_bytes += Number(source.metrics, "numBytesOutstanding");
    }
    return counts;
  }

  static std::int64_t Number(const std::map<std::string, std::string>& metrics,
                             const std::string& name) {
    std::int64_t number = 0;
    const auto found = metrics.find(name);
    if (found == metrics.end()) return 0;
    const std::string& text = found->second;
    (void)std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }

  /// INSERT INTO ONCE: the rows and the note that they are there go into one commit.
  Status RunOnce(const Flow& flow) {
    const UpdateRequest& request = run_.request;
    engine::Engine& engine = run_.host.engine();
    const std::string app_id = "inlet.once/" + request.entry.id + "/" + ToLower(flow.name) + "/" +
                               std::to_string(generation_);
    const delta::SnapshotPtr table = TRY(run_.host.snapshots().Latest(root_));
    if (table->transaction(app_id)) return Ok();
    const std::int64_t started_ms = SystemClockMs();
    ExpectationRun expectations(request.definition.expectations, flow.name);
    ingest::BoundQuery query = TRY(expectations.Rewrite(TRY(run_.host.Bind(
        ScopeOf(request.definition, flow), TRY(sql::ParseQuery(flow.query)), run_.stop))));
    const types::StructType source = TRY(engine.Describe(query.query, query.inputs, query.context));
    const ingest::TargetTable target{.schema = table->schema(),
                                     .properties = table->properties(),
                                     .display_name = PlainName(request.entry.name)};
    query.query = TRY(ingest::AlignToTable(std::move(query.query), source, target,
                                           TRY(ingest::AlignByName(source, target))));
    const std::vector<delta::AddFile> staged =
        TRY(engine.Write(query.query, std::move(query.inputs), query.context,
                         TRY(delta::DataFileSpecFor(root_, table->metadata())), run_.stop));
    const Status committed = [&]() -> Status {
      TRY(expectations.Check(engine));
      delta::Transaction transaction(table);
      (void)transaction.ReadTransaction(app_id);
      transaction.Set(delta::SetTransaction{.app_id = app_id, .version = 0});
      transaction.Add(staged);
      const delta::CommitResult result = TRY(std::move(transaction)
                                                 .Commit({.name = "STREAMING UPDATE",
                                                          .user_name = request.user,
                                                          .is_blind_append = true}));
      run_.host.snapshots().Put(result.snapshot);
      return Ok();
    }();
    if (!committed) {
      if (committed.error().kind() != ErrorKind::kUnavailable) delta::DeleteStaged(root_, staged);
      return committed;
    }
    FlowCounts counts{.num_batches = 1, .duration_ms = SystemClockMs() - started_ms};
    for (const delta::AddFile& file : staged) {
      counts.num_output_rows += ingest::NumRecords(file);
      counts.num_output_bytes += file.size;
    }
    num_rows_ += counts.num_output_rows;
    run_.record.FlowRows(flow.name, counts, &expectations);
    return Ok();
  }

  const UpdateRun& run_;
  const Location root_;
  const std::int64_t generation_;
  std::int64_t num_rows_ = 0;
};

// ---- Columns

/// Whether every value of `from` is one of `to`.
bool Fits(const types::DataType& from, const types::DataType& to) {
  using types::TypeId;
  if (from == to || from.id() == TypeId::kVoid) return true;
  const auto width = [](TypeId id) {
    switch (id) {
      case TypeId::kByte:
        return 1;
      case TypeId::kShort:
        return 2;
      case TypeId::kInteger:
        return 4;
      case TypeId::kLong:
        return 8;
      default:
        return 0;
    }
  };
  if (width(from.id()) > 0 && width(to.id()) > 0) return width(from.id()) <= width(to.id());
  if (to.id() == TypeId::kDouble) {
    return from.id() == TypeId::kFloat || (width(from.id()) > 0 && width(from.id()) <= 4);
  }
  if (to.id() == TypeId::kFloat) return width(from.id()) > 0 && width(from.id()) <= 2;
  return from.id() == TypeId::kDate && to.id() == TypeId::kTimestampNtz;
}

std::unexpected<Error> DoesNotFit(const catalog::TableEntry& entry,
                                  const types::StructType& declared,
                                  const types::StructType& inferred) {
  return Fail(Condition::USER_SPECIFIED_AND_INFERRED_SCHEMA_NOT_COMPATIBLE,
              {{"tableName", PlainName(entry.name)},
               {"specifiedSchema", types::ToDdl(declared)},
               {"inferredDataSchema", types::ToDdl(inferred)}});
}

/// The declared columns, those without a type with the query's.
Result<types::StructType> Declared(const catalog::TableEntry& entry, const Definition& definition,
                                   const types::StructType& inferred) {
  types::StructType declared;
  for (const DeclaredColumn& column : definition.columns) {
    const types::StructField* source = inferred.Find(column.name);
    types::StructField field{.name = column.name, .nullable = column.is_nullable};
    if (column.type) {
      field.type = *column.type;
    } else if (source != nullptr) {
      field.type = source->type;
    } else {
      return DoesNotFit(entry, declared, inferred);
    }
    if (column.comment) field.set_comment(*column.comment);
    declared.fields.push_back(std::move(field));
  }
  return declared;
}

Status CheckFits(const catalog::TableEntry& entry, const types::StructType& declared,
                 const types::StructType& inferred) {
  for (const types::StructField& field : inferred.fields) {
    const types::StructField* target = declared.Find(field.name);
    if (target == nullptr || !Fits(field.type, target->type)) {
      return DoesNotFit(entry, declared, inferred);
    }
  }
  return Ok();
}

Result<types::StructType> ColumnsOfFlow(Host& host, const catalog::TableEntry& entry,
                                        const Definition& definition, const Flow& flow,
                                        std::int64_t generation) {
  sql::Query query = TRY(sql::ParseQuery(flow.query));
  const Scope scope = ScopeOf(definition, flow);
  if (!flow.is_once) {
    Result<types::StructType> columns =
        host.DescribeStream(scope, {.query = std::move(query),
                                    .name = flow.name,
                                    .checkpoint = CheckpointOf(host, entry, generation, flow)});
    // A stream waits for its first file; the columns come with it.
    const bool is_waiting =
        !columns && columns.error().condition == Condition::CF_EMPTY_DIR_FOR_SCHEMA_INFERENCE;
    if (is_waiting) return types::StructType();
    if (!columns || !flow.changes) return columns;
    return TargetColumns(*columns, *flow.changes, PlainName(entry.name));
  }
  const ingest::BoundQuery bound = TRY(host.Bind(scope, query, {}));
  return host.engine().Describe(bound.query, bound.inputs, bound.context);
}

Result<types::StructType> ColumnsInGeneration(Host& host, const catalog::TableEntry& entry,
                                              const Definition& definition,
                                              std::int64_t generation) {
  types::StructType inferred;
  for (const Flow& flow : definition.flows) {
    for (types::StructField& field :
         TRY(ColumnsOfFlow(host, entry, definition, flow, generation)).fields) {
      if (inferred.Find(field.name) == nullptr) inferred.fields.push_back(std::move(field));
    }
  }
  // What later files lack must not fail the table.
  for (types::StructField& field : inferred.fields) field.nullable = true;
  if (definition.columns.empty()) return inferred;
  types::StructType declared = TRY(Declared(entry, definition, inferred));
  TRY(CheckFits(entry, declared, inferred));
  return declared;
}

// ---- Full refresh

Status RemoveAll(const Location& directory) {
  for (const storage::ObjectInfo& file : TRY(directory.store->List(directory.path + "/", {}))) {
    TRY(directory.store->Delete(file.path));
  }
  return Ok();
}

void RemoveState(Host& host, const catalog::TableEntry& entry, std::int64_t generation) {
  std::error_code ignored;
  std::filesystem::remove_all(StateRoot(host.catalog(), entry.id, generation), ignored);
}

/// Puts what the staged table at `directory` below the root has in place of the table's rows.
Status Swap(const UpdateRun& run, const Location& root, const std::string& directory,
            std::int64_t generation) {
  const Location staging{.store = root.store, .path = root.path + "/" + directory};
  const delta::SnapshotPtr staged = TRY(delta::Snapshot::Load(staging));
  const delta::SnapshotPtr current = TRY(run.host.snapshots().Latest(root));
  delta::TableDefinition definition = TableDefinitionOf(run.request.entry, run.request.definition);
  definition.schema = staged->schema();
  delta::TableActions actions = TRY(delta::RedefineTable(*current, definition));
  delta::Transaction transaction(current);
  transaction.ReadWholeTable();
  for (const delta::AddFile& file : current->files()) transaction.Remove(file);
  transaction.Set(std::move(actions.protocol));
  transaction.Set(std::move(actions.metadata));
  for (delta::DomainMetadata& domain : actions.domains) transaction.Set(std::move(domain));
  for (const delta::AddFile& file : staged->files()) {
    delta::AddFile moved = file;
    moved.path = directory + "/" + file.path;
    if (moved.deletion_vector && moved.deletion_vector->storage_type == "u") {
      std::string& vector = moved.deletion_vector->path_or_inline_dv;
      vector = directory + (vector.size() > kVectorNameSize ? "/" : "") + vector;
    }
    moved.data_change = true;
    moved.base_row_id.reset();
    moved.default_row_commit_version.reset();
    transaction.Add(std::move(moved));
  }
  for (const auto& [app_id, application] : staged->transactions()) transaction.Set(application);
  transaction.Set(
      delta::SetTransaction{.app_id = std::string(kGenerationApp), .version = generation});
  const delta::CommitResult committed = TRY(
      std::move(transaction)
          .Commit(
              {.name = "WRITE",
               .parameters = {{"mode", "Overwrite"},
                              {"partitionBy", delta::JsonStrings(definition.partition_columns)}},
               .user_name = run.request.user,
               .is_blind_append = false}));
  run.host.snapshots().Put(committed.snapshot);
  return Ok();
}

Result<std::int64_t> RefreshInFull(const UpdateRun& run, const Location& root,
                                   std::int64_t old_generation) {
  const UpdateRequest& request = run.request;
  const std::string* allowed = request.definition.FindProperty("pipelines.reset.allowed");
  if (allowed != nullptr && EqualsIgnoreCase(*allowed, "false")) {
    return Fail(Condition::TABLE_FULL_REFRESH_NOT_ALLOWED,
                {{"tableName", PlainName(request.entry.name)}});
  }
  const std::int64_t generation = old_generation + 1;
  const std::string directory = "refresh-" + std::to_string(generation);
  const Location staging{.store = root.store, .path = root.path + "/" + directory};
  run.record.Progress("RESETTING");
  // What a refresh left that was killed half-way.
  TRY(RemoveAll(staging));
  RemoveState(run.host, request.entry, generation);
  const Result<std::int64_t> rows = [&]() -> Result<std::int64_t> {
    delta::TableDefinition definition = TableDefinitionOf(request.entry, request.definition);
    definition.schema =
        TRY(ColumnsInGeneration(run.host, request.entry, request.definition, generation));
    // Sources that have nothing left say nothing of columns either.
    if (definition.schema.empty()) {
      definition.schema = TRY(run.host.snapshots().Latest(root))->schema();
    }
    TRY(ingest::TableWriter(run.host.engine(), {.user_name = request.user}, run.stop)
            .Create(staging, definition, /*is_managed=*/true));
    const std::int64_t num_rows = TRY(FlowsRun(run, staging, generation).Run());
    TRY(Swap(run, root, directory, generation));
    return num_rows;
  }();
  run.host.snapshots().Forget(staging);
  if (!rows) {
    if (rows.error().kind() != ErrorKind::kUnavailable) {
      (void)RemoveAll(staging).has_value();
      RemoveState(run.host, request.entry, generation);
    }
    return rows;
  }
  // The rows are there; what is left of the old state is only garbage.
  (void)RemoveAll({.store = root.store, .path = staging.path + "/_delta_log"}).has_value();
  RemoveState(run.host, request.entry, old_generation);
  return rows;
}

}  // namespace

Result<types::StructType> ColumnsOfStreamingTable(Host& host, const catalog::TableEntry& entry,
                                                  const Definition& definition) {
  std::int64_t generation = 0;
  const Location root = TRY(storage::Resolve(entry.location));
  if (const auto table = delta::Snapshot::Load(root)) generation = GenerationOf(**table);
  return ColumnsInGeneration(host, entry, definition, generation);
}

Result<std::vector<Backlog>> BacklogOfStreamingTable(Host& host, const catalog::TableEntry& entry,
                                                     const Definition& definition) {
  const Location root = TRY(storage::Resolve(entry.location));
  const std::int64_t generation = GenerationOf(*TRY(host.snapshots().Latest(root)));
  std::vector<Backlog> backlogs;
  for (const Flow& flow : definition.flows) {
    if (flow.is_once) continue;
    for (Backlog& backlog :
         TRY(host.FindBacklog(ScopeOf(definition, flow),
                              {.query = TRY(sql::ParseQuery(flow.query)),
                              .name = flow.name,
                              .checkpoint = CheckpointOf(host, entry, generation, flow)}))) {
      backlogs.push_back(std::move(backlog));
    }
  }
  return backlogs;
}

Result<std::vector<FlowCheckpoint>> CheckpointsOfStreamingTable(Host& host,
                                                                const catalog::TableEntry& entry,
                                                                const Definition& definition) {
  const Location root = TRY(storage::Resolve(entry.location));
  const std::int64_t generation = GenerationOf(*TRY(host.snapshots().Latest(root)));
  std::vector<FlowCheckpoint> checkpoints;
  for (const Flow& flow : definition.flows) {
    if (flow.is_once) continue;
    checkpoints.push_back({.flow = flow.name, .path = CheckpointOf(host, entry, generation, flow)});
  }
  return checkpoints;
}

Result<std::string> SourcesOfStreamingTable(Host& host, const Definition& definition) {
  std::string sources;
  bool is_all = !definition.flows.empty();
  for (const Flow& flow : definition.flows) {
    sql::Query query = TRY(sql::ParseQuery(flow.query));
    TRY(sql::BindTables(query, [&](sql::TableRef& table) -> Status {
      const auto* named = table.As<sql::NamedTable>();
      std::vector<std::string> parts =
          named != nullptr ? named->name.parts : std::vector<std::string>();
      if (parts.size() == 1) parts.insert(parts.begin(), flow.schema);
      if (parts.size() == 2) parts.insert(parts.begin(), flow.catalog);
      is_all = is_all && parts.size() == 3;
      if (!is_all) return Ok();
      const auto entry = host.catalog().FindTable({parts[0], parts[1], parts[2]});
      is_all = entry.has_value() && !entry->location.empty();
      if (!is_all) return Ok();
      const delta::SnapshotPtr snapshot =
          TRY(host.snapshots().Latest(TRY(storage::Resolve(entry->location))));
      sources += snapshot->table_url() + "@" + std::to_string(snapshot->version()) + "#" +
                 snapshot->metadata().id + "\n";
      return Ok();
    }));
  }
  return is_all ? sources : std::string();
}

Result<std::int64_t> RefreshStreamingTable(const UpdateRun& run) {
  const Location root = TRY(storage::Resolve(run.request.entry.location));
  const delta::SnapshotPtr table = TRY(run.host.snapshots().Latest(root));
  const std::int64_t generation = GenerationOf(*table);
  if (run.request.is_full) return RefreshInFull(run, root, generation);
  if (!run.request.definition.columns.empty()) {
    TRY(ColumnsInGeneration(run.host, run.request.entry, run.request.definition, generation));
  }
  return FlowsRun(run, root, generation).Run();
}

}  // namespace inlet::pipelines
