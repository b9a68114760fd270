#include "workspace/row_source.h"

#include "engine/memory_source.h"

namespace inlet::workspace {

Result<std::shared_ptr<const engine::SplitSource>> MakeRowSource(types::StructType schema,
                                                                 const std::vector<Row>& rows) {
  types::BatchPtr batch = TRY(MakeBatch(schema, rows));
  return engine::MemorySource(std::move(schema), std::move(batch));
}

}  // namespace inlet::workspace
