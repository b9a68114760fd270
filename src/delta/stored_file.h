#pragma once

#include <arrow/io/type_fwd.h>

#include <memory>

#include "base/result.h"
#include "storage/object_store.h"

namespace inlet::delta {

/// An object as Arrow reads files. Thread-safe for ReadAt().
Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenStoredFile(
    const storage::ObjectStore& store, const storage::ObjectInfo& info);

}  // namespace inlet::delta
