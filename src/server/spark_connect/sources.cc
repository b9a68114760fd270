#include <spark/connect/relations.pb.h>

#include <algorithm>

#include "base/uuid.h"
#include "formats/format.h"
#include "server/spark_connect/cells.h"
#include "server/spark_connect/data_types.h"
#include "server/spark_connect/local_data.h"
#include "server/spark_connect/nullability.h"
#include "server/spark_connect/relations.h"
#include "server/spark_connect/sql_nodes.h"
#include "sql/parser.h"
#include "sql/statement.h"
#include "sql/walk.h"

/// Where rows come from: tables, files, SQL, local data.
namespace inlet::server {
namespace {

using types::StructType;

std::unexpected<Error> BadPlan(std::string message) {
  return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE, {{"errorMsg", std::move(message)}});
}

/// A name as spark.table() takes it: back-ticks, t@v3, t@20240101000000000.
Result<sql::NamedTable> ParseTable(const std::string& text) {
  sql::Query query = TRY(sql::ParseQuery("SELECT * FROM " + text));
  const auto* select = std::get_if<sql::Select>(&query.body);
  const sql::TableRef* table = select != nullptr ? select->from.get() : nullptr;
  const auto* named = table != nullptr ? table->As<sql::NamedTable>() : nullptr;
  const bool is_name = named != nullptr && table->alias.empty() && !table->sample &&
                       !select->where && !select->group_by && !query.limit &&
                       query.order_by.empty() && !named->is_stream;
  if (!is_name) {
    return Fail(Condition::PARSE_SYNTAX_ERROR,
                {{"error", "'" + text + "'"}, {"hint", " It is no name of a table."}});
  }
  return *named;
}

/// Takes versionAsOf and timestampAsOf out of the options.
Result<std::optional<sql::TimeTravel>> TimeTravelOf(OptionMap& options) {
  const auto version = GetInt64(options, "versionAsOf");
  if (!version) return std::unexpected(version.error());
  const auto timestamp = GetString(options, "timestampAsOf");
  options.erase("versionAsOf");
  options.erase("timestampAsOf");
  if (*version && timestamp) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "versionAsOf"},
                 {"functionName", "load"},
                 {"message", "it does not go with timestampAsOf"}});
  }
  if (*version) return sql::TimeTravel{.version = **version};
  if (timestamp) return sql::TimeTravel{.timestamp = TextLiteral(*timestamp)};
  return std::nullopt;
}

Result<bool> WantsChanges(const OptionMap& options) {
  return TRY(GetBool(options, "readChangeFeed")).value_or(false) ||
         TRY(GetBool(options, "readChangeData")).value_or(false);
}

/// Parameters of spark.sql(). Values of older clients are literals, of newer ones expressions.
Result<sql::Parameters> ParametersOf(const spark::connect::SQL& sql,
                                     ExpressionTranslator& expressions) {
  sql::Parameters parameters;
  const auto literal = [&](const spark::connect::Expression_Literal& value) {
    spark::connect::Expression expression;
    *expression.mutable_literal() = value;
    return expressions.Translate(expression);
  };
  for (const auto& [name, value] : sql.named_arguments()) {
    parameters.named.emplace(name, TRY(expressions.Translate(value)));
  }
  for (const auto& value : sql.pos_arguments()) {
    parameters.positional.push_back(TRY(expressions.Translate(value)));
  }
  for (const auto& [name, value] : sql.args()) parameters.named.emplace(name, TRY(literal(value)));
  for (const auto& value : sql.pos_args()) parameters.positional.push_back(TRY(literal(value)));
  return parameters;
}

/// Spark's class names of built-in formats, and what is not given at all.
std::string FormatOf(const spark::connect::Read_DataSource& source) {
  std::string format = ToLower(source.format());
  constexpr std::string_view kPrefix = "org.apache.spark.sql.";
  if (format.starts_with(kPrefix)) format.erase(0, format.find_last_of('.') + 1);
  if (format == "com.databricks.spark.csv") return "csv";
  if (format == "com.databricks.spark.xml") return "xml";
  if (format == "com.databricks.spark.avro") return "avro";
  return format;
}

/// SELECT without FROM: its expressions alone tell what may be NULL.
void UseKnownNulls(const sql::Query& query, Frame& frame) {
  const auto* select = std::get_if<sql::Select>(&query.body);
  if (select == nullptr || select->from || select->items.size() != frame.columns.size()) return;
  const Scope no_columns;
  for (std::size_t i = 0; i < frame.columns.size(); ++i) {
    const std::optional<types::DataType> type = frame.columns[i].type;
    if (select->items[i].value.As<sql::Star>() != nullptr) return;
    SetNulls(NullsOf(select->items[i].value, no_columns), frame.columns[i]);
    frame.columns[i].type = type;
  }
}

}  // namespace

Result<Frame> RelationTranslator::Leaf(sql::TableRef table,
                                       const std::vector<std::string>& qualifier, PlanId id) {
  Frame frame{.table = std::move(table)};
  // A query itself may give a name twice; a table around it may not.
  const auto* query = frame.table.As<sql::SubqueryTable>();
  const StructType schema = TRY(Describe(query != nullptr ? *query->query : SelectAll(frame)));
  UniqueNames names;
  std::vector<std::string> physical;
  bool is_unique = true;
  for (const types::StructField& field : schema.fields) {
    physical.push_back(names.Add(field.name));
    is_unique = is_unique && physical.back() == field.name;
    OutputColumn column{.name = field.name,
                        .physical = physical.back(),
                        .qualifier = qualifier,
                        .nullable = field.nullable,
                        .metadata = field.metadata,
                        .type = field.type};
    if (id) column.plan_ids.push_back(*id);
    frame.columns.push_back(std::move(column));
  }
  if (!is_unique) {
    sql::Select all{.from = frame.table};
    all.items.push_back({.value = {.node = sql::Star{}}});
    frame.table = AsTable({.body = std::move(all)}, "t");
    frame.table.column_aliases = std::move(physical);
  }
  return frame;
}

Result<Frame> RelationTranslator::Read(const spark::connect::Read& read, PlanId id) {
  if (read.is_streaming()) return ReadStream(read, id);
  if (read.has_named_table()) return ReadTable(read.named_table(), id);
  if (read.has_data_source()) return ReadFiles(read.data_source(), id);
  return BadPlan("a read names neither a table nor a data source");
}

/// cloudFiles is STREAM cloud_files(...), another format STREAM format.`path`.
Result<Frame> RelationTranslator::ReadStream(const spark::connect::Read& read, PlanId id) {
  if (!checkpoint_) {
    return Fail(Condition::INVALID_FLOW_QUERY_TYPE_BATCH_RELATION_FOR_STREAMING_TABLE,
                {{"tableName", "a streaming DataFrame: start it with writeStream"}});
  }
  if (read.has_named_table()) {
    sql::NamedTable table = TRY(ParseTable(read.named_table().unparsed_identifier()));
    table.is_stream = true;
    table.options.assign(read.named_table().options().begin(), read.named_table().options().end());
    return Leaf({.node = std::move(table)}, {}, id);
  }
  const spark::connect::Read_DataSource& source = read.data_source();
  const std::string format = FormatOf(source);
  OptionMap options(source.options().begin(), source.options().end());
  std::string path = GetString(options, "path").value_or("");
  options.erase("path");
  if (!source.paths().empty()) path = source.paths(0);
  if (format == "rate" || format == "rate-micro-batch") {
    sql::FunctionCall call = FunctionOf(format == "rate" ? "rate" : "rate_micro_batch", {});
    for (const auto& [name, value] : options) {
      call.arguments.push_back({.name = name, .value = TextLiteral(value)});
    }
    return Leaf({.node = sql::TableFunction{.call = std::move(call), .is_stream = true}}, {}, id);
  }
  if (path.empty() || source.paths_size() > 1) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "path"}, {"functionName", "load"}, {"message", "one is needed"}});
  }
  if (source.has_schema() && !source.schema().empty()) {
    const types::DataType schema = TRY(ParseSchemaText(source.schema()));
    options["schema"] = types::ToDdl({.fields = schema.fields()});
  }
  if (format == "cloudfiles") {
    sql::FunctionCall call = FunctionOf("cloud_files", {TextLiteral(path)});
    for (const auto& [name, value] : options) {
      call.arguments.push_back({.name = name, .value = TextLiteral(value)});
    }
    return Leaf({.node = sql::TableFunction{.call = std::move(call), .is_stream = true}}, {}, id);
  }
  const bool is_delta = format.empty() || format == "delta";
  if (!is_delta && formats::FindFormat(format) == nullptr) {
    if (format == "kafka" || format == "socket") {
      return FailUnsupported("the streaming source " + format);
    }
    return Fail(Condition::DATA_SOURCE_NOT_FOUND,
                {{"provider", source.format()}, {"suggestion", ""}});
  }
  sql::NamedTable table{.name = {.parts = {is_delta ? "delta" : format, path}}, .is_stream = true};
  table.options.assign(options.begin(), options.end());
  return Leaf({.node = std::move(table)}, {}, id);
}

Result<Frame> RelationTranslator::ReadTable(const spark::connect::Read_NamedTable& table,
                                            PlanId id) {
  OptionMap options(table.options().begin(), table.options().end());
  if (TRY(WantsChanges(options))) return ReadChanges(table.unparsed_identifier(), options, id);
  sql::NamedTable named = TRY(ParseTable(table.unparsed_identifier()));
  if (auto time_travel = TRY(TimeTravelOf(options))) named.time_travel = std::move(time_travel);
  std::vector<std::string> qualifier = named.name.parts;
  if (qualifier.size() == 1 && !client_.current_schema().empty()) {
    qualifier.insert(qualifier.begin(), {client_.current_catalog(), client_.current_schema()});
  } else if (qualifier.size() == 2) {
    qualifier.insert(qualifier.begin(), client_.current_catalog());
  }
  return Leaf({.node = std::move(named)}, qualifier, id);
}

Result<Frame> RelationTranslator::ReadFiles(const spark::connect::Read_DataSource& source,
                                            PlanId id) {
  std::string format = FormatOf(source);
  OptionMap options(source.options().begin(), source.options().end());
  std::vector<std::string> paths(source.paths().begin(), source.paths().end());
  if (const auto path = GetString(options, "path")) {
    if (paths.empty()) paths.push_back(*path);
    options.erase("path");
  }
  const bool is_delta = format.empty() || format == "delta";
  if (!is_delta && formats::FindFormat(format) == nullptr) {
    if (format == "cloudfiles") {
      return FailUnsupported("cloudFiles without readStream");
    }
    return Fail(Condition::DATA_SOURCE_NOT_FOUND,
                {{"provider", source.format()}, {"suggestion", ""}});
  }
  if (paths.empty()) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "path"}, {"functionName", "load"}, {"message", "it is missing"}});
  }
  if (source.has_schema() && !source.schema().empty()) {
    const types::DataType schema = TRY(ParseSchemaText(source.schema()));
    options["schema"] = types::ToDdl({.fields = schema.fields()});
  }
  if (is_delta && paths.size() == 1 && TRY(WantsChanges(options))) {
    return ReadChanges("delta." + types::QuoteIdentifier(paths[0]), options, id);
  }
  const std::optional<sql::TimeTravel> time_travel = TRY(TimeTravelOf(options));
  std::vector<Frame> frames;
  for (const std::string& path : paths) {
    const auto open = [&](const std::string& by_format) {
      sql::NamedTable table{.name = {.parts = {by_format, path}}, .time_travel = time_travel};
      if (by_format != "delta") table.options.assign(options.begin(), options.end());
      return Leaf({.node = std::move(table)}, {}, id);
    };
    Result<Frame> frame = open(is_delta ? "delta" : format);
    // Without a format it may be what Spark's default means.
    if (!frame && format.empty() &&
        frame.error().condition == Condition::DELTA_MISSING_DELTA_TABLE) {
      Result<Frame> other = open("parquet");
      if (other) frame = std::move(other);
    }
    if (!frame && is_delta && frame.error().kind() == ErrorKind::kNotFound) {
      const auto found = client_.Execute(sql::ListFiles{.path = path, .limit = 1}, {}, options_);
      const bool exists = found && found->rows != nullptr && TRY(found->rows->Next()) != nullptr;
      if (!exists) return Fail(Condition::PATH_NOT_FOUND, {{"path", path}});
    }
    if (!frame) return frame;
    frames.push_back(std::move(*frame));
  }
  if (frames.size() == 1) return std::move(frames[0]);
  return UnionByName(frames, id);
}

/// All rows of all frames; a column that a frame does not have is NULL there.
Frame RelationTranslator::UnionByName(const std::vector<Frame>& frames, PlanId id) {
  std::vector<OutputColumn> columns;
  for (const Frame& frame : frames) {
    for (const OutputColumn& column : frame.columns) {
      const bool is_known = std::any_of(
          columns.begin(), columns.end(),
          [&](const OutputColumn& known) { return EqualsIgnoreCase(known.name, column.name); });
      if (!is_known) columns.push_back({.name = column.name});
    }
  }
  std::vector<sql::Query> queries;
  Frame first;
  for (const Frame& frame : frames) {
    const Scope scope(frame);
    std::vector<ProjectedColumn> items;
    for (const OutputColumn& column : columns) {
      ProjectedColumn item{.value = NullLiteral(), .column = {.name = column.name}};
      for (const Scope::Entry& entry : scope.entries()) {
        if (EqualsIgnoreCase(entry.column->name, column.name)) item.value = entry.Reference();
      }
      items.push_back(std::move(item));
    }
    const Frame aligned = server::Project(frame, std::move(items), id);
    queries.push_back(ToQuery(aligned));
    if (first.columns.empty()) first = aligned;
  }
  return FrameOf({.body = sql::SetOperation{.op = sql::SetOperator::kUnion,
                                            .is_all = true,
                                            .operands = std::move(queries)}},
                 std::move(first.columns), id);
}

Result<Frame> RelationTranslator::Sql(const spark::connect::SQL& sql, PlanId id) {
  sql::Statement statement = TRY(sql::ParseStatement(sql.query()));
  ExpressionTranslator expressions{ExpressionContext{}};
  const sql::Parameters parameters = TRY(ParametersOf(sql, expressions));
  if (auto* select = statement.As<sql::SelectStatement>()) {
    TRY(sql::BindParameters(select->query, parameters));
    TRY(ResolveRegistered(resources_, select->query));
    const sql::Query query = select->query;
    Frame frame = TRY(Leaf(AsTable(std::move(select->query)), {}, id));
    UseKnownNulls(query, frame);
    return frame;
  }
  const bool has_parameters = !parameters.named.empty() || !parameters.positional.empty();
  if (auto* insert = statement.As<sql::Insert>()) {
    TRY(sql::BindParameters(insert->query, parameters));
    TRY(ResolveRegistered(resources_, insert->query));
  } else if (auto* create = statement.As<sql::CreateTable>(); create != nullptr && create->query) {
    TRY(sql::BindParameters(*create->query, parameters));
    TRY(ResolveRegistered(resources_, *create->query));
  } else if (has_parameters) {
    return FailUnsupported("parameters of this kind of statement");
  }
  if (auto* view = statement.As<sql::CreateView>();
      view != nullptr && view->is_temporary && view->query) {
    TRY(ResolveRegistered(resources_, *view->query));
  }
  workspace::QueryResult result = TRY(resources_.ExecuteInSession(statement, inputs_, options_));
  std::vector<types::BatchPtr> batches;
  while (result.rows != nullptr) {
    types::BatchPtr batch = TRY(result.rows->Next());
    if (batch == nullptr) break;
    batches.push_back(std::move(batch));
  }
  return LocalRows(std::move(result.schema), std::move(batches));
}

Result<Frame> RelationTranslator::Range(const spark::connect::Range& range, PlanId id) {
  if (range.step() == 0) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "step"}, {"functionName", "range"}, {"message", "it is 0"}});
  }
  OutputColumn column{.name = "id",
                      .physical = "id",
                      .nullable = false,
                      .type = types::DataType(types::TypeId::kLong)};
  if (id) column.plan_ids.push_back(*id);
  sql::TableFunction function{
      .call = FunctionOf("range", {LongLiteral(range.start()), LongLiteral(range.end()),
                                   LongLiteral(range.step())})};
  Frame frame{.table = {.node = std::move(function), .alias = "range"}, .columns = {column}};
  // The row of number i among n lies in partition ((i + 1) * p - 1) / n.
  constexpr std::int64_t kMaxBound = std::int64_t{1} << 40;  // Nothing here overflows below it.
  const auto is_small = [](std::int64_t value) { return value > -kMaxBound && value < kMaxBound; };
  const bool is_known = range.num_partitions() > 1 && is_small(range.start()) &&
                        is_small(range.end()) && is_small(range.step());
  const std::int64_t distance = is_known ? range.end() - range.start() : 0;
  const std::int64_t num_rows = distance / range.step() + (distance % range.step() != 0 ? 1 : 0);
  if (num_rows > 0) {
    const auto divided = [](sql::Expression left, std::int64_t right) {
      return BinaryOf(sql::BinaryOperator::kIntegerDivide, std::move(left), LongLiteral(right));
    };
    sql::Expression number = divided(BinaryOf(sql::BinaryOperator::kSubtract, ColumnOf("id"),
                                              LongLiteral(range.start() - range.step())),
                                     range.step());
    sql::Expression last = BinaryOf(sql::BinaryOperator::kSubtract,
                                    BinaryOf(sql::BinaryOperator::kMultiply, std::move(number),
                                             LongLiteral(range.num_partitions())),
                                    LongLiteral(1));
    frame.partition = CastTo(divided(std::move(last), num_rows), types::TypeId::kInteger);
  }
  return frame;
}

Result<Frame> RelationTranslator::Local(const std::optional<std::string>& data,
                                        const std::string& schema, PlanId id) {
  std::optional<StructType> columns;
  if (!schema.empty()) {
    const types::DataType type = TRY(ParseSchemaText(schema));
    if (!type.is(types::TypeId::kStruct)) return BadPlan("the schema of a local relation");
    columns = StructType{.fields = type.fields()};
  }
  if (!data && !columns) return BadPlan("a local relation has neither rows nor a schema");
  auto source = data ? TRY(LocalSource(*data, columns)) : LocalSource(*columns, {});
  StructType known = source->schema();
  Frame frame = LocalRows(std::move(known), std::move(source));
  if (id) {
    for (OutputColumn& column : frame.columns) column.plan_ids.push_back(*id);
  }
  return frame;
}

Result<Frame> RelationTranslator::ChunkedLocal(const spark::connect::Relation& relation,
                                               PlanId id) {
  const auto artifact = [&](const std::string& hash) {
    return resources_.FindArtifact("cache/" + hash);
  };
  if (relation.has_cached_local_relation()) {
    // A whole LocalRelation message, as clients of 4.0 send it.
    const auto bytes = TRY(artifact(relation.cached_local_relation().hash()));
    spark::connect::LocalRelation local;
    if (!local.ParseFromString(*bytes)) return BadPlan("a cached local relation");
    std::optional<std::string> data;
    if (local.has_data()) data = local.data();
    return Local(data, local.schema(), id);
  }
  const auto& chunked = relation.chunked_cached_local_relation();
  std::string schema;
  if (chunked.has_schemahash()) schema = *TRY(artifact(chunked.schemahash()));
  if (chunked.datahashes().empty()) return Local(std::nullopt, schema, id);
  std::vector<sql::Query> queries;
  std::optional<Frame> first;
  for (const std::string& hash : chunked.datahashes()) {
    Frame frame = TRY(Local(*TRY(artifact(hash)), schema, id));
    queries.push_back(ToQuery(frame));
    if (!first) first = std::move(frame);
  }
  if (queries.size() == 1) return *std::move(first);
  return FrameOf({.body = sql::SetOperation{.op = sql::SetOperator::kUnion,
                                            .is_all = true,
                                            .operands = std::move(queries)}},
                 first->columns, id);
}

Result<Frame> RelationTranslator::TableFunction(
    const spark::connect::UnresolvedTableValuedFunction& function, PlanId id) {
  // Only a lateral join gives them columns.
  const Frame no_columns;
  ExpressionTranslator expressions = ExpressionsOver(no_columns);
  std::vector<sql::Expression> arguments;
  for (const auto& argument : function.arguments()) {
    arguments.push_back(TRY(expressions.Translate(argument)));
    if (!outers_.empty()) TRY(Scope().Resolve(arguments.back()));
  }
  sql::TableFunction call{.call = FunctionOf(function.function_name(), std::move(arguments))};
  return Leaf({.node = std::move(call)}, {}, id);
}

Result<Frame> RelationTranslator::WithRelations(const spark::connect::WithRelations& relation) {
  const auto& root = relation.root();
  for (const auto& reference : relation.references()) {
    if (reference.common().has_plan_id()) references_[reference.common().plan_id()] = &reference;
  }
  if (!root.has_sql()) return Translate(root);
  // spark.sql("... {df} ...", df=df): the frames are views of this query alone.
  sql::Statement statement = TRY(sql::ParseStatement(root.sql().query()));
  auto* select = statement.As<sql::SelectStatement>();
  if (select == nullptr)
    return FailUnsupported("DataFrames as tables of a statement that is no query");
  ExpressionTranslator expressions{ExpressionContext{}};
  TRY(sql::BindParameters(select->query, TRY(ParametersOf(root.sql(), expressions))));
  TRY(ResolveRegistered(resources_, select->query));
  std::vector<sql::CommonTable> tables;
  for (const auto& reference : relation.references()) {
    if (!reference.has_subquery_alias()) continue;
    const Frame frame = TRY(Translate(reference.subquery_alias().input()));
    sql::CommonTable table{.name = reference.subquery_alias().alias(), .query = ToQuery(frame)};
    for (const OutputColumn& column : frame.columns) table.columns.push_back(column.name);
    tables.push_back(std::move(table));
  }
  auto& with = select->query.with;
  with.insert(with.begin(), std::make_move_iterator(tables.begin()),
              std::make_move_iterator(tables.end()));
  PlanId id;
  if (root.common().has_plan_id()) id = root.common().plan_id();
  return Leaf(AsTable(std::move(select->query)), {}, id);
}

/// spark.read.json(df) and its kin: the texts become a file of this session, so that all that
/// readers do with files, inference included, is done with them.
Result<Frame> RelationTranslator::ParseText(const spark::connect::Parse& parse, PlanId id) {
  using Message = spark::connect::Parse;
  const Frame input = TRY(Translate(parse.input()));
  if (input.columns.size() != 1) return BadPlan("text to parse must be one column");
  const std::string format = parse.format() == Message::PARSE_FORMAT_CSV    ? "csv"
                             : parse.format() == Message::PARSE_FORMAT_JSON ? "json"
                                                                            : "xml";
  const auto batches = TRY(Collect(input));
  const std::string directory = resources_.TemporaryDirectory() + "/" + RandomUuid();
  const storage::Location file = TRY(storage::Resolve(directory + "/text"));
  const auto writer = TRY(file.store->OpenWriter(file.path));
  const bool is_xml = format == "xml";  // A document has one root.
  if (is_xml) TRY(writer->Append("<texts>\n"));
  for (const std::optional<std::string>& text : TextsOf(batches, 0)) {
    if (text) TRY(writer->Append(*text + "\n"));
  }
  if (is_xml) TRY(writer->Append("</texts>\n"));
  TRY(writer->Finish());
  sql::NamedTable table{.name = {.parts = {format, directory}}};
  OptionMap options(parse.options().begin(), parse.options().end());
  if (parse.has_schema()) {
    options["schema"] = types::ToDdl(TRY(ColumnsFromMessage(parse.schema())));
  }
  table.options.assign(options.begin(), options.end());
  return Leaf({.node = std::move(table)}, {}, id);
}

/// The change feed of a table, by the options of a reader.
Result<Frame> RelationTranslator::ReadChanges(const std::string& table, const OptionMap& options,
                                              PlanId id) {
  const auto bound = [&](const char* version,
                         const char* timestamp) -> Result<std::optional<sql::Expression>> {
    if (const auto number = TRY(GetInt64(options, version))) return LongLiteral(*number);
    if (const auto time = GetString(options, timestamp)) return TextLiteral(*time);
    return std::nullopt;
  };
  auto start = TRY(bound("startingVersion", "startingTimestamp"));
  auto end = TRY(bound("endingVersion", "endingTimestamp"));
  if (!start) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "startingVersion"},
                 {"functionName", "readChangeFeed"},
                 {"message", "the feed needs startingVersion or startingTimestamp"}});
  }
  std::vector<sql::Expression> arguments = {TextLiteral(table), *std::move(start)};
  if (end) arguments.push_back(*std::move(end));
  return Leaf(
      {.node = sql::TableFunction{.call = FunctionOf("table_changes", std::move(arguments))}}, {},
      id);
}

}  // namespace inlet::server
