#include "base/uuid.h"
#include "sql/printer.h"
#include "workspace/binder.h"
#include "workspace/datasets.h"
#include "workspace/statements.h"
#include "workspace/stored_view.h"

namespace inlet::workspace {
namespace {

using catalog::TableEntry;
using catalog::TableKind;

/// Runs the query's analysis: a view that cannot be read is refused when it is made.
Status CheckView(const Call& call, const ViewDefinition& view) {
  const ingest::BoundQuery bound = TRY(Bind(call, view.query));
  const types::StructType schema =
      TRY(call.shared.engine->Describe(bound.query, bound.inputs, bound.context));
  if (!view.column_names.empty() && view.column_names.size() != schema.size()) {
    return Fail(Condition::UDTF_ALIAS_NUMBER_MISMATCH,
                {{"message", "the view names " + std::to_string(view.column_names.size()) +
                                 " columns, its query has " + std::to_string(schema.size())}});
  }
  return Ok();
}

}  // namespace

Result<QueryResult> Run(const Call& call, const sql::CreateView& statement) {
  if (!statement.query) return FailUnsupported("CREATE VIEW without AS");
  ViewDefinition view{
      .query = *statement.query, .catalog = call.session.catalog, .schema = call.session.schema};
  view.inputs.assign(call.inputs.begin(), call.inputs.end());
  for (const sql::ColumnDefinition& column : statement.columns) {
    view.column_names.push_back(column.name);
  }
  TRY(CheckView(call, view));
  if (statement.is_temporary) {
    const std::string name = TemporaryViewKey(statement.name).value_or(statement.name.parts.back());
    if (call.session.temporary_views.contains(name) && !statement.or_replace) {
      if (statement.if_not_exists) return NoRows();
      return Result<QueryResult>(Fail(Condition::TEMP_TABLE_OR_VIEW_ALREADY_EXISTS,
                                      {{"relationName", types::QuoteIdentifier(name)}}))
          .At(statement.name.span);
    }
    call.session.temporary_views.insert_or_assign(name, std::move(view));
    return NoRows();
  }
  const catalog::FullName name = TRY(Complete(statement.name, call.session));
  TableEntry entry{.name = name,
                   .id = RandomUuid(),
                   .kind = TableKind::kView,
                   .comment = statement.comment.value_or("")};
  StoreDefinition(view, sql::ToSql(*statement.query), entry);
  Result<TableEntry> existing = call.shared.catalog->FindTable(name);
  if (existing && statement.if_not_exists) return NoRows();
  if (existing && statement.or_replace && existing->kind == TableKind::kView) {
    entry.id = existing->id;
    TRY(call.shared.catalog->UpdateTable(entry));
    return NoRows();
  }
  TRY(call.shared.catalog->CreateTable(entry).At(statement.name.span));
  return NoRows();
}

Result<QueryResult> Run(const Call& call, const sql::AlterView& statement) {
  TableEntry entry = TRY(call.shared.catalog->FindTable(TRY(Complete(statement.name, call.session)))
                             .At(statement.name.span));
  if (const auto* rename = std::get_if<sql::RenameTo>(&statement.action)) {
    entry.name = TRY(Complete(rename->name, call.session));
  } else if (const auto* change = std::get_if<sql::AlterView::SetQuery>(&statement.action)) {
    ViewDefinition view{
        .query = *change->query, .catalog = call.session.catalog, .schema = call.session.schema};
    TRY(CheckView(call, view));
    StoreDefinition(view, sql::ToSql(*change->query), entry);
  } else {
    return FailUnsupported("this form of ALTER VIEW");
  }
  TRY(call.shared.catalog->UpdateTable(entry));
  return NoRows();
}

Result<QueryResult> Run(const Call& call, const sql::DropView& statement) {
  const std::optional<std::string> temporary = TemporaryViewKey(statement.name);
  if (!statement.is_materialized && temporary &&
      call.session.temporary_views.erase(*temporary) > 0) {
    return NoRows();
  }
  const catalog::FullName name = TRY(Complete(statement.name, call.session));
  Result<TableEntry> entry = call.shared.catalog->FindTable(name);
  if (!entry && statement.if_exists && entry.error().kind() == ErrorKind::kNotFound)
    return NoRows();
  if (!entry) {
    return Result<QueryResult>(std::unexpected(std::move(entry).error())).At(statement.name.span);
  }
  const bool is_materialized = entry->kind == TableKind::kMaterializedView;
  if (statement.is_materialized ? !is_materialized
                                : entry->kind != TableKind::kView && !is_materialized) {
    const char* suggestion = entry->kind == TableKind::kView ? " It is a view: use DROP VIEW."
                                                             : " It is a table: use DROP TABLE.";
    return Result<QueryResult>(
               Fail(Condition::TABLE_OR_VIEW_NOT_FOUND,
                    {{"relationName", catalog::ToString(name)}, {"suggestion", suggestion}}))
        .At(statement.name.span);
  }
  TRY(call.shared.catalog->DropTable(name));
  if (is_materialized) {
    call.shared.snapshots.Forget(TRY(storage::Resolve(entry->location)));
    ForgetDataset(call, *entry);
  }
  return NoRows();
}

}  // namespace inlet::workspace
