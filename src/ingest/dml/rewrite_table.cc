#include "ingest/dml/rewrite_table.h"

#include "delta/row_tracking.h"
#include "delta/transaction.h"
#include "engine/parallel_copy.h"
#include "ingest/delta_source.h"

namespace inlet::ingest {
namespace {

using delta::AddFile;

constexpr const char* kRowIdColumns[] = {
    "delta.rowTracking.materializedRowIdColumnName",
    "delta.rowTracking.materializedRowCommitVersionColumnName"};

bool TracksRows(const delta::Snapshot& snapshot) {
  return delta::TracksRows(snapshot.protocol(), snapshot.properties()) &&
         snapshot.properties().contains(kRowIdColumns[0]) &&
         snapshot.properties().contains(kRowIdColumns[1]);
}

Result<std::vector<AddFile>> WriteRows(const delta::SnapshotPtr& snapshot,
                                       const RewriteRequest& request) {
  delta::DataFileSpec spec =
      TRY(delta::DataFileSpecFor(snapshot->table_root(), request.actions.metadata));
  engine::Projection projection;
  const std::size_t num_columns = snapshot->schema().size();
  for (std::size_t i = 0; i < num_columns; ++i) projection.columns.push_back(i);
  if (TracksRows(*snapshot)) {
    for (const char* key : kRowIdColumns) {
      spec.schema.fields.push_back(
          {.name = snapshot->properties().at(key), .type = types::TypeId::kLong});
    }
    for (const auto column : {delta::RowColumn::kRowId, delta::RowColumn::kRowCommitVersion}) {
      projection.columns.push_back(num_columns + static_cast<std::size_t>(column));
    }
  }
  const auto source =
      TRY(DeltaSource::Open(snapshot, {.session_time_zone = request.session_time_zone,
                                       .with_row_columns = true,
                                       .files_without_rows = nullptr,
                                       .files = nullptr,
                                       .extra_column = std::nullopt}));
  const engine::DataFileWriters writers{
      .open = [&spec] { return delta::DataFileWriter::Open(spec); },
      .delete_staged =
          [&snapshot](const std::vector<AddFile>& files) {
            delta::DeleteStaged(snapshot->table_root(), files);
          }};
  return engine::ParallelCopy(*source, projection, writers,
                              {.threads = request.threads, .on_progress = {}}, request.stop);
}

}  // namespace

Result<delta::SnapshotPtr> RewriteTable(const delta::SnapshotPtr& snapshot,
                                        RewriteRequest request) {
  std::vector<AddFile> added = TRY(WriteRows(snapshot, request));
  delta::Transaction transaction(snapshot);
  transaction.ReadWholeTable();
  if (!(request.actions.protocol == snapshot->protocol())) {
    transaction.Set(std::move(request.actions.protocol));
  }
  transaction.Set(std::move(request.actions.metadata));
  for (delta::DomainMetadata& domain : request.actions.domains) transaction.Set(std::move(domain));
  for (const AddFile& file : snapshot->files()) transaction.Remove(file, /*data_change=*/false);
  for (AddFile& file : added) file.data_change = false;
  transaction.Add(added);
  request.operation.is_blind_append = false;
  request.operation.enforced_features = {"checkConstraints", "generatedColumns", "identityColumns"};
  Result<delta::CommitResult> committed =
      std::move(transaction).Commit(std::move(request.operation));
  if (committed) return committed->snapshot;
  if (committed.error().kind() != ErrorKind::kUnavailable) {
    delta::DeleteStaged(snapshot->table_root(), added);
  }
  return std::unexpected(std::move(committed).error());
}

}  // namespace inlet::ingest
