#include <algorithm>
#include <chrono>

#include "ingest/align_to_table.h"
#include "ingest/schema_evolution.h"
#include "ingest/stream/stream_schema.h"
#include "ingest/stream/stream_sink.h"
#include "sql/ast.h"

namespace inlet::ingest {
namespace {

using delta::AddFile;
using delta::SnapshotPtr;
using types::StructField;
using types::StructType;

/// How often a batch is written again because others changed the table's columns meanwhile.
constexpr int kMaxAttempts = 20;

std::int64_t NowMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::int64_t NumRowsOf(const std::vector<AddFile>& staged) {
  std::int64_t num_rows = 0;
  for (const AddFile& file : staged) num_rows += NumRecords(file);
  return num_rows;
}

/// What a batch is to be written as.
struct Layout {
  delta::Metadata metadata;
  StructType schema;
  /// The actions that make or change the table; none when it is as it was.
  std::optional<delta::TableActions> definition;
};

class DeltaSink final : public StreamSink {
 public:
  DeltaSink(engine::Engine& engine, DeltaSinkOptions options)
      : engine_(engine), options_(std::move(options)) {}

  std::string description() const override {
    return "DeltaSink[" + storage::UrlOf(*options_.root.store, options_.root.path) + "]";
  }
  bool is_transactional() const override { return true; }

  Status Open(const std::string& query_id, const StructType&) override {
    query_id_ = query_id;
    app_id_ = options_.transaction_app_id.empty() ? query_id : options_.transaction_app_id;
    return Ok();
  }

  Result<SinkResult> AddBatch(BatchId id, BoundQuery query,
                              const std::function<Status()>& before_visible,
                              std::stop_token stop) override {
    for (int attempt = 1;; ++attempt) {
      const SnapshotPtr table = TRY(LoadTable());
      if (const auto version = DoneIn(table, id)) {
        if (attempt > 1) return FailOvertaken(id);
        return SinkResult{.table_version = version, .was_there_already = true};
      }
      Result<SinkResult> result = Write(table, id, query, before_visible, stop);
      const bool try_again = !result && result.error().kind() == ErrorKind::kConflict &&
                             IsOfTable(result.error().condition) && attempt < kMaxAttempts;
      if (!try_again) return result;
    }
  }

 private:
  /// Conflicts with another writer of the table, not with what the sources say.
  static bool IsOfTable(Condition condition) {
    switch (condition) {
      case Condition::DELTA_METADATA_CHANGED:
      case Condition::DELTA_PROTOCOL_CHANGED:
      case Condition::DELTA_CONCURRENT_APPEND:
      case Condition::DELTA_CONCURRENT_DELETE_READ:
      case Condition::DELTA_CONCURRENT_DELETE_DELETE:
      case Condition::DELTA_CONCURRENT_TRANSACTION:
      case Condition::DELTA_CONCURRENT_WRITE:
        return true;
      default:
        return false;
    }
  }

  /// This process tried to write the batch, and another one was first.
  static std::unexpected<Error> FailOvertaken(BatchId id) {
    return Fail(Condition::CONCURRENT_STREAM_LOG_UPDATE, {{"batchId", std::to_string(id)}});
  }

  /// Null: there is no table yet.
  Result<SnapshotPtr> LoadTable() {
    Result<SnapshotPtr> table =
        table_ != nullptr ? delta::Snapshot::Update(table_) : delta::Snapshot::Load(options_.root);
    if (!table) {
      const bool may_make = options_.create_if_missing.has_value() &&
                            table.error().condition == Condition::DELTA_TABLE_NOT_FOUND;
      if (!may_make) return std::unexpected(std::move(table).error());
      table_ = nullptr;
      return SnapshotPtr();
    }
    table_ = *table;
    return table;
  }

  /// The version that has the batch or a later one already.
  std::optional<delta::Version> DoneIn(const SnapshotPtr& table, BatchId id) const {
    if (table == nullptr) return std::nullopt;
    const auto last = table->transaction(app_id_);
    return last && *last >= id ? std::optional(table->version()) : std::nullopt;
  }

  Result<SinkResult> Write(const SnapshotPtr& table, BatchId id, const BoundQuery& query,
                           const std::function<Status()>& before_visible,
                           const std::stop_token& stop) {
    const StructType source = TRY(engine_.Describe(query.query, query.inputs, query.context));
    const Layout layout = TRY(LayOut(table, source));
    const delta::DataFileSpec spec = TRY(delta::DataFileSpecFor(options_.root, layout.metadata));
    const sql::Query aligned = TRY(Align(query.query, source, layout));
    const Result<std::vector<AddFile>> written =
        engine_.Write(aligned, query.inputs, query.context, spec, stop);
    if (!written) return std::unexpected(WithConstraintName(written.error()));
    const std::vector<AddFile>& staged = *written;
    const Status checked = before_visible();
    Result<SinkResult> result = checked ? Commit(table, id, layout, staged)
                                        : Result<SinkResult>(std::unexpected(checked.error()));
    // When the outcome of the commit is unknown the files stay: a reader may already need them.
    if (!result && result.error().kind() != ErrorKind::kUnavailable) {
      delta::DeleteStaged(options_.root, staged);
    }
    return result;
  }

  Result<Layout> LayOut(const SnapshotPtr& table, const StructType& source) const {
    if (table == nullptr) return NewTable(source);
    StructType schema = TRY(Merged(*table, source));
    const std::string unknown = NamesOfChanges(table->schema(), schema);
    if (unknown.empty()) return Layout{.metadata = table->metadata(), .schema = table->schema()};
    if (!options_.merge_schema) return FailMismatch(*table, source, unknown);
    for (std::size_t i = table->schema().size(); i < schema.size(); ++i) {
      schema.fields[i].nullable = true;  // The rows that are there have no value for it.
    }
    // The columns alone change; their types may ask for a higher protocol.
    delta::TableActions actions = TRY(EvolveTable(*table, schema));
    return Layout{.metadata = actions.metadata,
                  .schema = std::move(schema),
                  .definition = std::move(actions)};
  }

  /// The columns of the table and those of the source. A table that widens types takes the wider
  /// ones, too: that the stream's schema has them was the user's choice of its mode.
  Result<StructType> Merged(const delta::Snapshot& table, const StructType& source) const {
    if (options_.merge_schema && WidensTypes(table.properties())) {
      return MergeSchemas(table.schema(), source, TypeWidening::kAll);
    }
    return MergeNewColumns(table.schema(), source, /*widen=*/false);
  }

  Result<Layout> NewTable(const StructType& source) const {
    delta::TableDefinition definition = *options_.create_if_missing;
    if (definition.schema.empty()) definition.schema = source;
    StructType schema = definition.schema;
    delta::TableActions actions = TRY(delta::DefineTable(definition));
    return Layout{.metadata = actions.metadata,
                  .schema = std::move(schema),
                  .definition = std::move(actions)};
  }

  std::unexpected<Error> FailMismatch(const delta::Snapshot& table, const StructType& source,
                                      const std::string& unknown) const {
    auto failure = Fail(Condition::DELTA_METADATA_MISMATCH,
                        {{"message", options_.table_name + " has no column " + unknown},
                         {"tableSchema", types::ToDdl(table.schema())},
                         {"dataSchema", types::ToDdl(source)}});
    Error error = std::move(failure).error();
    error.hint =
        "The source lets new columns in, the target does not: set mergeSchema = true on "
        "the sink.";
    return std::unexpected(std::move(error));
  }

  /// The query with the table's columns in their order, by name; what it lacks is its default.
  Result<sql::Query> Align(const sql::Query& query, const StructType& source,
                           const Layout& layout) const {
    const TargetTable target{.schema = layout.schema,
                             .properties = layout.metadata.configuration,
                             .display_name = options_.table_name};
    Alignment alignment = TRY(AlignByName(source, target));
    alignment.structs_by_name = true;
    return AlignToTable(query, source, target, alignment);
  }

  Result<SinkResult> Commit(const SnapshotPtr& table, BatchId id, const Layout& layout,
                            const std::vector<AddFile>& staged) {
    const bool changes_nothing =
        table != nullptr && staged.empty() && !layout.definition && !options_.overwrite;
    if (changes_nothing) return SinkResult{.num_output_rows = 0, .table_version = table->version()};
    delta::Transaction transaction =
        table == nullptr ? delta::Transaction(options_.root) : delta::Transaction(table);
    transaction.ReadTransaction(app_id_);
    transaction.Set(
        delta::SetTransaction{.app_id = app_id_, .version = id, .last_updated = NowMs()});
    delta::Metadata metadata = layout.metadata;
    const bool gave_identities = TRY(GiveIdentities(NumRowsOf(staged), metadata));
    if (layout.definition || gave_identities) transaction.Set(std::move(metadata));
    if (layout.definition) {
      if (table == nullptr || layout.definition->protocol != table->protocol()) {
        transaction.Set(layout.definition->protocol);
      }
      for (const delta::DomainMetadata& domain : layout.definition->domains) {
        transaction.Set(domain);
      }
    }
    if (options_.overwrite && table != nullptr) {
      transaction.ReadWholeTable();
      for (const AddFile& file : table->files()) transaction.Remove(file);
    }
    transaction.Add(staged);
    SinkResult result{.num_output_rows = NumRowsOf(staged)};
    for (const AddFile& file : staged) result.num_output_bytes += file.size;
    const delta::CommitResult committed =
        TRY(std::move(transaction).Commit(OperationOf(id, staged, result)));
    table_ = committed.snapshot;
    result.table_version = committed.version;
    if (options_.on_commit) options_.on_commit(committed.snapshot);
    return result;
  }

  delta::Operation OperationOf(BatchId id, const std::vector<AddFile>& staged,
                               const SinkResult& result) const {
    return {.name = "STREAMING UPDATE",
            .parameters = {{"outputMode",
                            delta::JsonString(options_.overwrite ? "Complete" : "Append")},
                           {"queryId", delta::JsonString(query_id_)},
                           {"epochId", delta::JsonString(std::to_string(id))}},
            .metrics = {{"numAddedFiles", std::to_string(staged.size())},
                        {"numRemovedFiles", "0"},
                        {"numOutputRows", std::to_string(result.num_output_rows)},
                        {"numOutputBytes", std::to_string(result.num_output_bytes)}},
            .user_name = options_.user_name,
            .is_blind_append = !options_.overwrite,
            .enforced_features = {"checkConstraints", "generatedColumns", "identityColumns"}};
  }

  engine::Engine& engine_;  // Outlives this.
  const DeltaSinkOptions options_;
  std::string query_id_;
  std::string app_id_;
  SnapshotPtr table_;  ///< The newest version seen.
};

}  // namespace

std::unique_ptr<StreamSink> MakeDeltaSink(engine::Engine& engine, DeltaSinkOptions options) {
  return std::make_unique<DeltaSink>(engine, std::move(options));
}

}  // namespace inlet::ingest
