#include <algorithm>

#include "base/option_map.h"
#include "delta/scan.h"
#include "ingest/align_to_table.h"
#include "ingest/dml/change_query_internal.h"
#include "ingest/dml/nested_fields.h"
#include "ingest/dml/row_rules.h"
#include "ingest/dml/sql_parts.h"
#include "sql/printer.h"

namespace inlet::ingest {
namespace {

using sql::Expression;
using types::StructField;
using types::StructType;
using When = sql::Merge::When;
using Action = sql::Merge::Action;

/// TRUE in every row of the source; NULL where an outer join made one up.
constexpr const char* kSourceMark = "__inlet_source";

bool IsAll(const sql::Merge::Clause& clause) {
  return clause.action == Action::kUpdateAll || clause.action == Action::kInsertAll;
}

bool MakesRows(const sql::Merge::Clause& clause) { return clause.action != Action::kDelete; }

bool Excepts(const sql::Merge::Clause& clause, std::string_view column) {
  return std::ranges::any_of(clause.except, [&](const std::vector<std::string>& name) {
    return EqualsIgnoreCase(name.back(), column);
  });
}

Condition OmittedCondition(When when) {
  switch (when) {
    case When::kMatched:
      return Condition::DELTA_NON_LAST_MATCHED_CLAUSE_OMIT_CONDITION;
    case When::kNotMatched:
      return Condition::DELTA_NON_LAST_NOT_MATCHED_CLAUSE_OMIT_CONDITION;
    case When::kNotMatchedBySource:
      return Condition::DELTA_NON_LAST_NOT_MATCHED_BY_SOURCE_CLAUSE_OMIT_CONDITION;
  }
  return Condition::DELTA_NON_LAST_MATCHED_CLAUSE_OMIT_CONDITION;
}

RowChange ChangeOf(const sql::Merge::Clause& clause) {
  if (clause.when == When::kNotMatched) return RowChange::kInsert;
  const bool deletes = clause.action == Action::kDelete;
  if (clause.when == When::kNotMatchedBySource) {
    return deletes ? RowChange::kDeleteBySource : RowChange::kUpdateBySource;
  }
  return deletes ? RowChange::kDelete : RowChange::kUpdate;
}

class MergeBuilder {
 public:
  MergeBuilder(const ChangedTable& table, const sql::Merge& statement, const StructType& source)
      : table_(table), statement_(statement), source_(source) {
    source_alias_ = statement.source.alias;
    if (source_alias_.empty()) {
      const auto* named = statement.source.As<sql::NamedTable>();
      source_alias_ = named != nullptr ? named->name.parts.back() : "__inlet_source_table";
    }
  }

  Result<sql::Query> Build() {
    TRY(CheckClauses());
    for (const sql::Merge::Clause& clause : statement_.clauses) {
      values_.push_back(TRY(ValuesOf(clause).At(clause.span)));
      ChangeClause change{.change = ChangeOf(clause)};
      for (const auto& [index, value] : values_.back()) change.given.insert(index);
      clauses_.push_back(std::move(change));
    }
    sql::Select select{.from = Join()};
    select.items.push_back(parts::Item(Clause(), kClauseColumn));
    AppendRowColumns(table_, select);
    if (table_.columns.news) {
      for (std::size_t i = 0; i < table_.schema.size(); ++i) {
        select.items.push_back(parts::Item(TRY(NewValue(i)), NewName(i)));
      }
    }
    AppendOldColumns(table_, select);
    sql::Query rows{.with = statement_.with, .body = std::move(select)};
    return FinishChangeQuery(table_, std::move(rows), clauses_);
  }

 private:
  bool Has(When when) const {
    return std::ranges::any_of(
        statement_.clauses, [&](const sql::Merge::Clause& clause) { return clause.when == when; });
  }

  Status CheckClauses() const {
    if (statement_.clauses.empty()) return Fail(Condition::DELTA_MERGE_MISSING_WHEN, {});
    for (std::size_t i = 0; i < statement_.clauses.size(); ++i) {
      const sql::Merge::Clause& clause = statement_.clauses[i];
      const bool is_last = std::none_of(
          statement_.clauses.begin() + static_cast<std::ptrdiff_t>(i) + 1, statement_.clauses.end(),
          [&](const sql::Merge::Clause& later) { return later.when == clause.when; });
      if (!clause.condition && !is_last) {
        return Status(Fail(OmittedCondition(clause.when), {})).At(clause.span);
      }
    }
    return Ok();
  }

  sql::TableRef Join() const {
    sql::Select marked{.from = statement_.source};
    marked.items.push_back({.value = {.node = sql::Star{}}});
    marked.items.push_back(parts::Item(parts::Bool(true), kSourceMark));
    const bool all_of_source = Has(When::kNotMatched);
    const bool all_of_target = Has(When::kNotMatchedBySource);
    const sql::JoinKind kind = all_of_source && all_of_target ? sql::JoinKind::kFull
                               : all_of_source                ? sql::JoinKind::kLeft
                               : all_of_target                ? sql::JoinKind::kRight
                                                              : sql::JoinKind::kInner;
    return {.node = sql::JoinTable{
                .left = parts::AsTable(sql::Query{.body = std::move(marked)}, source_alias_),
                .right = parts::AsTable(std::string(kTargetInput), table_.alias),
                .kind = kind,
                .condition = statement_.condition}};
  }

  /// Which clause of a kind applies.
  Expression FirstOf(When when) const {
    sql::Case choice;
    for (std::size_t i = 0; i < statement_.clauses.size(); ++i) {
      const sql::Merge::Clause& clause = statement_.clauses[i];
      if (clause.when != when) continue;
      const Expression number = parts::Integer(static_cast<std::int64_t>(i));
      if (clause.condition) {
        choice.whens.push_back({.condition = *clause.condition, .result = number});
      } else if (choice.whens.empty()) {
        return number;
      } else {
        choice.otherwise = number;
      }
    }
    if (choice.whens.empty()) return parts::CastTo(parts::Null(), types::TypeId::kInteger);
    return {.node = std::move(choice)};
  }

  Expression Clause() const {
    const auto row = static_cast<std::size_t>(delta::RowColumn::kRow);
    const auto no_target =
        parts::IsNull(parts::Column(table_.alias, std::string(delta::kRowColumnNames[row])));
    const auto no_source = parts::IsNull(parts::Column(source_alias_, kSourceMark));
    sql::Case choice;
    if (Has(When::kNotMatched)) {
      choice.whens.push_back({.condition = no_target, .result = FirstOf(When::kNotMatched)});
    }
    if (Has(When::kNotMatchedBySource)) {
      choice.whens.push_back(
          {.condition = no_source, .result = FirstOf(When::kNotMatchedBySource)});
    }
    Expression matched = FirstOf(When::kMatched);
    if (choice.whens.empty()) return matched;
    choice.otherwise = std::move(matched);
    return {.node = std::move(choice)};
  }

  std::string SourceColumns() const {
    std::string names;
    for (const StructField& field : source_.fields) {
      names += (names.empty() ? "" : ", ") + types::QuoteIdentifier(field.name);
    }
    return names;
  }

  /// The column of the source that a value is; null for another expression.
  const StructField* SourceColumnOf(const Expression& value) const {
    const auto* column = value.As<sql::ColumnRef>();
    if (column == nullptr || column->parts.empty() || column->parts.size() > 2) return nullptr;
    if (column->parts.size() == 2 && !EqualsIgnoreCase(column->parts[0], source_alias_)) {
      return nullptr;
    }
    const bool is_bare = column->parts.size() == 1;
    if (is_bare && table_.schema.Find(column->parts[0]) != nullptr) return nullptr;
    return source_.Find(column->parts.back());
  }

  /// A column of the source with the fields that the target's has. One that the target lacks would
  /// be lost.
  Result<Expression> Fitted(Expression value, const StructField& source,
                            const StructField& target) const {
    if (const auto missing = FieldMissingIn(target.type, source.type)) {
      return Fail(Condition::DELTA_METADATA_MISMATCH,
                  {{"message", "the column " + types::QuoteIdentifier(target.name) +
                                   " has no field " + *missing},
                   {"tableSchema", types::ToDdl(table_.schema)},
                   {"dataSchema", types::ToDdl(source_)}});
    }
    return WithFieldsOf(std::move(value), source.type, target.type);
  }

  /// The columns that a clause gives values for.
  Result<AssignedValues> ValuesOf(const sql::Merge::Clause& clause) const {
    if (!MakesRows(clause)) return AssignedValues();
    if (!IsAll(clause)) {
      AssignedValues assigned =
          TRY(ResolveAssignments(table_, clause.assignments, clause.when == When::kNotMatched));
      for (auto& [index, value] : assigned) {
        const StructField* column = SourceColumnOf(value);
        if (column == nullptr) continue;
        value = TRY(Fitted(std::move(value), *column, table_.schema.fields[index]));
      }
      return assigned;
    }
    AssignedValues values;
    for (std::size_t i = 0; i < table_.schema.size(); ++i) {
      const StructField& field = table_.schema.fields[i];
      if (Excepts(clause, field.name)) continue;
      const StructField* given = source_.Find(field.name);
      if (given != nullptr) {
        TRY(CheckGivesIdentity(field, clause.when == When::kNotMatched));
        values.emplace(i, TRY(Fitted(parts::Column(source_alias_, given->name), *given, field)));
      } else if (!statement_.with_schema_evolution && !GenerationOf(field) && !IdentityOf(field)) {
        return Fail(Condition::DELTA_MERGE_UNRESOLVED_EXPRESSION,
                    {{"sqlExpr", types::QuoteIdentifier(field.name)},
                     {"clause", clause.action == Action::kUpdateAll ? "UPDATE SET *" : "INSERT *"},
                     {"cols", SourceColumns()}});
      }
    }
    return values;
  }

  /// What a clause makes of a column.
  Result<Expression> ValueOf(std::size_t clause, std::size_t column) const {
    const StructField& field = table_.schema.fields[column];
    const auto given = values_[clause].find(column);
    if (given != values_[clause].end()) return given->second;
    if (statement_.clauses[clause].when == When::kNotMatched) return DefaultOf(field);
    return OldValue(table_, field);
  }

  Result<Expression> NewValue(std::size_t column) const {
    const StructField& field = table_.schema.fields[column];
    std::optional<Expression> only;
    bool differs = false;
    sql::Case choice{.operand = Clause()};
    for (std::size_t i = 0; i < statement_.clauses.size(); ++i) {
      if (!MakesRows(statement_.clauses[i])) continue;
      Expression value = TRY(ValueOf(i, column));
      if (only && sql::ToSql(*only) != sql::ToSql(value)) differs = true;
      if (!only) only = value;
      choice.whens.push_back({.condition = parts::Integer(static_cast<std::int64_t>(i)),
                              .result = parts::CastTo(std::move(value), field.type)});
    }
    if (!only) return parts::CastTo(parts::Null(), field.type);
    // A bare column costs nothing and cannot fail in rows of other clauses.
    if (!differs && only->As<sql::ColumnRef>() != nullptr) {
      return HasRules(table_) ? parts::CastTo(*std::move(only), field.type) : *std::move(only);
    }
    return Expression{.node = std::move(choice)};
  }

  const ChangedTable& table_;
  const sql::Merge& statement_;
  const StructType& source_;
  std::string source_alias_;
  std::vector<AssignedValues> values_;  ///< By clause.
  std::vector<ChangeClause> clauses_;
};

}  // namespace

Result<sql::Query> MergeQuery(const ChangedTable& table, const sql::Merge& statement,
                              const StructType& source) {
  return MergeBuilder(table, statement, source).Build();
}

StructType EvolvedByMerge(const StructType& target, const sql::Merge& statement,
                          const StructType& source) {
  StructType evolved = target;
  const auto bring = [&](const StructField& field) {
    if (const auto index = evolved.IndexOf(field.name)) {
      StructField& column = evolved.fields[*index];
      column.type = WithFieldsAdded(column.type, field.type);
      return;
    }
    evolved.fields.push_back(
        {.name = field.name, .type = field.type, .nullable = true, .metadata = {}});
  };
  for (const sql::Merge::Clause& clause : statement.clauses) {
    if (IsAll(clause)) {
      for (const StructField& field : source.fields) {
        if (!Excepts(clause, field.name)) bring(field);
      }
    }
    for (const sql::Assignment& assignment : clause.assignments) {
      const StructField* field = source.Find(assignment.column.back());
      if (assignment.column.size() == 1 && field != nullptr) bring(*field);
    }
  }
  return evolved;
}

}  // namespace inlet::ingest
