#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "connectors/file_events/file_event_log.h"
#include "ingest/read_files.h"
#include "ingest/stream/file_stream_options.h"
#include "ingest/stream/stream_source.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// STREAM read_files(...), cloudFiles, a directory as a stream.
struct FileStreamRequest {
  /// The path and all options, those of the stream included.
  ReadFilesRequest files;
  /// `<checkpoint>/sources/<i>`: the discovery log and, on local disks, its index.
  storage::Location state;
  /// Where `_schemas/` lies unless the option schemaLocation says otherwise.
  storage::Location schemas;
  /// The schemaLocation of the options, resolved.
  std::function<Result<storage::Location>(std::string_view path)> resolve;
  /// The events that were posted to this lakehouse; may be null.
  std::shared_ptr<connectors::FileEventLog> posted_events;
  /// A local directory for the index of a state that is not on a local disk.
  std::string scratch_directory;
};

/// Checks the options; reads nothing yet.
/// Errors: those of TakeFileStreamOptions(); CF_SOURCE_DIRECTORY_PATH_REQUIRED.
/// Source: Databricks, "What is Auto Loader?"; the offset is Auto Loader's.
Result<std::unique_ptr<StreamSource>> OpenFileStream(FileStreamRequest request);

/// The number of the last file that the offset of such a stream takes in; 0 for none.
/// Errors: CF_INVALID_CHECKPOINT for one that is of no such stream.
Result<std::int64_t> SeqOf(const std::optional<StreamOffset>& offset);

/// The local directory of the index of a stream's state.
std::string IndexDirectory(const storage::Location& state, const std::string& scratch_directory);

}  // namespace inlet::ingest
