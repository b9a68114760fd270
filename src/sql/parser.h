#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/ast.h"

namespace inlet::sql {

/// One statement of the Databricks dialect; a closing semicolon is allowed. Spans are places in
/// `text`.
///
/// Errors, with their place:
///   PARSE_SYNTAX_ERROR     what stands there, and what was expected
///   INLET_RESOURCE_LIMIT   nested deeper than kMaxTreeDepth
///   INLET_UNSUPPORTED      Databricks SQL that has no struct yet
Result<Statement> ParseStatement(std::string_view text);

/// A query alone. Errors: as ParseStatement().
Result<Query> ParseQuery(std::string_view text);

/// An expression alone, such as a stored CHECK constraint. Errors: as ParseStatement().
Result<Expression> ParseExpression(std::string_view text);

/// A name such as `main`.sales.orders. Errors: as ParseStatement().
Result<ObjectName> ParseObjectName(std::string_view text);

}  // namespace inlet::sql
