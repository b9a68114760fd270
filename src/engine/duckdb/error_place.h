#pragma once

#include "base/error.h"
#include "sql/ast.h"

namespace inlet::engine {

/// Finds the place of an error in the user's text by the name that the error speaks of: DuckDB
/// knows only the printed text. Leaves an error alone that has a place, or whose name is not in the
/// query.
void LocateError(const sql::Query& query, Error& error);

}  // namespace inlet::engine
