#pragma once

#include <string_view>

#include "storage/object_store.h"

namespace inlet::storage {

/// DeleteAll() for services without a request for many objects: sixteen deletes at a time.
Status DeleteAllInParallel(ObjectStore& store, std::string_view directory);

}  // namespace inlet::storage
