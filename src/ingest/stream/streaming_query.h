#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/stream/stream_progress.h"
#include "ingest/stream/stream_sink.h"
#include "ingest/stream/stream_source.h"
#include "ingest/write_table.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// When the next micro-batch begins.
struct StreamTrigger {
  enum class Kind : std::uint8_t {
    kAsSoonAsPossible,  ///< When the last one is done and there is something new.
    kProcessingTime,    ///< Every `interval`; a late batch starts the next at once.
    kAvailableNow,      ///< What is there at the start, in as many batches as the limits ask for.
    kOnce,              ///< One batch without limits.
  };
  Kind kind = Kind::kAsSoonAsPossible;
  std::chrono::milliseconds interval{0};  ///< kProcessingTime only.
};

/// Binds the query of one micro-batch: the streaming relations become `inputs`, in the order of
/// StreamDefinition::sources; every other table is bound anew.
using BatchBinder = std::function<Result<BoundQuery>(
    const std::vector<std::shared_ptr<const engine::SplitSource>>& inputs)>;

/// What may be done to each micro-batch on its way, for expectations. Made anew for each batch.
struct BatchRewrite {
  /// Gives the query to write instead. It may run queries of its own over the same inputs.
  std::function<Result<BoundQuery>(BoundQuery)> rewrite;
  /// After all rows have been read, before they are visible; an error fails the batch. May be
  /// empty.
  std::function<Status()> check;
  /// For the progress: name to JSON value. May be empty.
  std::function<std::map<std::string, std::string>()> observed;
};

/// Everything that one streaming query is made of.
struct StreamDefinition {
  std::string name;              ///< Empty: none.
  storage::Location checkpoint;  ///< The directory of metadata, offsets/, commits/, sources/.
  std::vector<std::unique_ptr<StreamSource>> sources;
  BatchBinder bind;
  std::unique_ptr<StreamSink> sink;
  StreamTrigger trigger;
  std::function<BatchRewrite(BatchId)> make_rewrite;  ///< Empty: none.
  /// New columns that a source has noted are taken in at once, by planning the batch again, in
  /// place of failing with UNKNOWN_FIELD_EXCEPTION for the caller to start the stream again.
  bool restart_on_schema_change = false;
  /// After each micro-batch, on the stream's thread. May be empty.
  std::function<void(const StreamProgress&)> on_progress;
  /// How many progresses are kept.
  std::size_t max_recent_progress = 100;
};

/// One run of a streaming query. Thread-safe.
///
/// A micro-batch has its effects in this order: `offsets/<id>` says what it reads; data files are
/// written, invisible; one commit with `txn {appId = query id, version = batch id}` makes them
/// visible; `commits/<id>`; the sources may forget. A kill at any point is repaired by running the
/// last uncommitted batch again with the same offsets.
class StreamingQuery {
 public:
  /// Stops the run and waits for its end.
  virtual ~StreamingQuery() = default;

  /// Opens the checkpoint, or makes it; nothing runs yet.
  /// Errors: STREAM_CHECKPOINT_INVALID; those of storage.
  static Result<std::unique_ptr<StreamingQuery>> Open(engine::Engine& engine,
                                                      StreamDefinition definition);

  /// Runs on a thread of its own until Stop(), an error, or the end of a finite trigger.
  virtual Status Start() = 0;
  /// Runs on the caller's thread until there is no more (kAvailableNow and kOnce; other triggers
  /// run as kAvailableNow), or `stop`. In place of Start().
  virtual Status RunToEnd(std::stop_token stop) = 0;
  /// Asks to stop and waits until the run is over; what is not committed is taken up by the next
  /// run.
  virtual void Stop() = 0;
  /// True when the run is over; its error, if it failed. No `timeout` waits as long as it takes.
  virtual Result<bool> AwaitTermination(std::optional<std::chrono::milliseconds> timeout) = 0;
  /// Waits until all that is in the sources now is in the sink. Error: the run's.
  virtual Status ProcessAllAvailable() = 0;

  virtual const std::string& id() const = 0;      ///< Of the checkpoint; survives restarts.
  virtual const std::string& run_id() const = 0;  ///< Of this run.
  virtual const std::string& name() const = 0;
  virtual bool is_active() const = 0;
  virtual StreamStatus status() const = 0;
  virtual std::vector<StreamProgress> recent_progress() const = 0;
  virtual std::optional<StreamProgress> last_progress() const = 0;
  /// The error that ended the run: STREAM_FAILED around its cause is made by who shows it.
  virtual std::optional<Error> exception() const = 0;
};

}  // namespace inlet::ingest
