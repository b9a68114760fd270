#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/children_internal.h"
#include "sql/duckdb_printer.h"
#include "sql/function_table.h"

namespace inlet::sql {

/// Writes one query or expression for DuckDB. What it writes for an expression stands anywhere an
/// operand may. Queries and tables: duckdb_query_printer.cc; expressions:
/// duckdb_expression_printer.cc; generators: duckdb_generator_printer.cc.
class DuckDbPrinter {
 public:
  explicit DuckDbPrinter(const DuckDbOptions& options) : options_(options) {}

  Result<std::string> Print(const Query& query);
  Result<std::string> Print(const Expression& expression);

 private:
  /// The tables of one SELECT, for names.
  struct Scope {
    struct Table {
      std::string name;
      const types::StructType* schema = nullptr;  ///< Null: not known.
    };
    std::vector<Table> tables;
    const Select* select = nullptr;
    std::string window;  ///< What window(...) and `window` stand for; empty: nothing special.
  };
  struct LambdaParameter {
    std::string name;
    bool is_index = false;  ///< Counts from 0 in Spark, from 1 in DuckDB.
    std::string variable;   ///< What DuckDB calls it.
    std::string field;      ///< Of the variable; empty: all of it.
  };
  using Strings = std::vector<std::string>;

  // Queries.
  Result<std::string> PrintWindowJoin(const FunctionCall& call);
  Result<std::string> PrintWith(const Query& query);
  Result<std::string> PrintBody(const Query& query);
  Result<std::string> PrintSelect(const Select& select);
  Result<std::string> PrintItems(const Select& select);
  Result<std::string> PrintItem(const SelectItem& item);
  Result<std::string> PrintStar(const Star& star);
  Result<std::string> PrintGroupBy(const GroupBy& group_by);
  Result<std::string> PrintWindows(const std::vector<NamedWindow>& windows);
  Result<std::string> PrintSetOperation(const SetOperation& operation);
  Result<std::string> PrintRows(const std::vector<std::vector<Expression>>& rows);
  Result<std::string> PrintSort(const std::vector<SortItem>& items);
  Result<std::string> PrintList(const std::vector<Expression>& items);
  std::string NameOfItem(const Expression& expression) const;
  std::string JoinColumnsFirst(const Select& select) const;

  // Tables.
  Result<std::string> PrintTable(const TableRef& table);
  Result<std::string> PrintPlainTable(const TableRef& table);
  Result<std::string> PrintJoin(const JoinTable& join);
  Result<std::string> PrintTableFunction(const TableFunction& function);
  Result<std::string> PrintLateralView(const TableRef& table, const LateralView& view);
  Result<std::string> PrintPivot(const PivotTable& pivot);
  Result<std::string> PrintUnpivot(const UnpivotTable& unpivot);
  std::string PrintSample(std::string table, const TableSample& sample) const;
  static std::string AliasOf(const TableRef& table);
  void AddTables(const TableRef& table, Scope& scope) const;

  // Generators.
  static bool IsGenerator(const FunctionCall& call);
  /// The columns that the generator gives, as items of a SELECT: `unnest(x) AS "col"`. Empty
  /// `aliases`: the names that Spark gives.
  Result<std::string> PrintGenerator(const FunctionCall& call, const Strings& aliases);
  Result<std::string> PrintExplode(const FunctionCall& call, const Strings& aliases, bool is_outer);
  Result<std::string> PrintInline(const FunctionCall& call, const Strings& aliases, bool is_outer);
  Result<std::string> PrintStack(const FunctionCall& call, const Strings& aliases);
  Result<std::string> PrintJsonTuple(const FunctionCall& call, const Strings& aliases);

  // Expressions.
  Result<std::string> PrintNode(const Literal& literal);
  Result<std::string> PrintNode(const IntervalLiteral& interval);
  Result<std::string> PrintNode(const Parameter& parameter);
  Result<std::string> PrintNode(const DefaultValue& value);
  Result<std::string> PrintNode(const ColumnRef& column);
  Result<std::string> PrintNode(const Star& star);
  Result<std::string> PrintNode(const FieldAccess& access);
  Result<std::string> PrintNode(const Subscript& subscript);
  Result<std::string> PrintNode(const JsonPath& path);
  Result<std::string> PrintNode(const Unary& unary);
  Result<std::string> PrintNode(const Binary& binary);
  Result<std::string> PrintNode(const Logical& logical);
  Result<std::string> PrintNode(const Is& is);
  Result<std::string> PrintNode(const IsDistinctFrom& distinct);
  Result<std::string> PrintNode(const Between& between);
  Result<std::string> PrintNode(const InList& in);
  Result<std::string> PrintNode(const InSubquery& in);
  Result<std::string> PrintNode(const Exists& exists);
  Result<std::string> PrintNode(const ScalarSubquery& subquery);
  Result<std::string> PrintNode(const Like& like);
  Result<std::string> PrintNode(const Case& expression);
  Result<std::string> PrintNode(const Cast& cast);
  Result<std::string> PrintNode(const Collate& collate);
  Result<std::string> PrintNode(const Tuple& tuple);
  Result<std::string> PrintNode(const Lambda& lambda);
  Result<std::string> PrintNode(const FunctionCall& call);

  /// By the rule of the operator, or `fallback` when there is none.
  Result<std::string> PrintOperator(std::string_view sign, Strings arguments, std::string fallback);
  Result<std::string> PrintOnePattern(const Like& like, const std::string& operand,
                                      const Expression& pattern);
  Result<std::string> PrintOver(const WindowSpec& spec);
  Result<std::string> PrintWindowSpec(const WindowSpec& spec);
  Result<std::string> PrintFrameBound(const FrameBound& bound);
  Strings WithoutCatalog(const Strings& parts) const;

  const DuckDbOptions& options_;  // Outlives this.
  std::vector<Scope> scopes_;     // Innermost last.
  Strings with_tables_;           // The CTEs in scope, as they were written.
  bool with_is_recursive_ = false;
  std::vector<LambdaParameter> lambda_parameters_;
  bool lambda_has_index_ = false;  // Of the call whose arguments are being written.
  bool lambda_folds_ = false;      // Likewise: the next lambda is the one of aggregate().
};

}  // namespace inlet::sql
