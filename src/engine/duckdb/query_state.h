#pragma once

#include <atomic>
#include <duckdb/main/client_context_state.hpp>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace inlet::engine {

/// What the scans of one query need, found through DuckDB's connection. Thread-safe once the query
/// runs.
class QueryState : public duckdb::ClientContextState {
 public:
  QueryState(std::vector<Input> inputs, std::function<void(std::int64_t, std::int64_t)> on_progress)
      : inputs_(std::move(inputs)), on_progress_(std::move(on_progress)) {}

  /// Of the query that runs on this connection. Throws when there is none.
  static QueryState& Of(duckdb::ClientContext& context);
  static void Register(duckdb::ClientContext& context, duckdb::shared_ptr<QueryState> state);

  /// Null when the query has no such input.
  std::shared_ptr<const SplitSource> Find(std::string_view name) const;
  void AddProgress(std::int64_t rows, std::int64_t bytes);

 private:
  const std::vector<Input> inputs_;
  const std::function<void(std::int64_t, std::int64_t)> on_progress_;
  std::atomic<std::int64_t> rows_ = 0;
  std::atomic<std::int64_t> bytes_ = 0;
};

}  // namespace inlet::engine
