#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "engine/engine.h"

namespace duckdb {
class Connection;
class DatabaseInstance;
}  // namespace duckdb

namespace inlet::engine {

/// One DuckDB in memory with our functions and scans, locked against the outside: no files, no
/// network, no extensions but those that are linked in. Thread-safe.
class DuckDbInstance {
 public:
  static Result<std::unique_ptr<DuckDbInstance>> Open(const EngineOptions& options);
  virtual ~DuckDbInstance() = default;

  /// A connection for one query, with its inputs and session set.
  /// Errors: INVALID_TIMEZONE.
  virtual Result<std::unique_ptr<duckdb::Connection>> Connect(std::vector<Input> inputs,
                                                              const QueryContext& context) = 0;
};

}  // namespace inlet::engine
