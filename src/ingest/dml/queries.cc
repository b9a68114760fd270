#include "ingest/dml/queries.h"

#include <algorithm>
#include <set>

#include "delta/scan.h"
#include "ingest/align_to_table.h"
#include "ingest/dml/change_query_internal.h"
#include "ingest/dml/row_rules.h"
#include "ingest/dml/sql_parts.h"
#include "sql/printer.h"

namespace inlet::ingest {

using sql::Expression;
using types::StructField;
using types::StructType;

namespace {

constexpr const char* kRows = "inlet_rows";

std::string RowColumnName(delta::RowColumn column) {
  return std::string(delta::kRowColumnNames[static_cast<std::size_t>(column)]);
}

std::string OldName(std::size_t index) { return "__inlet_old_" + std::to_string(index); }

/// The names of what ChangeSelect gives: those of the table for its new columns.
std::vector<std::string> NamesOf(const ChangedTable& table) {
  std::vector<std::string> names = {kClauseColumn, RowColumnName(delta::RowColumn::kFile),
                                    RowColumnName(delta::RowColumn::kRow)};
  if (table.columns.row_ids) {
    names.push_back(RowColumnName(delta::RowColumn::kRowId));
    names.push_back(RowColumnName(delta::RowColumn::kRowCommitVersion));
  }
  if (table.columns.news) {
    for (const StructField& field : table.schema.fields) names.push_back(field.name);
  }
  if (table.columns.olds) {
    for (std::size_t i = 0; i < table.schema.size(); ++i) names.push_back(OldName(i));
  }
  return names;
}

/// RowChange by clause.
Expression ChangeOf(const std::vector<ChangeClause>& clauses) {
  if (clauses.size() == 1) return parts::Integer(static_cast<std::int64_t>(clauses[0].change));
  sql::Case change{.operand = parts::Column(kClauseColumn)};
  for (std::size_t i = 0; i < clauses.size(); ++i) {
    change.whens.push_back(
        {.condition = parts::Integer(static_cast<std::int64_t>(i)),
         .result = parts::Integer(static_cast<std::int64_t>(clauses[i].change))});
  }
  return {.node = std::move(change)};
}

bool MakesRows(const ChangeClause& clause) {
  return clause.change != RowChange::kDelete && clause.change != RowChange::kDeleteBySource;
}

/// The value of a generated column: what the clause gives, or else its expression.
Result<Expression> GeneratedValue(const StructField& field,
                                  const std::vector<ChangeClause>& clauses, std::size_t index) {
  std::vector<std::int64_t> given;
  bool all_give = true;
  for (std::size_t i = 0; i < clauses.size(); ++i) {
    if (!MakesRows(clauses[i])) continue;
    if (clauses[i].given.contains(index)) {
      given.push_back(static_cast<std::int64_t>(i));
    } else {
      all_give = false;
    }
  }
  if (all_give) return parts::Column(field.name);
  Expression computed =
      parts::CastTo(TRY(sql::ParseExpression(GenerationOf(field).value_or("NULL"))), field.type);
  if (given.empty()) return computed;
  sql::Case value;
  value.whens.push_back({.condition = parts::InNumbers(parts::Column(kClauseColumn), given),
                         .result = parts::Column(field.name)});
  value.otherwise = std::move(computed);
  return Expression{.node = std::move(value)};
}

/// The value of an identity column: the next one in rows that a clause inserts without giving it.
/// Nothing when there are no such rows.
std::optional<Expression> IdentityValue(const StructField& field,
                                        const std::vector<ChangeClause>& clauses,
                                        std::size_t index) {
  const std::optional<IdentityColumn> identity = IdentityOf(field);
  if (!identity) return std::nullopt;
  std::vector<std::int64_t> inserting;
  std::vector<std::int64_t> without;
  for (std::size_t i = 0; i < clauses.size(); ++i) {
    if (clauses[i].change != RowChange::kInsert) continue;
    inserting.push_back(static_cast<std::int64_t>(i));
    if (!clauses[i].given.contains(index)) without.push_back(static_cast<std::int64_t>(i));
  }
  if (without.empty()) return std::nullopt;
  sql::WindowSpec window;
  window.partition_by.push_back(parts::InNumbers(parts::Column(kClauseColumn), inserting));
  sql::Case value;
  value.whens.push_back({.condition = parts::InNumbers(parts::Column(kClauseColumn), without),
                         .result = NextIdentity(*identity, std::move(window))});
  value.otherwise = parts::Column(field.name);
  return Expression{.node = std::move(value)};
}

/// The same rows with the generated and identity columns computed that no clause gives.
Result<sql::Query> WithGenerated(sql::Query rows, const ChangedTable& table,
                                 const std::vector<ChangeClause>& clauses) {
  const auto& fields = table.schema.fields;
  const bool generates = std::ranges::any_of(fields, [](const StructField& field) {
    return GenerationOf(field).has_value() || IdentityOf(field).has_value();
  });
  if (!table.columns.news || !generates) return rows;
  std::vector<std::string> names = NamesOf(table);
  sql::Select select{.from = parts::AsTable(std::move(rows), kRows, names)};
  const std::size_t first = table.columns.row_ids ? 5 : 3;
  for (std::size_t i = 0; i < names.size(); ++i) {
    Expression value = parts::Column(names[i]);
    const std::size_t column = i - first;
    const bool is_new = i >= first && column < fields.size();
    if (is_new && GenerationOf(fields[column])) {
      value = TRY(GeneratedValue(fields[column], clauses, column));
    } else if (is_new) {
      value = IdentityValue(fields[column], clauses, column).value_or(std::move(value));
    }
    select.items.push_back(parts::Item(std::move(value), names[i]));
  }
  return sql::Query{.body = std::move(select)};
}

Result<std::vector<RowCheck>> AllChecks(const ChangedTable& table,
                                        const std::vector<ChangeClause>& clauses) {
  std::vector<RowCheck> checks = TRY(ChecksOf(table.snapshot.properties()));
  for (std::size_t i = 0; i < table.schema.size(); ++i) {
    const StructField& field = table.schema.fields[i];
    const bool is_given = std::ranges::any_of(
        clauses, [&](const ChangeClause& clause) { return clause.given.contains(i); });
    if (GenerationOf(field) && is_given) checks.push_back(TRY(GenerationCheck(field)));
  }
  return checks;
}

}  // namespace

Result<sql::Query> FinishChangeQuery(const ChangedTable& table, sql::Query rows,
                                     const std::vector<ChangeClause>& clauses) {
  sql::Query generated = TRY(WithGenerated(std::move(rows), table, clauses));
  const std::vector<std::string> names = NamesOf(table);
  std::vector<sql::CommonTable> with = std::exchange(generated.with, {});
  sql::Select select{.from = parts::AsTable(std::move(generated), kRows, names)};
  select.items.push_back(parts::Item(ChangeOf(clauses), "__inlet_change"));
  for (std::size_t i = 1; i < names.size(); ++i) {
    select.items.push_back(parts::Item(parts::Column(names[i]), names[i]));
  }
  std::vector<Expression> conditions;
  if (clauses.size() > 1 || !clauses[0].is_unconditional) {
    conditions.push_back(parts::IsNull(parts::Column(kClauseColumn), /*negated=*/true));
  }
  if (table.columns.news) {
    std::vector<std::int64_t> making;
    for (std::size_t i = 0; i < clauses.size(); ++i) {
      if (MakesRows(clauses[i])) making.push_back(static_cast<std::int64_t>(i));
    }
    for (const RowCheck& check : TRY(AllChecks(table, clauses))) {
      Expression guard = GuardOf(check, table.schema);
      if (making.size() < clauses.size()) {
        sql::Case only_new;
        only_new.whens.push_back(
            {.condition = parts::InNumbers(parts::Column(kClauseColumn), making),
             .result = std::move(guard)});
        only_new.otherwise = parts::Bool(true);
        guard = {.node = std::move(only_new)};
      }
      conditions.push_back(std::move(guard));
    }
  }
  if (!conditions.empty()) select.where = parts::And(std::move(conditions));
  return sql::Query{.with = std::move(with), .body = std::move(select)};
}

void AppendRowColumns(const ChangedTable& table, sql::Select& select) {
  const auto add = [&](delta::RowColumn column) {
    select.items.push_back(
        parts::Item(parts::Column(table.alias, RowColumnName(column)), RowColumnName(column)));
  };
  add(delta::RowColumn::kFile);
  add(delta::RowColumn::kRow);
  if (!table.columns.row_ids) return;
  add(delta::RowColumn::kRowId);
  add(delta::RowColumn::kRowCommitVersion);
}

void AppendOldColumns(const ChangedTable& table, sql::Select& select) {
  if (!table.columns.olds) return;
  for (std::size_t i = 0; i < table.schema.size(); ++i) {
    select.items.push_back(parts::Item(OldValue(table, table.schema.fields[i]), OldName(i)));
  }
}

Expression OldValue(const ChangedTable& table, const StructField& field) {
  const StructField* old = table.snapshot.schema().Find(field.name);
  if (old == nullptr) return parts::CastTo(parts::Null(), field.type);
  return WithFieldsOf(parts::Column(table.alias, field.name), old->type, field.type);
}

sql::Query DeleteQuery(const ChangedTable& table, const Expression* where) {
  sql::Select select{.from = parts::AsTable(std::string(kTargetInput), table.alias)};
  select.items.push_back(
      parts::Item(parts::Integer(static_cast<std::int64_t>(RowChange::kDelete)), "__inlet_change"));
  AppendRowColumns(table, select);
  AppendOldColumns(table, select);
  if (where != nullptr) select.where = *where;
  return {.body = std::move(select)};
}

Result<sql::Query> UpdateQuery(const ChangedTable& table, const sql::Update& statement) {
  ChangeClause clause{.change = RowChange::kUpdate, .is_unconditional = true};
  const AssignedValues values =
      TRY(ResolveAssignments(table, statement.assignments).At(statement.span));
  sql::Select select{.from = parts::AsTable(std::string(kTargetInput), table.alias)};
  select.items.push_back(parts::Item(parts::Integer(0), kClauseColumn));
  AppendRowColumns(table, select);
  // Checks and generated columns need values of the right types at once.
  for (std::size_t i = 0; i < table.schema.size(); ++i) {
    const StructField& field = table.schema.fields[i];
    const auto assigned = values.find(i);
    if (assigned == values.end()) {
      select.items.push_back(parts::Item(OldValue(table, field), NewName(i)));
      continue;
    }
    clause.given.insert(i);
    select.items.push_back(parts::Item(
        HasRules(table) ? parts::CastTo(assigned->second, field.type) : assigned->second,
        NewName(i)));
  }
  AppendOldColumns(table, select);
  if (statement.where) select.where = *statement.where;
  return FinishChangeQuery(table, {.body = std::move(select)}, {clause});
}

sql::Query InsertedRowsOf(sql::Query query, const StructType& schema) {
  std::vector<std::string> names;
  for (const StructField& field : schema.fields) names.push_back(field.name);
  sql::Select select{.from = parts::AsTable(std::move(query), kRows, names)};
  select.items.push_back(
      parts::Item(parts::Integer(static_cast<std::int64_t>(RowChange::kInsert)), "__inlet_change"));
  for (const auto column : {delta::RowColumn::kFile, delta::RowColumn::kRow}) {
    select.items.push_back(
        parts::Item(parts::CastTo(parts::Null(), types::TypeId::kLong), RowColumnName(column)));
  }
  for (const std::string& name : names) {
    select.items.push_back(parts::Item(parts::Column(name), name));
  }
  for (std::size_t i = 0; i < schema.size(); ++i) {
    select.items.push_back(
        parts::Item(parts::CastTo(parts::Null(), schema.fields[i].type), OldName(i)));
  }
  return {.body = std::move(select)};
}

sql::Query CopyQuery(const std::string& input, const StructType& from, const StructType& to,
                     bool with_row_ids) {
  sql::Select select{.from = parts::AsTable(input, kRows)};
  for (const StructField& field : to.fields) {
    Expression value = from.Find(field.name) != nullptr ? parts::Column(field.name)
                                                        : parts::CastTo(parts::Null(), field.type);
    select.items.push_back(parts::Item(std::move(value), ""));
  }
  if (with_row_ids) {
    for (const auto column : {delta::RowColumn::kRowId, delta::RowColumn::kRowCommitVersion}) {
      select.items.push_back(parts::Item(parts::Column(RowColumnName(column)), ""));
    }
  }
  return {.body = std::move(select)};
}

}  // namespace inlet::ingest
