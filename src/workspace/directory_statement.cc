#include <arrow/array.h>
#include <arrow/record_batch.h>

#include "base/uuid.h"
#include "sql/printer.h"
#include "workspace/binder.h"
#include "workspace/row_table.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

constexpr std::int64_t kMaxPendingBytes = 8 << 20;

sql::Expression Column(const std::string& name) {
  return {.node = sql::ColumnRef{.parts = {name}}};
}

sql::Expression Text(std::string text) {
  return {.node = sql::Literal{.type = types::TypeId::kString, .text = std::move(text)}};
}

/// The rows as one column of text: a document or a line of values each.
sql::Query AsText(const sql::InsertDirectory& statement, const std::string& format,
                  sql::Query query, const types::StructType& schema) {
  std::vector<std::string> names;
  sql::FunctionCall row{.name = {.parts = {"named_struct"}}};
  for (const types::StructField& field : schema.fields) {
    names.push_back(field.name);
    row.arguments.push_back({.value = Text(field.name)});
    row.arguments.push_back({.value = Column(field.name)});
  }
  sql::FunctionCall options{.name = {.parts = {"map"}}};
  for (const auto& [key, value] : statement.options) {
    if (EqualsIgnoreCase(key, "header") || EqualsIgnoreCase(key, "compression")) continue;
    options.arguments.push_back({.value = Text(key)});
    options.arguments.push_back({.value = Text(value)});
  }
  sql::FunctionCall to_text{.name = {.parts = {"to_" + format}}};
  to_text.arguments.push_back({.value = {.node = std::move(row)}});
  if (!options.arguments.empty()) {
    to_text.arguments.push_back({.value = {.node = std::move(options)}});
  }
  sql::Select select{.from = sql::TableRef{.node = sql::SubqueryTable{.query = std::move(query)},
                                           .alias = "rows_to_write",
                                           .column_aliases = std::move(names)}};
  sql::Expression value = format == "text" ? Column(schema.fields.at(0).name)
                                           : sql::Expression{.node = std::move(to_text)};
  select.items.push_back({.value = std::move(value), .alias = "value"});
  return {.body = std::move(select)};
}

/// The first line of CSV files with header = true; empty without.
std::string HeaderOf(const sql::InsertDirectory& statement, const types::StructType& schema) {
  const OptionMap options(statement.options.begin(), statement.options.end());
  if (!EqualsIgnoreCase(GetString(options, "header").value_or(""), "true")) return "";
  const std::string separator =
      GetString(options, "sep").value_or(GetString(options, "delimiter").value_or(","));
  std::string line;
  for (const types::StructField& field : schema.fields) {
    line += (line.empty() ? "" : separator) + field.name;
  }
  return line + "\n";
}

Result<std::int64_t> WriteText(const Call& call, const sql::InsertDirectory& statement,
                               const std::string& format, ingest::BoundQuery bound,
                               const types::StructType& schema, const storage::Location& root) {
  if (format == "text" &&
      (schema.size() != 1 || !schema.fields[0].type.is(types::TypeId::kString))) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "text"},
                 {"functionName", "INSERT OVERWRITE DIRECTORY"},
                 {"message", "text files hold one STRING column"}});
  }
  const sql::Query query = AsText(statement, format, std::move(bound.query), schema);
  const auto rows = TRY(
      call.shared.engine->Run(query, std::move(bound.inputs), bound.context, call.options.stop));
  const auto writer = TRY(root.store->OpenWriter(root.path + "/part-00000-" + RandomUuid() +
                                                 "-c000." + (format == "text" ? "txt" : format)));
  std::string pending = format == "csv" ? HeaderOf(statement, schema) : "";
  std::int64_t num_rows = 0;
  while (const types::BatchPtr batch = TRY(rows->Next())) {
    const auto& lines = static_cast<const arrow::StringArray&>(*batch->column(0));
    for (std::int64_t i = 0; i < lines.length(); ++i) {
      if (lines.IsValid(i)) pending += lines.GetView(i);
      pending += '\n';
    }
    num_rows += lines.length();
    if (static_cast<std::int64_t>(pending.size()) > kMaxPendingBytes) {
      TRY(writer->Append(pending));
      pending.clear();
    }
  }
  TRY(writer->Append(pending));
  TRY(writer->Finish());
  return num_rows;
}

Result<std::int64_t> WriteParquet(const Call& call, ingest::BoundQuery bound,
                                  types::StructType schema, const storage::Location& root) {
  const auto files = TRY(call.shared.engine->Write(
      bound.query, std::move(bound.inputs), bound.context,
      {.table_root = root, .schema = std::move(schema)}, call.options.stop));
  std::int64_t num_rows = 0;
  for (const delta::AddFile& file : files) num_rows += ingest::NumRecords(file);
  return num_rows;
}

}  // namespace

/// The new files are there before the old ones go, so that a failed query takes nothing away.
Result<QueryResult> Run(const Call& call, const sql::InsertDirectory& statement) {
  const std::string format = ToLower(statement.provider);
  const bool is_text = format == "csv" || format == "json" || format == "text";
  if (!is_text && format != "parquet") {
    return FailUnsupported("writing files of the format " + statement.provider);
  }
  const storage::Location root = TRY(ResolvePath(call, statement.path));
  ingest::BoundQuery bound = TRY(Bind(call, statement.query));
  types::StructType schema =
      TRY(call.shared.engine->Describe(bound.query, bound.inputs, bound.context));
  const auto old_files = TRY(root.store->List(root.path + "/", {}));
  const std::int64_t num_rows =
      is_text ? TRY(WriteText(call, statement, format, std::move(bound), schema, root))
              : TRY(WriteParquet(call, std::move(bound), std::move(schema), root));
  for (const storage::ObjectInfo& file : old_files) TRY(root.store->Delete(file.path));
  TRY(root.store->Put(root.path + "/_SUCCESS", "", storage::PutMode::kOverwrite));
  return InsertedRows(num_rows);
}

}  // namespace inlet::workspace
