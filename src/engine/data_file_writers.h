#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "delta/data_file_writer.h"

namespace inlet::engine {

/// Where the files of one write come from. Each of its threads opens a writer of its own.
struct DataFileWriters {
  std::function<Result<std::unique_ptr<delta::DataFileWriter>>()> open;
  /// Takes back files that writers have finished; best effort.
  std::function<void(const std::vector<delta::AddFile>&)> delete_staged;
};

}  // namespace inlet::engine
