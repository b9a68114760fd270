#include <arrow/api.h>

#include <algorithm>

#include "delta/table.h"
#include "sql/printer.h"
#include "types/json_text.h"
#include "workspace/binder.h"
#include "workspace/datasets.h"
#include "workspace/statements.h"
#include "workspace/table_definition.h"

namespace inlet::workspace {
namespace {

using types::StructField;
using types::StructType;

std::string PathText(const sql::ColumnPath& path) {
  std::string text;
  for (const std::string& part : path) text += (text.empty() ? "" : ".") + part;
  return text;
}

std::unexpected<Error> MissingColumn(const StructType& schema, const sql::ColumnPath& path) {
  std::string names;
  for (const StructField& field : schema.fields) names += (names.empty() ? "" : ", ") + field.name;
  return Fail(Condition::DELTA_MISSING_COLUMN,
              {{"columnName", PathText(path)}, {"columnList", names}});
}

/// Changes to the metadata of one table, one commit.
class AlterTableRun {
 public:
  AlterTableRun(const Call& call, TableTarget target, delta::SnapshotPtr table)
      : call_(call), target_(std::move(target)), table_(std::move(table)) {}

  Status operator()(const sql::SetProperties& action) {
    std::map<std::string, std::optional<std::string>> changes;
    for (const auto& [key, value] : action.properties) changes[key] = value;
    std::string json = "{";
    for (const auto& [key, value] : action.properties) {
      json +=
          (json.size() > 1 ? "," : "") + delta::JsonString(key) + ":" + delta::JsonString(value);
    }
    return CommitProperties(changes, "SET TBLPROPERTIES", {{"properties", json + "}"}});
  }

  Status operator()(const sql::UnsetProperties& action) {
    std::map<std::string, std::optional<std::string>> changes;
    for (const std::string& key : action.keys) changes[key] = std::nullopt;
    return CommitProperties(changes, "UNSET TBLPROPERTIES",
                            {{"properties", delta::JsonStrings(action.keys)},
                             {"ifExists", action.if_exists ? "true" : "false"}});
  }

  Status operator()(const sql::RenameTo& action) {
    if (!target_.entry) return FailUnsupported("RENAME of a path");
    catalog::TableEntry entry = *target_.entry;
    entry.name = TRY(Complete(action.name, call_.session));
    TRY(call_.shared.catalog->FindSchema(entry.name.catalog, entry.name.schema));
    return call_.shared.catalog->UpdateTable(entry).At(action.name.span);
  }

  Status operator()(const sql::AddColumns& action) {
    StructType schema = table_->schema();
    std::string added;
    for (const sql::AddColumns::Column& column : action.columns) {
      if (column.path.size() != 1) return FailUnsupported("ADD COLUMN of a nested field");
      const std::string& name = column.path[0];
      if (schema.Find(name) != nullptr) {
        if (action.if_not_exists) continue;
        return Fail(Condition::COLUMN_ALREADY_EXISTS,
                    {{"columnName", types::QuoteIdentifier(name)}});
      }
      StructField field = TRY(FieldOf(column.definition));
      field.name = name;
      added += (added.empty() ? "" : ",") + types::ToJson(StructType{.fields = {field}});
      TRY(InsertAt(schema, std::move(field), column.position));
    }
    return CommitSchema(std::move(schema), "ADD COLUMNS", {{"columns", "[" + added + "]"}});
  }

  Status operator()(const sql::AlterColumns& action) {
    StructType schema = table_->schema();
    for (const sql::AlterColumns::Column& column : action.columns) {
      if (column.path.size() != 1) return FailUnsupported("ALTER COLUMN of a nested field");
      const auto index = schema.IndexOf(column.path[0]);
      if (!index) return MissingColumn(schema, column.path);
      TRY(Change(schema, *index, column.change));
    }
    return CommitSchema(std::move(schema), "CHANGE COLUMN",
                        {{"column", delta::JsonString(PathText(action.columns[0].path))}});
  }

  Status operator()(const sql::AddConstraint& action) {
    if (action.constraint.kind != sql::TableConstraint::Kind::kCheck) return Ok();
    const std::string expression = sql::ToSql(*action.constraint.check);
    TRY(CheckRows(*action.constraint.check, expression));
    const std::string key = "delta.constraints." + ToLower(action.constraint.name);
    if (table_->properties().contains(key)) {
      return Fail(Condition::DELTA_INVALID_TABLE_PROPERTY,
                  {{"property", key}, {"value", expression}, {"message", "the constraint exists"}});
    }
    return CommitProperties({{key, expression}}, "ADD CONSTRAINT",
                            {{"name", action.constraint.name}, {"expr", expression}});
  }

  Status operator()(const sql::DropConstraint& action) {
    const std::string key = "delta.constraints." + ToLower(action.name);
    if (!table_->properties().contains(key)) {
      if (action.if_exists) return Ok();
      return Fail(Condition::DELTA_CONSTRAINT_DOES_NOT_EXIST,
                  {{"constraintName", action.name}, {"tableName", target_.display_name}});
    }
    return CommitProperties({{key, std::nullopt}}, "DROP CONSTRAINT",
                            {{"name", action.name}, {"existed", "true"}});
  }

  template <class Other>
  Status operator()(const Other&) {
    return FailUnsupported("this form of ALTER TABLE");
  }

 private:
  using Parameters = std::map<std::string, std::string>;

  static Status InsertAt(StructType& schema, StructField field,
                         const std::optional<sql::ColumnPosition>& position) {
    auto place = schema.fields.end();
    if (position && position->is_first) place = schema.fields.begin();
    if (position && !position->is_first) {
      const auto after = schema.IndexOf(position->after);
      if (!after) return MissingColumn(schema, {position->after});
      place = schema.fields.begin() + static_cast<std::ptrdiff_t>(*after) + 1;
    }
    schema.fields.insert(place, std::move(field));
    return Ok();
  }

  static Status Change(StructType& schema, std::size_t index,
                       const sql::AlterColumns::Change& change) {
    StructField& field = schema.fields[index];
    if (const auto* comment = std::get_if<sql::AlterColumns::SetComment>(&change)) {
      field.set_comment(comment->comment);
      return Ok();
    }
    if (const auto* move = std::get_if<sql::AlterColumns::Move>(&change)) {
      StructField moved = std::move(field);
      schema.fields.erase(schema.fields.begin() + static_cast<std::ptrdiff_t>(index));
      return InsertAt(schema, std::move(moved), move->position);
    }
    if (const auto* nullable = std::get_if<sql::AlterColumns::SetNullable>(&change)) {
      if (!nullable->is_nullable && field.nullable)
        return FailUnsupported("ALTER COLUMN SET NOT NULL");
      field.nullable = nullable->is_nullable;
      return Ok();
    }
    return FailUnsupported("this form of ALTER COLUMN");
  }

  /// Existing rows must hold a new constraint.
  Status CheckRows(const sql::Expression& check, const std::string& text) {
    sql::NamedTable table{.name = {.parts = {"delta", table_->table_url()}}};
    sql::FunctionCall coalesce{.name = {.parts = {"coalesce"}}};
    coalesce.arguments.push_back(
        {.value = {.node = sql::Unary{.op = sql::UnaryOperator::kNot, .operand = check}}});
    coalesce.arguments.push_back(
        {.value = {.node = sql::Literal{.type = types::TypeId::kBoolean, .text = "true"}}});
    sql::FunctionCall count{.name = {.parts = {"count"}}};
    count.arguments.push_back({.value = {.node = sql::Star{}}});
    sql::Select select{.from = sql::TableRef{.node = std::move(table)},
                       .where = sql::Expression{.node = std::move(coalesce)}};
    sql::Expression counted{.node = std::move(count)};
    select.items.push_back({.value = {.node = sql::Cast{.operand = std::move(counted),
                                                        .type = types::TypeId::kString}},
                            .alias = "n"});
    ingest::BoundQuery bound = TRY(Bind(call_, {.body = std::move(select)}));
    const auto reader = TRY(call_.shared.engine->Run(bound.query, std::move(bound.inputs),
                                                     bound.context, call_.options.stop));
    const types::BatchPtr batch = TRY(reader->Next());
    if (batch == nullptr) return FailInternal("a count has no row");
    const std::string rows = batch->column(0)->GetScalar(0).ValueOrDie()->ToString();
    if (rows == "0") return Ok();
    return Fail(
        Condition::DELTA_NEW_CHECK_CONSTRAINT_VIOLATION,
        {{"numRows", rows}, {"tableName", target_.display_name}, {"checkConstraint", text}});
  }

  Status CommitSchema(StructType schema, std::string name, Parameters parameters) {
    delta::TableDefinition definition{
        .schema = std::move(schema),
        .partition_columns = table_->partition_columns(),
        .clustering_columns = delta::Detail(*table_).clustering_columns,
        .name = table_->metadata().name,
        .comment = table_->metadata().description,
        .properties = table_->properties()};
    return Commit(TRY(delta::RedefineTable(*table_, definition)), std::move(name),
                  std::move(parameters));
  }

  Status CommitProperties(const std::map<std::string, std::optional<std::string>>& changes,
                          std::string name, Parameters parameters) {
    return Commit(TRY(delta::AlterProperties(*table_, changes)), std::move(name),
                  std::move(parameters));
  }

  Status Commit(delta::TableActions actions, std::string name, Parameters parameters) {
    delta::Transaction transaction(table_);
    if (!(actions.protocol == table_->protocol())) transaction.Set(std::move(actions.protocol));
    transaction.Set(std::move(actions.metadata));
    const delta::CommitResult result = TRY(std::move(transaction)
                                               .Commit({.name = std::move(name),
                                                        .parameters = std::move(parameters),
                                                        .user_name = call_.session.user,
                                                        .is_blind_append = false}));
    call_.shared.snapshots.Put(result.snapshot);
    return Ok();
  }

  const Call& call_;
  TableTarget target_;
  delta::SnapshotPtr table_;
};

}  // namespace

Result<QueryResult> Run(const Call& call, const sql::AlterTable& statement) {
  TRY(RefuseForDatasets(TRY(FindTable(call, statement.name)).entry, "ALTER TABLE")
          .Hint("Use ALTER STREAMING TABLE or ALTER MATERIALIZED VIEW.")
          .At(statement.name.span));
  return AlterDatasetTable(call, statement);
}

Result<QueryResult> AlterDatasetTable(const Call& call, const sql::AlterTable& statement) {
  TableTarget target = TRY(FindTable(call, statement.name));
  delta::SnapshotPtr table = TRY(LatestOf(call, target).At(statement.name.span));
  AlterTableRun run(call, std::move(target), std::move(table));
  TRY(std::visit(run, statement.action).At(statement.span));
  return NoRows();
}

}  // namespace inlet::workspace
