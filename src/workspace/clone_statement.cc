#include "base/uuid.h"
#include "ingest/dml/clone_table.h"
#include "workspace/datasets.h"
#include "workspace/row_table.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

using catalog::TableEntry;
using catalog::TableKind;

/// Where the clone goes, and what is there.
struct Destination {
  storage::Location root;
  delta::SnapshotPtr existing;          ///< Null: nothing yet.
  std::optional<TableEntry> new_entry;  ///< To be entered into the catalog.
};

Result<delta::SnapshotPtr> SourceOf(const Call& call, const sql::NamedTable& source) {
  const TableTarget target = TRY(FindTable(call, source.name));
  if (!source.time_travel) return LatestOf(call, target);
  if (source.time_travel->version) {
    return delta::Snapshot::Load(target.root, *source.time_travel->version);
  }
  const std::int64_t timestamp_ms = TRY(ConstantTimestampMs(call, *source.time_travel->timestamp));
  return delta::Snapshot::Load(target.root,
                               TRY(delta::Snapshot::ResolveTimestamp(target.root, timestamp_ms)));
}

delta::SnapshotPtr ExistingAt(const storage::Location& root) {
  return delta::Snapshot::Load(root).value_or(nullptr);
}

Result<Destination> DestinationOf(const Call& call, const sql::CloneTable& statement) {
  const auto& parts = statement.name.parts;
  if (parts.size() == 2 && EqualsIgnoreCase(parts[0], "delta")) {
    if (statement.location) {
      return Fail(Condition::DELTA_CLONE_AMBIGUOUS_TARGET,
                  {{"externalLocation", *statement.location},
                   {"targetIdentifier", sql::ToString(statement.name)}});
    }
    const storage::Location root = TRY(ResolvePath(call, parts[1]));
    return Destination{.root = root, .existing = ExistingAt(root), .new_entry = std::nullopt};
  }
  const catalog::FullName name = TRY(Complete(statement.name, call.session));
  TRY(call.shared.catalog->FindSchema(name.catalog, name.schema));
  const Result<TableEntry> entry = call.shared.catalog->FindTable(name);
  if (entry) {
    const bool keeps_itself = IsDataset(*entry) && !statement.if_not_exists;
    if (entry->kind == TableKind::kView || keeps_itself) {
      return Fail(Condition::TABLE_OR_VIEW_ALREADY_EXISTS,
                  {{"relationName", catalog::ToString(name)}});
    }
    const storage::Location root = TRY(storage::Resolve(entry->location));
    auto existing = TRY(call.shared.snapshots.Latest(root));
    return Destination{.root = root, .existing = std::move(existing), .new_entry = std::nullopt};
  }
  if (entry.error().condition != Condition::TABLE_OR_VIEW_NOT_FOUND) {
    return std::unexpected(entry.error());
  }
  TableEntry made{.name = name,
                  .id = RandomUuid(),
                  .kind = statement.location ? TableKind::kExternal : TableKind::kManaged};
  const storage::Location root =
      statement.location
          ? TRY(ResolvePath(call, *statement.location))
          : TRY(storage::Resolve(TRY(call.shared.catalog->ReserveTableLocation(name))));
  made.location = root.store->root_url() + "/" + root.path;
  return Destination{.root = root, .existing = ExistingAt(root), .new_entry = std::move(made)};
}

}  // namespace

Result<QueryResult> Run(const Call& call, const sql::CloneTable& statement) {
  const delta::SnapshotPtr source =
      TRY(SourceOf(call, statement.source).At(statement.source.name.span));
  Destination to = TRY(DestinationOf(call, statement).At(statement.name.span));
  if (to.existing) {
    if (statement.if_not_exists) return NoRows();
    if (!statement.or_replace) {
      return Result<QueryResult>(Fail(Condition::TABLE_OR_VIEW_ALREADY_EXISTS,
                                      {{"relationName", sql::ToString(statement.name)}}))
          .At(statement.name.span);
    }
    if (to.existing->table_url() == source->table_url()) {
      return Fail(Condition::DELTA_UNSUPPORTED_CLONE_REPLACE_SAME_TABLE,
                  {{"tableName", sql::ToString(statement.name)}});
    }
  }
  ingest::CloneRequest request{.source_name = sql::ToString(statement.source.name),
                               .is_shallow = statement.is_shallow,
                               .properties = {},
                               .user_name = call.session.user,
                               .stop = call.options.stop};
  for (const auto& [key, value] : statement.properties) request.properties[key] = value;
  const ingest::CloneResult result =
      TRY(ingest::CloneTable(to.root, source, to.existing, request).At(statement.span));
  if (to.new_entry) TRY(call.shared.catalog->CreateTable(*to.new_entry));
  call.shared.snapshots.Put(result.snapshot);
  types::StructType schema;
  for (const std::string_view name :
       {"source_table_size", "source_num_of_files", "num_removed_files", "num_copied_files",
        "removed_files_size", "copied_files_size"}) {
    schema.fields.push_back({.name = std::string(name), .type = types::TypeId::kLong});
  }
  return MakeResult(std::move(schema),
                    {{result.source_bytes, result.source_files, result.removed_files,
                      result.copied_files, result.removed_bytes, result.copied_bytes}});
}

Result<QueryResult> Run(const Call& call, const sql::ConvertToDelta& statement) {
  const auto& parts = statement.name.parts;
  if (parts.size() != 2 || !EqualsIgnoreCase(parts[0], "parquet")) {
    // Every table of the catalog is a Delta table already.
    TRY(FindTable(call, statement.name));
    return NoRows();
  }
  const storage::Location root = TRY(ResolvePath(call, parts[1]).At(statement.name.span));
  if (ExistingAt(root)) return NoRows();
  ingest::ConvertRequest request{.partition_columns = {},
                                 .collect_statistics = !statement.no_statistics,
                                 .user_name = call.session.user,
                                 .stop = call.options.stop};
  for (const sql::PartitionColumn& column : statement.partitioned_by) {
    if (!column.type) return FailUnsupported("a partition column without a type");
    request.partition_columns.push_back({.name = column.name, .type = *column.type});
  }
  TRY(ingest::ConvertToDelta(root, request).At(statement.span));
  return NoRows();
}

}  // namespace inlet::workspace
