#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// A file that a source of a stream is to read once more.
struct FileToReplay {
  std::string source_id;  ///< "0": the number of the source in its query.
  std::string url;
};

struct ReplayRequest {
  storage::Location checkpoint;
  std::string scratch_directory;  ///< As in FileStreamRequest.
  std::span<const FileToReplay> files;
  std::function<Result<storage::Location>(std::string_view url)> resolve;
};

/// Notes in the stream's log that the files are found again, so that its next run reads them as
/// they are now. Files that it has yet to read are left as they are. The stream must not run.
/// Returns how many were noted. All files are looked for before anything is noted.
///
/// Errors: PATH_NOT_FOUND naming a file that is gone; CONCURRENT_STREAM_LOG_UPDATE while the stream
/// runs; those of the checkpoint.
Result<std::int64_t> ReplayFiles(const ReplayRequest& request);

}  // namespace inlet::ingest
