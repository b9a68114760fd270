#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/stream/stream_sink.h"
#include "ingest/stream/stream_source.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// A micro-batch whose offsets are recorded.
struct PlannedBatch {
  BatchId id = 0;
  /// current_timestamp() of the batch, the same in every run of it.
  std::int64_t timestamp_ms = 0;
  /// The end of each source's range; nothing for a source that has not given anything yet.
  std::vector<std::optional<StreamOffset>> ends;
};

/// The write-ahead log of one stream, in the files and the form of Spark's:
///   metadata      who the stream is
///   offsets/<id>  what batch <id> reads, written before reading
///   commits/<id>  batch <id> is in the sink, written after the sink made it visible
///
/// Each of them is put if absent, so that of two processes on one checkpoint only one goes on.
/// Not thread-safe.
class CheckpointLog {
 public:
  /// Reads the stream's id, or makes it one.
  /// Errors: CF_MISSING_METADATA_FILE_ERROR for batches without it; STREAM_CHECKPOINT_INVALID.
  static Result<CheckpointLog> Open(storage::Location root);

  const std::string& query_id() const { return query_id_; }
  const storage::Location& root() const { return root_; }

  /// Where the stream stands.
  struct Position {
    std::optional<PlannedBatch> newest;  ///< None: a new stream.
    bool is_committed = false;           ///< `newest` is in the sink.
    std::optional<PlannedBatch> before;  ///< Of a `newest` that is not committed, the one before.
  };
  /// Errors: BATCH_METADATA_NOT_FOUND; STREAM_CHECKPOINT_INVALID naming the file.
  Result<Position> Find() const;

  /// Errors: CONCURRENT_STREAM_LOG_UPDATE; so for MarkCommitted().
  Status Plan(const PlannedBatch& batch);
  Status MarkCommitted(BatchId id);

  /// Forgets batches that no repair needs, all but the newest 100; best effort.
  void Purge(BatchId newest);

 private:
  CheckpointLog(storage::Location root, std::string query_id)
      : root_(std::move(root)), query_id_(std::move(query_id)) {}

  std::string PathOf(std::string_view folder, BatchId id) const;
  Result<std::vector<BatchId>> Ids(std::string_view folder) const;
  Result<PlannedBatch> ReadOffsets(BatchId id) const;
  Status PutNew(const std::string& path, const std::string& text, BatchId id);

  storage::Location root_;
  std::string query_id_;
};

}  // namespace inlet::ingest
