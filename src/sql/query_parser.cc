#include <algorithm>

#include "base/option_map.h"
#include "sql/parser_internal.h"

namespace inlet::sql {
namespace {

constexpr int kUnionLevel = 1;      // UNION, EXCEPT, MINUS
constexpr int kIntersectLevel = 2;  // binds tighter

/// Words that cannot be a column's alias without AS: they go on with the query.
constexpr std::string_view kNoColumnAlias[] = {
    "FROM",    "WHERE", "GROUP",  "HAVING", "QUALIFY", "WINDOW",  "ORDER",      "SORT", "LIMIT",
    "CLUSTER", "UNION", "EXCEPT", "MINUS",  "OFFSET",  "LATERAL", "DISTRIBUTE", "ON",   "INTERSECT",
    "USING",   "WHEN",  "THEN",   "ELSE",   "INTO",    "AND",     "OR",         "NOT",  "JOIN",
    "PIVOT",   "AS",    "FOR",    "IN",     "UNPIVOT", "BETWEEN"};

bool IsPlain(const Query& query) {
  return query.with.empty() && query.order_by.empty() && !query.order_by_all &&
         query.sort_by.empty() && query.cluster_by.empty() && query.distribute_by.empty() &&
         !query.limit && !query.offset;
}

}  // namespace

Query Parser::Wrap(Select select) {
  Query query;
  query.body = std::move(select);
  return query;
}

/// SELECT * FROM (query)
Select Parser::SelectAllFrom(Query query) {
  Select select;
  select.items.push_back({.value = {.node = Star{}}, .alias = {}, .column_aliases = {}});
  TableRef table{.node = SubqueryTable{}};
  table.depth = query.depth + 1;
  table.span = query.span;
  table.node = SubqueryTable{.query = std::move(query)};
  select.from = std::move(table);
  return select;
}

/// [WITH ...] set operations ORDER BY ... LIMIT ... [|> ...]
Result<Query> Parser::ParseQuery() {
  const Level level = TRY(Enter());
  const std::size_t begin = position();
  bool is_recursive = false;
  std::vector<CommonTable> with;
  if (Sees("WITH")) with = TRY(ParseWith(is_recursive));
  Query query = TRY(ParseSetOperations(kUnionLevel));
  if (!IsPlain(query) &&
      (!with.empty() || SeesAny({"ORDER", "LIMIT", "OFFSET", "SORT", "CLUSTER", "DISTRIBUTE"}))) {
    query = Wrap(SelectAllFrom(TRY(FinishQuery(std::move(query), begin))));
  }
  if (!with.empty()) {
    query.with = std::move(with);
    query.is_recursive = is_recursive;
  }
  TRY(ParseOrganization(query));
  query = TRY(FinishQuery(std::move(query), begin));
  if (Sees("|>")) return ParsePipes(std::move(query));
  return query;
}

Result<std::vector<CommonTable>> Parser::ParseWith(bool& is_recursive) {
  TRY(Expect("WITH"));
  is_recursive = Sees("RECURSIVE") && SeesName(1) && !Sees("AS", 1);
  if (is_recursive) Skip();
  std::vector<CommonTable> tables;
  do {
    tables.push_back(TRY(ParseCommonTable()));
  } while (Accept(","));
  return tables;
}

/// name [(columns)] [MAX RECURSION LEVEL n] [AS] (query)
Result<CommonTable> Parser::ParseCommonTable() {
  CommonTable table;
  table.name = TRY(Name());
  if (Sees("(") && !SeesQuery()) table.columns = TRY(BracketedNames());
  if (AcceptAll({"MAX", "RECURSION", "LEVEL"})) table.max_recursion_level = TRY(Integer());
  (void)Accept("AS");
  TRY(Expect("("));
  table.query = TRY(ParseQuery());
  TRY(Expect(")"));
  return table;
}

std::optional<SetOperator> Parser::AcceptSetOperator(int lowest) {
  if (lowest == kIntersectLevel) {
    if (Accept("INTERSECT")) return SetOperator::kIntersect;
    return std::nullopt;
  }
  if (Accept("UNION")) return SetOperator::kUnion;
  if (Accept("EXCEPT") || Accept("MINUS")) return SetOperator::kExcept;
  return std::nullopt;
}

Result<Query> Parser::ParseSetOperand(int lowest) {
  return lowest == kUnionLevel ? ParseSetOperations(kIntersectLevel) : ParseQueryPrimary();
}

/// a UNION [ALL] b INTERSECT c; runs of one operator become one flat node.
Result<Query> Parser::ParseSetOperations(int lowest) {
  const std::size_t begin = position();
  Query left = TRY(ParseSetOperand(lowest));
  std::optional<SetOperation> chain;
  const auto close_chain = [&]() -> Status {
    if (!chain) return Ok();
    left = Query{};
    left.body = *std::move(chain);
    chain.reset();
    left = TRY(FinishQuery(std::move(left), begin));
    return Ok();
  };
  while (const std::optional<SetOperator> op = AcceptSetOperator(lowest)) {
    const bool is_all = Accept("ALL");
    if (!is_all) (void)Accept("DISTINCT");
    if (!chain || chain->op != *op || chain->is_all != is_all) {
      TRY(close_chain());
      chain = SetOperation{.op = *op, .is_all = is_all, .operands = {}};
      chain->operands.push_back(std::move(left));
    }
    chain->operands.push_back(TRY(ParseSetOperand(lowest)));
  }
  TRY(close_chain());
  return left;
}

Result<Query> Parser::ParseQueryPrimary() {
  const std::size_t begin = position();
  Query query;
  if (Sees("(")) return ParseBracketedQuery();
  if (Accept("VALUES")) {
    query.body = ValuesQuery{.rows = TRY(ValuesRows())};
    return FinishQuery(std::move(query), begin);
  }
  if (Sees("TABLE") && SeesName(1)) {
    Skip();
    query.body = TableQuery{.table = TRY(ParseNamedTable())};
    return FinishQuery(std::move(query), begin);
  }
  if (Sees("FROM")) return ParseFromFirst();
  TRY(Expect("SELECT"));
  query.body = TRY(ParseSelect());
  return FinishQuery(std::move(query), begin);
}

Result<Query> Parser::ParseBracketedQuery() {
  TRY(Expect("("));
  Query query = TRY(ParseQuery());
  TRY(Expect(")"));
  return query;
}

/// FROM t [SELECT ...]
Result<Query> Parser::ParseFromFirst() {
  const std::size_t begin = position();
  TRY(Expect("FROM"));
  TableRef from = TRY(ParseFrom());
  Select select;
  if (Accept("SELECT")) {
    select = TRY(ParseSelect());
    if (select.from) return Unexpected();
  } else {
    select.items.push_back({.value = {.node = Star{}}, .alias = {}, .column_aliases = {}});
  }
  select.from = std::move(from);
  return FinishQuery(Wrap(std::move(select)), begin);
}

/// What follows the word SELECT, up to and including QUALIFY and WINDOW.
Result<Select> Parser::ParseSelect() {
  Select select;
  while (Peek().kind == TokenKind::kHint) {
    select.hints.push_back({.text = Peek().value});
    Skip();
  }
  if (Sees("DISTINCT") && !SeesAny({",", ".", "FROM"}, 1)) {
    Skip();
    select.is_distinct = true;
  } else if (Sees("ALL") && !SeesAny({",", ".", "FROM", "("}, 1)) {
    Skip();
  }
  do {
    select.items.push_back(TRY(ParseSelectItem()));
  } while (Accept(","));
  if (Accept("FROM")) select.from = TRY(ParseFrom());
  TRY(ParseSelectClauses(select));
  return select;
}

Status Parser::ParseSelectClauses(Select& select) {
  if (Accept("WHERE")) select.where = TRY(ParseExpression());
  if (Accept("GROUP")) {
    TRY(Expect("BY"));
    select.group_by = TRY(ParseGroupBy());
  }
  if (Accept("HAVING")) select.having = TRY(ParseExpression());
  if (Accept("QUALIFY")) select.qualify = TRY(ParseExpression());
  if (Sees("WINDOW") && SeesName(1)) select.windows = TRY(ParseWindows());
  // Databricks takes QUALIFY on either side of WINDOW.
  if (!select.qualify && Accept("QUALIFY")) select.qualify = TRY(ParseExpression());
  return Ok();
}

Result<SelectItem> Parser::ParseSelectItem() {
  SelectItem item{.value = TRY(ParseStarOrExpression()), .alias = {}, .column_aliases = {}};
  if (Accept("AS")) {
    if (Sees("(")) {
      item.column_aliases = TRY(BracketedNames());
    } else {
      item.alias = TRY(Name());
    }
    return item;
  }
  const bool is_name = Peek().kind == TokenKind::kQuotedName ||
                       (Peek().kind == TokenKind::kWord &&
                        std::none_of(std::begin(kNoColumnAlias), std::end(kNoColumnAlias),
                                     [&](std::string_view word) { return Sees(word); }));
  if (item.value.As<Star>() == nullptr && is_name) {
    NoteImplicitAlias();
    item.alias = TRY(Name());
  }
  return item;
}

Result<GroupBy> Parser::ParseGroupBy() {
  using Kind = GroupBy::Kind;
  GroupBy group_by;
  if (Sees("ALL") && !SeesAny({",", ".", "("}, 1)) {
    Skip();
    group_by.is_all = true;
    return group_by;
  }
  if (!AcceptAll({"GROUPING", "SETS"})) {
    do {
      const bool is_sets = Sees("GROUPING") && Sees("SETS", 1);
      if (is_sets) Skip(2);
      if (is_sets || (SeesAny({"ROLLUP", "CUBE"}) && Sees("(", 1))) {
        const Kind kind = is_sets          ? Kind::kGroupingSets
                          : Sees("ROLLUP") ? Kind::kRollup
                                           : Kind::kCube;
        if (!is_sets) Skip();
        group_by.items.push_back(TRY(ParseGroupingSets(kind)));
      } else {
        GroupBy::Item item;
        item.sets.emplace_back().push_back(TRY(ParseExpression()));
        group_by.items.push_back(std::move(item));
      }
    } while (Accept(","));
    const bool is_cube = SeesAll({"WITH", "CUBE"});
    if (is_cube || SeesAll({"WITH", "ROLLUP"})) {
      Skip(2);
      GroupBy::Item item;
      item.kind = is_cube ? Kind::kCube : Kind::kRollup;
      for (GroupBy::Item& part : group_by.items) item.sets.push_back(std::move(part.sets.front()));
      group_by.items.clear();
      group_by.items.push_back(std::move(item));
      return group_by;
    }
    if (!AcceptAll({"GROUPING", "SETS"})) return group_by;
  }
  // GROUP BY a, b GROUPING SETS ((a), (b)): the list before it only names the columns.
  group_by.items.clear();
  group_by.items.push_back(TRY(ParseGroupingSets(Kind::kGroupingSets)));
  while (Accept(",")) {
    GroupBy::Item item;
    item.sets.emplace_back().push_back(TRY(ParseExpression()));
    group_by.items.push_back(std::move(item));
  }
  return group_by;
}

/// ((a, b), a, ())
Result<GroupBy::Item> Parser::ParseGroupingSets(GroupBy::Kind kind) {
  GroupBy::Item item;
  item.kind = kind;
  TRY(Expect("("));
  do {
    std::vector<Expression>& set = item.sets.emplace_back();
    if (AcceptAll({"(", ")"})) continue;
    Expression member = TRY(ParseExpression());
    if (auto* tuple = member.As<Tuple>()) {
      set = std::move(tuple->items);
    } else {
      set.push_back(std::move(member));
    }
  } while (Accept(","));
  TRY(Expect(")"));
  return item;
}

Result<std::vector<NamedWindow>> Parser::ParseWindows() {
  TRY(Expect("WINDOW"));
  std::vector<NamedWindow> windows;
  do {
    NamedWindow window;
    window.name = TRY(Name());
    TRY(Expect("AS"));
    if (Sees("(")) {
      window.spec = TRY(ParseWindowSpec());
    } else {
      window.spec.base_name = TRY(Name());
    }
    windows.push_back(std::move(window));
  } while (Accept(","));
  return windows;
}

/// ORDER BY, SORT BY, CLUSTER BY, DISTRIBUTE BY, WINDOW, LIMIT, OFFSET
Status Parser::ParseOrganization(Query& query) {
  if (Accept("ORDER")) {
    TRY(Expect("BY"));
    TRY(ParseOrderBy(query));
  }
  if (AcceptAll({"CLUSTER", "BY"})) query.cluster_by = TRY(ExpressionList());
  if (AcceptAll({"DISTRIBUTE", "BY"})) query.distribute_by = TRY(ExpressionList());
  if (AcceptAll({"SORT", "BY"})) query.sort_by = TRY(SortItems());
  if (auto* select = std::get_if<Select>(&query.body);
      select != nullptr && select->windows.empty() && Sees("WINDOW") && SeesName(1)) {
    select->windows = TRY(ParseWindows());
  }
  if (Accept("LIMIT")) {
    if (!Accept("ALL")) query.limit = TRY(ParseExpression());
  }
  if (Accept("OFFSET")) query.offset = TRY(ParseExpression());
  if (!query.limit && Accept("LIMIT")) query.limit = TRY(ParseExpression());
  return Ok();
}

Status Parser::ParseOrderBy(Query& query) {
  if (!Sees("ALL") || SeesAny({".", "("}, 1)) {
    query.order_by = TRY(SortItems());
    return Ok();
  }
  query.order_by_all = true;
  query.order_by.push_back(TRY(ParseSortItem()));
  return Ok();
}

}  // namespace inlet::sql
