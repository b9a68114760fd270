#include "workspace/file_tables.h"

#include <algorithm>
#include <set>

#include "base/uuid.h"
#include "delta/data_path.h"
#include "formats/format.h"
#include "ingest/align_to_table.h"
#include "ingest/write_files.h"
#include "sql/parser.h"
#include "sql/printer.h"
#include "workspace/binder.h"
#include "workspace/row_table.h"
#include "workspace/statements.h"
#include "workspace/table_definition.h"

namespace inlet::workspace {
namespace {

using catalog::TableEntry;
using catalog::TableKind;
using types::StructField;
using types::StructType;

std::string ListText(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + types::QuoteIdentifier(name);
  }
  return text;
}

template <class Pairs>
std::string PairsText(const Pairs& pairs) {
  std::string text;
  for (const auto& [key, value] : pairs) {
    text += (text.empty() ? "" : ", ") + sql::QuoteText(key) + " = " + sql::QuoteText(value);
  }
  return text;
}

/// CREATE TABLE, which is how the definition is stored, too.
std::string TextOf(const FileTable& table, const std::string& name) {
  std::string text =
      "CREATE TABLE " + name + " (" + types::ToDdl(table.schema) + ") USING " + table.format;
  if (!table.options.empty()) text += " OPTIONS (" + PairsText(table.options) + ")";
  if (!table.partition_columns.empty()) {
    text += " PARTITIONED BY (" + ListText(table.partition_columns) + ")";
  }
  if (!table.properties.empty()) text += " TBLPROPERTIES (" + PairsText(table.properties) + ")";
  return text;
}

std::string QuotedName(const catalog::FullName& name) {
  return types::QuoteIdentifier(name.catalog) + "." + types::QuoteIdentifier(name.schema) + "." +
         types::QuoteIdentifier(name.object);
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& known) { return EqualsIgnoreCase(known, name); });
}

/// The partition columns come last, in their own order. Errors: DELTA_MISSING_PARTITION_COLUMN.
Result<StructType> PartitionsLast(const StructType& schema,
                                  const std::vector<std::string>& partition_columns) {
  StructType ordered;
  for (const StructField& field : schema.fields) {
    if (!Contains(partition_columns, field.name)) ordered.fields.push_back(field);
  }
  for (const std::string& name : partition_columns) {
    const StructField* field = schema.Find(name);
    if (field == nullptr) {
      return Fail(Condition::DELTA_MISSING_PARTITION_COLUMN,
                  {{"columnName", name}, {"columnList", types::ToDdl(schema)}});
    }
    ordered.fields.push_back(*field);
  }
  return ordered;
}

Result<FileTable> TableOf(const sql::CreateTable& statement) {
  FileTable table{.format = ToLower(statement.provider),
                  .options = OptionMap(statement.options.begin(), statement.options.end()),
                  .properties = statement.properties};
  table.options.erase("path");
  sql::CreateTable definition = statement;
  definition.provider = "delta";  // Columns and partitions are defined alike.
  delta::TableDefinition common = TRY(DefinitionOf(definition));
  table.schema = std::move(common.schema);
  table.partition_columns = std::move(common.partition_columns);
  return table;
}

ingest::ReadFilesRequest RequestFor(const Call& call, const FileTable& table,
                                    storage::Location location, const std::string& path_text) {
  ingest::ReadFilesRequest request{.location = std::move(location),
                                   .path_text = path_text,
                                   .options = table.options,
                                   .session_time_zone = call.session.time_zone(),
                                   .threads = call.shared.threads,
                                   .is_read_files = false};
  request.options["format"] = table.format;
  request.options.try_emplace("validateOptions", "false");  // Those of writers stand there, too.
  if (!table.schema.empty()) request.options["schema"] = types::ToDdl(table.schema);
  return request;
}

class CreateRun {
 public:
  CreateRun(const Call& call, const sql::CreateTable& statement)
      : call_(call), statement_(statement) {}

  Result<QueryResult> Run() {
    const catalog::FullName name = TRY(Complete(statement_.name, call_.session));
    TRY(call_.shared.catalog->FindSchema(name.catalog, name.schema).At(statement_.name.span));
    const Result<TableEntry> existing = call_.shared.catalog->FindTable(name);
    if (existing && statement_.if_not_exists) return NoRows();
    const bool replaces = statement_.or_replace || !statement_.is_create;
    if (existing && (!replaces || existing->location.empty())) {
      return Result<QueryResult>(Fail(Condition::TABLE_OR_VIEW_ALREADY_EXISTS,
                                      {{"relationName", catalog::ToString(name)}}))
          .At(statement_.name.span);
    }
    TableEntry entry{.name = name, .id = RandomUuid(), .comment = statement_.comment.value_or("")};
    const storage::Location root = TRY(LocationFor(entry));
    entry.location = root.store->root_url() + "/" + root.path;
    FileTable table = TRY(TableOf(statement_));
    QueryResult result;
    if (statement_.query) {
      result = TRY(WriteQuery(table, root));
    } else if (table.schema.empty()) {
      TRY(Infer(table, root));
    }
    table.schema = TRY(PartitionsLast(table.schema, table.partition_columns));
    entry.definition = TextOf(table, "t");
    // What is replaced has been read by now.
    if (existing) {
      TRY(call_.shared.catalog->DropTable(name));
      call_.shared.janitor->Start();
    }
    TRY(call_.shared.catalog->CreateTable(entry));
    return result;
  }

 private:
  Result<storage::Location> LocationFor(TableEntry& entry) const {
    std::optional<std::string> path = statement_.location;
    for (const auto& [key, value] : statement_.options) {
      if (!path && EqualsIgnoreCase(key, "path")) path = value;
    }
    entry.kind = path ? TableKind::kExternal : TableKind::kManaged;
    if (path) return ResolvePath(call_, *path);
    return storage::Resolve(TRY(call_.shared.catalog->ReserveTableLocation(entry.name)));
  }

  Result<QueryResult> WriteQuery(FileTable& table, const storage::Location& root) {
    ingest::BoundQuery query = TRY(Bind(call_, *statement_.query));
    table.schema = TRY(call_.shared.engine->Describe(query.query, query.inputs, query.context));
    for (StructField& field : table.schema.fields) field.nullable = true;
    const ingest::FilesSpec spec{
        .root = root,
        .format = table.format,
        .options = table.options,
        .partition_columns = table.partition_columns,
        .mode = statement_.or_replace ? ingest::FilesMode::kOverwrite : ingest::FilesMode::kAppend};
    return InsertedRows(
        TRY(ingest::WriteFiles(*call_.shared.engine, std::move(query), spec, call_.options.stop)));
  }

  Status Infer(FileTable& table, const storage::Location& root) const {
    const ingest::FilesSchema found = TRY(ingest::InferFilesSchema(
        RequestFor(call_, table, root, storage::UrlOf(*root.store, root.path)),
        call_.options.stop));
    table.schema = found.data;
    for (const StructField& field : found.partitions.fields) {
      if (table.schema.Find(field.name) == nullptr) table.schema.fields.push_back(field);
      table.partition_columns.push_back(field.name);
    }
    return Ok();
  }

  const Call& call_;
  const sql::CreateTable& statement_;
};

/// INSERT's query with the table's columns in order and of their types.
Result<ingest::BoundQuery> RowsFor(const Call& call, const sql::Insert& statement,
                                   const FileTable& table, const std::string& name) {
  ingest::BoundQuery bound = TRY(Bind(call, statement.query));
  const StructType source =
      TRY(call.shared.engine->Describe(bound.query, bound.inputs, bound.context));
  const ingest::TargetTable target{.schema = table.schema, .properties = {}, .display_name = name};
  ingest::Alignment alignment;
  std::vector<std::string> fixed;
  if (statement.partition) {
    for (const auto& [column, value] : statement.partition->columns) {
      if (!value) continue;
      alignment.fixed_values.emplace(column, *value);
      fixed.push_back(column);
    }
  }
  if (statement.by_name) {
    ingest::Alignment by_name = TRY(ingest::AlignByName(source, target));
    alignment.source_of = std::move(by_name.source_of);
  } else {
    std::vector<std::size_t> places = TRY(ingest::PlacesOf(statement.columns, target));
    for (std::size_t i = 0; statement.columns.empty() && i < table.schema.size(); ++i) {
      if (!Contains(fixed, table.schema.fields[i].name)) places.push_back(i);
    }
    if (places.size() != source.size()) {
      std::string columns;
      for (const StructField& field : source.fields) {
        columns += (columns.empty() ? "" : ", ") + types::QuoteIdentifier(field.name);
      }
      return Fail(places.size() > source.size()
                      ? Condition::INSERT_COLUMN_ARITY_MISMATCH_NOT_ENOUGH_DATA_COLUMNS
                      : Condition::INSERT_COLUMN_ARITY_MISMATCH_TOO_MANY_DATA_COLUMNS,
                  {{"tableName", name},
                   {"tableColumns", types::ToDdl(table.schema)},
                   {"dataColumns", columns}});
    }
    alignment.source_of.resize(table.schema.size());
    for (std::size_t i = 0; i < places.size(); ++i) alignment.source_of[places[i]] = i;
  }
  bound.query = TRY(ingest::AlignToTable(std::move(bound.query), source, target, alignment));
  std::vector<std::string> names;
  sql::Select select;
  for (const StructField& field : table.schema.fields) {
    names.push_back(field.name);
    select.items.push_back(
        {.value = {.node =
                       sql::Cast{.operand =
                                     sql::Expression{.node = sql::ColumnRef{.parts = {field.name}}},
                                 .type = field.type}},
         .alias = field.name});
  }
  select.from = sql::TableRef{.node = sql::SubqueryTable{.query = std::move(bound.query)},
                              .alias = "rows_to_insert",
                              .column_aliases = std::move(names)};
  bound.query = {.body = std::move(select)};
  return bound;
}

ingest::FilesMode ModeOf(const Call& call, const sql::Insert& statement) {
  if (!statement.is_overwrite) return ingest::FilesMode::kAppend;
  const auto mode = call.session.configs.find("spark.sql.sources.partitionOverwriteMode");
  const bool is_dynamic =
      mode != call.session.configs.end() && EqualsIgnoreCase(mode->second, "dynamic");
  return statement.partition || is_dynamic ? ingest::FilesMode::kOverwritePartitions
                                           : ingest::FilesMode::kOverwrite;
}

/// The data files of a table. Names that begin with `_` or `.` are others'.
Result<std::vector<storage::ObjectInfo>> DataFiles(const storage::Location& root) {
  std::vector<storage::ObjectInfo> files = TRY(root.store->List(root.path + "/", {}));
  std::erase_if(files, [&](const storage::ObjectInfo& file) {
    const std::string name = file.path.substr(file.path.rfind('/') + 1);
    return name.starts_with('_') || name.starts_with('.');
  });
  return files;
}

}  // namespace

std::optional<TableEntry> FindFileTable(const Call& call, const sql::ObjectName& name) {
  const auto full = Complete(name, call.session);
  if (!full) return std::nullopt;
  auto entry = call.shared.catalog->FindTable(*full);
  if (!entry || !IsFileTable(*entry)) return std::nullopt;
  return *std::move(entry);
}

Result<FileTable> FileTableOf(const TableEntry& entry) {
  sql::Statement statement =
      TRY(sql::ParseStatement(entry.definition).Context("the table " + entry.name.object));
  const auto* create = statement.As<sql::CreateTable>();
  if (create == nullptr) {
    return Fail(Condition::INLET_CORRUPT_FILE,
                {{"path", entry.location}, {"message", "its definition is no CREATE TABLE"}});
  }
  return TableOf(*create);
}

Result<ingest::ReadFilesRequest> ReadRequestOf(const Call& call, const TableEntry& entry) {
  return RequestFor(call, TRY(FileTableOf(entry)), TRY(storage::Resolve(entry.location)),
                    entry.location);
}

Result<std::string> CreateFileTableText(const TableEntry& entry) {
  std::string text = TextOf(TRY(FileTableOf(entry)), QuotedName(entry.name));
  if (!entry.comment.empty()) text += " COMMENT " + sql::QuoteText(entry.comment);
  if (entry.kind == TableKind::kExternal) text += " LOCATION " + sql::QuoteText(entry.location);
  return text;
}

bool MakesFileTable(const sql::CreateTable& statement) {
  return !statement.provider.empty() && !EqualsIgnoreCase(statement.provider, "delta") &&
         formats::FindFormat(statement.provider) != nullptr;
}

Result<QueryResult> CreateFileTable(const Call& call, const sql::CreateTable& statement) {
  return CreateRun(call, statement).Run();
}

Result<QueryResult> InsertIntoFileTable(const Call& call, const sql::Insert& statement,
                                        const TableEntry& entry) {
  if (statement.replace_where || statement.replace_on || !statement.replace_using.empty()) {
    return FailUnsupported("INSERT ... REPLACE into a table of plain files");
  }
  const FileTable table = TRY(FileTableOf(entry));
  ingest::BoundQuery rows =
      TRY(RowsFor(call, statement, table, catalog::ToString(entry.name)).At(statement.span));
  const ingest::FilesSpec spec{.root = TRY(storage::Resolve(entry.location)),
                               .format = table.format,
                               .options = table.options,
                               .partition_columns = table.partition_columns,
                               .mode = ModeOf(call, statement)};
  return InsertedRows(
      TRY(ingest::WriteFiles(*call.shared.engine, std::move(rows), spec, call.options.stop)));
}

Result<QueryResult> TruncateFileTable(const TableEntry& entry) {
  if (entry.kind == TableKind::kExternal) {
    return FailUnsupported("TRUNCATE TABLE of an external table of plain files");
  }
  const storage::Location root = TRY(storage::Resolve(entry.location));
  for (const storage::ObjectInfo& file : TRY(DataFiles(root))) {
    TRY(root.store->Delete(file.path));
  }
  return NoRows();
}

Result<QueryResult> DescribeFileTable(const TableEntry& entry, bool is_extended) {
  const FileTable table = TRY(FileTableOf(entry));
  std::vector<Row> rows;
  const auto add_column = [&](const StructField& field) {
    rows.push_back({field.name, types::ToString(field.type), field.comment()});
  };
  for (const StructField& field : table.schema.fields) add_column(field);
  if (!table.partition_columns.empty()) {
    rows.push_back({"# Partition Information", "", ""});
    rows.push_back({"# col_name", "data_type", "comment"});
    for (const std::string& name : table.partition_columns) add_column(*table.schema.Find(name));
  }
  if (is_extended) {
    rows.push_back({"", "", ""});
    rows.push_back({"# Detailed Table Information", "", ""});
    rows.push_back({"Catalog", entry.name.catalog, ""});
    rows.push_back({"Database", entry.name.schema, ""});
    rows.push_back({"Table", entry.name.object, ""});
    rows.push_back({"Type", entry.kind == TableKind::kManaged ? "MANAGED" : "EXTERNAL", ""});
    rows.push_back({"Provider", table.format, ""});
    rows.push_back({"Comment", entry.comment, ""});
    rows.push_back({"Location", entry.location, ""});
  }
  return MakeResult(StringColumns({"col_name", "data_type", "comment"}), rows);
}

Result<QueryResult> ShowFilePartitions(const TableEntry& entry) {
  const FileTable table = TRY(FileTableOf(entry));
  if (table.partition_columns.empty()) {
    return Fail(Condition::INVALID_PARTITION_OPERATION, {{"name", catalog::ToString(entry.name)}});
  }
  const storage::Location root = TRY(storage::Resolve(entry.location));
  std::set<std::string> partitions;
  for (const storage::ObjectInfo& file : TRY(DataFiles(root))) {
    const std::string below = file.path.substr(root.path.size() + 1);
    const std::size_t slash = below.rfind('/');
    if (slash != std::string::npos) partitions.insert(below.substr(0, slash));
  }
  std::vector<Row> rows;
  for (const std::string& partition : partitions) rows.push_back({partition});
  return MakeResult(StringColumns({"partition"}), rows);
}

}  // namespace inlet::workspace
