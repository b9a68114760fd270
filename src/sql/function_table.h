#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/ast.h"

/// Which functions and operators the dialect has, and how each is written for DuckDB.
namespace inlet::sql {

enum class FunctionKind : std::uint8_t {
  kScalar,
  kAggregate,  ///< Takes DISTINCT, FILTER, WITHIN GROUP, OVER.
  kWindow,     ///< Needs OVER.
  kGenerator,  ///< explode and its kin: the printer writes them itself, the rule only names them.
};

/// One call, its parts already written for DuckDB. Each argument stands anywhere an operand may.
struct PrintedCall {
  std::string_view name;               ///< As in the rule: lower case.
  const FunctionCall* call = nullptr;  ///< Null for an operator. Looked at for literal arguments.
  std::vector<std::string> arguments;
  std::string keyword;  ///< "DAY" of dateadd(DAY, ...), "YEAR" of EXTRACT(YEAR FROM ...).
  bool is_distinct = false;
  bool ignore_nulls = false;
  std::string within_group;                      ///< "ORDER BY x DESC"; empty: none.
  std::vector<std::string> within_group_values;  ///< The same, only what is sorted by.
  std::string filter;  ///< The condition of FILTER (WHERE ...); empty: none.
  std::string over;    ///< "(PARTITION BY ...)" or a window's name; empty: none.

  /// " WITHIN GROUP (...) FILTER (WHERE ...) OVER (...)": what stands behind an aggregate's
  /// bracket. `condition`, when given, is joined to the filter by AND.
  std::string Suffix(std::string_view condition = {}) const;
  /// "a, b, c" from `first` on.
  std::string ArgumentList(std::size_t first = 0) const;
};

/// How one function is written for DuckDB.
///
/// `duckdb` is one of
///   ""          the same name: name(arguments)
///   "f"         another name: f(arguments)
///   a template  text with marks:
///     $1 .. $9  an argument; an argument that was not written is NULL
///     $*        all arguments, comma-separated; $2* from the second on
///     $#        the number of arguments
///     $k        the keyword as a text literal in lower case: 'day'
///     $d        "DISTINCT " when it was written
///     $n        " IGNORE NULLS" when it was written
///     $@        WITHIN GROUP, FILTER and OVER; at the end when the template does not have it
///     $$        a dollar sign
/// A template is written in brackets of its own where it is not a call, so it need not care for
/// precedence. `print`, when set, does it instead of `duckdb`.
struct FunctionRule {
  std::string_view
      name;  ///< Lower case; an operator by its sign: "+", "/", "div", "<=>", "[]", "unary -".
  FunctionKind kind = FunctionKind::kScalar;
  int min_arguments = 0;
  int max_arguments = -1;  ///< -1: any number.
  std::string_view duckdb;
  Result<std::string> (*print)(const PrintedCall& call) = nullptr;
};

/// The rule of a function (any case) or operator; null when there is none. For an operator that
/// means the sign that DuckDB has for it, for a function UNRESOLVED_ROUTINE.
const FunctionRule* FindFunction(std::string_view name);

/// All functions by name, sorted, without operators: for SHOW FUNCTIONS and "did you mean".
std::vector<std::string_view> FunctionNames();

/// Writes a call by its rule. Errors: WRONG_NUM_ARGS; what `rule.print` says.
Result<std::string> PrintCall(const FunctionRule& rule, const PrintedCall& call);

}  // namespace inlet::sql
