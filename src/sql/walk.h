#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/option_map.h"
#include "base/result.h"
#include "sql/ast.h"

/// Going through trees: looking, binding names, replacing.
namespace inlet::sql {

/// The direct children of an expression, subqueries as queries.
void ForEachChild(const Expression& expression,
                  const std::function<void(const Expression&)>& on_expression,
                  const std::function<void(const Query&)>& on_query);
void ForEachChild(Expression& expression, const std::function<void(Expression&)>& on_expression,
                  const std::function<void(Query&)>& on_query);

/// What stands in the place of a table: called for every NamedTable that is no CTE in scope and
/// every TableFunction, at any depth, subqueries of expressions included. It may put an InputRef
/// there, or a SubqueryTable with a view's query; what it puts there is not visited again. A table
/// without alias gets its own name as one.
using TableBinder = std::function<Status(TableRef& table)>;

/// Errors: the first one of `bind`.
Status BindTables(Query& query, const TableBinder& bind);
Status BindTables(Expression& expression, const TableBinder& bind);
Status BindTables(TableRef& table, const TableBinder& bind);

/// Calls `visit` for every expression in the query, parents before children, at any depth. It may
/// replace the node it is given; the new node's children are visited.
Status VisitExpressions(Query& query, const std::function<Status(Expression&)>& visit);
Status VisitExpressions(Expression& expression, const std::function<Status(Expression&)>& visit);

/// Lower-case names of all functions called, operators left out.
std::set<std::string> FunctionsOf(const Query& query);
std::set<std::string> FunctionsOf(const Expression& expression);

/// All column references, outermost first, those inside of subqueries too.
std::vector<const ColumnRef*> ColumnsOf(const Expression& expression);
std::vector<const ColumnRef*> ColumnsOf(const Query& query);

/// Whether a table of the query is read as a stream.
bool HasStream(const Query& query);

/// Values for parameter markers, by name or by position.
struct Parameters {
  std::map<std::string, Expression, CaseInsensitiveLess> named;
  std::vector<Expression> positional;
};

/// Replaces every :name and ? and resolves IDENTIFIER(constant text).
/// Errors: UNBOUND_SQL_PARAMETER; PARSE_SYNTAX_ERROR for a text that is no name.
Status BindParameters(Query& query, const Parameters& parameters);
Status BindParameters(Expression& expression, const Parameters& parameters);

}  // namespace inlet::sql
