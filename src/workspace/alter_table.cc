#include <arrow/api.h>

#include <algorithm>

#include "delta/column_mapping.h"
#include "delta/schema_edit.h"
#include "delta/table.h"
#include "delta/type_change.h"
#include "ingest/dml/row_rules.h"
#include "ingest/dml/sql_parts.h"
#include "sql/parser.h"
#include "sql/printer.h"
#include "sql/walk.h"
#include "types/json_text.h"
#include "workspace/binder.h"
#include "workspace/datasets.h"
#include "workspace/feature_removal.h"
#include "workspace/statements.h"
#include "workspace/table_definition.h"

namespace inlet::workspace {
namespace {

using types::StructField;
using types::StructType;

/// Changes to the metadata of one table, one commit.
class AlterTableRun {
 public:
  AlterTableRun(const Call& call, TableTarget target, delta::SnapshotPtr table)
      : call_(call), target_(std::move(target)), table_(std::move(table)) {}

  Status operator()(const sql::SetProperties& action) {
    std::map<std::string, std::optional<std::string>> changes;
    for (const auto& [key, value] : action.properties) {
      if (TakesMappingAway(key, value)) {
        table_ = TRY(RemoveColumnMapping(call_, table_));
        if (action.properties.size() == 1) return Ok();
      }
      changes[key] = value;
    }
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
      if (action.if_not_exists && delta::FindField(schema, column.path) != nullptr) continue;
      StructField field = TRY(FieldOf(column.definition));
      field.name = column.path.back();
      if (!field.nullable) return NotNullAdded(column.path, field);
      added += (added.empty() ? "" : ",") + types::ToJson(StructType{.fields = {field}});
      schema = TRY(delta::AddField(std::move(schema), column.path, std::move(field),
                                   PositionOf(column.position)));
    }
    if (added.empty()) return Ok();
    return CommitSchema(std::move(schema), "ADD COLUMNS", {{"columns", "[" + added + "]"}});
  }

  Status operator()(const sql::AlterColumns& action) {
    StructType schema = table_->schema();
    for (const sql::AlterColumns::Column& column : action.columns) {
      schema = TRY(Changed(std::move(schema), column.path, column.change).At(column.span));
    }
    return CommitSchema(std::move(schema), "CHANGE COLUMN",
                        {{"column", delta::JsonString(delta::ToText(action.columns[0].path))}});
  }

  Status operator()(const sql::RenameColumn& action) {
    if (!MapsColumns()) return Fail(Condition::DELTA_UNSUPPORTED_RENAME_COLUMN, {});
    TRY(CheckNobodyUses(action.column));
    sql::ColumnPath renamed = action.column;
    renamed.back() = action.new_name;
    const bool only_case = EqualsIgnoreCase(action.column.back(), action.new_name);
    if (!only_case && delta::FindField(table_->schema(), renamed) != nullptr) {
      return Fail(Condition::COLUMN_ALREADY_EXISTS,
                  {{"columnName", types::QuoteIdentifier(action.new_name)}});
    }
    delta::TableActions actions = TRY(delta::AlterSchema(
        *table_,
        TRY(delta::ChangeField(table_->schema(), action.column,
                               [&](StructField& field) -> Status {
                                 field.name = action.new_name;
                                 return Ok();
                               })),
        action.column.size() == 1 ? std::optional(std::pair(action.column[0], action.new_name))
                                  : std::nullopt));
    return Commit(std::move(actions), "RENAME COLUMN",
                  {{"oldColumnPath", delta::ToText(action.column)},
                   {"newColumnPath", delta::ToText(renamed)}});
  }

  Status operator()(const sql::DropColumns& action) {
    if (!MapsColumns()) return Fail(Condition::DELTA_UNSUPPORTED_DROP_COLUMN, {});
    StructType schema = table_->schema();
    std::vector<std::string> dropped;
    for (const sql::ColumnPath& path : action.columns) {
      if (delta::FindField(schema, path) == nullptr && action.if_exists) continue;
      TRY(CheckNobodyUses(path));
      TRY(CheckNotLaidOutBy(path));
      schema = TRY(delta::DropField(std::move(schema), path));
      dropped.push_back(delta::ToText(path));
    }
    if (dropped.empty()) return Ok();
    if (schema.empty()) {
      return Fail(Condition::DELTA_UNSUPPORTED_ALTER_TABLE_CHANGE_COL_OP,
                  {{"fieldPath", dropped.back()},
                   {"oldField", "the only column"},
                   {"newField", "no column"}});
    }
    return CommitSchema(std::move(schema), "DROP COLUMNS",
                        {{"columns", delta::JsonStrings(dropped)}});
  }

  Status operator()(const sql::SetClusterBy& action) {
    std::vector<std::string> columns;
    if (action.cluster_by.kind == sql::ClusterBy::Kind::kAuto) {
      return FailUnsupported("CLUSTER BY AUTO");
    }
    for (const sql::ColumnPath& path : action.cluster_by.columns) {
      columns.push_back(delta::ToText(path));
    }
    std::string old_columns;
    for (const std::string& name : delta::Detail(*table_).clustering_columns) {
      old_columns += (old_columns.empty() ? "" : ",") + name;
    }
    std::string new_columns;
    for (const std::string& name : columns) {
      new_columns += (new_columns.empty() ? "" : ",") + name;
    }
    return Commit(TRY(delta::AlterClustering(*table_, columns)), "CLUSTER BY",
                  {{"oldClusteringColumns", delta::JsonString(old_columns)},
                   {"newClusteringColumns", delta::JsonString(new_columns)}});
  }

  Status operator()(const sql::AddConstraint& action) {
    if (action.constraint.kind != sql::TableConstraint::Kind::kCheck) return Ok();
    const std::string expression = sql::ToSql(*action.constraint.check);
    const std::string key = "delta.constraints." + ToLower(action.constraint.name);
    if (const auto there = table_->properties().find(key); there != table_->properties().end()) {
      return Fail(Condition::DELTA_CONSTRAINT_ALREADY_EXISTS,
                  {{"constraintName", action.constraint.name}, {"oldConstraint", there->second}});
    }
    TRY(CheckRows(*action.constraint.check, expression));
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

  Status operator()(const sql::DropFeature& action) {
    return workspace::DropFeature(call_, table_, action);
  }

  template <class Other>
  Status operator()(const Other&) {
    return FailUnsupported("this form of ALTER TABLE");
  }

 private:
  using Parameters = std::map<std::string, std::string>;

  bool MapsColumns() const {
    const auto mode = delta::ColumnMappingModeOf(table_->properties());
    return mode && *mode != delta::ColumnMappingMode::kNone;
  }

  bool TakesMappingAway(std::string_view key, std::string_view value) const {
    return EqualsIgnoreCase(key, "delta.columnMapping.mode") && EqualsIgnoreCase(value, "none") &&
           MapsColumns();
  }

  static std::optional<delta::FieldPosition> PositionOf(
      const std::optional<sql::ColumnPosition>& position) {
    if (!position) return std::nullopt;
    return delta::FieldPosition{.after = position->is_first ? "" : position->after};
  }

  static std::unexpected<Error> NotNullAdded(const sql::ColumnPath& path,
                                             const StructField& field) {
    return Fail(Condition::DELTA_UNSUPPORTED_ALTER_TABLE_CHANGE_COL_OP,
                {{"fieldPath", delta::ToText(path)},
                 {"oldField", "nothing"},
                 {"newField", types::ToSql(field.type) + " NOT NULL"}});
  }

  /// Constraints and generated columns say a column's name in their texts.
  Status CheckNobodyUses(const sql::ColumnPath& path) const {
    const auto uses = [&](const std::string& text) {
      const Result<sql::Expression> expression = sql::ParseExpression(text);
      if (!expression) return true;
      return std::ranges::any_of(sql::ColumnsOf(*expression), [&](const sql::ColumnRef* column) {
        return !column->parts.empty() && EqualsIgnoreCase(column->parts[0], path[0]);
      });
    };
    for (const ingest::RowCheck& check : TRY(ingest::ChecksOf(table_->properties()))) {
      if (uses(check.text)) {
        return Fail(Condition::DELTA_CONSTRAINT_DEPENDENT_COLUMN_CHANGE,
                    {{"columnName", delta::ToText(path)},
                     {"constraints", check.name + " -> " + check.text}});
      }
    }
    for (const StructField& field : table_->schema().fields) {
      const std::optional<std::string> text = ingest::GenerationOf(field);
      if (text && uses(*text)) {
        return Fail(Condition::DELTA_GENERATED_COLUMNS_DEPENDENT_COLUMN_CHANGE,
                    {{"columnName", delta::ToText(path)},
                     {"generatedColumns", field.name + " -> " + *text}});
      }
    }
    return Ok();
  }

  /// Columns that say where rows lie cannot go.
  Status CheckNotLaidOutBy(const sql::ColumnPath& path) const {
    for (const auto& columns :
         {table_->partition_columns(), delta::Detail(*table_).clustering_columns}) {
      for (const std::string& column : columns) {
        if (path.size() == 1 && EqualsIgnoreCase(column, path[0])) {
          return Fail(Condition::DELTA_UNSUPPORTED_ALTER_TABLE_CHANGE_COL_OP,
                      {{"fieldPath", column},
                       {"oldField", "a partition or clustering column"},
                       {"newField", "no column"}});
        }
      }
    }
    return Ok();
  }

  Result<StructType> Changed(StructType schema, const sql::ColumnPath& path,
                             const sql::AlterColumns::Change& change) {
    if (const auto* move = std::get_if<sql::AlterColumns::Move>(&change)) {
      return delta::MoveField(std::move(schema), path, *PositionOf(move->position));
    }
    return delta::ChangeField(std::move(schema), path,
                              [&](StructField& field) { return Change(field, path, change); });
  }

  Status Change(StructField& field, const sql::ColumnPath& path,
                const sql::AlterColumns::Change& change) {
    using Columns = sql::AlterColumns;
    if (const auto* comment = std::get_if<Columns::SetComment>(&change)) {
      field.set_comment(comment->comment);
      return Ok();
    }
    if (const auto* nullable = std::get_if<Columns::SetNullable>(&change)) {
      if (!nullable->is_nullable && field.nullable) TRY(CheckNoNulls(path));
      field.nullable = nullable->is_nullable;
      return Ok();
    }
    if (const auto* type = std::get_if<Columns::SetType>(&change)) {
      TRY(CheckNobodyUses(path));
      return Widen(field, path, type->type);
    }
    if (const auto* value = std::get_if<Columns::SetDefault>(&change)) {
      if (!delta::SupportsFeature(table_->protocol(), "allowColumnDefaults")) {
        return Fail(Condition::WRONG_COLUMN_DEFAULTS_FOR_DELTA_FEATURE_NOT_ENABLED, {});
      }
      field.metadata["CURRENT_DEFAULT"] = types::JsonQuote(sql::ToSql(value->value));
      return Ok();
    }
    if (std::holds_alternative<Columns::DropDefault>(change)) {
      field.metadata.erase("CURRENT_DEFAULT");
      return Ok();
    }
    if (std::holds_alternative<Columns::SyncIdentity>(change)) return SyncIdentity(field, path);
    return FailUnsupported("this form of ALTER COLUMN");
  }

  /// Moves the mark of an identity column past the values that the table has.
  Status SyncIdentity(StructField& field, const sql::ColumnPath& path) {
    const std::optional<ingest::IdentityColumn> identity = ingest::IdentityOf(field);
    if (!identity) return FailUnsupported("SYNC IDENTITY of a column that is none");
    const std::optional<std::string> text =
        TRY(TextOf(ingest::parts::Call(identity->step > 0 ? "max" : "min",
                                       {{.node = sql::ColumnRef{.parts = path}}}),
                   std::nullopt));
    if (!text) return Ok();
    const ingest::IdentityColumn synced =
        ingest::PastValue(*identity, std::strtoll(text->c_str(), nullptr, 10));
    if (synced.high_water_mark) {
      field.metadata["delta.identity.highWaterMark"] = std::to_string(*synced.high_water_mark);
    }
    return Ok();
  }

  Status Widen(StructField& field, const sql::ColumnPath& path, const types::DataType& type) {
    if (field.type == type) return Ok();
    const auto enabled = table_->properties().find("delta.enableTypeWidening");
    const bool may_widen =
        enabled != table_->properties().end() && EqualsIgnoreCase(enabled->second, "true");
    if (!may_widen || !delta::IsAllowedTypeChange(field.type, type)) {
      return Status(Fail(Condition::DELTA_UNSUPPORTED_ALTER_TABLE_CHANGE_COL_OP,
                         {{"fieldPath", delta::ToText(path)},
                          {"oldField", types::ToSql(field.type)},
                          {"newField", types::ToSql(type)}}))
          .Hint(may_widen ? "" : "Set 'delta.enableTypeWidening' = 'true' to widen types.");
    }
    delta::NoteTypeChange(field, type);
    return Ok();
  }

  /// Existing rows must have a value before a column becomes NOT NULL.
  Status CheckNoNulls(const sql::ColumnPath& path) {
    sql::Expression column{.node = sql::ColumnRef{.parts = path}};
    // Fields of a struct that is NULL are not there.
    std::vector<sql::Expression> conditions = {ingest::parts::IsNull(std::move(column))};
    for (std::size_t depth = 1; depth < path.size(); ++depth) {
      const sql::ColumnPath parent(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth));
      conditions.push_back(ingest::parts::IsNull({.node = sql::ColumnRef{.parts = parent}},
                                                 /*negated=*/true));
    }
    const std::string rows = TRY(CountRows(ingest::parts::And(std::move(conditions))));
    if (rows == "0") return Ok();
    return Fail(
        Condition::DELTA_NEW_NOT_NULL_VIOLATION,
        {{"numRows", rows}, {"tableName", target_.display_name}, {"colName", delta::ToText(path)}});
  }

  /// Existing rows must hold a new constraint.
  Status CheckRows(const sql::Expression& check, const std::string& text) {
    const std::string rows = TRY(CountRows(
        ingest::parts::Call("coalesce", {ingest::parts::Not(check), ingest::parts::Bool(true)})));
    if (rows == "0") return Ok();
    return Fail(
        Condition::DELTA_NEW_CHECK_CONSTRAINT_VIOLATION,
        {{"numRows", rows}, {"tableName", target_.display_name}, {"checkConstraint", text}});
  }

  /// The number of rows where `condition` holds, as text.
  Result<std::string> CountRows(sql::Expression condition) {
    return TRY(TextOf(ingest::parts::Call("count", {{.node = sql::Star{}}}), std::move(condition)))
        .value_or("0");
  }

  /// An aggregate of the table's rows as text; nothing for NULL.
  Result<std::optional<std::string>> TextOf(sql::Expression aggregate,
                                            std::optional<sql::Expression> condition) {
    namespace parts = ingest::parts;
    sql::NamedTable table{.name = {.parts = {"delta", table_->table_url()}}};
    sql::Select select{.from = sql::TableRef{.node = std::move(table)}};
    if (condition) select.where = *std::move(condition);
    select.items.push_back(
        parts::Item(parts::CastTo(std::move(aggregate), types::TypeId::kString), "n"));
    ingest::BoundQuery bound = TRY(Bind(call_, {.body = std::move(select)}));
    const auto reader = TRY(call_.shared.engine->Run(bound.query, std::move(bound.inputs),
                                                     bound.context, call_.options.stop));
    const types::BatchPtr batch = TRY(reader->Next());
    if (batch == nullptr) return FailInternal("an aggregate has no row");
    if (batch->column(0)->IsNull(0)) return std::optional<std::string>();
    return std::optional(batch->column(0)->GetScalar(0).ValueOrDie()->ToString());
  }

  Status CommitSchema(StructType schema, std::string name, Parameters parameters) {
    return Commit(TRY(delta::AlterSchema(*table_, std::move(schema))), std::move(name),
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
    for (delta::DomainMetadata& domain : actions.domains) transaction.Set(std::move(domain));
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
