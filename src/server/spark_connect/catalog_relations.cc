#include <fmt/format.h>
#include <spark/connect/catalog.pb.h>

#include <algorithm>

#include "ingest/glob.h"
#include "server/spark_connect/cells.h"
#include "server/spark_connect/data_types.h"
#include "server/spark_connect/relations.h"
#include "server/spark_connect/sql_nodes.h"
#include "sql/function_table.h"
#include "sql/parser.h"
#include "sql/printer.h"
#include "sql/statement.h"
#include "workspace/row_table.h"

/// spark.catalog: rows about names, and a few changes to them.
namespace inlet::server {
namespace {

using types::DataType;
using types::StructType;
using types::TypeId;
using workspace::Cell;
using workspace::Row;
using Message = spark::connect::Catalog;

StructType Columns(std::initializer_list<std::pair<const char*, DataType>> columns) {
  StructType schema;
  for (const auto& [name, type] : columns) {
    schema.fields.push_back({.name = name, .type = type, .nullable = !type.is(TypeId::kBoolean)});
  }
  return schema;
}

const DataType kText = TypeId::kString;
const DataType kTexts = DataType::Array(TypeId::kString);
const DataType kFlag = TypeId::kBoolean;

StructType TableColumns() {
  return Columns({{"name", kText},
                  {"catalog", kText},
                  {"namespace", kTexts},
                  {"description", kText},
                  {"tableType", kText},
                  {"isTemporary", kFlag}});
}
StructType FunctionColumns() {
  return Columns({{"name", kText},
                  {"catalog", kText},
                  {"namespace", kTexts},
                  {"description", kText},
                  {"className", kText},
                  {"isTemporary", kFlag}});
}

bool Matches(const std::string& pattern, const std::string& name) {
  if (pattern.empty()) return true;
  return ingest::GlobMatches(ToLower(pattern), ToLower(name), true);
}

/// Answers one catalog request by statements of the session.
class CatalogReader {
 public:
  CatalogReader(workspace::Client& client, SessionResources& resources,
                const workspace::ExecuteOptions& options, bool only_analyzes)
      : client_(client), resources_(resources), options_(options), only_analyzes_(only_analyzes) {}

  struct Answer {
    StructType schema;
    std::vector<Row> rows;
  };

  Result<Answer> Read(const Message& catalog) {
    switch (catalog.cat_type_case()) {
      case Message::kCurrentDatabase:
        return Text(client_.current_schema());
      case Message::kCurrentCatalog:
        return Text(client_.current_catalog());
      case Message::kSetCurrentDatabase:
        return Done(
            sql::Use{.name = TRY(sql::ParseObjectName(catalog.set_current_database().db_name()))});
      case Message::kSetCurrentCatalog:
        return Done(sql::Use{.is_catalog = true,
                             .name = {.parts = {catalog.set_current_catalog().catalog_name()}}});
      case Message::kListCatalogs:
        return Catalogs(catalog.list_catalogs().pattern());
      case Message::kListDatabases:
        return Databases(client_.current_catalog(), catalog.list_databases().pattern(), "");
      case Message::kGetDatabase:
        return Database(catalog.get_database().db_name());
      case Message::kDatabaseExists: {
        const Result<Answer> found = Database(catalog.database_exists().db_name());
        if (!found && found.error().kind() != ErrorKind::kNotFound) return found;
        return Flag(found.has_value());
      }
      case Message::kListTables:
        return Tables(catalog.list_tables().db_name(), catalog.list_tables().pattern(), false);
      case Message::kListViews:
        return Tables(catalog.list_views().db_name(), catalog.list_views().pattern(), true);
      case Message::kGetTable:
        return Table(NameOf(catalog.get_table().table_name(), catalog.get_table().db_name()));
      case Message::kTableExists: {
        const Result<Answer> found =
            Table(NameOf(catalog.table_exists().table_name(), catalog.table_exists().db_name()));
        if (!found && found.error().kind() != ErrorKind::kNotFound) return found;
        return Flag(found.has_value());
      }
      case Message::kListColumns:
        return TableColumnsOf(
            NameOf(catalog.list_columns().table_name(), catalog.list_columns().db_name()));
      case Message::kListFunctions:
        return Functions(catalog.list_functions().pattern());
      case Message::kGetFunction:
        return Function(catalog.get_function().function_name());
      case Message::kFunctionExists:
        return Flag(Function(catalog.function_exists().function_name()).has_value());
      case Message::kDropTempView:
        return DropView(catalog.drop_temp_view().view_name());
      case Message::kDropGlobalTempView:
        return DropView("global_temp." + catalog.drop_global_temp_view().view_name());
      case Message::kIsCached:
        return Flag(resources_.IsCached(TRY(FullNameOf(catalog.is_cached().table_name()))));
      case Message::kCacheTable:
        resources_.SetCached(TRY(FullNameOf(catalog.cache_table().table_name())), true);
        return Done();
      case Message::kUncacheTable:
        resources_.SetCached(TRY(FullNameOf(catalog.uncache_table().table_name())), false);
        return Done();
      case Message::kRefreshTable:
        TRY(Table(NameOf(catalog.refresh_table().table_name(), "")));
        return Done();
      case Message::kClearCache:
        resources_.ForgetCached();
        return Done();
      case Message::kRefreshByPath:
        return Done();
      case Message::kCreateTable:
        return CreateTable(catalog.create_table());
      case Message::kDropTable:
        return Done(sql::DropTable{.if_exists = catalog.drop_table().if_exists(),
                                   .name = TRY(NameOf(catalog.drop_table().table_name(), ""))});
      case Message::kDropView:
        return Done(sql::DropView{.if_exists = catalog.drop_view().if_exists(),
                                  .name = TRY(NameOf(catalog.drop_view().view_name(), ""))});
      case Message::kCreateDatabase:
        return Done(
            sql::CreateSchema{.if_not_exists = catalog.create_database().if_not_exists(),
                              .name = TRY(NameOf(catalog.create_database().db_name(), ""))});
      case Message::kDropDatabase:
        return Done(sql::DropObject{.kind = sql::ObjectKind::kSchema,
                                    .if_exists = catalog.drop_database().if_exists(),
                                    .name = TRY(NameOf(catalog.drop_database().db_name(), "")),
                                    .is_cascade = catalog.drop_database().cascade()});
      case Message::kGetTableProperties:
        return Rows(sql::Show{.what = sql::Show::What::kProperties,
                              .name = TRY(NameOf(catalog.get_table_properties().table_name(), ""))},
                    2);
      case Message::kGetCreateTableString:
        return Rows(
            sql::Show{.what = sql::Show::What::kCreateTable,
                      .name = TRY(NameOf(catalog.get_create_table_string().table_name(), ""))},
            1);
      case Message::kTruncateTable:
        return Done(
            sql::TruncateTable{.name = TRY(NameOf(catalog.truncate_table().table_name(), ""))});
      case Message::kAnalyzeTable:
        return Done(
            sql::AnalyzeTable{.name = TRY(NameOf(catalog.analyze_table().table_name(), ""))});
      case Message::kRecoverPartitions:
        return Done(sql::RepairTable{
            .is_fsck = false, .name = TRY(NameOf(catalog.recover_partitions().table_name(), ""))});
      case Message::kListPartitions:
        return Rows(sql::Show{.what = sql::Show::What::kPartitions,
                              .name = TRY(NameOf(catalog.list_partitions().table_name(), ""))},
                    1);
      case Message::kCreateExternalTable:
        return CreateTable(catalog.create_external_table());
      default:
        return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE,
                    {{"errorMsg", "a catalog request has no kind that is known"}});
    }
  }

 private:
  static Answer Text(const std::string& value) {
    return {.schema = Columns({{"value", kText}}), .rows = {{value}}};
  }
  static Answer Flag(bool value) {
    return {.schema = Columns({{"value", kFlag}}), .rows = {{value}}};
  }
  /// Only the number of columns counts of what nobody reads.
  static Answer Done() { return Text(""); }

  Result<Answer> Done(const sql::Statement& statement) {
    auto result = resources_.ExecuteInSession(statement, {}, options_);
    if (!result) return std::unexpected(std::move(result).error());
    return Done();
  }

  static Result<sql::ObjectName> NameOf(const std::string& table, const std::string& database) {
    sql::ObjectName name = TRY(sql::ParseObjectName(table));
    if (!database.empty() && name.parts.size() == 1) {
      sql::ObjectName full = TRY(sql::ParseObjectName(database));
      full.parts.push_back(name.parts[0]);
      return full;
    }
    return name;
  }

  /// The STRING columns of a query's rows.
  Result<std::vector<std::vector<std::optional<std::string>>>> TextsOfQuery(
      const std::string& sql) {
    const auto result = TRY(client_.Execute(sql, options_));
    std::vector<types::BatchPtr> batches;
    while (types::BatchPtr batch = TRY(result.rows->Next())) batches.push_back(std::move(batch));
    std::vector<std::vector<std::optional<std::string>>> columns;
    for (std::size_t i = 0; i < result.schema.size(); ++i) {
      columns.push_back(TextsOf(batches, static_cast<int>(i)));
    }
    return columns;
  }

  Result<Answer> Rows(const sql::Statement& statement, std::size_t num_columns) {
    const auto result = TRY(client_.Execute(statement, {}, options_));
    std::vector<types::BatchPtr> batches;
    while (types::BatchPtr batch = TRY(result.rows->Next())) batches.push_back(std::move(batch));
    Answer answer;
    for (std::size_t i = 0; i < num_columns; ++i) {
      answer.schema.fields.push_back({.name = result.schema.fields.at(i).name, .type = kText});
      const auto texts = TextsOf(batches, static_cast<int>(i));
      answer.rows.resize(texts.size());
      for (std::size_t row = 0; row < texts.size(); ++row) answer.rows[row].push_back(texts[row]);
    }
    return answer;
  }

  Result<Answer> Catalogs(const std::string& pattern) {
    Answer answer{.schema = Columns({{"name", kText}, {"description", kText}})};
    const auto columns = TRY(TextsOfQuery(
        "SELECT catalog_name, comment FROM system.information_schema.catalogs ORDER BY 1"));
    for (std::size_t i = 0; i < columns[0].size(); ++i) {
      if (Matches(pattern, *columns[0][i])) answer.rows.push_back({columns[0][i], columns[1][i]});
    }
    return answer;
  }

  Result<Answer> Databases(const std::string& catalog, const std::string& pattern,
                           const std::string& only) {
    Answer answer{
        .schema = Columns(
            {{"name", kText}, {"catalog", kText}, {"description", kText}, {"locationUri", kText}})};
    const auto columns = TRY(TextsOfQuery(
        fmt::format("SELECT schema_name, comment FROM {}.information_schema.schemata ORDER BY 1",
                    types::QuoteIdentifier(catalog))));
    for (std::size_t i = 0; i < columns[0].size(); ++i) {
      const std::string& name = *columns[0][i];
      if (!Matches(pattern, name) || (!only.empty() && !EqualsIgnoreCase(only, name))) continue;
      answer.rows.push_back({name, catalog, columns[1][i].value_or(""), catalog + "." + name});
    }
    return answer;
  }

  Result<Answer> Database(const std::string& text) {
    const sql::ObjectName name = TRY(sql::ParseObjectName(text));
    const std::string catalog =
        name.parts.size() > 1 ? workspace::CatalogOf(name.parts[0]) : client_.current_catalog();
    Answer answer = TRY(Databases(catalog, "", name.parts.back()));
    if (!answer.rows.empty()) return answer;
    return Fail(Condition::SCHEMA_NOT_FOUND,
                {{"schemaName", types::QuoteIdentifier(catalog) + "." +
                                    types::QuoteIdentifier(name.parts.back())},
                 {"suggestion", ""}});
  }

  static Row TableRow(const std::string& catalog, const std::string& schema,
                      const std::string& name, const std::optional<std::string>& comment,
                      const std::string& type) {
    return {name, catalog, std::vector<std::string>{schema}, comment, type, false};
  }

  static Row TemporaryRow(const std::string& name) {
    const bool is_global = name.starts_with("global_temp.");
    Row row = {is_global ? name.substr(std::string_view("global_temp.").size()) : name,
               Cell(),
               std::vector<std::string>(),
               Cell(),
               "TEMPORARY",
               true};
    if (is_global) row[2] = std::vector<std::string>{"global_temp"};
    return row;
  }

  Result<Answer> Tables(const std::string& database, const std::string& pattern, bool only_views) {
    std::string catalog = client_.current_catalog();
    std::string schema = client_.current_schema();
    if (!database.empty()) {
      TRY(Database(database));
      const sql::ObjectName name = TRY(sql::ParseObjectName(database));
      if (name.parts.size() > 1) catalog = workspace::CatalogOf(name.parts[0]);
      schema = name.parts.back();
    }
    Answer answer{.schema = TableColumns()};
    const auto columns = TRY(TextsOfQuery(fmt::format(
        "SELECT table_name, table_type, comment FROM {}.information_schema.tables WHERE "
        "lower(table_schema) = lower({}) ORDER BY 1",
        types::QuoteIdentifier(catalog), sql::QuoteText(schema))));
    for (std::size_t i = 0; i < columns[0].size(); ++i) {
      if (only_views && *columns[1][i] != "VIEW") continue;
      if (!Matches(pattern, *columns[0][i])) continue;
      answer.rows.push_back(
          TableRow(catalog, schema, *columns[0][i], columns[2][i], *columns[1][i]));
    }
    for (const std::string& name : client_.temporary_views()) {
      if (!name.starts_with("global_temp.") && Matches(pattern, name)) {
        answer.rows.push_back(TemporaryRow(name));
      }
    }
    return answer;
  }

  /// Of a table or view that is there, for what is noted about it.
  Result<std::string> FullNameOf(const std::string& text) {
    TRY(Table(NameOf(text, "")));
    std::vector<std::string> parts = TRY(sql::ParseObjectName(text)).parts;
    if (parts.size() < 2) parts.insert(parts.begin(), client_.current_schema());
    if (parts.size() < 3) parts.insert(parts.begin(), client_.current_catalog());
    parts[0] = workspace::CatalogOf(parts[0]);
    return parts[0] + "." + parts[1] + "." + parts[2];
  }

  Result<Answer> Table(Result<sql::ObjectName> parsed) {
    const sql::ObjectName name = TRY(std::move(parsed));
    Answer answer{.schema = TableColumns()};
    const bool is_global = name.parts.size() == 2 && EqualsIgnoreCase(name.parts[0], "global_temp");
    const std::string view = is_global ? "global_temp." + name.parts[1] : name.parts.back();
    for (const std::string& temporary : client_.temporary_views()) {
      if ((name.parts.size() == 1 || is_global) && EqualsIgnoreCase(temporary, view)) {
        answer.rows.push_back(TemporaryRow(temporary));
        return answer;
      }
    }
    const std::size_t count = name.parts.size();
    const std::string catalog =
        count > 2 ? workspace::CatalogOf(name.parts[0]) : client_.current_catalog();
    const std::string schema = count > 1 ? name.parts[count - 2] : client_.current_schema();
    const auto columns = TRY(TextsOfQuery(fmt::format(
        "SELECT table_name, table_type, comment FROM {}.information_schema.tables WHERE "
        "lower(table_schema) = lower({}) AND lower(table_name) = lower({})",
        types::QuoteIdentifier(catalog), sql::QuoteText(schema),
        sql::QuoteText(name.parts.back()))));
    if (columns[0].empty()) {
      return Fail(Condition::TABLE_OR_VIEW_NOT_FOUND,
                  {{"relationName", sql::ToString(name)}, {"suggestion", ""}});
    }
    answer.rows.push_back(TableRow(catalog, schema, *columns[0][0], columns[2][0], *columns[1][0]));
    return answer;
  }

  /// From DESCRIBE TABLE; none for a view.
  std::vector<std::string> PartitionsOf(const sql::ObjectName& name) {
    std::vector<std::string> partitions;
    const auto described = client_.Execute(sql::DescribeTable{.name = name}, {}, options_);
    if (!described || described->rows == nullptr) return partitions;
    bool is_partition = false;
    while (true) {
      const auto batch = described->rows->Next();
      if (!batch || *batch == nullptr) return partitions;
      for (const std::optional<std::string>& text : TextsOf({*batch}, 0)) {
        const std::string column = text.value_or("");
        if (column.empty()) is_partition = false;
        if (is_partition && !column.starts_with('#')) partitions.push_back(column);
        if (column.starts_with("# ")) {
          is_partition =
              column == "# Partition Information" || (is_partition && column == "# col_name");
        }
      }
    }
  }

  Result<Answer> TableColumnsOf(Result<sql::ObjectName> parsed) {
    const sql::ObjectName name = TRY(std::move(parsed));
    sql::Select select{.from = sql::TableRef{.node = sql::NamedTable{.name = name}}};
    select.items.push_back({.value = {.node = sql::Star{}}});
    const StructType schema = TRY(client_.Describe({.body = std::move(select)}, {}, options_));
    const std::vector<std::string> partitions = PartitionsOf(name);
    Answer answer{.schema = Columns({{"name", kText},
                                     {"description", kText},
                                     {"dataType", kText},
                                     {"nullable", kFlag},
                                     {"isPartition", kFlag},
                                     {"isBucket", kFlag},
                                     {"isCluster", kFlag}})};
    for (const types::StructField& field : schema.fields) {
      const bool is_partition =
          std::find(partitions.begin(), partitions.end(), field.name) != partitions.end();
      answer.rows.push_back({field.name, field.comment(), types::ToString(field.type),
                             field.nullable, is_partition, false, false});
    }
    return answer;
  }

  static Row FunctionRow(const std::string& name) {
    return {name, Cell(), Cell(), "", "inlet." + name, true};
  }

  static Result<Answer> Functions(const std::string& pattern) {
    Answer answer{.schema = FunctionColumns()};
    for (const std::string_view name : sql::FunctionNames()) {
      if (Matches(pattern, std::string(name)))
        answer.rows.push_back(FunctionRow(std::string(name)));
    }
    return answer;
  }

  static Result<Answer> Function(const std::string& name) {
    const auto names = sql::FunctionNames();
    const std::string lower = ToLower(name.substr(name.find_last_of('.') + 1));
    if (std::find(names.begin(), names.end(), lower) == names.end()) {
      return Fail(Condition::UNRESOLVED_ROUTINE, {{"routineName", types::QuoteIdentifier(name)},
                                                  {"suggestion", DidYouMean(lower, names)}});
    }
    return Answer{.schema = FunctionColumns(), .rows = {FunctionRow(lower)}};
  }

  Result<Answer> DropView(const std::string& name) {
    for (const std::string& temporary : client_.temporary_views()) {
      if (!EqualsIgnoreCase(temporary, name)) continue;
      const sql::Statement drop = sql::DropView{.name = {.parts = TRY(ParseNameParts(name))}};
      auto result = resources_.ExecuteInSession(drop, {}, options_);
      if (!result) return std::unexpected(std::move(result).error());
      return Flag(true);
    }
    return Flag(false);
  }

  /// CreateTable and CreateExternalTable of the protocol. Without a schema the files tell it.
  template <class CreateMessage>
  Result<Answer> CreateTable(const CreateMessage& message) {
    sql::CreateTable create;
    create.name = TRY(sql::ParseObjectName(message.table_name()));
    create.if_not_exists = only_analyzes_;
    create.provider = message.source();
    if constexpr (requires { message.has_description(); }) {
      if (message.has_description()) create.comment = message.description();
    }
    if (message.has_path()) create.location = message.path();
    for (const auto& [key, value] : message.options()) {
      if (EqualsIgnoreCase(key, "path")) {
        create.location = value;
      } else {
        create.options.emplace_back(key, value);
      }
    }
    if (message.has_schema()) {
      for (const types::StructField& field : TRY(ColumnsFromMessage(message.schema())).fields) {
        create.columns.push_back(
            {.name = field.name, .type = field.type, .is_nullable = field.nullable});
      }
    }
    auto result = resources_.ExecuteInSession(create, {}, options_);
    if (!result) return std::unexpected(std::move(result).error());
    // The client gets the table itself.
    sql::Select select{.from = sql::TableRef{.node = sql::NamedTable{.name = create.name}}};
    select.items.push_back({.value = {.node = sql::Star{}}});
    const auto schema = client_.Describe({.body = std::move(select)}, {}, options_);
    return Answer{.schema = schema ? *schema : StructType()};
  }

  workspace::Client& client_;
  SessionResources& resources_;
  const workspace::ExecuteOptions& options_;
  const bool only_analyzes_;
};

}  // namespace

Result<Frame> RelationTranslator::Catalog(const Message& catalog) {
  CatalogReader::Answer answer =
      TRY(CatalogReader(client_, resources_, options_, only_analyzes_).Read(catalog));
  std::vector<types::BatchPtr> batches;
  if (!answer.rows.empty()) {
    batches.push_back(TRY(workspace::MakeBatch(answer.schema, answer.rows)));
  }
  return LocalRows(std::move(answer.schema), std::move(batches));
}

}  // namespace inlet::server
