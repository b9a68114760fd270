#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb/query.h"

namespace inlet::engine {

/// The columns at which the operands of UNION, INTERSECT or EXCEPT meet by Spark's rules: the names
/// of the first, common types. Nothing when they have the same types anyway, or when an operand
/// does not stand alone (it refers to an outer query) or their numbers of columns differ, which
/// DuckDB reports. `query` gives inputs and context. Errors: INCOMPATIBLE_COLUMN_TYPE.
Result<std::optional<types::StructType>> CommonColumns(DuckDbInstance& instance,
                                                       const DuckDbQuery& query,
                                                       const std::vector<std::string>& operands);

}  // namespace inlet::engine
