#include "base/option_map.h"
#include "sql/parser_internal.h"

// INSERT, UPDATE, DELETE, MERGE, TRUNCATE.
namespace inlet::sql {

/// PARTITION (a = 1, b)
Result<PartitionSpec> Parser::ParsePartitionSpec() {
  PartitionSpec spec;
  TRY(ExpectAll({"PARTITION", "("}));
  do {
    std::string column = TRY(Name());
    std::optional<Expression> value;
    if (Accept("=")) value = TRY(ParseExpression());
    spec.columns.emplace_back(std::move(column), std::move(value));
  } while (Accept(","));
  TRY(Expect(")"));
  return spec;
}

/// [AS] alias of the target of UPDATE, DELETE and MERGE.
Result<std::string> Parser::ParseOptionalAlias() {
  if (Accept("AS")) return Name();
  if (SeesName() && !SeesAny({"SET", "USING", "WHERE", "WHEN", "ON"})) return Name();
  return std::string();
}

Result<Statement> Parser::ParseInsert(std::vector<CommonTable> with, bool is_recursive) {
  const std::size_t begin = position();
  Insert insert;
  TRY(Expect("INSERT"));
  insert.with_schema_evolution = AcceptAll({"WITH", "SCHEMA", "EVOLUTION"});
  insert.is_overwrite = Accept("OVERWRITE");
  if (insert.is_overwrite) {
    (void)Accept("INTO");
    if (SeesAny({"DIRECTORY", "LOCAL"}) && (Peek(1).kind == TokenKind::kString || SeesName(1))) {
      return ParseInsertDirectory();
    }
  } else {
    TRY(Expect("INTO"));
  }
  if (Sees("TABLE") && SeesName(1)) Skip();
  insert.target.name = TRY(Object());
  if (Sees("PARTITION") && Sees("(", 1)) insert.partition = TRY(ParsePartitionSpec());
  insert.if_not_exists = AcceptIfNotExists();
  if (Sees("AS") && SeesName(1)) {
    Skip();
    insert.replace_target_alias = TRY(Name());
  }
  if (Sees("(") && !SeesQuery()) insert.columns = TRY(BracketedNames());
  insert.by_name = AcceptAll({"BY", "NAME"});
  if (Accept("REPLACE")) TRY(ParseInsertReplace(insert));
  if (!insert.by_name) insert.by_name = AcceptAll({"BY", "NAME"});
  insert.query = TRY(ParseQuery());
  if (insert.replace_on && (Sees("AS") || SeesName())) {
    (void)Accept("AS");
    insert.replace_source_alias = TRY(Name());
  }
  if (!with.empty()) {
    if (!insert.query.with.empty()) return ErrorAt(insert.query.span, "WITH stands twice.");
    insert.query.with = std::move(with);
    insert.query.is_recursive = is_recursive;
  }
  insert.span = SpanFrom(begin);
  return Statement{std::move(insert)};
}

/// REPLACE { WHERE predicate | USING (columns) | ON condition }
Status Parser::ParseInsertReplace(Insert& insert) {
  if (Accept("WHERE")) {
    insert.replace_where = TRY(ParseExpression());
  } else if (Accept("USING")) {
    insert.replace_using = TRY(BracketedNames());
  } else if (Accept("ON")) {
    insert.replace_on = TRY(ParseExpression());
  } else {
    return Unexpected("WHERE, USING or ON");
  }
  return Ok();
}

/// INSERT OVERWRITE [LOCAL] DIRECTORY 'path' USING format [OPTIONS (...)] query
Result<Statement> Parser::ParseInsertDirectory() {
  const std::size_t begin = position();
  InsertDirectory insert;
  (void)Accept("LOCAL");
  TRY(Expect("DIRECTORY"));
  if (SeesText()) insert.path = TRY(Text());
  TRY(Expect("USING"));
  insert.provider = TRY(Name());
  if (Accept("OPTIONS")) insert.options = TRY(BracketedProperties());
  insert.query = TRY(ParseQuery());
  insert.span = SpanFrom(begin);
  return Statement{std::move(insert)};
}

Result<Assignment> Parser::ParseAssignment() {
  Assignment assignment;
  assignment.column = TRY(Path());
  if (!Accept("==")) TRY(Expect("="));
  assignment.value = TRY(ParseValueOrDefault());
  return assignment;
}

Result<std::vector<Assignment>> Parser::ParseAssignments() {
  std::vector<Assignment> assignments;
  do {
    assignments.push_back(TRY(ParseAssignment()));
  } while (Accept(","));
  return assignments;
}

Result<Statement> Parser::ParseUpdate() {
  const std::size_t begin = position();
  Update update;
  TRY(Expect("UPDATE"));
  update.target = TRY(ParseNamedTable());
  update.alias = TRY(ParseOptionalAlias());
  TRY(Expect("SET"));
  update.assignments = TRY(ParseAssignments());
  if (Accept("WHERE")) update.where = TRY(ParseExpression());
  update.span = SpanFrom(begin);
  return Statement{std::move(update)};
}

Result<Statement> Parser::ParseDelete() {
  const std::size_t begin = position();
  Delete statement;
  TRY(ExpectAll({"DELETE", "FROM"}));
  statement.target = TRY(ParseNamedTable());
  statement.alias = TRY(ParseOptionalAlias());
  if (Accept("WHERE")) statement.where = TRY(ParseExpression());
  statement.span = SpanFrom(begin);
  return Statement{std::move(statement)};
}

Result<Statement> Parser::ParseMerge(std::vector<CommonTable> with) {
  const std::size_t begin = position();
  Merge merge;
  merge.with = std::move(with);
  TRY(Expect("MERGE"));
  merge.with_schema_evolution = AcceptAll({"WITH", "SCHEMA", "EVOLUTION"});
  TRY(Expect("INTO"));
  merge.target = TRY(ParseNamedTable());
  merge.target_alias = TRY(ParseOptionalAlias());
  TRY(Expect("USING"));
  merge.source = TRY(ParseTablePrimary());
  TRY(Expect("ON"));
  merge.condition = TRY(ParseExpression());
  if (!Sees("WHEN")) return Unexpected("WHEN");
  while (Sees("WHEN")) merge.clauses.push_back(TRY(ParseMergeClause()));
  merge.span = SpanFrom(begin);
  return Statement{std::move(merge)};
}

/// WHEN [NOT] MATCHED [BY SOURCE | BY TARGET] [AND condition] THEN action
Result<Merge::Clause> Parser::ParseMergeClause() {
  const std::size_t begin = position();
  Merge::Clause clause;
  TRY(Expect("WHEN"));
  const bool is_not_matched = Accept("NOT");
  TRY(Expect("MATCHED"));
  if (is_not_matched) {
    clause.when = Merge::When::kNotMatched;
    if (AcceptAll({"BY", "SOURCE"})) clause.when = Merge::When::kNotMatchedBySource;
    (void)AcceptAll({"BY", "TARGET"});
  }
  if (Accept("AND")) clause.condition = TRY(ParseExpression());
  TRY(Expect("THEN"));
  TRY(ParseMergeAction(clause));
  clause.span = SpanFrom(begin);
  return clause;
}

Status Parser::ParseMergeAction(Merge::Clause& clause) {
  using Action = Merge::Action;
  const bool may_insert = clause.when == Merge::When::kNotMatched;
  if (may_insert) {
    TRY(Expect("INSERT"));
    if (Accept("*")) {
      clause.action = Action::kInsertAll;
      if (Accept("EXCEPT")) clause.except = TRY(BracketedPaths());
      return Ok();
    }
    clause.action = Action::kInsert;
    std::vector<ColumnPath> columns;
    if (Sees("(")) columns = TRY(BracketedPaths());
    const std::size_t values_begin = position();
    TRY(ExpectAll({"VALUES", "("}));
    std::vector<Expression> values;
    do {
      values.push_back(TRY(ParseValueOrDefault()));
    } while (Accept(","));
    TRY(Expect(")"));
    if (!columns.empty() && columns.size() != values.size()) {
      return ErrorAt(SpanFrom(values_begin), "There are " + std::to_string(columns.size()) +
                                                 " columns and " + std::to_string(values.size()) +
                                                 " values.");
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      clause.assignments.push_back(
          {.column = columns.empty() ? ColumnPath{} : columns[i], .value = std::move(values[i])});
    }
    return Ok();
  }
  if (Accept("DELETE")) {
    clause.action = Action::kDelete;
    return Ok();
  }
  TRY(ExpectAll({"UPDATE", "SET"}));
  if (Accept("*")) {
    clause.action = Action::kUpdateAll;
    if (Accept("EXCEPT")) clause.except = TRY(BracketedPaths());
    return Ok();
  }
  clause.action = Action::kUpdate;
  clause.assignments = TRY(ParseAssignments());
  return Ok();
}

Result<Statement> Parser::ParseTruncate() {
  const std::size_t begin = position();
  TruncateTable truncate;
  TRY(ExpectAll({"TRUNCATE", "TABLE"}));
  truncate.name = TRY(Object());
  if (Sees("PARTITION")) truncate.partition = TRY(ParsePartitionSpec());
  truncate.span = SpanFrom(begin);
  return Statement{std::move(truncate)};
}

}  // namespace inlet::sql
