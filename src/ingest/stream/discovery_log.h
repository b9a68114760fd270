#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// A file that a stream has found.
struct FoundFile {
  /// The place in the order of discovery, from 1; 0: known, but not wanted (it was there before
  /// the stream and includeExistingFiles is off).
  std::int64_t seq = 0;
  std::string url;
  std::int64_t size_bytes = 0;
  std::int64_t modified_at_ms = 0;
  std::string etag;
  std::int64_t found_at_ms = 0;
};

/// The memory of a file stream: which files it has found, in which order. Numbered files under
/// `sources/<i>/`, each put once and never changed, a JSON line for each file found:
///
///   7        one discovery
///   0-99     the discoveries 0 to 99, merged
///
/// Ten neighbours become one, so that a million discoveries are read from a few dozen files, and
/// each line is written again only once for each factor of ten. Not thread-safe.
class DiscoveryLog {
 public:
  explicit DiscoveryLog(storage::Location directory) : directory_(std::move(directory)) {}

  /// How many discoveries there are. Lists the directory.
  /// Errors: STREAM_CHECKPOINT_INVALID when one in the middle is missing.
  Result<std::int64_t> Count();

  /// Gives every discovery with number `from` and above to `take`, in order. After Count().
  /// Errors: STREAM_CHECKPOINT_INVALID naming the file.
  Status Read(std::int64_t from,
              const std::function<Status(std::int64_t number, std::vector<FoundFile>)>& take) const;

  /// Errors: CONCURRENT_STREAM_LOG_UPDATE when another process has written this number.
  Status Append(std::int64_t number, const std::vector<FoundFile>& files);

  const storage::Location& directory() const { return directory_; }

 private:
  /// Discoveries [first, last] in one file.
  struct Segment {
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::string path;
  };
  Status MergeUpTo(std::int64_t number);
  std::string PathOf(std::int64_t first, std::int64_t last) const;

  storage::Location directory_;
  std::vector<Segment> segments_;  ///< Ascending, without gaps and overlaps.
};

}  // namespace inlet::ingest
