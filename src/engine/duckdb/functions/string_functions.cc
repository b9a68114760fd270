#include "engine/duckdb/functions/function_internal.h"

namespace inlet::engine::functions {

void AddStringFunctions(Registry& registry) {
  registry.Add("spark_space", [](std::int32_t n) {
    return std::string(n > 0 ? static_cast<std::size_t>(n) : 0, ' ');
  });
}

}  // namespace inlet::engine::functions
