#pragma once

#include <functional>
#include <span>
#include <stop_token>

#include "base/result.h"
#include "storage/object_store.h"
#include "types/data_type.h"

namespace inlet::formats {

/// Merges the schemas of `files` in their order, each got by `schema_of` on one of up to `threads`
/// threads; all columns
/// are nullable. The first error, by the order of the files, is the result; OPERATION_CANCELED on
/// `stop`.
Result<types::StructType> InferFromEach(
    std::span<const storage::ObjectInfo> files, int threads, std::stop_token stop,
    const std::function<Result<types::StructType>(const storage::ObjectInfo&)>& schema_of);

}  // namespace inlet::formats
