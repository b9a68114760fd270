#include "ingest/write_files.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <set>

#include "delta/data_path.h"
#include "formats/compression/compressed_writer.h"
#include "ingest/directory_writer.h"

namespace inlet::ingest {
namespace {

using sql::Expression;
using types::StructField;
using types::StructType;
using types::TypeId;

constexpr std::string_view kTextFormats[] = {"csv", "json", "text", "xml"};
/// Options that to_csv() and to_json() know; others are the writer's or nobody's.
constexpr std::string_view kRecordOptions[] = {"sep",
                                               "delimiter",
                                               "quote",
                                               "escape",
                                               "nullValue",
                                               "emptyValue",
                                               "quoteAll",
                                               "escapeQuotes",
                                               "dateFormat",
                                               "timestampFormat",
                                               "locale",
                                               "timestampNTZFormat",
                                               "timeZone",
                                               "ignoreNullFields",
                                               "charToEscapeQuoteEscaping",
                                               "ignoreLeadingWhiteSpace",
                                               "ignoreTrailingWhiteSpace"};

bool Contains(std::span<const std::string_view> names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view known) { return EqualsIgnoreCase(known, name); });
}

bool IsPartition(const FilesSpec& spec, const std::string& name) {
  return std::any_of(spec.partition_columns.begin(), spec.partition_columns.end(),
                     [&](const std::string& column) { return EqualsIgnoreCase(column, name); });
}

Expression Column(const std::string& name) { return {.node = sql::ColumnRef{.parts = {name}}}; }
Expression Text(std::string text) {
  return {.node = sql::Literal{.type = TypeId::kString, .text = std::move(text)}};
}
Expression Call(std::string name, std::vector<Expression> arguments) {
  sql::FunctionCall call{.name = {.parts = {std::move(name)}}};
  for (Expression& argument : arguments) call.arguments.push_back({.value = std::move(argument)});
  return {.node = std::move(call)};
}

/// Whether values of this type have a form in the format.
bool Takes(const std::string& format, const types::DataType& type) {
  if (format == "text") return type.is(TypeId::kString);
  if (format == "csv") {
    return !type.is_nested() && !type.is(TypeId::kVariant) && !type.is(TypeId::kBinary) &&
           !type.is(TypeId::kVoid);
  }
  return true;
}

Status Check(const FilesSpec& spec, const StructType& schema) {
  if (!Contains(kTextFormats, spec.format) && spec.format != "parquet" && spec.format != "orc") {
    return FailUnsupported("writing files of the format " + spec.format);
  }
  std::set<std::string> names;
  for (const StructField& field : schema.fields) {
    if (!names.insert(ToLower(field.name)).second) {
      return Fail(Condition::COLUMN_ALREADY_EXISTS,
                  {{"columnName", types::QuoteIdentifier(ToLower(field.name))}});
    }
  }
  std::string known;
  for (const StructField& field : schema.fields) known += (known.empty() ? "" : ", ") + field.name;
  for (const std::string& name : spec.partition_columns) {
    if (!names.contains(ToLower(name))) {
      return Fail(Condition::DELTA_MISSING_PARTITION_COLUMN,
                  {{"columnName", name}, {"columnList", known}});
    }
  }
  std::size_t num_columns = 0;
  for (const StructField& field : schema.fields) {
    if (IsPartition(spec, field.name)) continue;
    ++num_columns;
    if (!Takes(spec.format, field.type)) {
      return Fail(Condition::UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE,
                  {{"columnName", types::QuoteIdentifier(field.name)},
                   {"columnType", "\"" + types::ToSql(field.type) + "\""},
                   {"format", spec.format}});
    }
  }
  if (num_columns == 0)
    return Fail(Condition::INVALID_PARTITION_OPERATION, {{"name", spec.root.path}});
  if (spec.format == "text" && num_columns > 1) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "text"},
                 {"functionName", "write"},
                 {"message", "text files hold one STRING column, but there are " +
                                 std::to_string(num_columns)}});
  }
  return Ok();
}

/// to_csv(row, options) or to_json(row, options).
Expression RecordOf(const FilesSpec& spec, Expression row) {
  std::vector<Expression> options;
  for (const auto& [key, value] : spec.options) {
    if (!Contains(kRecordOptions, key)) continue;
    options.push_back(Text(key));
    options.push_back(Text(value));
  }
  std::vector<Expression> arguments = {std::move(row)};
  if (!options.empty()) arguments.push_back(Call("map", std::move(options)));
  return Call(spec.format == "csv" ? "to_csv" : "to_json", std::move(arguments));
}

/// The columns of the files, then the partition columns as text.
struct Shaped {
  sql::Query query;
  StructType schema;
};

Shaped Shape(const FilesSpec& spec, sql::Query query, const StructType& schema) {
  Shaped shaped;
  std::vector<std::string> names;
  for (const StructField& field : schema.fields) names.push_back(field.name);
  sql::Select select{.from = sql::TableRef{.node = sql::SubqueryTable{.query = std::move(query)},
                                           .alias = "rows_to_write",
                                           .column_aliases = std::move(names)}};
  const bool is_text = Contains(kTextFormats, spec.format);
  std::vector<Expression> members;
  for (const StructField& field : schema.fields) {
    if (IsPartition(spec, field.name)) continue;
    if (is_text) {
      members.push_back(Text(field.name));
      members.push_back(Column(field.name));
    } else {
      select.items.push_back({.value = Column(field.name), .alias = field.name});
      shaped.schema.fields.push_back(field);
      shaped.schema.fields.back().nullable = true;
    }
  }
  if (is_text) {
    Expression record = spec.format == "text"
                            ? std::move(members[1])
                            : RecordOf(spec, Call("named_struct", std::move(members)));
    select.items.push_back({.value = std::move(record), .alias = "inlet_record"});
    shaped.schema.fields.push_back({.name = "inlet_record", .type = TypeId::kString});
  }
  for (const std::string& name : spec.partition_columns) {
    select.items.push_back({.value = {.node = sql::Cast{.operand = Column(name),
                                                        .type = types::DataType(TypeId::kString)}},
                            .alias = name});
    shaped.schema.fields.push_back({.name = name, .type = TypeId::kString});
  }
  shaped.query.body = std::move(select);
  return shaped;
}

/// The names of the columns as a record of CSV.
Result<std::string> HeaderOf(engine::Engine& engine, const FilesSpec& spec,
                             const StructType& schema, const engine::QueryContext& context,
                             std::stop_token stop) {
  std::vector<Expression> names;
  for (const StructField& field : schema.fields) {
    if (IsPartition(spec, field.name)) continue;
    names.push_back(Text("c" + std::to_string(names.size())));
    names.push_back(Text(field.name));
  }
  sql::Select select;
  select.items.push_back(
      {.value = RecordOf(spec, Call("named_struct", std::move(names))), .alias = "header"});
  const auto rows = TRY(engine.Run({.body = std::move(select)}, {}, context, std::move(stop)));
  const types::BatchPtr batch = TRY(rows->Next());
  if (batch == nullptr || batch->num_rows() != 1) return std::string();
  return static_cast<const arrow::StringArray&>(*batch->column(0)).GetString(0);
}

Result<DirectorySpec> DirectoryOf(engine::Engine& engine, const FilesSpec& spec,
                                  const StructType& schema, const StructType& shaped,
                                  const engine::QueryContext& context,
                                  const std::stop_token& stop) {
  DirectorySpec directory{.root = spec.root,
                          .format = spec.format,
                          .schema = shaped,
                          .partition_columns = spec.partition_columns};
  const auto codec = GetString(spec.options, "compression");
  if (spec.format == "parquet" || spec.format == "orc") {
    const auto own = GetString(spec.options, spec.format + ".compress");
    directory.compression = codec.value_or(own.value_or(spec.format == "orc" ? "zstd" : "snappy"));
    return directory;
  }
  directory.codec = TRY(formats::WritableCodec(codec.value_or("none")));
  directory.line_end = GetString(spec.options, "lineSep").value_or("\n");
  const std::string encoding = GetString(spec.options, "encoding").value_or("UTF-8");
  if (!EqualsIgnoreCase(encoding, "UTF-8")) {
    return FailUnsupported("writing text in the encoding " + encoding);
  }
  if (spec.format == "csv" && TRY(GetBool(spec.options, "header")).value_or(false)) {
    directory.head = TRY(HeaderOf(engine, spec, schema, context, stop)) + directory.line_end;
  }
  if (spec.format == "xml") {
    const std::string root = GetString(spec.options, "rootTag").value_or("ROWS");
    const std::string declaration =
        GetString(spec.options, "declaration")
            .value_or(R"(version="1.0" encoding="UTF-8" standalone="yes")");
    if (!declaration.empty()) directory.head = "<?xml " + declaration + "?>\n";
    directory.head += "<" + root + ">\n";
    directory.xml = {
        .row_tag = GetString(spec.options, "rowTag").value_or("ROW"),
        .attribute_prefix = GetString(spec.options, "attributePrefix").value_or("_"),
        .value_tag = GetString(spec.options, "valueTag").value_or("_VALUE"),
        .array_element_name = GetString(spec.options, "arrayElementName").value_or("item")};
    directory.tail = "</" + root.substr(0, root.find(' ')) + ">\n";
  }
  return directory;
}

/// One thread, in the order of the query.
Result<std::vector<delta::AddFile>> WriteOrdered(engine::Engine& engine, const sql::Query& query,
                                                 BoundQuery& bound, const DirectorySpec& directory,
                                                 std::stop_token stop) {
  const auto rows = TRY(engine.Run(query, std::move(bound.inputs), bound.context, std::move(stop)));
  const auto writer = TRY(OpenDirectoryWriter(directory));
  while (const types::BatchPtr batch = TRY(rows->Next())) TRY(writer->Append(batch));
  return writer->Finish();
}

/// Whether an old file goes once the new ones are there.
class OldFiles {
 public:
  OldFiles(const FilesSpec& spec, const std::vector<delta::AddFile>& written) : spec_(spec) {
    for (const delta::AddFile& file : written) directories_.insert(DirectoryOf(Below(file)));
  }
  bool Go(const std::string& path) const {
    if (spec_.mode == FilesMode::kOverwrite) return true;
    return directories_.contains(DirectoryOf(path.substr(spec_.root.path.size() + 1)));
  }

 private:
  static std::string Below(const delta::AddFile& file) { return delta::DecodeUri(file.path); }
  static std::string DirectoryOf(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash);
  }

  const FilesSpec& spec_;
  std::set<std::string> directories_;
};

}  // namespace

Result<std::int64_t> WriteFiles(engine::Engine& engine, BoundQuery bound, const FilesSpec& spec,
                                std::stop_token stop) {
  const StructType schema = TRY(engine.Describe(bound.query, bound.inputs, bound.context));
  TRY(Check(spec, schema));
  Shaped shaped = Shape(spec, std::move(bound.query), schema);
  const DirectorySpec directory =
      TRY(DirectoryOf(engine, spec, schema, shaped.schema, bound.context, stop));
  std::vector<storage::ObjectInfo> old_files;
  if (spec.mode != FilesMode::kAppend) {
    old_files = TRY(spec.root.store->List(spec.root.path + "/", {}));
  }
  const engine::DataFileWriters writers{
      .open = [&] { return OpenDirectoryWriter(directory); },
      .delete_staged =
          [&](const std::vector<delta::AddFile>& files) { delta::DeleteStaged(spec.root, files); }};
  const std::vector<delta::AddFile> written =
      spec.is_ordered ? TRY(WriteOrdered(engine, shaped.query, bound, directory, stop))
                      : TRY(engine.Write(shaped.query, std::move(bound.inputs), bound.context,
                                         shaped.schema, writers, stop));
  if (written.empty() && spec.partition_columns.empty()) TRY(WriteEmptyFile(directory));
  const OldFiles old(spec, written);
  for (const storage::ObjectInfo& file : old_files) {
    if (old.Go(file.path)) TRY(spec.root.store->Delete(file.path));
  }
  TRY(spec.root.store->Put(spec.root.path + "/_SUCCESS", "", storage::PutMode::kOverwrite));
  std::int64_t num_rows = 0;
  for (const delta::AddFile& file : written) num_rows += NumRecords(file);
  return num_rows;
}

}  // namespace inlet::ingest
