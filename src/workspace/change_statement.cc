#include "workspace/change_statement.h"

#include <algorithm>

#include "delta/scan.h"
#include "delta/schema_edit.h"
#include "ingest/align_to_table.h"
#include "ingest/dml/row_rules.h"
#include "ingest/dml/sql_parts.h"
#include "sql/walk.h"
#include "workspace/binder.h"
#include "workspace/commit_notes.h"
#include "workspace/datasets.h"

namespace inlet::workspace {
namespace {

bool HasSubquery(sql::Expression expression) {
  bool found = false;
  (void)sql::VisitExpressions(expression, [&](sql::Expression& part) {
    found = found || part.As<sql::InSubquery>() != nullptr || part.As<sql::Exists>() != nullptr ||
            part.As<sql::ScalarSubquery>() != nullptr;
    return Ok();
  });
  return found;
}

bool HasStruct(const types::DataType& type) {
  return type.is(types::TypeId::kStruct) ||
         std::ranges::any_of(type.fields(),
                             [](const types::StructField& field) { return HasStruct(field.type); });
}

/// Whether structs have the same fields by name at every level, whatever their order.
bool HaveSameFields(const types::DataType& left, const types::DataType& right) {
  if (left.id() != right.id()) return !left.is_nested() && !right.is_nested();
  if (left.fields().size() != right.fields().size()) return false;
  const types::StructType fields{right.fields()};
  for (std::size_t i = 0; i < left.fields().size(); ++i) {
    const types::StructField& field = left.fields()[i];
    const types::StructField* other =
        left.is(types::TypeId::kStruct) ? fields.Find(field.name) : &fields.fields[i];
    if (other == nullptr || !HaveSameFields(field.type, other->type)) return false;
  }
  return true;
}

/// A broken check as the error that names it.
Status Named(Status status) {
  if (!status) return std::unexpected(ingest::WithConstraintName(std::move(status).error()));
  return status;
}

}  // namespace

bool IsOnPartitions(const delta::Snapshot& table, const sql::Expression& condition) {
  if (HasSubquery(condition)) return false;
  return std::ranges::all_of(sql::ColumnsOf(condition), [&](const sql::ColumnRef* column) {
    return !column->parts.empty() &&
           std::ranges::any_of(table.partition_columns(), [&](const std::string& partition) {
             return EqualsIgnoreCase(partition, column->parts.back());
           });
  });
}

ChangeStatement::ChangeStatement(const Call& call, delta::SnapshotPtr table, std::string alias,
                                 std::string display_name, ingest::CommitNotes notes)
    : call_(call),
      alias_(std::move(alias)),
      display_name_(std::move(display_name)),
      change_(*call.shared.engine, std::move(table),
              {.user_name = call.session.user,
               .session_time_zone = call.session.time_zone(),
               .stop = call.options.stop,
               .notes = std::move(notes)}) {}

Result<std::unique_ptr<ChangeStatement>> ChangeStatement::Open(const Call& call,
                                                               const sql::ObjectName& name,
                                                               std::string alias,
                                                               bool only_inserts) {
  const TableTarget target = TRY(FindTable(call, name));
  TRY(RefuseForMaterializedViews(target.entry, "changing rows").At(name.span));
  delta::SnapshotPtr table = TRY(LatestOf(call, target).At(name.span));
  const auto append_only = table->properties().find("delta.appendOnly");
  if (!only_inserts && append_only != table->properties().end() &&
      EqualsIgnoreCase(append_only->second, "true")) {
    return Fail(Condition::DELTA_CANNOT_MODIFY_APPEND_ONLY, {{"table_name", target.display_name}});
  }
  if (alias.empty()) alias = name.parts.back();
  return std::unique_ptr<ChangeStatement>(new ChangeStatement(
      call, std::move(table), std::move(alias), target.display_name, TRY(CommitNotesOf(call))));
}

ingest::ChangedTable ChangeStatement::Changed(bool with_news) const {
  return {.snapshot = *change_.snapshot(),
          .schema = change_.schema(),
          .alias = alias_,
          .columns = change_.Wanted(with_news)};
}

Status ChangeStatement::Run(sql::Query query, bool with_news, bool allow_repeated,
                            std::vector<engine::Input> inputs) {
  inputs.push_back(TRY(change_.Target(ingest::kTargetInput)));
  ingest::BoundQuery bound = TRY(BindWith(std::move(query), std::move(inputs)));
  return Named(change_.Run(std::move(bound), change_.Wanted(with_news), allow_repeated));
}

Status ChangeStatement::FitStructs(const std::vector<sql::CommonTable>& with,
                                   const sql::TableRef& rows,
                                   const std::vector<sql::Assignment*>& assignments) {
  namespace parts = ingest::parts;
  sql::Select select{.from = rows};
  std::vector<std::pair<sql::Assignment*, const types::DataType*>> fitted;
  for (sql::Assignment* assignment : assignments) {
    sql::ColumnPath path = assignment->column;
    if (path.size() > 1 && EqualsIgnoreCase(path[0], alias_)) path.erase(path.begin());
    const types::StructField* field = delta::FindField(change_.schema(), path);
    if (field == nullptr || !HasStruct(field->type) ||
        assignment->value.As<sql::DefaultValue>() != nullptr) {
      continue;
    }
    select.items.push_back(
        parts::Item(assignment->value, "inlet_value_" + std::to_string(fitted.size())));
    fitted.emplace_back(assignment, &field->type);
  }
  if (fitted.empty()) return Ok();
  const ingest::BoundQuery bound = TRY(BindWith({.with = with, .body = std::move(select)},
                                                {TRY(change_.Target(ingest::kTargetInput))}));
  const types::StructType given =
      TRY(call_.shared.engine->Describe(bound.query, bound.inputs, bound.context));
  for (std::size_t i = 0; i < fitted.size(); ++i) {
    const auto& [assignment, wanted] = fitted[i];
    const types::DataType& type = given.fields[i].type;
    if (type == *wanted || !HaveSameFields(type, *wanted)) continue;
    assignment->value = ingest::WithFieldsOf(std::move(assignment->value), type, *wanted);
  }
  return Ok();
}

Status ChangeStatement::DeleteWhere(const sql::Expression& condition) {
  if (IsOnPartitions(table(), condition)) return RemovePartitions(condition);
  return Run(ingest::DeleteQuery(Changed(/*with_news=*/false), &condition), /*with_news=*/false);
}

Status ChangeStatement::RemovePartitions(const sql::Expression& condition) {
  namespace parts = ingest::parts;
  sql::Select select{.from = parts::AsTable(std::string(ingest::kTargetInput), alias_),
                     .where = condition};
  select.items.push_back(parts::Item(parts::Column(std::string(delta::kRowColumnNames[0])), ""));
  return change_.RemovePartitions(
      TRY(BindWith({.body = std::move(select)}, {TRY(change_.Partitions(ingest::kTargetInput))})));
}

Status ChangeStatement::Insert(ingest::BoundQuery rows, bool in_feed) {
  return Named(change_.Insert(std::move(rows), in_feed));
}

Result<types::StructType> ChangeStatement::Describe(sql::Query query) const {
  const ingest::BoundQuery bound = TRY(Bind(call_, std::move(query)));
  return call_.shared.engine->Describe(bound.query, bound.inputs, bound.context);
}

Status ChangeStatement::Commit(delta::Operation operation) {
  if (!change_.has_changes()) return Ok();
  const delta::SnapshotPtr after = TRY(change_.Commit(std::move(operation)));
  call_.shared.snapshots.Put(after);
  AutoCompact(call_, after);
  return Ok();
}

Result<ingest::BoundQuery> ChangeStatement::BindWith(sql::Query query,
                                                     std::vector<engine::Input> inputs) {
  bool reads_elsewhere = false;
  const BindOptions options{
      .inputs = std::move(inputs), .pinned = change_.snapshot(), .reads_pinned = &reads_elsewhere};
  ingest::BoundQuery bound = TRY(Bind(call_, std::move(query), options));
  if (reads_elsewhere) change_.ReadsWholeTable();
  return bound;
}

}  // namespace inlet::workspace
