#pragma once

#include "types/data_type.h"

namespace duckdb {
struct LogicalType;
}  // namespace duckdb

namespace inlet::engine {

/// DuckDB's type for one of ours. VARIANT is STRUCT(metadata BLOB, value BLOB) under the alias
/// VARIANT.
duckdb::LogicalType ToDuckDbType(const types::DataType& type);

/// Our type for one of DuckDB's. Types that only DuckDB has become those that hold their values
/// (HUGEINT: DECIMAL(38,0), UBIGINT: DECIMAL(20,0), UINTEGER: BIGINT, TIME, UUID, ENUM: STRING
/// ...).
types::DataType FromDuckDbType(const duckdb::LogicalType& type);

duckdb::LogicalType VariantType();
bool IsVariant(const duckdb::LogicalType& type);

}  // namespace inlet::engine
