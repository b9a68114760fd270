#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/row_checks.h"

namespace duckdb {
class ClientContext;
class DatabaseInstance;
}  // namespace duckdb

namespace inlet::engine {

/// What our functions may ask of the session, fixed for one statement.
struct FunctionSession {
  std::string time_zone =
      "UTC";  ///< Also to be SET as DuckDB's TimeZone, for the functions that stay DuckDB's.
  std::int64_t now_us = 0;  ///< current_timestamp(), microseconds since 1970 UTC; 0: the clock.
  std::string current_catalog;
  std::string current_schema;
  std::string current_user;
  bool last_map_key_wins = false;         ///< Else a key that a map gets twice is an error.
  std::shared_ptr<RowChecks> row_checks;  ///< Of inlet_expect(); may be null.
};

/// Adds Spark's functions (names that begin with spark_), aggregates and the ANSI casts to a DuckDB
/// instance; once, before its first query.
void RegisterSparkFunctions(duckdb::DatabaseInstance& database);

/// Sets what the functions of later statements on this connection see.
void SetFunctionSession(duckdb::ClientContext& context, FunctionSession session);

}  // namespace inlet::engine
