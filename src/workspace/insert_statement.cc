#include <algorithm>

#include "ingest/align_to_table.h"
#include "ingest/write_table.h"
#include "sql/printer.h"
#include "workspace/binder.h"
#include "workspace/datasets.h"
#include "workspace/row_table.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

using sql::Expression;
using types::StructField;
using types::StructType;

/// `query` as a table with the columns `names`.
sql::TableRef AsTable(sql::Query query, std::vector<std::string> names) {
  return {.node = sql::SubqueryTable{.query = std::move(query)},
          .alias = "inlet_source",
          .column_aliases = std::move(names)};
}

/// Turns what the user wants to insert into a query with the table's columns by position.
class InsertQuery {
 public:
  InsertQuery(const Call& call, const sql::Insert& statement, const delta::Snapshot& table,
              std::string table_name)
      : call_(call),
        statement_(statement),
        table_({.schema = table.schema(),
                .properties = table.properties(),
                .display_name = std::move(table_name)}) {}

  Result<ingest::BoundQuery> Build() {
    sql::Query query = statement_.query;
    TRY(FillDefaults(query));
    ingest::BoundQuery bound = TRY(Bind(call_, std::move(query)));
    const StructType source =
        TRY(call_.shared.engine->Describe(bound.query, bound.inputs, bound.context));
    ingest::Alignment alignment = TRY(Align(source));
    AddFixedValues(alignment);
    bound.query = TRY(ingest::AlignToTable(std::move(bound.query), source, table_, alignment));
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
          if (i < statement_.columns.size()) field = table_.schema.Find(statement_.columns[i]);
        } else if (i < table_.schema.size()) {
          field = &table_.schema.fields[i];
        }
        row[i] = TRY(ingest::DefaultOf(field == nullptr ? StructField{} : *field));
      }
    }
    return Ok();
  }

  Result<ingest::Alignment> Align(const StructType& source) const {
    if (statement_.by_name) return ingest::AlignByName(source, table_);
    std::vector<std::size_t> targets = TRY(ingest::PlacesOf(statement_.columns, table_));
    if (statement_.columns.empty()) {
      for (std::size_t i = 0; i < table_.schema.size(); ++i) {
        if (FixedValue(table_.schema.fields[i].name) == nullptr) targets.push_back(i);
      }
      // Generated columns may be left out at the end of the list.
      while (targets.size() > source.size() &&
             ingest::GenerationOf(table_.schema.fields[targets.back()])) {
        targets.pop_back();
      }
    }
    if (targets.size() != source.size()) {
      return Fail(Condition::DELTA_INSERT_COLUMN_ARITY_MISMATCH,
                  {{"tableName", table_.display_name},
                   {"numTargetColumns", std::to_string(targets.size())},
                   {"insertDataColumns", std::to_string(source.size())}});
    }
    ingest::Alignment alignment;
    alignment.source_of.resize(table_.schema.size());
    for (std::size_t i = 0; i < targets.size(); ++i) alignment.source_of[targets[i]] = i;
    return alignment;
  }

  /// The value of `PARTITION (column = value)`; null for `PARTITION (column)` and no mention.
  const Expression* FixedValue(std::string_view column) const {
    if (!statement_.partition) return nullptr;
    for (const auto& [name, value] : statement_.partition->columns) {
      if (EqualsIgnoreCase(name, column)) return value ? &*value : nullptr;
    }
    return nullptr;
  }

  void AddFixedValues(ingest::Alignment& alignment) const {
    for (const StructField& field : table_.schema.fields) {
      const Expression* value = FixedValue(field.name);
      if (value != nullptr) alignment.fixed_values.emplace(field.name, *value);
    }
  }

  const Call& call_;
  const sql::Insert& statement_;
  const ingest::TargetTable table_;
};

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
  TRY(RefuseForMaterializedViews(target.entry, "INSERT").At(statement.target.name.span));
  const delta::SnapshotPtr table = TRY(LatestOf(call, target));
  ingest::BoundQuery query =
      TRY(InsertQuery(call, statement, *table, target.display_name).Build().At(statement.span));
  ingest::TableWriter writer(*call.shared.engine, {.user_name = call.session.user},
                             call.options.stop);
  Result<ingest::WriteResult> written =
      statement.replace_where ? ReplaceWhere(call, statement, table, std::move(query), writer)
                              : writer.Insert(table, std::move(query), statement.is_overwrite);
  if (!written) return std::unexpected(ingest::WithConstraintName(std::move(written).error()));
  call.shared.snapshots.Put(written->snapshot);
  return InsertedRows(written->num_rows);
}

}  // namespace inlet::workspace
