#pragma once

#include <functional>
#include <memory>

#include "engine/engine.h"
#include "types/batch.h"
#include "types/data_type.h"

namespace inlet::server {

/// Opens the rows anew at each call; from any thread.
using OpenRows = std::function<Result<std::unique_ptr<types::BatchReader>>()>;

/// A query, or whatever else gives batches one after the other, as an input of the engine: it runs
/// when and as often as it is read. Batches have the columns of `schema`, and maybe more after
/// them.
std::shared_ptr<const engine::SplitSource> QuerySource(types::StructType schema, OpenRows open);

}  // namespace inlet::server
