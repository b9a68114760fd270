#pragma once

#include "engine/duckdb/functions/function_internal.h"

namespace duckdb {
struct DBConfig;
}  // namespace duckdb

namespace inlet::engine::functions {

/// Whether Spark lets `source` be cast to `target` at all.
bool IsCastable(const LogicalType& source, const LogicalType& target);

/// The cast between two types, neither a VARIANT, that IsCastable() allows.
duckdb::BoundCastInfo BindSparkCast(ClientContext* context, const FunctionSession& session,
                                    const LogicalType& source, const LogicalType& target);

/// A cast from or to VARIANT.
ExpressionPtr CastVariant(ClientContext& context, ExpressionPtr argument, const LogicalType& target,
                          CastMode mode);

/// Gives DuckDB our casts for those that it adds by itself.
void RegisterImplicitCasts(duckdb::DBConfig& config);

}  // namespace inlet::engine::functions
