#include <algorithm>

#include "ingest/write_table.h"
#include "sql/parser.h"
#include "sql/printer.h"
#include "sql/walk.h"
#include "types/json_text.h"
#include "workspace/binder.h"
#include "workspace/row_table.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

using sql::Expression;
using types::StructField;
using types::StructType;

constexpr std::string_view kCheckMark = "inlet-check:";

Expression Column(std::string name) { return {.node = sql::ColumnRef{.parts = {std::move(name)}}}; }

Expression Null() { return {.node = sql::Literal{.type = types::TypeId::kVoid, .text = "NULL"}}; }

Expression Text(std::string text) {
  return {.node = sql::Literal{.type = types::TypeId::kString, .text = std::move(text)}};
}

std::string SourceColumn(std::size_t index) { return "inlet_source_" + std::to_string(index); }

/// `query` as a table with the columns `names`.
sql::TableRef AsTable(sql::Query query, std::vector<std::string> names) {
  return {.node = sql::SubqueryTable{.query = std::move(query)},
          .alias = "inlet_source",
          .column_aliases = std::move(names)};
}

std::string NamesOf(const StructType& schema) {
  std::string names;
  for (const StructField& field : schema.fields) {
    names += (names.empty() ? "" : ", ") + types::QuoteIdentifier(field.name);
  }
  return names;
}

/// Turns what the user wants to insert into a query with the table's columns by position.
class InsertQuery {
 public:
  InsertQuery(const Call& call, const sql::Insert& statement, const delta::Snapshot& table,
              std::string table_name)
      : call_(call), statement_(statement), table_(table), table_name_(std::move(table_name)) {}

  Result<ingest::BoundQuery> Build() {
    sql::Query query = statement_.query;
    TRY(FillDefaults(query));
    ingest::BoundQuery bound = TRY(Bind(call_, std::move(query)));
    source_ = TRY(call_.shared.engine->Describe(bound.query, bound.inputs, bound.context));
    TRY(MapColumns());
    if (NeedsMapping()) bound.query = TRY(Mapped(std::move(bound.query)));
    TRY(AddChecks(bound.query));
    return bound;
  }

 private:
  /// DEFAULT among the values of INSERT ... VALUES.
  Status FillDefaults(sql::Query& query) const {
    auto* values = std::get_if<sql::ValuesQuery>(&query.body);
    if (values == nullptr) return Ok();
    for (std::vector<Expression>& row : values->rows) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (row[i].As<sql::DefaultValue>() == nullptr) continue;
        const StructField* field = nullptr;
        if (!statement_.columns.empty()) {
          if (i < statement_.columns.size()) field = table_.schema().Find(statement_.columns[i]);
        } else if (i < table_.schema().size()) {
          field = &table_.schema().fields[i];
        }
        row[i] = field == nullptr ? Null() : TRY(DefaultOf(*field));
      }
    }
    return Ok();
  }

  static Result<Expression> DefaultOf(const StructField& field) {
    const auto found = field.metadata.find("CURRENT_DEFAULT");
    if (found == field.metadata.end()) return Null();
    return sql::ParseExpression(types::JsonStringValue(found->second).value_or("NULL"));
  }

  static std::optional<std::string> GenerationOf(const StructField& field) {
    const auto found = field.metadata.find("delta.generationExpression");
    if (found == field.metadata.end()) return std::nullopt;
    return types::JsonStringValue(found->second);
  }

  std::unexpected<Error> WrongCount(std::size_t wanted) const {
    return Fail(Condition::DELTA_INSERT_COLUMN_ARITY_MISMATCH,
                {{"tableName", table_name_},
                 {"numTargetColumns", std::to_string(wanted)},
                 {"insertDataColumns", std::to_string(source_.size())}});
  }

  /// Fills source_of_: for each column of the table the query's column, if it has one.
  Status MapColumns() {
    const StructType& target = table_.schema();
    source_of_.assign(target.size(), std::nullopt);
    if (statement_.by_name) return MapByName();
    std::vector<std::size_t> targets;
    for (const std::string& name : statement_.columns) {
      const auto index = target.IndexOf(name);
      if (!index) {
        return Fail(Condition::DELTA_MISSING_COLUMN, {{"columnName", types::QuoteIdentifier(name)},
                                                      {"columnList", NamesOf(target)}});
      }
      if (std::find(targets.begin(), targets.end(), *index) != targets.end()) {
        return Fail(Condition::COLUMN_ALREADY_EXISTS,
                    {{"columnName", types::QuoteIdentifier(name)}});
      }
      targets.push_back(*index);
    }
    if (statement_.columns.empty()) {
      for (std::size_t i = 0; i < target.size(); ++i) {
        if (!IsStatic(target.fields[i].name)) targets.push_back(i);
      }
      // Generated columns may be left out at the end of the list.
      while (targets.size() > source_.size() && GenerationOf(target.fields[targets.back()])) {
        targets.pop_back();
      }
    }
    if (targets.size() != source_.size()) return WrongCount(targets.size());
    for (std::size_t i = 0; i < targets.size(); ++i) source_of_[targets[i]] = i;
    return Ok();
  }

  Status MapByName() {
    const StructType& target = table_.schema();
    for (std::size_t i = 0; i < source_.size(); ++i) {
      const auto index = target.IndexOf(source_.fields[i].name);
      if (!index) {
        return Fail(Condition::DELTA_METADATA_MISMATCH,
                    {{"message",
                      "the table has no column " + types::QuoteIdentifier(source_.fields[i].name)},
                     {"tableSchema", types::ToDdl(target)},
                     {"dataSchema", types::ToDdl(source_)}});
      }
      if (source_of_[*index]) {
        return Fail(Condition::COLUMN_ALREADY_EXISTS,
                    {{"columnName", types::QuoteIdentifier(source_.fields[i].name)}});
      }
      source_of_[*index] = i;
    }
    return Ok();
  }

  const std::optional<Expression>* StaticValue(std::string_view column) const {
    if (!statement_.partition) return nullptr;
    for (const auto& [name, value] : statement_.partition->columns) {
      if (EqualsIgnoreCase(name, column)) return &value;
    }
    return nullptr;
  }

  bool IsStatic(std::string_view column) const {
    const std::optional<Expression>* value = StaticValue(column);
    return value != nullptr && value->has_value();
  }

  bool NeedsMapping() const {
    for (std::size_t i = 0; i < source_of_.size(); ++i) {
      if (source_of_[i] != i) return true;
    }
    return HasGenerated();
  }

  bool HasGenerated() const {
    const auto& fields = table_.schema().fields;
    return std::any_of(fields.begin(), fields.end(),
                       [](const StructField& field) { return GenerationOf(field).has_value(); });
  }

  Result<sql::Query> Mapped(sql::Query query) const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < source_.size(); ++i) names.push_back(SourceColumn(i));
    sql::Select select{.from = AsTable(std::move(query), std::move(names))};
    for (std::size_t i = 0; i < source_of_.size(); ++i) {
      const StructField& field = table_.schema().fields[i];
      Expression value = source_of_[i]          ? Column(SourceColumn(*source_of_[i]))
                         : IsStatic(field.name) ? **StaticValue(field.name)
                                                : TRY(DefaultOf(field));
      Expression cast{.node = sql::Cast{.operand = std::move(value), .type = field.type}};
      // Only what an expression below refers to needs its type at once.
      select.items.push_back(
          {.value = HasGenerated() ? std::move(cast) : std::move(*cast.As<sql::Cast>()->operand),
           .alias = field.name});
    }
    sql::Query mapped{.body = std::move(select)};
    return HasGenerated() ? Generated(std::move(mapped)) : std::move(mapped);
  }

  /// Computes the generated columns that were left out from the others.
  Result<sql::Query> Generated(sql::Query mapped) const {
    sql::Select select{.from = AsTable(std::move(mapped), {})};
    for (std::size_t i = 0; i < source_of_.size(); ++i) {
      const StructField& field = table_.schema().fields[i];
      const std::optional<std::string> expression = GenerationOf(field);
      Expression value = Column(field.name);
      if (expression && !source_of_[i]) value = TRY(sql::ParseExpression(*expression));
      select.items.push_back({.value = std::move(value), .alias = field.name});
    }
    return sql::Query{.body = std::move(select)};
  }

  /// Keeps rows only where every CHECK holds; the first that does not fails the statement.
  Status AddChecks(sql::Query& query) const {
    std::vector<std::pair<std::string, std::string>> checks;
    constexpr std::string_view kPrefix = "delta.constraints.";
    for (const auto& [key, value] : table_.properties()) {
      if (key.starts_with(kPrefix)) checks.emplace_back(key.substr(kPrefix.size()), value);
    }
    for (std::size_t i = 0; i < source_of_.size(); ++i) {
      const StructField& field = table_.schema().fields[i];
      const std::optional<std::string> expression = GenerationOf(field);
      if (expression && source_of_[i]) {
        checks.emplace_back("generated column",
                            types::QuoteIdentifier(field.name) + " <=> " + *expression);
      }
    }
    if (checks.empty()) return Ok();
    std::vector<std::string> names;
    for (const StructField& field : table_.schema().fields) names.push_back(field.name);
    sql::Select select{.from = AsTable(std::move(query), std::move(names))};
    for (const StructField& field : table_.schema().fields) {
      select.items.push_back({.value = Column(field.name), .alias = field.name});
    }
    sql::Logical all{.op = sql::LogicalOperator::kAnd};
    for (const auto& [name, text] : checks) {
      sql::FunctionCall raise{.name = {.parts = {"raise_error"}}};
      raise.arguments.push_back({.value = Text(std::string(kCheckMark) + name + "\n" + text)});
      sql::Case guard;
      guard.whens.push_back(
          {.condition = TRY(sql::ParseExpression(text)),
           .result = {.node = sql::Literal{.type = types::TypeId::kBoolean, .text = "true"}}});
      // Without a cast around it, which would be folded to NULL and leave the row out in silence.
      guard.otherwise = Expression{.node = std::move(raise)};
      all.operands.push_back({.node = std::move(guard)});
    }
    if (all.operands.size() == 1) {
      select.where = std::move(all.operands[0]);
    } else {
      select.where = Expression{.node = std::move(all)};
    }
    query = sql::Query{.body = std::move(select)};
    return Ok();
  }

  const Call& call_;
  const sql::Insert& statement_;
  const delta::Snapshot& table_;
  const std::string table_name_;
  StructType source_;
  std::vector<std::optional<std::size_t>> source_of_;
};

/// A broken CHECK comes out of the engine as what raise_error said.
Error WithCheckCondition(Error error) {
  if (error.condition != Condition::USER_RAISED_EXCEPTION || error.params.empty()) return error;
  const std::string message = error.params[0].second;
  if (!message.starts_with(kCheckMark)) return error;
  const std::size_t line = message.find('\n');
  return Fail(Condition::DELTA_VIOLATE_CONSTRAINT_WITH_VALUES,
              {{"constraintName", message.substr(kCheckMark.size(), line - kCheckMark.size())},
               {"expression", message.substr(line + 1)},
               {"values", "(not shown)"}})
      .error();
}

/// The rows of the table that REPLACE WHERE keeps.
sql::Query KeptRows(const sql::NamedTable& target, const Expression& predicate) {
  sql::FunctionCall coalesce{.name = {.parts = {"coalesce"}}};
  coalesce.arguments.push_back(
      {.value = {.node = sql::Unary{.op = sql::UnaryOperator::kNot, .operand = predicate}}});
  coalesce.arguments.push_back(
      {.value = {.node = sql::Literal{.type = types::TypeId::kBoolean, .text = "true"}}});
  sql::Select select{.from = sql::TableRef{.node = target},
                     .where = Expression{.node = std::move(coalesce)}};
  select.items.push_back({.value = {.node = sql::Star{}}});
  return sql::Query{.body = std::move(select)};
}

Result<ingest::WriteResult> ReplaceWhere(const Call& call, const sql::Insert& statement,
                                         const delta::SnapshotPtr& table, ingest::BoundQuery query,
                                         ingest::TableWriter& writer) {
  // Rows that the predicate would not take away next time may not come in.
  std::vector<std::string> names;
  for (const StructField& field : table->schema().fields) names.push_back(field.name);
  sql::Query outside_rows = KeptRows(statement.target, *statement.replace_where);
  auto& outside = std::get<sql::Select>(outside_rows.body);
  outside.from = AsTable(query.query, std::move(names));
  outside_rows.limit =
      Expression{.node = sql::Literal{.type = types::TypeId::kInteger, .text = "1"}};
  const auto reader =
      TRY(call.shared.engine->Run(outside_rows, query.inputs, query.context, call.options.stop));
  if (TRY(reader->Next()) != nullptr) {
    return Fail(Condition::DELTA_REPLACE_WHERE_MISMATCH,
                {{"replaceWhere", sql::ToSparkText(*statement.replace_where)}});
  }
  sql::NamedTable pinned = statement.target;
  pinned.time_travel = sql::TimeTravel{.version = table->version()};
  ingest::BoundQuery kept = TRY(Bind(call, KeptRows(pinned, *statement.replace_where)));
  return writer.ReplaceWhere(table, std::move(query), std::move(kept),
                             sql::ToSparkText(*statement.replace_where));
}

}  // namespace

Result<QueryResult> InsertedRows(std::int64_t rows) {
  types::StructType schema{.fields = {{.name = "num_affected_rows", .type = types::TypeId::kLong},
                                      {.name = "num_inserted_rows", .type = types::TypeId::kLong}}};
  return MakeResult(std::move(schema), {{rows, rows}});
}

Result<QueryResult> Run(const Call& call, const sql::Insert& statement) {
  if (statement.with_schema_evolution) return FailUnsupported("INSERT WITH SCHEMA EVOLUTION");
  if (!statement.replace_using.empty() || statement.replace_on) {
    return FailUnsupported("INSERT ... REPLACE USING and REPLACE ON");
  }
  if (statement.is_overwrite && statement.partition) {
    return FailUnsupported("INSERT OVERWRITE ... PARTITION; use INSERT ... REPLACE WHERE");
  }
  const TableTarget target = TRY(FindTable(call, statement.target.name));
  const delta::SnapshotPtr table = TRY(LatestOf(call, target));
  ingest::BoundQuery query =
      TRY(InsertQuery(call, statement, *table, target.display_name).Build().At(statement.span));
  ingest::TableWriter writer(*call.shared.engine, {.user_name = call.session.user},
                             call.options.stop);
  Result<ingest::WriteResult> written =
      statement.replace_where ? ReplaceWhere(call, statement, table, std::move(query), writer)
                              : writer.Insert(table, std::move(query), statement.is_overwrite);
  if (!written) return std::unexpected(WithCheckCondition(std::move(written).error()));
  call.shared.snapshots.Put(written->snapshot);
  return InsertedRows(written->num_rows);
}

}  // namespace inlet::workspace
