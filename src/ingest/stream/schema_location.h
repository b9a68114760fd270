#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "ingest/read_files.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// The schema of a file stream as it was found at one time.
struct StoredSchema {
  FilesSchema schema;
  std::string format;  ///< Empty: not noted.
  bool operator==(const StoredSchema&) const = default;
};

/// `<location>/_schemas/<n>`: the schemas of a file stream, one file each, the highest number
/// counts. Not thread-safe.
/// Source: Auto Loader, "Schema inference and evolution".
class SchemaLocation {
 public:
  explicit SchemaLocation(storage::Location location) : location_(std::move(location)) {}

  /// The newest one; nothing when there is none yet.
  /// Errors: STREAM_CHECKPOINT_INVALID naming the file.
  Result<std::optional<StoredSchema>> Newest();

  /// Adds a version. Errors: CF_METADATA_FILE_CONCURRENTLY_USED when another stream did meanwhile.
  Status Add(const StoredSchema& schema);

 private:
  std::string PathOf(std::int64_t number) const;

  storage::Location location_;
  std::int64_t next_ = 0;
};

}  // namespace inlet::ingest
