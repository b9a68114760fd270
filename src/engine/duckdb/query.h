#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/data_file_writers.h"
#include "engine/duckdb/instance.h"

namespace inlet::engine {

/// Text in DuckDB's own dialect with what it runs on: what DuckDbEngine hands on once a query is
/// printed. The members of Engine, one level lower.
struct DuckDbQuery {
  std::string sql;
  std::vector<Input> inputs;
  QueryContext context;
};

Result<types::StructType> DescribeSql(DuckDbInstance& instance, const DuckDbQuery& query);
Result<std::unique_ptr<types::BatchReader>> RunSql(DuckDbInstance& instance,
                                                   const DuckDbQuery& query, std::stop_token stop);
/// With `ordered` the files keep the order of the query's rows, written by one thread.
Result<std::vector<delta::AddFile>> WriteSql(DuckDbInstance& instance, const DuckDbQuery& query,
                                             const types::StructType& schema,
                                             const DataFileWriters& writers, bool ordered,
                                             std::stop_token stop);
Result<std::string> ExplainSql(DuckDbInstance& instance, const DuckDbQuery& query, bool analyze);

}  // namespace inlet::engine
