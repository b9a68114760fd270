#pragma once

#include <exception>

#include "base/error.h"

namespace duckdb {
class ErrorData;
}  // namespace duckdb

namespace inlet::engine {

/// DuckDB's error as the Databricks condition that Spark would raise; our own errors that went
/// through DuckDB (Raise()) come back as they were.
Error ErrorOf(const duckdb::ErrorData& error);
Error ErrorOf(const std::exception& thrown);

}  // namespace inlet::engine
