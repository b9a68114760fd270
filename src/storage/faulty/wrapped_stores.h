#pragma once

#include <functional>
#include <memory>

#include "storage/object_store.h"

namespace inlet::storage {

using StoreWrapper = std::function<std::shared_ptr<ObjectStore>(std::shared_ptr<ObjectStore>)>;

/// From now on Resolve() hands every store of this process through `wrapper`, which gives the same
/// store the same wrapping each time: so that a test can put faults below the whole program. To be
/// called before other threads resolve anything; an empty wrapper ends it.
void WrapResolvedStores(StoreWrapper wrapper);

}  // namespace inlet::storage
