#pragma once

#include <stop_token>

#include "base/result.h"
#include "storage/object_store.h"

namespace inlet::storage {

/// Copies an object, from one store to another if need be; nobody sees a part of it.
/// Errors: those of the stores; INLET_CORRUPT_FILE when it becomes shorter meanwhile;
/// OPERATION_CANCELED.
Status CopyObject(const Location& from, const Location& to, const std::stop_token& stop = {});

}  // namespace inlet::storage
