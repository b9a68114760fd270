#include "sql/parser_internal.h"

// FROM t |> WHERE ... |> SELECT ...: each operator reads the query before it as a subquery.
namespace inlet::sql {

Result<Query> Parser::ParsePipes(Query query) {
  const std::size_t begin = position();
  while (Accept("|>")) query = TRY(FinishQuery(TRY(ParsePipe(std::move(query))), begin));
  return query;
}

Result<Query> Parser::ParsePipe(Query input) {
  const std::size_t begin = position();
  if (Accept("UNION")) return ParsePipeSetOperation(std::move(input), SetOperator::kUnion);
  if (Accept("INTERSECT")) return ParsePipeSetOperation(std::move(input), SetOperator::kIntersect);
  if (Accept("EXCEPT") || Accept("MINUS")) {
    return ParsePipeSetOperation(std::move(input), SetOperator::kExcept);
  }
  if (Accept("AGGREGATE")) return ParsePipeAggregate(std::move(input));
  Select select = SelectAllFrom(std::move(input));
  TableRef& from = *select.from;
  if (Accept("SELECT")) {
    TableRef table = std::move(from);
    select = TRY(ParseSelect());
    if (select.from) return Unexpected();
    select.from = std::move(table);
  } else if (Accept("EXTEND")) {
    do {
      select.items.push_back(TRY(ParseSelectItem()));
    } while (Accept(","));
  } else if (Accept("SET")) {
    auto& star = std::get<Star>(select.items.front().value.node);
    do {
      Star::Replacement& replacement = star.replace.emplace_back();
      replacement.column = TRY(Name());
      TRY(Expect("="));
      replacement.value = TRY(ParseExpression());
    } while (Accept(","));
  } else if (Accept("DROP")) {
    auto& star = std::get<Star>(select.items.front().value.node);
    for (std::string& name : TRY(NameList())) star.except.push_back({std::move(name)});
  } else if (Accept("AS")) {
    from.alias = TRY(Name());
  } else if (Accept("WHERE")) {
    select.where = TRY(ParseExpression());
  } else if (Sees("TABLESAMPLE")) {
    from.sample = TRY(ParseSample());
  } else if (Sees("PIVOT")) {
    select.from = TRY(ParsePivot(std::move(from), begin));
  } else if (Sees("UNPIVOT")) {
    select.from = TRY(ParseUnpivot(std::move(from), begin));
  } else if (Sees("LATERAL") && Sees("VIEW", 1)) {
    select.from = TRY(ParseLateralViews(std::move(from), begin));
  } else if (SeesAny({"ORDER", "LIMIT", "OFFSET", "SORT", "CLUSTER", "DISTRIBUTE"})) {
    Query query = Wrap(std::move(select));
    TRY(ParseOrganization(query));
    return query;
  } else {
    TableRef joined = TRY(ParseJoins(std::move(from), begin));
    if (position() == begin) return Unexpected("a pipe operator such as WHERE or SELECT");
    select.from = std::move(joined);
  }
  return Wrap(std::move(select));
}

Result<Query> Parser::ParsePipeSetOperation(Query input, SetOperator op) {
  SetOperation operation{.op = op, .is_all = Accept("ALL"), .operands = {}};
  if (!operation.is_all) (void)Accept("DISTINCT");
  operation.operands.push_back(std::move(input));
  operation.operands.push_back(TRY(ParseQueryPrimary()));
  Query query;
  query.body = std::move(operation);
  return query;
}

/// AGGREGATE [aggregates] [GROUP BY keys]: the keys come first in the result.
Result<Query> Parser::ParsePipeAggregate(Query input) {
  Select select = SelectAllFrom(std::move(input));
  select.items.clear();
  std::vector<SelectItem> aggregates;
  if (!Sees("GROUP")) aggregates = TRY(ParseAliasedList());
  if (AcceptAll({"GROUP", "BY"})) {
    GroupBy group_by;
    for (SelectItem& key : TRY(ParseAliasedList())) {
      GroupBy::Item item;
      item.sets.emplace_back().push_back(key.value);
      group_by.items.push_back(std::move(item));
      select.items.push_back(std::move(key));
    }
    select.group_by = std::move(group_by);
  }
  for (SelectItem& aggregate : aggregates) select.items.push_back(std::move(aggregate));
  return Wrap(std::move(select));
}

}  // namespace inlet::sql
