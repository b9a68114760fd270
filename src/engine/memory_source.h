#pragma once

#include <memory>

#include "engine/engine.h"
#include "types/batch.h"

namespace inlet::engine {

/// Rows in memory as an input.
std::shared_ptr<const SplitSource> MemorySource(types::StructType schema, types::BatchPtr batch);

}  // namespace inlet::engine
