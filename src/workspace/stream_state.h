#pragma once

#include <memory>

#include "base/result.h"
#include "ingest/stream/streaming_query.h"
#include "sql/query.h"
#include "workspace/session.h"

namespace inlet::workspace {

/// Aggregates over a stream in the output mode complete: the groups so far are a state that goes
/// from batch to batch, in `<checkpoint>/state/0/<batch id>.arrow`. The state of a batch is made
/// from that of the batch before and from the rows of the batch alone, so that a batch that is run
/// again after a crash makes the same one, and each row counts once.
///
/// Keeps count, sum, min, max, avg, bool_and, bool_or (and their other names) without DISTINCT and
/// FILTER, grouped by expressions or not at all; above the aggregation there may be anything.
///
/// Errors: STREAMING_OUTPUT_MODE_UNSUPPORTED_OPERATION for a query without an aggregation or with
/// one that is not kept.
Status CheckStateful(const sql::Query& query);

/// Rewrites each batch of such a query to one over the state. The engine outlives it.
std::function<ingest::BatchRewrite(ingest::BatchId)> MakeStateful(engine::Engine& engine,
                                                                  storage::Location checkpoint);

}  // namespace inlet::workspace
