#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "engine/data_file_writers.h"
#include "engine/engine.h"

namespace inlet::engine {

struct ParallelCopyOptions {
  int threads = 0;  ///< 0: one a core.
  /// Rows and bytes done so far; called at times from any thread. May be empty.
  std::function<void(std::int64_t rows, std::int64_t bytes)> on_progress;
};

/// Moves the projected columns of a source into data files on several threads, without a query
/// engine between. At most two batches a thread are in memory at a time, those inside of readers
/// and writers apart. With fewer splits than threads the threads that are left write what the
/// others read.
///
/// Errors: the first one of any reader or writer; OPERATION_CANCELED. No file is left then.
Result<std::vector<delta::AddFile>> ParallelCopy(const SplitSource& source,
                                                 const Projection& projection,
                                                 const DataFileWriters& writers,
                                                 const ParallelCopyOptions& options,
                                                 std::stop_token stop);

}  // namespace inlet::engine
