#include "ingest/dml/table_change.h"

#include <arrow/api.h>
#include <arrow/compute/api_vector.h>

#include <chrono>
#include <map>
#include <mutex>
#include <set>

#include "base/option_map.h"
#include "delta/deletion_vector_writer.h"
#include "delta/file_skipping.h"
#include "delta/row_bitmap.h"
#include "delta/row_tracking.h"
#include "delta/scan.h"
#include "delta/table.h"
#include "ingest/delta_source.h"
#include "ingest/dml/change_target.h"
#include "ingest/dml/queries.h"
#include "ingest/dml/row_rules.h"
#include "types/arrow.h"

namespace inlet::ingest {
namespace {

using delta::AddFile;
using types::StructField;
using types::StructType;

constexpr const char* kRowIdColumn = "delta.rowTracking.materializedRowIdColumnName";
constexpr const char* kRowVersionColumn =
    "delta.rowTracking.materializedRowCommitVersionColumnName";

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool IsTrue(const delta::Properties& properties, const char* key) {
  const auto found = properties.find(key);
  return found != properties.end() && EqualsIgnoreCase(found->second, "true");
}

StructField Number(std::string name, types::TypeId type = types::TypeId::kLong) {
  return {.name = std::move(name), .type = type};
}

/// The rows of `columns` at `indices`.
Result<arrow::ArrayVector> Take(const arrow::ArrayVector& columns, const arrow::Array& indices) {
  arrow::ArrayVector taken;
  for (const auto& column : columns) {
    taken.push_back(ARROW_TRY(arrow::compute::Take(*column, indices)));
  }
  return taken;
}

/// Positions in a batch.
class Positions {
 public:
  Status Add(std::int64_t row) {
    ARROW_CHECK_OK(builder_.Append(row));
    return Ok();
  }
  std::int64_t size() const { return builder_.length(); }
  Result<std::shared_ptr<arrow::Array>> Finish() { return ARROW_TRY(builder_.Finish()); }

 private:
  arrow::Int64Builder builder_;
};

Result<types::BatchPtr> MakeBatch(const StructType& schema, arrow::ArrayVector columns,
                                  std::int64_t num_rows) {
  return arrow::RecordBatch::Make(types::ToArrow(schema), num_rows, std::move(columns));
}

StructType AllNullable(StructType schema) {
  for (StructField& field : schema.fields) field.nullable = true;
  return schema;
}

/// A file of the table by its place in the iteration of its files.
using NumberedFiles = std::map<std::int64_t, AddFile>;

}  // namespace

struct TableChange::State {
  State(engine::Engine& engine_of_workspace, delta::SnapshotPtr read_from, ChangeOptions given)
      : engine(engine_of_workspace),
        snapshot(std::move(read_from)),
        options(std::move(given)),
        schema(snapshot->schema()),
        vectors(snapshot->table_root()) {}

  engine::Engine& engine;  // Outlives this.
  const delta::SnapshotPtr snapshot;
  const ChangeOptions options;
  StructType schema;
  std::optional<delta::TableActions> evolved;
  std::optional<delta::SetTransaction> transaction;
  const std::shared_ptr<ReadRecord> record = std::make_shared<ReadRecord>();
  bool reads_whole_table = false;
  std::vector<std::vector<types::ColumnPredicate>> read_rows;
  std::set<std::int64_t> whole_files;  ///< These go altogether.

  std::mutex mutex;
  // Guarded by mutex while a query runs.
  std::map<std::int64_t, delta::RowBitmap> rows;  ///< That go, by file.
  std::vector<AddFile> data_files;
  std::vector<AddFile> feed_files;
  ChangeFigures figures;

  // Made by Finish().
  delta::DeletionVectorWriter vectors;
  std::vector<AddFile> removed;
  std::vector<AddFile> marked;  ///< Files that live on with a deletion vector.
  bool is_committed = false;
  bool counts_identities = false;  ///< Rows that were inserted have got their identities.

  const delta::Properties& properties() const { return snapshot->properties(); }
  const delta::Metadata& metadata() const {
    return evolved ? evolved->metadata : snapshot->metadata();
  }
  bool FeedIsOn() const { return IsTrue(properties(), "delta.enableChangeDataFeed"); }
  bool MarksRows() const {
    return IsTrue(properties(), "delta.enableDeletionVectors") &&
           delta::SupportsFeature(snapshot->protocol(), "deletionVectors");
  }
  /// Whether rows that are written again carry their ids along.
  bool TracksRows() const {
    return delta::TracksRows(snapshot->protocol(), properties()) &&
           properties().contains(kRowIdColumn) && properties().contains(kRowVersionColumn);
  }

  Result<delta::DataFileSpec> DataSpec(bool with_row_ids) const;
  Result<delta::DataFileSpec> FeedSpec() const;
  StructType QuerySchema(const ChangeColumns& columns) const;
  Result<std::int64_t> PhysicalRows(const AddFile& file) const;
  void TakeReads();
  NumberedFiles TouchedFiles() const;
  Status CopyRest(std::map<std::int64_t, delta::RowBitmap> files);
  Status Mark(const AddFile& file, const delta::RowBitmap& gone, std::int64_t physical_rows);
  void Discard();
};

Result<delta::DataFileSpec> TableChange::State::DataSpec(bool with_row_ids) const {
  delta::DataFileSpec spec = TRY(delta::DataFileSpecFor(snapshot->table_root(), metadata()));
  if (with_row_ids) {
    spec.schema.fields.push_back(Number(properties().at(kRowIdColumn)));
    spec.schema.fields.push_back(Number(properties().at(kRowVersionColumn)));
  }
  return spec;
}

/// Source: Delta protocol, "Add CDC File", "Change data files".
Result<delta::DataFileSpec> TableChange::State::FeedSpec() const {
  delta::DataFileSpec spec = TRY(DataSpec(/*with_row_ids=*/false));
  spec.schema = AllNullable(std::move(spec.schema));
  spec.schema.fields.push_back({.name = "_change_type", .type = types::TypeId::kString});
  spec.directory = "_change_data/";
  spec.file_prefix = "cdc";
  spec.stats_columns = 0;
  spec.stats_column_names.clear();
  return spec;
}

StructType TableChange::State::QuerySchema(const ChangeColumns& columns) const {
  StructType all;
  all.fields.push_back(Number("change", types::TypeId::kByte));
  all.fields.push_back(Number("file"));
  all.fields.push_back(Number("row"));
  if (columns.row_ids) {
    all.fields.push_back(Number("row_id"));
    all.fields.push_back(Number("row_version"));
  }
  const StructType nullable = AllNullable(schema);
  if (columns.news) {
    all.fields.insert(all.fields.end(), nullable.fields.begin(), nullable.fields.end());
  }
  if (columns.olds) {
    all.fields.insert(all.fields.end(), nullable.fields.begin(), nullable.fields.end());
  }
  return all;
}

/// Takes the rows of a change query on one thread.
class TableChange::Sink final : public delta::DataFileWriter {
 public:
  Sink(State& state, const ChangeColumns& columns, bool allow_repeated)
      : state_(state), columns_(columns), allow_repeated_(allow_repeated) {}

  Status Append(const types::BatchPtr& batch) override {
    Rows rows;
    TRY(Sort(*batch, rows));
    if (columns_.news && rows.news.size() > 0) {
      const auto indices = TRY(rows.news.Finish());
      TRY(WriteData(*batch, *indices));
    }
    if (!columns_.olds) return Ok();
    TRY(WriteFeed(*batch, rows.deleted, olds_at(), "delete"));
    const auto updated = TRY(rows.updated.Finish());
    TRY(WriteFeed(*batch, *updated, olds_at(), "update_preimage"));
    TRY(WriteFeed(*batch, *updated, news_at(), "update_postimage"));
    return WriteFeed(*batch, rows.inserted, news_at(), "insert");
  }

  /// What was staged is known to the change, not to the engine.
  Result<std::vector<AddFile>> Finish() override {
    std::vector<AddFile> data;
    std::vector<AddFile> feed;
    if (data_) data = TRY(data_->Finish());
    if (feed_) {
      Result<std::vector<AddFile>> files = feed_->Finish();
      if (!files) {
        delta::DeleteStaged(state_.snapshot->table_root(), data);
        return std::unexpected(std::move(files).error());
      }
      feed = *std::move(files);
    }
    std::lock_guard lock(state_.mutex);
    std::move(data.begin(), data.end(), std::back_inserter(state_.data_files));
    std::move(feed.begin(), feed.end(), std::back_inserter(state_.feed_files));
    return std::vector<AddFile>();
  }

 private:
  struct Rows {
    Positions news;
    Positions deleted;
    Positions updated;
    Positions inserted;
  };

  std::size_t news_at() const { return columns_.row_ids ? 5 : 3; }
  std::size_t olds_at() const { return news_at() + (columns_.news ? state_.schema.size() : 0); }

  /// Marks the rows that go, and says of each what is to be done with it.
  Status Sort(const arrow::RecordBatch& batch, Rows& rows) {
    const auto& changes = static_cast<const arrow::Int8Array&>(*batch.column(0));
    const auto& files = static_cast<const arrow::Int64Array&>(*batch.column(1));
    const auto& positions = static_cast<const arrow::Int64Array&>(*batch.column(2));
    std::lock_guard lock(state_.mutex);
    delta::RowBitmap* bitmap = nullptr;
    std::int64_t file = -1;
    for (std::int64_t i = 0; i < batch.num_rows(); ++i) {
      const auto change = static_cast<RowChange>(changes.Value(i));
      if (change == RowChange::kInsert) {
        ++state_.figures.inserted_rows;
        TRY(rows.news.Add(i));
        TRY(rows.inserted.Add(i));
        continue;
      }
      if (bitmap == nullptr || files.Value(i) != file) {
        file = files.Value(i);
        bitmap = &state_.rows[file];
      }
      if (!bitmap->Add(static_cast<std::uint64_t>(positions.Value(i)))) {
        if (allow_repeated_) continue;
        return Fail(Condition::DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE, {});
      }
      const bool updates = change == RowChange::kUpdate || change == RowChange::kUpdateBySource;
      if (updates) TRY(rows.news.Add(i));
      TRY((updates ? rows.updated : rows.deleted).Add(i));
      Count(change);
    }
    return Ok();
  }

  void Count(RowChange change) {
    ChangeFigures& figures = state_.figures;
    const bool updates = change == RowChange::kUpdate || change == RowChange::kUpdateBySource;
    ++(updates ? figures.updated_rows : figures.deleted_rows);
    if (change == RowChange::kUpdateBySource) ++figures.rows_updated_by_source;
    if (change == RowChange::kDeleteBySource) ++figures.rows_deleted_by_source;
  }

  arrow::ArrayVector Columns(const arrow::RecordBatch& batch, std::size_t begin,
                             std::size_t count) const {
    const auto& columns = batch.columns();
    const auto first = columns.begin() + static_cast<std::ptrdiff_t>(begin);
    return {first, first + static_cast<std::ptrdiff_t>(count)};
  }

  Status WriteData(const arrow::RecordBatch& batch, const arrow::Array& indices) {
    arrow::ArrayVector columns =
        TRY(Take(Columns(batch, news_at(), state_.schema.size()), indices));
    const std::int64_t num_rows = indices.length();
    if (columns_.row_ids) {
      columns.push_back(TRY(Take({batch.column(3)}, indices)).front());
      // An updated row is of the version that is being made.
      columns.push_back(ARROW_TRY(arrow::MakeArrayOfNull(arrow::int64(), num_rows)));
    }
    if (!data_) {
      data_spec_ = TRY(state_.DataSpec(columns_.row_ids));
      data_ = TRY(delta::DataFileWriter::Open(data_spec_));
    }
    return data_->Append(TRY(MakeBatch(data_spec_.schema, std::move(columns), num_rows)));
  }

  Status WriteFeed(const arrow::RecordBatch& batch, Positions& rows, std::size_t begin,
                   const char* change_type) {
    return WriteFeed(batch, *TRY(rows.Finish()), begin, change_type);
  }

  Status WriteFeed(const arrow::RecordBatch& batch, const arrow::Array& indices, std::size_t begin,
                   const char* change_type) {
    const std::int64_t num_rows = indices.length();
    if (num_rows == 0) return Ok();
    arrow::ArrayVector columns = TRY(Take(Columns(batch, begin, state_.schema.size()), indices));
    const arrow::StringScalar type(change_type);
    columns.push_back(ARROW_TRY(arrow::MakeArrayFromScalar(type, num_rows)));
    if (!feed_) {
      feed_spec_ = TRY(state_.FeedSpec());
      feed_ = TRY(delta::DataFileWriter::Open(feed_spec_));
    }
    return feed_->Append(TRY(MakeBatch(feed_spec_.schema, std::move(columns), num_rows)));
  }

  State& state_;  // Outlives this.
  const ChangeColumns columns_;
  const bool allow_repeated_;
  delta::DataFileSpec data_spec_;
  delta::DataFileSpec feed_spec_;
  std::unique_ptr<delta::DataFileWriter> data_;  // Opened by the first row.
  std::unique_ptr<delta::DataFileWriter> feed_;
};

TableChange::TableChange(engine::Engine& engine, delta::SnapshotPtr snapshot, ChangeOptions options)
    : state_(std::make_unique<State>(engine, std::move(snapshot), std::move(options))) {}

TableChange::~TableChange() {
  if (!state_->is_committed) state_->Discard();
}

const delta::SnapshotPtr& TableChange::snapshot() const { return state_->snapshot; }
const StructType& TableChange::schema() const { return state_->schema; }

Result<engine::Input> TableChange::Target(std::string name) const {
  auto source =
      TRY(OpenChangeTarget(state_->snapshot, state_->options.session_time_zone, state_->record));
  return engine::Input{.name = std::move(name), .source = std::move(source)};
}

Result<engine::Input> TableChange::Partitions(std::string name) const {
  auto source = TRY(OpenPartitions(state_->snapshot, PartitionsOf(*state_->snapshot),
                                   state_->options.session_time_zone, state_->record));
  return engine::Input{.name = std::move(name), .source = std::move(source)};
}

ChangeColumns TableChange::Wanted(bool with_news) const {
  return {
      .row_ids = with_news && state_->TracksRows(), .news = with_news, .olds = state_->FeedIsOn()};
}

Status TableChange::Evolve(StructType schema) {
  state_->evolved = TRY(delta::AlterSchema(*state_->snapshot, std::move(schema)));
  state_->schema = TRY(types::SchemaFromJson(state_->evolved->metadata.schema_string));
  return Ok();
}

void TableChange::ReadsWholeTable() { state_->reads_whole_table = true; }

Status TableChange::Run(BoundQuery query, const ChangeColumns& columns, bool allow_repeated) {
  const std::int64_t began_ms = NowMs();
  state_->counts_identities = true;
  const engine::DataFileWriters writers{
      .open = [this, columns, allow_repeated]() -> Result<std::unique_ptr<delta::DataFileWriter>> {
        return std::make_unique<Sink>(*state_, columns, allow_repeated);
      },
      .delete_staged = [](const std::vector<AddFile>&) {}};
  TRY(state_->engine.Write(query.query, std::move(query.inputs), query.context,
                           state_->QuerySchema(columns), writers, state_->options.stop));
  state_->TakeReads();
  state_->figures.scan_ms += NowMs() - began_ms;
  return Ok();
}

Status TableChange::Insert(BoundQuery query, bool in_feed) {
  state_->counts_identities = true;
  if (in_feed && state_->FeedIsOn()) {
    const ChangeColumns columns{.row_ids = false, .news = true, .olds = true};
    query.query = InsertedRowsOf(std::move(query.query), state_->schema);
    const engine::DataFileWriters writers{
        .open = [this, columns]() -> Result<std::unique_ptr<delta::DataFileWriter>> {
          return std::make_unique<Sink>(*state_, columns, /*allow_repeated=*/false);
        },
        .delete_staged = [](const std::vector<AddFile>&) {}};
    TRY(state_->engine.Write(query.query, std::move(query.inputs), query.context,
                             state_->QuerySchema(columns), writers, state_->options.stop));
    return Ok();
  }
  const delta::DataFileSpec spec = TRY(state_->DataSpec(/*with_row_ids=*/false));
  std::vector<AddFile> files = TRY(state_->engine.Write(query.query, std::move(query.inputs),
                                                        query.context, spec, state_->options.stop));
  for (const AddFile& file : files) state_->figures.inserted_rows += NumRecords(file);
  std::move(files.begin(), files.end(), std::back_inserter(state_->data_files));
  return Ok();
}

Status TableChange::RemovePartitions(BoundQuery query) {
  const std::vector<delta::PartitionValues> partitions = PartitionsOf(*state_->snapshot);
  const std::set<std::int64_t> numbers =
      TRY(NumbersOf(state_->engine, std::move(query), state_->options.stop));
  std::set<delta::PartitionValues> gone;
  for (const std::int64_t number : numbers) {
    gone.insert(partitions[static_cast<std::size_t>(number)]);
  }
  state_->TakeReads();
  std::int64_t number = 0;
  for (const AddFile& file : state_->snapshot->files()) {
    if (gone.contains(file.partition_values)) state_->whole_files.insert(number);
    ++number;
  }
  return Ok();
}

Status TableChange::RemoveAll() {
  state_->reads_whole_table = true;
  for (std::int64_t number = 0; number < state_->snapshot->num_files(); ++number) {
    state_->whole_files.insert(number);
  }
  return Ok();
}

Status TableChange::RemovePartitionsOfNewRows() {
  std::set<delta::PartitionValues> filled;
  for (const AddFile& file : state_->data_files) filled.insert(file.partition_values);
  state_->reads_whole_table = true;
  std::int64_t number = 0;
  for (const AddFile& file : state_->snapshot->files()) {
    if (filled.contains(file.partition_values)) state_->whole_files.insert(number);
    ++number;
  }
  return Ok();
}

void TableChange::State::TakeReads() {
  if (auto predicates = record->Take()) {
    read_rows.push_back(*std::move(predicates));
  } else {
    reads_whole_table = true;
  }
}

NumberedFiles TableChange::State::TouchedFiles() const {
  NumberedFiles touched;
  std::int64_t number = 0;
  for (const AddFile& file : snapshot->files()) {
    if (rows.contains(number) || whole_files.contains(number)) touched.emplace(number, file);
    ++number;
  }
  return touched;
}

/// Rows in the data file, deleted ones counted.
Result<std::int64_t> TableChange::State::PhysicalRows(const AddFile& file) const {
  if (const auto rows_in_log = delta::NumRecordsOf(file.stats)) return *rows_in_log;
  return delta::CountRows(snapshot->table_root(), file);
}

Status TableChange::State::Mark(const AddFile& file, const delta::RowBitmap& gone,
                                std::int64_t physical_rows) {
  delta::RowBitmap all = gone;
  if (file.deletion_vector) {
    all.Add(TRY(delta::LoadDeletedRows(snapshot->table_root(), *file.deletion_vector)));
    ++figures.vectors_updated;
  } else {
    ++figures.vectors_added;
  }
  marked.push_back(delta::WithDeletionVector(file, vectors.Add(all.ToRanges()), physical_rows));
  return Ok();
}

/// Writes the rows that stay of `files`, less those of the bitmaps.
Status TableChange::State::CopyRest(std::map<std::int64_t, delta::RowBitmap> files) {
  if (files.empty()) return Ok();
  auto source = TRY(DeltaSource::Open(
      snapshot,
      {.session_time_zone = options.session_time_zone,
       .with_row_columns = true,
       .files_without_rows =
           std::make_shared<const std::map<std::int64_t, delta::RowBitmap>>(std::move(files))}));
  constexpr const char* kInput = "inlet_rest";
  const bool tracks = TracksRows();
  sql::Query query = CopyQuery(kInput, snapshot->schema(), schema, tracks);
  const delta::DataFileSpec spec = TRY(DataSpec(tracks));
  engine::QueryContext context;
  context.session_time_zone = options.session_time_zone;
  std::vector<AddFile> copied = TRY(engine.Write(
      query, {{.name = kInput, .source = std::move(source)}}, context, spec, options.stop));
  for (const AddFile& file : copied) figures.copied_rows += NumRecords(file);
  std::move(copied.begin(), copied.end(), std::back_inserter(data_files));
  return Ok();
}

Result<ChangeFigures> TableChange::Finish() {
  const std::int64_t began_ms = NowMs();
  State& state = *state_;
  std::map<std::int64_t, delta::RowBitmap> rest;
  for (const auto& [number, file] : state.TouchedFiles()) {
    const std::int64_t physical_rows = TRY(state.PhysicalRows(file));
    const std::int64_t live_rows =
        physical_rows - (file.deletion_vector ? file.deletion_vector->cardinality : 0);
    state.removed.push_back(file);
    if (state.whole_files.contains(number)) {
      state.figures.deleted_rows += live_rows;
    } else if (const auto gone = state.rows.find(number);
               static_cast<std::int64_t>(gone->second.cardinality()) < live_rows) {
      if (state.MarksRows()) {
        TRY(state.Mark(file, gone->second, physical_rows));
        continue;
      }
      rest.emplace(number, std::move(gone->second));
    }
    if (file.deletion_vector) ++state.figures.vectors_removed;
    ++state.figures.removed_files;
    state.figures.removed_bytes += file.size;
  }
  TRY(state.CopyRest(std::move(rest)));
  TRY(state.vectors.Finish());
  for (const AddFile& file : state.data_files) state.figures.added_bytes += file.size;
  for (const AddFile& file : state.feed_files) state.figures.change_bytes += file.size;
  state.figures.added_files = static_cast<std::int64_t>(state.data_files.size());
  state.figures.change_files = static_cast<std::int64_t>(state.feed_files.size());
  state.figures.rewrite_ms = NowMs() - began_ms;
  return state.figures;
}

void TableChange::Set(delta::SetTransaction transaction) {
  state_->transaction = std::move(transaction);
}

bool TableChange::has_changes() const {
  return state_->transaction || !state_->removed.empty() || !state_->data_files.empty() ||
         state_->evolved.has_value();
}

Result<delta::SnapshotPtr> TableChange::Commit(delta::Operation operation) {
  State& state = *state_;
  delta::Transaction transaction(state.snapshot);
  if (state.reads_whole_table) {
    transaction.ReadWholeTable();
  } else {
    for (const auto& predicates : state.read_rows) transaction.ReadRows(predicates);
  }
  if (state.evolved) {
    if (state.counts_identities) {
      state.evolved->metadata.schema_string =
          types::ToJson(WithIdentitiesGiven(state.schema, state.figures.inserted_rows));
    }
    transaction.Set(state.evolved->protocol);
    transaction.Set(state.evolved->metadata);
  }
  if (state.transaction) {
    transaction.ReadTransaction(state.transaction->app_id);
    transaction.Set(*state.transaction);
  }
  for (const AddFile& file : state.removed) transaction.Remove(file);
  transaction.Add(state.marked);
  transaction.Add(state.data_files);
  for (const AddFile& file : state.feed_files) {
    transaction.Add(delta::AddCdcFile{.path = file.path,
                                      .partition_values = file.partition_values,
                                      .size = file.size,
                                      .tags = {}});
  }
  operation.user_name = state.options.user_name;
  operation.is_blind_append = false;
  operation.enforced_features = {"checkConstraints", "generatedColumns"};
  if (state.counts_identities || state.figures.inserted_rows == 0) {
    operation.enforced_features.emplace_back("identityColumns");
  }
  if (state.counts_identities && !state.evolved) {
    TRY(GiveIdentities(*state.snapshot, state.figures.inserted_rows, transaction));
  }
  state.options.notes.AddTo(transaction, operation);
  Result<delta::CommitResult> committed = std::move(transaction).Commit(std::move(operation));
  if (committed || committed.error().kind() == ErrorKind::kUnavailable) state.is_committed = true;
  if (!committed) return std::unexpected(std::move(committed).error());
  return committed->snapshot;
}

/// Best effort. When the outcome of a commit is unknown the files stay: a reader may need them.
void TableChange::State::Discard() {
  delta::DeleteStaged(snapshot->table_root(), data_files);
  delta::DeleteStaged(snapshot->table_root(), feed_files);
  vectors.Discard();
}

std::map<std::string, std::string> FileMetrics(const ChangeFigures& figures) {
  const auto text = [](std::int64_t number) { return std::to_string(number); };
  return {{"numAddedFiles", text(figures.added_files)},
          {"numAddedBytes", text(figures.added_bytes)},
          {"numRemovedFiles", text(figures.removed_files)},
          {"numRemovedBytes", text(figures.removed_bytes)},
          {"numCopiedRows", text(figures.copied_rows)},
          {"numAddedChangeFiles", text(figures.change_files)},
          {"numDeletionVectorsAdded", text(figures.vectors_added + figures.vectors_updated)},
          {"numDeletionVectorsRemoved", text(figures.vectors_removed + figures.vectors_updated)},
          {"numDeletionVectorsUpdated", text(figures.vectors_updated)},
          {"executionTimeMs", text(figures.scan_ms + figures.rewrite_ms)},
          {"scanTimeMs", text(figures.scan_ms)},
          {"rewriteTimeMs", text(figures.rewrite_ms)}};
}

}  // namespace inlet::ingest
