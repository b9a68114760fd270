#include <algorithm>
#include <chrono>

#include "base/uuid.h"
#include "ingest/write_table.h"
#include "workspace/binder.h"
#include "workspace/commit_notes.h"
#include "workspace/datasets.h"
#include "workspace/file_tables.h"
#include "workspace/guessed_scans.h"
#include "workspace/row_table.h"
#include "workspace/statements.h"
#include "workspace/table_definition.h"

namespace inlet::workspace {
namespace {

using catalog::FullName;
using catalog::TableEntry;
using catalog::TableKind;

std::int64_t NowMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::optional<delta::SnapshotPtr> ExistingAt(const storage::Location& root) {
  Result<delta::SnapshotPtr> snapshot = delta::Snapshot::Load(root);
  if (!snapshot) return std::nullopt;
  return *std::move(snapshot);
}

class CreateTableRun {
 public:
  CreateTableRun(const Call& call, const sql::CreateTable& statement, ingest::CommitNotes notes)
      : call_(call),
        statement_(statement),
        notes_(notes),
        writer_(*call.shared.engine,
                {.user_name = call.session.user,
                 .before_commit = [&call] { return ProveGuesses(call); },
                 .notes = std::move(notes)},
                call.options.stop) {}

  Result<QueryResult> Run() {
    if (IsPathTable()) return RunAtPath();
    name_ = TRY(Complete(statement_.name, call_.session));
    TRY(call_.shared.catalog->FindSchema(name_.catalog, name_.schema).At(statement_.name.span));
    Result<TableEntry> existing = call_.shared.catalog->FindTable(name_);
    if (!existing && existing.error().condition != Condition::TABLE_OR_VIEW_NOT_FOUND) {
      return std::unexpected(std::move(existing).error());
    }
    if (existing) return Over(*existing);
    if (!statement_.is_create) {
      return Result<QueryResult>(std::unexpected(std::move(existing).error()))
          .At(statement_.name.span);
    }
    return New();
  }

 private:
  bool IsPathTable() const {
    return statement_.name.parts.size() == 2 && EqualsIgnoreCase(statement_.name.parts[0], "delta");
  }

  Result<std::optional<ingest::BoundQuery>> BoundQuery() const {
    if (!statement_.query) return std::nullopt;
    return TRY(Bind(call_, *statement_.query));
  }

  Result<QueryResult> Over(const TableEntry& entry) {
    if (statement_.if_not_exists) return NoRows();
    const bool replaces = statement_.or_replace || !statement_.is_create;
    if (!replaces || entry.kind == TableKind::kView || IsDataset(entry) || IsFileTable(entry)) {
      return Result<QueryResult>(Fail(Condition::TABLE_OR_VIEW_ALREADY_EXISTS,
                                      {{"relationName", catalog::ToString(name_)}}))
          .At(statement_.name.span);
    }
    const storage::Location root = TRY(storage::Resolve(entry.location));
    const delta::SnapshotPtr current = TRY(call_.shared.snapshots.Latest(root));
    if (notes_.AreIn(*current)) return InsertedRows(0);
    return Finish(TRY(writer_.Replace(current, TRY(DefinitionOf(statement_)), TRY(BoundQuery()),
                                      statement_.is_create)));
  }

  Result<QueryResult> RunAtPath() {
    const storage::Location root = TRY(ResolvePath(call_, statement_.name.parts[1]));
    const std::optional<delta::SnapshotPtr> existing = ExistingAt(root);
    if (!existing) return Finish(TRY(Write(root, /*is_managed=*/false)));
    if (notes_.AreIn(**existing)) return InsertedRows(0);
    if (statement_.if_not_exists) return NoRows();
    if (!statement_.or_replace && statement_.is_create) {
      return Result<QueryResult>(Fail(Condition::TABLE_OR_VIEW_ALREADY_EXISTS,
                                      {{"relationName", sql::ToString(statement_.name)}}))
          .At(statement_.name.span);
    }
    return Finish(TRY(writer_.Replace(*existing, TRY(DefinitionOf(statement_)), TRY(BoundQuery()),
                                      statement_.is_create)));
  }

  Result<QueryResult> New() {
    TableEntry entry{.name = name_,
                     .id = RandomUuid(),
                     .kind = statement_.location ? TableKind::kExternal : TableKind::kManaged,
                     .comment = statement_.comment.value_or("")};
    storage::Location root;
    if (statement_.location) {
      root = TRY(ResolvePath(call_, *statement_.location));
      if (const auto existing = ExistingAt(root)) return Adopt(std::move(entry), *existing);
    } else {
      root = TRY(storage::Resolve(TRY(call_.shared.catalog->ReserveTableLocation(name_))));
    }
    entry.location = root.store->root_url() + "/" + root.path;
    const Result<ingest::WriteResult> written = Write(root, !statement_.location);
    if (!written) {
      // Without LOCATION the directory is ours alone, so that nothing of it can be another's.
      if (!statement_.location) RemoveNewTable(root);
      return std::unexpected(written.error());
    }
    if (Status created = call_.shared.catalog->CreateTable(entry); !created) {
      RemoveNewTable(root);
      return std::unexpected(std::move(created).error());
    }
    return Finish(*written);
  }

  Result<ingest::WriteResult> Write(const storage::Location& root, bool is_managed) {
    delta::TableDefinition definition = TRY(DefinitionOf(statement_));
    std::optional<ingest::BoundQuery> query = TRY(BoundQuery());
    if (!query) return writer_.Create(root, definition, is_managed);
    if (!definition.schema.empty()) {
      return FailUnsupported("a column list together with AS; give the types in the query");
    }
    return writer_.CreateAs(root, std::move(definition), *std::move(query), is_managed);
  }

  /// CREATE TABLE ... LOCATION of a Delta table that is there already.
  Result<QueryResult> Adopt(TableEntry entry, const delta::SnapshotPtr& existing) {
    if (statement_.query) {
      return Fail(Condition::DELTA_CREATE_TABLE_WITH_NON_EMPTY_LOCATION,
                  {{"tableLocation", *statement_.location}});
    }
    const delta::TableDefinition definition = TRY(DefinitionOf(statement_));
    if (!definition.schema.empty() && !SameColumns(definition.schema, existing->schema())) {
      return Fail(Condition::DELTA_CREATE_TABLE_SCHEME_MISMATCH,
                  {{"path", *statement_.location},
                   {"specifiedSchema", types::ToDdl(definition.schema)},
                   {"existingSchema", types::ToDdl(existing->schema())}});
    }
    entry.location = existing->table_url();
    TRY(call_.shared.catalog->CreateTable(entry));
    return NoRows();
  }

  static bool SameColumns(const types::StructType& left, const types::StructType& right) {
    return left.size() == right.size() &&
           std::equal(left.fields.begin(), left.fields.end(), right.fields.begin(),
                      [](const types::StructField& a, const types::StructField& b) {
                        return EqualsIgnoreCase(a.name, b.name) && a.type == b.type;
                      });
  }

  /// Best effort: what stays belongs to no name.
  static void RemoveNewTable(const storage::Location& root) {
    (void)root.store->DeleteAll(root.path).has_value();
  }

  Result<QueryResult> Finish(const ingest::WriteResult& written) {
    call_.shared.snapshots.Put(written.snapshot);
    if (!statement_.query) return NoRows();
    return InsertedRows(written.num_rows);
  }

  const Call& call_;
  const sql::CreateTable& statement_;
  const ingest::CommitNotes notes_;
  ingest::TableWriter writer_;
  FullName name_;
};

}  // namespace

Result<QueryResult> Run(const Call& call, const sql::CreateTable& statement) {
  const bool is_path =
      statement.name.parts.size() == 2 && EqualsIgnoreCase(statement.name.parts[0], "delta");
  if (!is_path && MakesFileTable(statement)) return CreateFileTable(call, statement);
  const ingest::CommitNotes notes = TRY(CommitNotesOf(call));
  return RunByGuess(
      call, [&](const Call& attempt) { return CreateTableRun(attempt, statement, notes).Run(); });
}

Result<QueryResult> RunFirstWrite(const Call& call, const sql::CreateTable& statement,
                                  std::string mode) {
  ingest::CommitNotes notes = TRY(CommitNotesOf(call));
  notes.write_mode = std::move(mode);
  return RunByGuess(
      call, [&](const Call& attempt) { return CreateTableRun(attempt, statement, notes).Run(); });
}

Result<QueryResult> Run(const Call& call, const sql::CreateTableLike& statement) {
  const TableTarget source = TRY(FindTable(call, statement.source));
  const delta::SnapshotPtr snapshot = TRY(LatestOf(call, source));
  sql::CreateTable create{.if_not_exists = statement.if_not_exists,
                          .name = statement.name,
                          .provider = statement.provider,
                          .location = statement.location,
                          .comment = snapshot->metadata().description,
                          .properties = statement.properties,
                          .span = statement.span};
  for (const types::StructField& field : snapshot->schema().fields) {
    create.columns.push_back({.name = field.name,
                              .type = field.type,
                              .is_nullable = field.nullable,
                              .comment = field.comment()});
  }
  for (const std::string& name : snapshot->partition_columns()) {
    create.partitioned_by.push_back({.name = name});
  }
  return Run(call, create);
}

Result<QueryResult> Run(const Call& call, const sql::DropTable& statement) {
  // A temporary view hides the table of its name, also from DROP TABLE, as in Spark.
  const std::optional<std::string> temporary = TemporaryViewKey(statement.name);
  if (temporary && call.session.temporary_views.erase(*temporary) > 0) return NoRows();
  const FullName name = TRY(Complete(statement.name, call.session));
  Result<TableEntry> entry = call.shared.catalog->FindTable(name);
  if (!entry) {
    if (statement.if_exists && entry.error().kind() == ErrorKind::kNotFound) return NoRows();
    return Result<QueryResult>(std::unexpected(std::move(entry).error())).At(statement.name.span);
  }
  if (entry->kind == TableKind::kMaterializedView) {
    return Result<QueryResult>(
               Fail(Condition::MATERIALIZED_VIEW_OPERATION_NOT_ALLOWED,
                    {{"viewName", catalog::ToString(name)}, {"operation", "DROP TABLE"}}))
        .Hint("Use DROP MATERIALIZED VIEW.")
        .At(statement.name.span);
  }
  if (entry->kind == TableKind::kView) {
    return Result<QueryResult>(
               Fail(Condition::DELTA_CANNOT_WRITE_INTO_VIEW, {{"table", catalog::ToString(name)}}))
        .Hint("Use DROP VIEW.")
        .At(statement.name.span);
  }
  TRY(call.shared.catalog->DropTable(name));
  call.shared.snapshots.Forget(TRY(storage::Resolve(entry->location)));
  if (IsDataset(*entry)) ForgetDataset(call, *entry);
  call.shared.janitor->Start();
  return NoRows();
}

Result<QueryResult> Run(const Call& call, const sql::UndropTable& statement) {
  const std::optional<FullName> name =
      statement.id ? std::nullopt : std::optional(TRY(Complete(statement.name, call.session)));
  const auto is_meant = [&](const catalog::DroppedTable& table) {
    if (statement.id) return EqualsIgnoreCase(table.id, *statement.id);
    return EqualsIgnoreCase(table.name.catalog, name->catalog) &&
           EqualsIgnoreCase(table.name.schema, name->schema) &&
           EqualsIgnoreCase(table.name.object, name->object);
  };
  const std::vector<catalog::DroppedTable> dropped = TRY(call.shared.catalog->ListDroppedTables());
  const auto table = std::find_if(dropped.begin(), dropped.end(), is_meant);
  const bool is_too_old =
      table != dropped.end() && table->dropped_at_ms < NowMs() - catalog::kDroppedTableRetentionMs;
  if (table == dropped.end() || is_too_old) {
    return Result<QueryResult>(
               Fail(Condition::TABLE_OR_VIEW_NOT_FOUND,
                    {{"relationName", name ? catalog::ToString(*name) : *statement.id},
                     {"suggestion", ""}}))
        .Hint(is_too_old ? "It was dropped more than 7 days ago; its data is being removed."
                         : "SHOW TABLES DROPPED lists the tables that can be brought back.")
        .At(statement.span);
  }
  if (table->kind != TableKind::kManaged && table->kind != TableKind::kExternal) {
    return FailUnsupported("UNDROP of a streaming table or materialized view");
  }
  // How its files are read went with its name.
  if (!ExistingAt(TRY(storage::Resolve(table->location)))) {
    return FailUnsupported("UNDROP of a table of plain files");
  }
  TRY(call.shared.catalog->UndropTable(*table).At(statement.span));
  return NoRows();
}

}  // namespace inlet::workspace
