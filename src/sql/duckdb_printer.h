#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/ast.h"
#include "types/data_type.h"

/// Writes queries for DuckDB 1.5. The session must have default_null_order =
/// 'nulls_first_on_asc_last_on_desc'. Values whose meaning differs go through functions, see
/// function_table.h; what cannot be written fails with INLET_UNSUPPORTED.
namespace inlet::sql {

struct DuckDbOptions {
  /// The columns of an InputRef, when known: tells maps from arrays in generators, fields from
  /// tables in output names. May be empty.
  std::function<const types::StructType*(std::string_view input)> schema_of_input;
  /// The columns at which the operands of a set operation meet, each a query for DuckDB; nothing
  /// when they have the same types or these are not known. May be empty.
  std::function<Result<std::optional<types::StructType>>(const std::vector<std::string>& operands)>
      common_columns;
};

/// The query. Every output column has an alias: the written one, or the name that Spark gives to an
/// expression without alias, such as `(a + 1)`. An InputRef becomes inlet_scan('name').
///
/// Errors, with their place: UNRESOLVED_ROUTINE, WRONG_NUM_ARGS, INLET_UNSUPPORTED; INTERNAL_ERROR
/// for a NamedTable that is no CTE: names are bound before (walk.h).
Result<std::string> ToDuckDb(const Query& query, const DuckDbOptions& options = {});

/// An expression over the columns of one table, such as a CHECK constraint or a DELETE's predicate.
Result<std::string> ToDuckDb(const Expression& expression, const DuckDbOptions& options = {});

/// `DECIMAL(10,2)[]`, `STRUCT("a" INTEGER)`, `TIMESTAMP WITH TIME ZONE`.
std::string ToDuckDb(const types::DataType& type);

/// "name", quotes inside doubled.
std::string QuoteForDuckDb(std::string_view name);
/// 'text', quotes inside doubled.
std::string LiteralForDuckDb(std::string_view text);

}  // namespace inlet::sql
