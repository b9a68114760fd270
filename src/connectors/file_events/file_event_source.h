#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace inlet::connectors {

struct FileNews {
  std::vector<std::string> urls;
  /// False: events were lost, only a listing tells.
  bool is_complete = true;
};

/// Where a stream hears of files. Not thread-safe.
class FileEventSource {
 public:
  virtual ~FileEventSource() = default;

  /// What came since the last call; at least once each. `position` is what this gave the last time,
  /// kept with the stream's state; empty: from now on, after a listing. It becomes what to give
  /// the next time. Errors: STORAGE_UNAVAILABLE, PERMISSION_DENIED.
  virtual Result<FileNews> Take(std::string& position) = 0;

  /// What Take() has given is in the stream's own log, and may be forgotten.
  virtual Status Acknowledge() = 0;

  /// How many messages wait, as far as it is known; -1: it is not.
  virtual std::int64_t queue_size() const { return -1; }
};

}  // namespace inlet::connectors
