#include "engine/duckdb/query_state.h"

#include <duckdb/common/exception.hpp>
#include <duckdb/main/client_context.hpp>

namespace inlet::engine {
namespace {

constexpr char kStateKey[] = "inlet_query";

}  // namespace

QueryState& QueryState::Of(duckdb::ClientContext& context) {
  auto state = context.registered_state->Get<QueryState>(kStateKey);
  if (!state) throw duckdb::InternalException("A scan outside of a query of ours");
  return *state;
}

void QueryState::Register(duckdb::ClientContext& context, duckdb::shared_ptr<QueryState> state) {
  context.registered_state->Insert(kStateKey, std::move(state));
}

std::shared_ptr<const SplitSource> QueryState::Find(std::string_view name) const {
  for (const Input& input : inputs_) {
    if (input.name == name) return input.source;
  }
  return nullptr;
}

void QueryState::AddProgress(std::int64_t rows, std::int64_t bytes) {
  const std::int64_t all_rows = rows_.fetch_add(rows, std::memory_order_relaxed) + rows;
  const std::int64_t all_bytes = bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (on_progress_) on_progress_(all_rows, all_bytes);
}

}  // namespace inlet::engine
