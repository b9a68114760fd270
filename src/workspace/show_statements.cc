#include <algorithm>

#include "delta/table.h"
#include "ingest/glob.h"
#include "sql/printer.h"
#include "types/json_text.h"
#include "workspace/datasets.h"
#include "workspace/file_tables.h"
#include "workspace/row_table.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

using catalog::TableEntry;
using catalog::TableKind;
using What = sql::Show::What;

/// SHOW's patterns: `*` takes anything, `|` separates alternatives, case does not matter.
bool Matches(const std::optional<std::string>& pattern, std::string_view name) {
  if (!pattern) return true;
  const std::string lower_name = ToLower(name);
  std::string_view rest = *pattern;
  while (true) {
    const std::size_t bar = rest.find('|');
    if (ingest::GlobMatches(ToLower(rest.substr(0, bar)), lower_name, true)) return true;
    if (bar == std::string_view::npos) return false;
    rest.remove_prefix(bar + 1);
  }
}

Result<QueryResult> ShowCatalogs(const Call& call, const sql::Show& statement) {
  std::vector<Row> rows;
  for (const auto& entry : TRY(call.shared.catalog->ListCatalogs())) {
    if (Matches(statement.pattern, entry.name)) rows.push_back({entry.name});
  }
  return MakeResult(StringColumns({"catalog"}), rows);
}

Result<QueryResult> ShowSchemas(const Call& call, const sql::Show& statement) {
  const std::string catalog =
      statement.name.empty() ? call.session.catalog : statement.name.parts.back();
  std::vector<Row> rows;
  for (const auto& entry : TRY(call.shared.catalog->ListSchemas(catalog).At(statement.name.span))) {
    if (Matches(statement.pattern, entry.name)) rows.push_back({entry.name});
  }
  return MakeResult(StringColumns({"databaseName"}), rows);
}

Result<QueryResult> ShowTables(const Call& call, const sql::Show& statement, bool views_only) {
  const auto [catalog, schema] = TRY(CompleteSchema(statement.name, call.session));
  std::vector<Row> rows;
  for (const TableEntry& entry :
       TRY(call.shared.catalog->ListTables(catalog, schema).At(statement.name.span))) {
    const bool is_view =
        entry.kind == TableKind::kView || entry.kind == TableKind::kMaterializedView;
    if (views_only && !is_view) continue;
    if (Matches(statement.pattern, entry.name.object)) {
      rows.push_back({entry.name.schema, entry.name.object, false});
    }
  }
  for (const auto& [name, view] : call.session.temporary_views) {
    if (Matches(statement.pattern, name)) rows.push_back({"", name, true});
  }
  types::StructType columns = views_only ? StringColumns({"namespace", "viewName"})
                                         : StringColumns({"database", "tableName"});
  columns.fields.push_back({.name = "isTemporary", .type = types::TypeId::kBoolean});
  return MakeResult(std::move(columns), rows);
}

/// Source: Databricks SQL language manual, "SHOW TABLES DROPPED".
Result<QueryResult> ShowTablesDropped(const Call& call, const sql::Show& statement) {
  const auto [catalog, schema] = TRY(CompleteSchema(statement.name, call.session));
  TRY(call.shared.catalog->FindSchema(catalog, schema).At(statement.name.span));
  types::StructType columns = StringColumns(
      {"catalogName", "schemaName", "tableName", "tableId", "tableType", "deletedAt", "comment"});
  columns.fields[5].type = types::TypeId::kTimestamp;
  std::vector<Row> rows;
  for (const catalog::DroppedTable& table : TRY(call.shared.catalog->ListDroppedTables())) {
    if (!EqualsIgnoreCase(table.name.catalog, catalog) ||
        !EqualsIgnoreCase(table.name.schema, schema) ||
        !Matches(statement.pattern, table.name.object)) {
      continue;
    }
    const bool is_external = table.kind == catalog::TableKind::kExternal;
    rows.push_back({table.name.catalog, table.name.schema, table.name.object, table.id,
                    is_external ? "EXTERNAL" : "MANAGED", table.dropped_at_ms * 1000,
                    table.comment});
  }
  return MakeResult(std::move(columns), rows);
}

Result<QueryResult> ShowVolumes(const Call& call, const sql::Show& statement) {
  const auto [catalog, schema] = TRY(CompleteSchema(statement.name, call.session));
  std::vector<Row> rows;
  for (const auto& entry :
       TRY(call.shared.catalog->ListVolumes(catalog, schema).At(statement.name.span))) {
    if (Matches(statement.pattern, entry.name.object)) {
      rows.push_back({entry.name.schema, entry.name.object});
    }
  }
  return MakeResult(StringColumns({"database", "volume_name"}), rows);
}

Result<QueryResult> ShowColumns(const Call& call, const sql::Show& statement) {
  sql::ObjectName name = statement.name;
  if (!statement.in.empty() && name.parts.size() == 1) {
    name.parts.insert(name.parts.begin(), statement.in.parts.begin(), statement.in.parts.end());
  }
  std::vector<Row> rows;
  for (const auto& field : TRY(SchemaOf(call, name)).fields) rows.push_back({field.name});
  return MakeResult(StringColumns({"col_name"}), rows);
}

/// The properties of the table, and what it is called in messages.
Result<std::pair<std::map<std::string, std::string>, std::string>> PropertiesOf(
    const Call& call, const sql::ObjectName& name) {
  if (const auto entry = FindFileTable(call, name)) {
    const FileTable table = TRY(FileTableOf(*entry));
    return std::pair(std::map(table.properties.begin(), table.properties.end()),
                     catalog::ToString(entry->name));
  }
  const TableTarget target = TRY(FindTable(call, name));
  const delta::SnapshotPtr table = TRY(LatestOf(call, target).At(name.span));
  const delta::TableDetail detail = delta::Detail(*table);
  std::map<std::string, std::string> properties(detail.properties.begin(), detail.properties.end());
  properties["delta.minReaderVersion"] = std::to_string(detail.min_reader_version);
  properties["delta.minWriterVersion"] = std::to_string(detail.min_writer_version);
  return std::pair(std::move(properties), target.display_name);
}

Result<QueryResult> ShowProperties(const Call& call, const sql::Show& statement) {
  const auto [properties, display_name] = TRY(PropertiesOf(call, statement.name));
  std::vector<Row> rows;
  for (const auto& [key, value] : properties) {
    if (!statement.key || *statement.key == key) rows.push_back({key, value});
  }
  if (statement.key && rows.empty()) {
    rows.push_back(
        {*statement.key, "Table " + display_name + " does not have property: " + *statement.key});
  }
  return MakeResult(StringColumns({"key", "value"}), rows);
}

std::string ColumnDefinitionText(const types::StructField& field) {
  std::string text = types::QuoteIdentifier(field.name) + " " + types::ToSql(field.type);
  if (!field.nullable) text += " NOT NULL";
  const auto quoted_json = [&](const char* key) -> std::optional<std::string> {
    const auto found = field.metadata.find(key);
    if (found == field.metadata.end()) return std::nullopt;
    return types::JsonStringValue(found->second);
  };
  if (const auto value = quoted_json("CURRENT_DEFAULT")) text += " DEFAULT " + *value;
  if (const auto value = quoted_json("delta.generationExpression")) {
    text += " GENERATED ALWAYS AS (" + *value + ")";
  }
  if (const auto comment = field.comment()) text += " COMMENT " + sql::QuoteText(*comment);
  return text;
}

std::string JoinNames(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + types::QuoteIdentifier(name);
  }
  return text;
}

std::string FullNameText(const catalog::FullName& name) {
  return types::QuoteIdentifier(name.catalog) + "." + types::QuoteIdentifier(name.schema) + "." +
         types::QuoteIdentifier(name.object);
}

std::string CreateTableText(const TableTarget& target, const delta::Snapshot& table) {
  const delta::TableDetail detail = delta::Detail(table);
  std::string text =
      "CREATE TABLE " + (target.entry ? FullNameText(target.entry->name) : target.display_name);
  text += " (";
  const char* separator = "\n  ";
  for (const types::StructField& field : table.schema().fields) {
    text += separator + ColumnDefinitionText(field);
    separator = ",\n  ";
  }
  text += ")\nUSING delta\n";
  if (!detail.partition_columns.empty()) {
    text += "PARTITIONED BY (" + JoinNames(detail.partition_columns) + ")\n";
  }
  if (!detail.clustering_columns.empty()) {
    text += "CLUSTER BY (" + JoinNames(detail.clustering_columns) + ")\n";
  }
  if (table.metadata().description) {
    text += "COMMENT " + sql::QuoteText(*table.metadata().description) + "\n";
  }
  if (target.entry && target.entry->kind == TableKind::kExternal) {
    text += "LOCATION " + sql::QuoteText(detail.location) + "\n";
  }
  if (!detail.properties.empty()) {
    text += "TBLPROPERTIES (";
    separator = "\n  ";
    for (const auto& [key, value] : detail.properties) {
      text += separator + sql::QuoteText(key) + " = " + sql::QuoteText(value);
      separator = ",\n  ";
    }
    text += ")\n";
  }
  return text;
}

Result<QueryResult> ShowCreateTable(const Call& call, const sql::Show& statement) {
  const types::StructType columns = StringColumns({"createtab_stmt"});
  if (statement.name.parts.size() != 2 || !EqualsIgnoreCase(statement.name.parts[0], "delta")) {
    const TableEntry entry =
        TRY(call.shared.catalog->FindTable(TRY(Complete(statement.name, call.session)))
                .At(statement.name.span));
    if (IsDataset(entry)) return MakeResult(columns, {{TRY(CreateDatasetText(entry))}});
    if (IsFileTable(entry)) return MakeResult(columns, {{TRY(CreateFileTableText(entry))}});
    if (entry.kind == TableKind::kView) {
      return MakeResult(columns,
                        {{"CREATE VIEW " + FullNameText(entry.name) + " AS " + entry.view_text}});
    }
  }
  const TableTarget target = TRY(FindTable(call, statement.name));
  const delta::SnapshotPtr table = TRY(LatestOf(call, target).At(statement.name.span));
  return MakeResult(columns, {{CreateTableText(target, *table)}});
}

Result<QueryResult> ShowPartitions(const Call& call, const sql::Show& statement) {
  if (const auto entry = FindFileTable(call, statement.name)) return ShowFilePartitions(*entry);
  const TableTarget target = TRY(FindTable(call, statement.name));
  const delta::SnapshotPtr table = TRY(LatestOf(call, target).At(statement.name.span));
  types::StructType columns;
  for (const std::string& name : table->partition_columns()) {
    columns.fields.push_back({.name = name, .type = types::TypeId::kString});
  }
  std::vector<std::vector<std::optional<std::string>>> partitions;
  for (const delta::AddFile& file : table->files()) {
    std::vector<std::optional<std::string>> values;
    for (const std::string& name : table->partition_columns()) {
      // Under column mapping the log knows the column by its physical name.
      const types::StructField* field = table->schema().Find(name);
      std::string physical = name;
      if (const auto found = field->metadata.find("delta.columnMapping.physicalName");
          found != field->metadata.end()) {
        physical = types::JsonStringValue(found->second).value_or(name);
      }
      const auto found = file.partition_values.find(physical);
      values.push_back(found == file.partition_values.end() ? std::nullopt : found->second);
    }
    partitions.push_back(std::move(values));
  }
  std::sort(partitions.begin(), partitions.end());
  partitions.erase(std::unique(partitions.begin(), partitions.end()), partitions.end());
  std::vector<Row> rows;
  for (const auto& values : partitions) rows.emplace_back(values.begin(), values.end());
  return MakeResult(std::move(columns), rows);
}

}  // namespace

Result<QueryResult> Run(const Call& call, const sql::Show& statement) {
  switch (statement.what) {
    case What::kCatalogs:
      return ShowCatalogs(call, statement);
    case What::kSchemas:
      return ShowSchemas(call, statement);
    case What::kTables:
      return ShowTables(call, statement, /*views_only=*/false);
    case What::kTablesDropped:
      return ShowTablesDropped(call, statement);
    case What::kViews:
      return ShowTables(call, statement, /*views_only=*/true);
    case What::kVolumes:
      return ShowVolumes(call, statement);
    case What::kColumns:
      return ShowColumns(call, statement);
    case What::kProperties:
      return ShowProperties(call, statement);
    case What::kCreateTable:
    case What::kCreateView:
      return ShowCreateTable(call, statement);
    case What::kPartitions:
      return ShowPartitions(call, statement);
    case What::kCurrentSchema:
      return MakeResult(StringColumns({"catalog", "namespace"}),
                        {{call.session.catalog, call.session.schema}});
    default:
      return FailUnsupported("this form of SHOW");
  }
}

}  // namespace inlet::workspace
