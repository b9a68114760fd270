#include <algorithm>

#include "delta/data_file_writer.h"
#include "delta/data_path.h"
#include "delta/deletion_vector.h"
#include "delta/deletion_vector_writer.h"
#include "delta/file_skipping.h"
#include "delta/scan.h"
#include "delta/table.h"
#include "delta/transaction.h"
#include "storage/memory/memory_store.h"
#include "workspace/datasets.h"
#include "workspace/file_tables.h"
#include "workspace/row_table.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

using delta::AddFile;

Status CheckColumns(const delta::Snapshot& table, const std::vector<std::string>& columns) {
  for (const std::string& column : columns) {
    if (table.schema().Find(column) != nullptr) continue;
    return Fail(Condition::DELTA_MISSING_COLUMN,
                {{"columnName", column}, {"columnList", types::ToDdl(table.schema())}});
  }
  return Ok();
}

/// The statistics that a file would have if it were written today: its rows pass through a writer
/// whose files are forgotten.
Result<std::string> StatisticsOf(const delta::SnapshotPtr& table, const AddFile& file,
                                 const std::string& time_zone) {
  AddFile all_rows = file;
  all_rows.deletion_vector.reset();
  const auto only = std::make_shared<const std::vector<delta::ScanFile>>(
      std::vector<delta::ScanFile>{{.file = std::move(all_rows), .only_rows = nullptr}});
  const auto scan = TRY(delta::DeltaScan::Plan(table, {},
                                               {.session_time_zone = time_zone,
                                                .files_without_rows = nullptr,
                                                .files = only,
                                                .extra_column = std::nullopt}));
  const storage::Location nowhere{std::make_shared<storage::MemoryStore>("statistics"), "t"};
  delta::DataFileSpec spec = TRY(delta::DataFileSpecFor(nowhere, table->metadata()));
  spec.target_file_bytes = INT64_MAX;
  std::vector<std::size_t> columns(table->schema().size());
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = i;
  const auto writer = TRY(delta::DataFileWriter::Open(spec));
  for (std::size_t split = 0; split < scan->num_splits(); ++split) {
    const auto reader = TRY(scan->Open(split, columns));
    while (const types::BatchPtr batch = TRY(reader->Next())) TRY(writer->Append(batch));
  }
  const std::vector<AddFile> written = TRY(writer->Finish());
  return written.empty() ? std::string("{\"numRecords\":0}") : written[0].stats;
}

Status ComputeFileStatistics(const Call& call, const delta::SnapshotPtr& table) {
  delta::Transaction transaction(table);
  bool changes = false;
  for (const AddFile& file : table->files()) {
    AddFile again = file;
    again.stats = TRY(StatisticsOf(table, file, call.session.time_zone()));
    if (file.deletion_vector) {
      const std::int64_t rows = delta::NumRecordsOf(again.stats).value_or(0);
      again = delta::WithDeletionVector(std::move(again), *file.deletion_vector, rows);
    }
    if (again.stats == file.stats) continue;
    transaction.ReadFile(file);
    again.data_change = false;
    transaction.Add(std::move(again));
    changes = true;
  }
  if (!changes) return Ok();
  const delta::CommitResult result =
      TRY(std::move(transaction)
              .Commit({.name = "COMPUTE STATS",
                       .parameters = {{"predicate", delta::JsonStrings({})}},
                       .user_name = call.session.user,
                       .is_blind_append = false,
                       .enforced_features = {"checkConstraints", "generatedColumns",
                                             "identityColumns"}}));
  call.shared.snapshots.Put(result.snapshot);
  return Ok();
}

/// What is missing of a file: nothing, its data, its deletion vector.
struct Missing {
  bool data = false;
  std::optional<std::string> vector;
};

Result<bool> IsGone(const storage::Location& file) {
  const Result<storage::ObjectInfo> info = file.store->Head(file.path);
  if (info) return false;
  if (info.error().kind() == ErrorKind::kNotFound) return true;
  return std::unexpected(info.error());
}

Result<Missing> MissingOf(const delta::Snapshot& table, const AddFile& file) {
  Missing missing;
  missing.data = TRY(IsGone(TRY(delta::ResolveDataPath(table.table_root(), file.path))));
  if (!file.deletion_vector) return missing;
  const auto vector = TRY(delta::DeletionVectorFile(table.table_root(), *file.deletion_vector));
  if (vector && TRY(IsGone(*vector))) missing.vector = delta::UrlOf(*vector);
  return missing;
}

}  // namespace

/// Sizes and row counts of Delta tables are always known from the log, so that ANALYZE without
/// DELTA has nothing to compute; DESCRIBE EXTENDED shows them.
Result<QueryResult> Run(const Call& call, const sql::AnalyzeTable& statement) {
  if (FindFileTable(call, statement.name) && !statement.is_delta) return NoRows();
  const TableTarget target = TRY(FindTable(call, statement.name));
  const delta::SnapshotPtr table = TRY(LatestOf(call, target).At(statement.name.span));
  TRY(CheckColumns(*table, statement.columns).At(statement.span));
  if (statement.is_delta) TRY(ComputeFileStatistics(call, table).At(statement.span));
  return NoRows();
}

/// FSCK REPAIR TABLE: takes files out of the log that are no longer there.
Result<QueryResult> Run(const Call& call, const sql::RepairTable& statement) {
  // The partitions of plain files are those that are there.
  if (!statement.is_fsck && FindFileTable(call, statement.name)) return NoRows();
  if (!statement.is_fsck) return FailUnsupported("the statement MSCK REPAIR TABLE");
  const TableTarget target = TRY(FindTable(call, statement.name));
  TRY(RefuseForDatasets(target.entry, "FSCK REPAIR TABLE").At(statement.name.span));
  const delta::SnapshotPtr table = TRY(LatestOf(call, target).At(statement.name.span));
  delta::Transaction transaction(table);
  std::vector<Row> rows;
  for (const AddFile& file : table->files()) {
    const Missing missing = TRY(MissingOf(*table, file));
    if (!missing.data && !missing.vector) continue;
    transaction.Remove(file);
    rows.push_back({file.path, missing.data, missing.vector, missing.vector.has_value()});
  }
  if (!rows.empty() && !statement.dry_run) {
    const delta::CommitResult result =
        TRY(std::move(transaction)
                .Commit({.name = "FSCK",
                         .parameters = {},
                         .metrics = {{"numRemovedFiles", std::to_string(rows.size())}},
                         .user_name = call.session.user,
                         .is_blind_append = false})
                .At(statement.span));
    call.shared.snapshots.Put(result.snapshot);
  }
  types::StructType schema{
      .fields = {{.name = "dataFilePath", .type = types::TypeId::kString},
                 {.name = "dataFileMissing", .type = types::TypeId::kBoolean},
                 {.name = "deletionVectorPath", .type = types::TypeId::kString},
                 {.name = "deletionVectorFileMissing", .type = types::TypeId::kBoolean}}};
  return MakeResult(std::move(schema), rows);
}

}  // namespace inlet::workspace
