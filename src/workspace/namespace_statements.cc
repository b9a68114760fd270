#include "base/uuid.h"
#include "delta/table.h"
#include "workspace/datasets.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

using sql::ObjectKind;

/// The outcome of a CREATE ... IF NOT EXISTS or a DROP ... IF EXISTS.
Result<QueryResult> Unless(Status status, bool tolerate, ErrorKind kind, TextSpan span) {
  if (status || (tolerate && status.error().kind() == kind)) return NoRows();
  return Result<QueryResult>(std::unexpected(std::move(status).error())).At(span);
}

std::string OneName(const sql::ObjectName& name) {
  return name.parts.empty() ? "" : name.parts.back();
}

void AddDatasetsOf(const Call& call, std::string_view catalog, std::string_view schema,
                   std::vector<catalog::TableEntry>& datasets) {
  const auto tables = call.shared.catalog->ListTables(catalog, schema);
  if (!tables) return;
  for (const catalog::TableEntry& table : *tables) {
    if (IsDataset(table)) datasets.push_back(table);
  }
}

/// The streaming tables and materialized views that a DROP ... CASCADE takes with it.
std::vector<catalog::TableEntry> DatasetsThatGo(const Call& call,
                                                const sql::DropObject& statement) {
  std::vector<catalog::TableEntry> datasets;
  if (!statement.is_cascade) return datasets;
  if (statement.kind == ObjectKind::kCatalog) {
    const std::string catalog = OneName(statement.name);
    const auto schemas = call.shared.catalog->ListSchemas(catalog);
    if (!schemas) return datasets;
    for (const catalog::SchemaEntry& schema : *schemas) {
      AddDatasetsOf(call, catalog, schema.name, datasets);
    }
  } else if (const auto schema = CompleteSchema(statement.name, call.session)) {
    AddDatasetsOf(call, schema->first, schema->second, datasets);
  }
  return datasets;
}

Status SetTableComment(const Call& call, const sql::CommentOn& statement) {
  const TableTarget target = TRY(FindTable(call, statement.name));
  const delta::SnapshotPtr table = TRY(LatestOf(call, target));
  delta::Metadata metadata = table->metadata();
  metadata.description = statement.comment;
  delta::Transaction transaction(table);
  transaction.Set(std::move(metadata));
  delta::Operation operation{.name = "SET TBLPROPERTIES", .user_name = call.session.user};
  operation.parameters["properties"] =
      "{\"comment\":" + delta::JsonString(statement.comment.value_or("")) + "}";
  const delta::CommitResult result = TRY(std::move(transaction).Commit(std::move(operation)));
  call.shared.snapshots.Put(result.snapshot);
  if (target.entry) {
    catalog::TableEntry entry = *target.entry;
    entry.comment = statement.comment.value_or("");
    TRY(call.shared.catalog->UpdateTable(entry));
  }
  return Ok();
}

}  // namespace

Result<QueryResult> Run(const Call& call, const sql::CreateCatalog& statement) {
  return Unless(call.shared.catalog->CreateCatalog(
                    {.name = OneName(statement.name), .comment = statement.comment.value_or("")}),
                statement.if_not_exists, ErrorKind::kAlreadyExists, statement.name.span);
}

Result<QueryResult> Run(const Call& call, const sql::CreateSchema& statement) {
  if (statement.location) return FailUnsupported("the LOCATION of a schema");
  const auto [catalog, schema] = TRY(CompleteSchema(statement.name, call.session));
  return Unless(
      call.shared.catalog->CreateSchema(
          {.catalog = catalog, .name = schema, .comment = statement.comment.value_or("")}),
      statement.if_not_exists, ErrorKind::kAlreadyExists, statement.name.span);
}

Result<QueryResult> Run(const Call& call, const sql::CreateVolume& statement) {
  const catalog::FullName name = TRY(Complete(statement.name, call.session));
  if (statement.is_external != statement.location.has_value()) {
    return Result<QueryResult>(
               Fail(Condition::INVALID_PARAMETER_VALUE,
                    {{"parameter", "LOCATION"},
                     {"functionName", "CREATE VOLUME"},
                     {"message", statement.is_external ? "an external volume needs one"
                                                       : "only an external volume has one"}}))
        .At(statement.span);
  }
  catalog::VolumeEntry entry{.name = name,
                             .id = RandomUuid(),
                             .external = statement.is_external,
                             .comment = statement.comment.value_or("")};
  const storage::Location location = TRY(storage::Resolve(
      statement.location ? *statement.location
                         : call.shared.catalog->NewManagedLocation("volumes", name)));
  entry.location = location.store->root_url() + "/" + location.path;
  return Unless(call.shared.catalog->CreateVolume(entry), statement.if_not_exists,
                ErrorKind::kAlreadyExists, statement.name.span);
}

Result<QueryResult> Run(const Call& call, const sql::DropObject& statement) {
  Status dropped = Ok();
  const std::vector<catalog::TableEntry> datasets = DatasetsThatGo(call, statement);
  switch (statement.kind) {
    case ObjectKind::kCatalog:
      dropped = call.shared.catalog->DropCatalog(OneName(statement.name), statement.is_cascade);
      break;
    case ObjectKind::kSchema: {
      const auto [catalog, schema] = TRY(CompleteSchema(statement.name, call.session));
      dropped = call.shared.catalog->DropSchema(catalog, schema, statement.is_cascade);
      break;
    }
    case ObjectKind::kVolume:
      dropped = call.shared.catalog->DropVolume(TRY(Complete(statement.name, call.session)));
      break;
    default:
      return FailUnsupported("DROP of this kind of object");
  }
  if (dropped) {
    for (const catalog::TableEntry& dataset : datasets) ForgetDataset(call, dataset);
  }
  return Unless(std::move(dropped), statement.if_exists, ErrorKind::kNotFound, statement.name.span);
}

Result<QueryResult> Run(const Call& call, const sql::AlterObject& statement) {
  const auto* rename = std::get_if<sql::RenameTo>(&statement.action);
  if (statement.kind != ObjectKind::kVolume || rename == nullptr) {
    return FailUnsupported("this form of ALTER");
  }
  catalog::VolumeEntry entry =
      TRY(call.shared.catalog->FindVolume(TRY(Complete(statement.name, call.session)))
              .At(statement.name.span));
  entry.name.object = OneName(rename->name);
  TRY(call.shared.catalog->UpdateVolume(entry).At(rename->name.span));
  return NoRows();
}

Result<QueryResult> Run(const Call& call, const sql::CommentOn& statement) {
  switch (statement.kind) {
    case ObjectKind::kTable:
      TRY(SetTableComment(call, statement));
      return NoRows();
    case ObjectKind::kVolume: {
      catalog::VolumeEntry entry =
          TRY(call.shared.catalog->FindVolume(TRY(Complete(statement.name, call.session)))
                  .At(statement.name.span));
      entry.comment = statement.comment.value_or("");
      TRY(call.shared.catalog->UpdateVolume(entry));
      return NoRows();
    }
    default:
      return FailUnsupported("COMMENT ON this kind of object");
  }
}

Result<QueryResult> Run(const Call& call, const sql::Use& statement) {
  if (statement.is_catalog) {
    call.session.catalog = TRY(call.shared.catalog->FindCatalog(CatalogOf(OneName(statement.name)))
                                   .At(statement.name.span))
                               .name;
    call.session.schema = "default";
    return NoRows();
  }
  const auto [catalog, schema] = TRY(CompleteSchema(statement.name, call.session));
  const catalog::SchemaEntry entry =
      TRY(call.shared.catalog->FindSchema(catalog, schema).At(statement.name.span));
  call.session.catalog = entry.catalog;
  call.session.schema = entry.name;
  return NoRows();
}

}  // namespace inlet::workspace
