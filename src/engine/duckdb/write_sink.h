#pragma once

#include <duckdb/main/client_config.hpp>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/data_file_writers.h"
#include "engine/duckdb/result_mapping.h"

namespace inlet::engine {

/// What the threads of one write share. The files of threads that have finished stand in `files`.
struct WriteTarget {
  types::StructType schema;
  duckdb::vector<duckdb::LogicalType> columns;  ///< Of the query as bound: VOID is still VOID.
  DataFileWriters writers;
  bool ordered = false;  ///< Keep the order of the rows: one thread writes.
  std::mutex mutex;
  std::vector<delta::AddFile> files;  // Guarded by mutex.
};

/// Ends a query in data files instead of rows: every thread of DuckDB converts and writes what it
/// has computed. `target` outlives the query.
duckdb::get_result_collector_t CollectInto(WriteTarget& target);

}  // namespace inlet::engine
