#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "ingest/stream/file_index.h"
#include "ingest/stream/file_stream_options.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// cleanSource: deletes or moves files that a stream has loaded, when their retention is over.
/// What was replaced since it was loaded stays. Not thread-safe.
/// Source: Auto Loader options, "cloudFiles.cleanSource".
class FileCleaner {
 public:
  /// `source` is the directory that the stream reads; files keep their path below it when they
  /// move to `destination`.
  FileCleaner(storage::Location source, storage::Location destination, CleanSource mode,
              std::chrono::milliseconds retention)
      : source_(std::move(source)),
        destination_(std::move(destination)),
        mode_(mode),
        retention_(retention) {}

  /// Takes the next few of the files up to `committed` whose time has come.
  Status CleanSome(FileIndex& index, std::int64_t committed, std::int64_t now_ms);

 private:
  Result<bool> IsAsLoaded(const FoundFile& file, const std::string& path) const;

  storage::Location source_;
  storage::Location destination_;
  CleanSource mode_;
  std::chrono::milliseconds retention_;
};

}  // namespace inlet::ingest
