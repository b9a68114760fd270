#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "engine/engine.h"
#include "types/data_type.h"

namespace inlet::server {

/// Rows in memory as an input of the engine: one Arrow IPC stream that a client has sent, or
/// batches kept by the server. `schema`, when given, is what the columns are to be: names and types
/// by position.
///
/// Errors: CONNECT_INVALID_PLAN.CANNOT_PARSE for damaged Arrow data or a schema of another width;
/// PARQUET_TYPE_ILLEGAL for an Arrow type that has no SQL type.
Result<std::shared_ptr<const engine::SplitSource>> LocalSource(
    std::string_view ipc_stream, const std::optional<types::StructType>& schema);
std::shared_ptr<const engine::SplitSource> LocalSource(types::StructType schema,
                                                       std::vector<types::BatchPtr> batches);

}  // namespace inlet::server
