#pragma once

#include <memory>
#include <vector>

#include "engine/engine.h"
#include "workspace/row_table.h"

namespace inlet::workspace {

/// Rows that were made now as an input of the engine. Errors: as MakeBatch().
Result<std::shared_ptr<const engine::SplitSource>> MakeRowSource(types::StructType schema,
                                                                 const std::vector<Row>& rows);

}  // namespace inlet::workspace
