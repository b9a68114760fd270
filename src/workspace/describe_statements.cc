#include <algorithm>

#include "delta/file_skipping.h"
#include "delta/table.h"
#include "types/json_text.h"
#include "types/text_cast.h"
#include "types/time_zone.h"
#include "workspace/binder.h"
#include "workspace/datasets.h"
#include "workspace/file_tables.h"
#include "workspace/row_table.h"
#include "workspace/statements.h"
#include "workspace/stored_view.h"

namespace inlet::workspace {
namespace {

using catalog::TableKind;
using types::DataType;
using types::TypeId;

Row ColumnRow(const types::StructField& field) {
  return {field.name, types::ToString(field.type), field.comment()};
}

Row Blank() { return {"", "", ""}; }

std::string TypeOf(const std::optional<catalog::TableEntry>& entry) {
  if (!entry) return "EXTERNAL";
  switch (entry->kind) {
    case TableKind::kManaged:
      return "MANAGED";
    case TableKind::kExternal:
      return "EXTERNAL";
    case TableKind::kStreamingTable:
      return "STREAMING_TABLE";
    case TableKind::kMaterializedView:
      return "MATERIALIZED_VIEW";
    case TableKind::kView:
      return "VIEW";
  }
  return "";
}

std::string TimestampText(std::int64_t ms) {
  std::string text;
  types::AppendTimestamp(ms * 1000, types::TimeZone::Utc(), text);
  return text;
}

std::string PropertiesText(const std::map<std::string, std::string>& properties) {
  std::string text = "[";
  for (const auto& [key, value] : properties) {
    text += (text.size() > 1 ? "," : "") + key + "=" + value;
  }
  return text + "]";
}

/// "1024 bytes, 10 rows"; rows where every file tells them.
std::string StatisticsText(const delta::Snapshot& table) {
  std::string text = std::to_string(table.size_bytes()) + " bytes";
  std::int64_t num_rows = 0;
  for (const delta::AddFile& file : table.files()) {
    const std::optional<std::int64_t> rows = delta::LiveRowsOf(file);
    if (!rows) return text;
    num_rows += *rows;
  }
  return text + ", " + std::to_string(num_rows) + " rows";
}

void AppendPartitioning(const delta::Snapshot& table, const delta::TableDetail& detail,
                        std::vector<Row>& rows) {
  const auto append = [&](const char* title, const std::vector<std::string>& names) {
    if (names.empty()) return;
    rows.push_back({title, "", ""});
    rows.push_back({"# col_name", "data_type", "comment"});
    for (const std::string& name : names) {
      const types::StructField* field = table.schema().Find(name);
      rows.push_back(field != nullptr ? ColumnRow(*field) : Row{name, "", ""});
    }
  };
  append("# Partition Information", detail.partition_columns);
  append("# Clustering Information", detail.clustering_columns);
}

void AppendDetails(const TableTarget& target, const delta::Snapshot& table,
                   const delta::TableDetail& detail, std::vector<Row>& rows) {
  rows.push_back(Blank());
  rows.push_back({"# Detailed Table Information", "", ""});
  if (target.entry) {
    rows.push_back({"Catalog", target.entry->name.catalog, ""});
    rows.push_back({"Database", target.entry->name.schema, ""});
    rows.push_back({"Table", target.entry->name.object, ""});
  } else {
    rows.push_back({"Name", target.display_name, ""});
  }
  if (detail.created_at_ms)
    rows.push_back({"Created Time", TimestampText(*detail.created_at_ms), ""});
  rows.push_back({"Type", TypeOf(target.entry), ""});
  rows.push_back({"Comment", table.metadata().description.value_or(""), ""});
  rows.push_back({"Location", detail.location, ""});
  rows.push_back({"Provider", "delta", ""});
  rows.push_back({"Statistics", StatisticsText(table), ""});
  std::map<std::string, std::string> properties(detail.properties.begin(), detail.properties.end());
  properties["delta.minReaderVersion"] = std::to_string(detail.min_reader_version);
  properties["delta.minWriterVersion"] = std::to_string(detail.min_writer_version);
  rows.push_back({"Table Properties", PropertiesText(properties), ""});
}

Result<QueryResult> DescribeView(const Call& call, const catalog::TableEntry& entry,
                                 const sql::DescribeTable& statement) {
  std::vector<Row> rows;
  for (const auto& field : TRY(SchemaOf(call, statement.name)).fields)
    rows.push_back(ColumnRow(field));
  if (statement.is_extended) {
    rows.push_back(Blank());
    rows.push_back({"# Detailed Table Information", "", ""});
    rows.push_back({"Catalog", entry.name.catalog, ""});
    rows.push_back({"Database", entry.name.schema, ""});
    rows.push_back({"Table", entry.name.object, ""});
    rows.push_back({"Type", "VIEW", ""});
    rows.push_back({"Comment", entry.comment, ""});
    rows.push_back({"View Text", entry.view_text, ""});
  }
  return MakeResult(StringColumns({"col_name", "data_type", "comment"}), rows);
}

Result<QueryResult> DescribeColumn(const types::StructType& schema, const sql::ColumnPath& path) {
  const types::StructField* field = path.size() == 1 ? schema.Find(path[0]) : nullptr;
  if (field == nullptr) {
    return Fail(Condition::DELTA_MISSING_COLUMN,
                {{"columnName", path.back()}, {"columnList", types::ToDdl(schema)}});
  }
  return MakeResult(StringColumns({"info_name", "info_value"}),
                    {{"col_name", field->name},
                     {"data_type", types::ToString(field->type)},
                     {"comment", field->comment().value_or("NULL")}});
}

DataType TextStruct(std::initializer_list<std::string_view> names) {
  return DataType::Struct(StringColumns(names).fields);
}

types::StructType HistorySchema() {
  const DataType text_map = DataType::Map(TypeId::kString, TypeId::kString);
  return {.fields = {
              {"version", TypeId::kLong, true, {}},
              {"timestamp", TypeId::kTimestamp, true, {}},
              {"userId", TypeId::kString, true, {}},
              {"userName", TypeId::kString, true, {}},
              {"operation", TypeId::kString, true, {}},
              {"operationParameters", text_map, true, {}},
              {"job",
               TextStruct({"jobId", "jobName", "jobRunId", "runId", "jobOwnerId", "triggerType"}),
               true,
               {}},
              {"notebook", TextStruct({"notebookId"}), true, {}},
              {"clusterId", TypeId::kString, true, {}},
              {"readVersion", TypeId::kLong, true, {}},
              {"isolationLevel", TypeId::kString, true, {}},
              {"isBlindAppend", TypeId::kBoolean, true, {}},
              {"operationMetrics", text_map, true, {}},
              {"userMetadata", TypeId::kString, true, {}},
              {"engineInfo", TypeId::kString, true, {}}}};
}

Cell JobCell(const std::optional<std::map<std::string, std::string>>& job) {
  if (!job) return {};
  std::vector<Cell> fields;
  for (const char* name : {"jobId", "jobName", "jobRunId", "runId", "jobOwnerId", "triggerType"}) {
    const auto found = job->find(name);
    fields.push_back(found == job->end() ? Cell() : Cell(found->second));
  }
  return fields;
}

Row HistoryRow(const delta::HistoryEntry& entry) {
  return {entry.version,
          entry.timestamp_ms * 1000,
          entry.user_id,
          entry.user_name,
          entry.operation,
          entry.operation_parameters,
          JobCell(entry.job),
          entry.notebook_id ? Cell(std::vector<Cell>{*entry.notebook_id}) : Cell(),
          entry.cluster_id,
          entry.read_version,
          entry.isolation_level,
          entry.is_blind_append,
          entry.operation_metrics,
          entry.user_metadata,
          entry.engine_info};
}

types::StructType DetailSchema() {
  const DataType texts = DataType::Array(TypeId::kString);
  return {.fields = {{"format", TypeId::kString, true, {}},
                     {"id", TypeId::kString, true, {}},
                     {"name", TypeId::kString, true, {}},
                     {"description", TypeId::kString, true, {}},
                     {"location", TypeId::kString, true, {}},
                     {"createdAt", TypeId::kTimestamp, true, {}},
                     {"lastModified", TypeId::kTimestamp, true, {}},
                     {"partitionColumns", texts, true, {}},
                     {"clusteringColumns", texts, true, {}},
                     {"numFiles", TypeId::kLong, true, {}},
                     {"sizeInBytes", TypeId::kLong, true, {}},
                     {"properties", DataType::Map(TypeId::kString, TypeId::kString), true, {}},
                     {"minReaderVersion", TypeId::kInteger, true, {}},
                     {"minWriterVersion", TypeId::kInteger, true, {}},
                     {"tableFeatures", texts, true, {}}}};
}

}  // namespace

Result<types::StructType> SchemaOf(const Call& call, const sql::ObjectName& name) {
  sql::Select select{.from =
                         sql::TableRef{.node = sql::NamedTable{.name = name}, .span = name.span}};
  select.items.push_back({.value = {.node = sql::Star{}}});
  const ingest::BoundQuery bound = TRY(Bind(call, {.body = std::move(select)}));
  return call.shared.engine->Describe(bound.query, bound.inputs, bound.context);
}

Result<QueryResult> Run(const Call& call, const sql::DescribeTable& statement) {
  if (statement.as_json) return FailUnsupported("DESCRIBE ... AS JSON");
  if (statement.partition) return FailUnsupported("DESCRIBE ... PARTITION");
  const auto& parts = statement.name.parts;
  const bool is_path = parts.size() == 2 && EqualsIgnoreCase(parts[0], "delta");
  if (parts.size() == 1 && call.session.temporary_views.contains(parts[0])) {
    return DescribeView(call, {.name = {"", "", parts[0]}}, statement);
  }
  if (!is_path) {
    const auto entry =
        TRY(call.shared.catalog->FindTable(TRY(Complete(statement.name, call.session)))
                .At(statement.name.span));
    if (entry.kind == TableKind::kView) {
      if (!statement.column.empty()) {
        return DescribeColumn(TRY(SchemaOf(call, statement.name)), statement.column);
      }
      return DescribeView(call, entry, statement);
    }
  }
  if (const auto entry = FindFileTable(call, statement.name)) {
    if (!statement.column.empty()) {
      return DescribeColumn(TRY(FileTableOf(*entry)).schema, statement.column);
    }
    return DescribeFileTable(*entry, statement.is_extended);
  }
  const TableTarget target = TRY(FindTable(call, statement.name));
  const delta::SnapshotPtr table = TRY(LatestOf(call, target).At(statement.name.span));
  if (!statement.column.empty()) return DescribeColumn(table->schema(), statement.column);
  std::vector<Row> rows;
  for (const types::StructField& field : table->schema().fields) rows.push_back(ColumnRow(field));
  const delta::TableDetail detail = delta::Detail(*table);
  AppendPartitioning(*table, detail, rows);
  if (statement.is_extended) {
    AppendDetails(target, *table, detail, rows);
    if (target.entry && IsDataset(*target.entry)) {
      for (Row& row : TRY(RefreshInformation(call, *target.entry))) rows.push_back(std::move(row));
    }
  }
  return MakeResult(StringColumns({"col_name", "data_type", "comment"}), rows);
}

Result<QueryResult> Run(const Call& call, const sql::DescribeHistory& statement) {
  const TableTarget target = TRY(FindTable(call, statement.name));
  std::vector<Row> rows;
  for (const delta::HistoryEntry& entry :
       TRY(delta::History(target.root, statement.limit).At(statement.name.span))) {
    rows.push_back(HistoryRow(entry));
  }
  return MakeResult(HistorySchema(), rows);
}

Result<QueryResult> Run(const Call& call, const sql::DescribeDetail& statement) {
  const TableTarget target = TRY(FindTable(call, statement.name));
  const delta::SnapshotPtr table = TRY(LatestOf(call, target).At(statement.name.span));
  const delta::TableDetail detail = delta::Detail(*table);
  const auto to_us = [](std::int64_t ms) { return ms * 1000; };
  return MakeResult(
      DetailSchema(),
      {{detail.format, detail.id, target.entry ? Cell(target.display_name) : Cell(detail.name),
        detail.description, detail.location, detail.created_at_ms.transform(to_us),
        to_us(detail.last_modified_ms), detail.partition_columns, detail.clustering_columns,
        detail.num_files, detail.size_bytes,
        std::map<std::string, std::string>(detail.properties.begin(), detail.properties.end()),
        std::int64_t{detail.min_reader_version}, std::int64_t{detail.min_writer_version},
        detail.table_features}});
}

Result<QueryResult> Run(const Call& call, const sql::DescribeObject& statement) {
  const types::StructType schema = StringColumns({"info_name", "info_value"});
  switch (statement.kind) {
    case sql::ObjectKind::kCatalog: {
      const auto entry = TRY(
          call.shared.catalog->FindCatalog(statement.name.parts.back()).At(statement.name.span));
      return MakeResult(schema, {{"Catalog Name", entry.name}, {"Comment", entry.comment}});
    }
    case sql::ObjectKind::kSchema: {
      const auto [catalog, name] = TRY(CompleteSchema(statement.name, call.session));
      const auto entry =
          TRY(call.shared.catalog->FindSchema(catalog, name).At(statement.name.span));
      return MakeResult(schema, {{"Catalog Name", entry.catalog},
                                 {"Namespace Name", entry.name},
                                 {"Comment", entry.comment}});
    }
    case sql::ObjectKind::kVolume: {
      const auto entry =
          TRY(call.shared.catalog->FindVolume(TRY(Complete(statement.name, call.session)))
                  .At(statement.name.span));
      types::StructType columns = StringColumns(
          {"name", "catalog", "database", "volumeType", "storageLocation", "comment"});
      return MakeResult(std::move(columns),
                        {{entry.name.object, entry.name.catalog, entry.name.schema,
                          entry.external ? "EXTERNAL" : "MANAGED", entry.location, entry.comment}});
    }
    default:
      return FailUnsupported("DESCRIBE of this kind of object");
  }
}

}  // namespace inlet::workspace
