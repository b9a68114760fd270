#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sql/expression.h"

/// Queries of the Databricks dialect.
/// Source: Databricks SQL language manual, "SELECT" and its clauses.
namespace inlet::sql {

struct TableRef;

// ---- Tables of a query
// ----------------------------------------------------------------------------

/// { VERSION | SYSTEM_VERSION } AS OF n, { TIMESTAMP | SYSTEM_TIME } AS OF ts, t@v1,
/// t@20240101000000000.
struct TimeTravel {
  std::optional<std::int64_t> version;
  Box<Expression>
      timestamp;  ///< Constant; the '@' form becomes a text literal yyyy-MM-dd HH:mm:ss.SSS.
  TextSpan span;
};

/// catalog.schema.table, a view, a CTE, or a path: delta.`/p`, csv.`/p`.
struct NamedTable {
  ObjectName name;
  std::optional<TimeTravel> time_travel;
  bool is_stream = false;                                    ///< STREAM t, STREAM(t)
  std::vector<std::pair<std::string, std::string>> options;  ///< t WITH (skipChangeCommits = true)
};

/// A table that the caller of the engine has bound: the input of this name.
struct InputRef {
  std::string name;
};

/// read_files('p', format => 'csv'), range(10), explode(a) in FROM.
struct TableFunction {
  FunctionCall call;
  bool is_stream = false;
};

/// (SELECT ...)
struct SubqueryTable {
  Box<Query> query;
};

/// VALUES (1, 'a'), (2, 'b')
struct ValuesTable {
  std::vector<std::vector<Expression>> rows;
};

enum class JoinKind : std::uint8_t { kInner, kLeft, kRight, kFull, kCross, kLeftSemi, kLeftAnti };

/// left [NATURAL] kind JOIN right [ON condition | USING (columns)]. A comma is a kCross.
struct JoinTable {
  Box<TableRef> left;
  Box<TableRef> right;
  JoinKind kind = JoinKind::kInner;
  bool is_natural = false;
  Box<Expression> condition;
  std::vector<std::string> using_columns;
};

/// input LATERAL VIEW [OUTER] generator(...) table_alias [AS column, ...]; the alias is the
/// TableRef's.
struct LateralView {
  Box<TableRef> input;
  FunctionCall generator;
  bool is_outer = false;
};

struct SelectItem {
  Expression value;
  std::string alias;                        ///< Empty: none.
  std::vector<std::string> column_aliases;  ///< posexplode(a) AS (p, v)
};

/// input PIVOT ( aggregates FOR columns IN (values) )
struct PivotTable {
  struct Value {
    std::vector<Expression> items;  ///< One for each of `columns`.
    std::string alias;
  };
  Box<TableRef> input;
  std::vector<SelectItem> aggregates;
  std::vector<Expression> columns;
  std::vector<Value> values;
};

/// input UNPIVOT [INCLUDE | EXCLUDE NULLS] ( (values) FOR name IN (columns [AS 'alias'], ...) )
struct UnpivotTable {
  struct Source {
    std::vector<Expression> columns;  ///< One for each of `value_columns`.
    std::string alias;
  };
  Box<TableRef> input;
  bool include_nulls = false;
  std::vector<std::string> value_columns;
  std::string name_column;
  std::vector<Source> sources;
};

/// TABLESAMPLE ( 10 PERCENT | 5 ROWS | BUCKET 1 OUT OF 4 ) [REPEATABLE (seed)]
struct TableSample {
  enum class Kind : std::uint8_t { kPercent, kRows, kBucket };
  Kind kind = Kind::kPercent;
  double percent = 0;
  std::int64_t rows = 0;
  std::int64_t bucket = 0;
  std::int64_t buckets = 0;
  std::optional<std::int64_t> seed;
};

/// Its special members stand in tree_nodes.cc, as those of ExpressionNode do.
struct TableNode : std::variant<NamedTable, InputRef, TableFunction, SubqueryTable, ValuesTable,
                                JoinTable, LateralView, PivotTable, UnpivotTable> {
  using variant::variant;
  TableNode();
  TableNode(const TableNode& other);
  TableNode(TableNode&& other) noexcept;
  TableNode& operator=(const TableNode& other);
  TableNode& operator=(TableNode&& other) noexcept;
  ~TableNode();
};

struct TableRef {
  TableNode node;
  bool is_lateral = false;  ///< LATERAL (SELECT ...), LATERAL f(...)
  std::string alias;        ///< Empty: none.
  std::vector<std::string> column_aliases;
  std::optional<TableSample> sample;
  TextSpan span;
  int depth = 1;  ///< As of Expression.

  template <class Node>
  const Node* As() const {
    return std::get_if<Node>(&node);
  }
  template <class Node>
  Node* As() {
    return std::get_if<Node>(&node);
  }
};

// ---- Queries
// --------------------------------------------------------------------------------------

/// GROUP BY expressions | ALL | GROUPING SETS, CUBE, ROLLUP among the expressions
struct GroupBy {
  enum class Kind : std::uint8_t { kExpression, kRollup, kCube, kGroupingSets };
  struct Item {
    Kind kind = Kind::kExpression;
    std::vector<std::vector<Expression>> sets;  ///< kExpression: one set of one; else the sets.
  };
  bool is_all = false;
  std::vector<Item> items;
};

struct NamedWindow {
  std::string name;
  WindowSpec spec;
};

/// /*+ NAME(argument, ...) */
struct Hint {
  std::string text;
};

/// SELECT [DISTINCT] items FROM ... WHERE ... GROUP BY ... HAVING ... QUALIFY ... WINDOW ...
struct Select {
  std::vector<Hint> hints;
  bool is_distinct = false;
  std::vector<SelectItem> items;
  Box<TableRef> from;  ///< Empty: one row without columns.
  Box<Expression> where;
  std::optional<GroupBy> group_by;
  Box<Expression> having;
  Box<Expression> qualify;
  std::vector<NamedWindow> windows;
};

enum class SetOperator : std::uint8_t { kUnion, kIntersect, kExcept };

/// first OP [ALL] second OP [ALL] third, from left to right; two or more operands, all with one
/// operator so that long chains stay flat.
struct SetOperation {
  SetOperator op = SetOperator::kUnion;
  bool is_all = false;
  std::vector<Query> operands;
};

/// VALUES as a query.
struct ValuesQuery {
  std::vector<std::vector<Expression>> rows;
};

/// TABLE t
struct TableQuery {
  NamedTable table;
};

struct CommonTable;

/// Its special members stand in tree_nodes.cc, as those of ExpressionNode do.
struct QueryBody : std::variant<Select, SetOperation, ValuesQuery, TableQuery> {
  using variant::variant;
  QueryBody();
  QueryBody(const QueryBody& other);
  QueryBody(QueryBody&& other) noexcept;
  QueryBody& operator=(const QueryBody& other);
  QueryBody& operator=(QueryBody&& other) noexcept;
  ~QueryBody();
};

/// WITH ... body ORDER BY ... LIMIT ... OFFSET ...
struct Query {
  bool is_recursive = false;
  std::vector<CommonTable> with;
  QueryBody body;
  bool order_by_all = false;
  std::vector<SortItem> order_by;  ///< With order_by_all: one item that carries the direction.
  std::vector<SortItem> sort_by;
  std::vector<Expression> cluster_by;
  std::vector<Expression> distribute_by;
  Box<Expression> limit;  ///< Empty: none, or LIMIT ALL.
  Box<Expression> offset;
  TextSpan span;
  int depth = 1;  ///< As of Expression.
};

/// name [(columns)] [MAX RECURSION LEVEL n] AS (query)
struct CommonTable {
  std::string name;
  std::vector<std::string> columns;
  std::optional<std::int64_t> max_recursion_level;
  Query query;
};

}  // namespace inlet::sql
