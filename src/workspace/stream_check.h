#pragma once

#include "base/result.h"
#include "sql/query.h"

namespace inlet::workspace {

/// Whether the query gives the same rows batch by batch as over all rows at once: it only appends.
/// Errors: STREAMING_OUTPUT_MODE_UNSUPPORTED_OPERATION naming what needs to see all rows of a
/// stream: GROUP BY and aggregates, DISTINCT, ORDER BY, LIMIT, window functions, UNION and its kin
/// without ALL, outer joins that keep the rows of the other side.
/// Source: Spark, "Structured Streaming: unsupported operations".
Status CheckAppendOnly(const sql::Query& query);

}  // namespace inlet::workspace
