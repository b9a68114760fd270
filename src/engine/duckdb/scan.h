#pragma once

namespace duckdb {
class DatabaseInstance;
}  // namespace duckdb

namespace inlet::engine {

/// Adds the table function inlet_scan('name'): the query's input of that name, read split by split
/// on all of DuckDB's threads.
void RegisterScan(duckdb::DatabaseInstance& database);

}  // namespace inlet::engine
