#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "engine/engine.h"
#include "types/data_type.h"

namespace inlet::ingest {

/// A place in a source's stream: JSON, so that a person can read a checkpoint. The loop stores it,
/// gives it back and compares it; only the source looks inside.
struct StreamOffset {
  std::string json;
  bool operator==(const StreamOffset&) const = default;
};

/// The half-open range (after, upto]. No `after` means from the beginning.
struct OffsetRange {
  std::optional<StreamOffset> after;
  StreamOffset upto;
};

/// The rows of one range, as an input of the engine.
struct SourceBatch {
  std::shared_ptr<const engine::SplitSource> input;
  /// To be called when the rows have been read, before anybody can see them: an error says that
  /// they were not read as they should be (UNKNOWN_FIELD_EXCEPTION_* after the source has noted
  /// its new schema: plan the range again). May be empty.
  std::function<Status()> check_after_reading;
  /// The same for sinks that show rows while they are read: looks at the range first, which may
  /// cost a second read of it. May be empty.
  std::function<Status()> check_before_reading;
};

/// One streaming relation of a query: an endless sequence of offset ranges.
///
/// Replay rule: Plan() of the same range gives the same rows until Release() of its end, also in
/// another process on the same checkpoint. Exactly-once delivery rests on this.
///
/// All but Persist() and the callback of WatchForNews() are called from one thread at a time.
class StreamSource {
 public:
  virtual ~StreamSource() = default;

  /// As StreamingQueryProgress shows it: "CloudFilesSource[file:/landing]".
  virtual std::string description() const = 0;

  /// The columns that the next Plan() gives; looked for when they are not known yet.
  /// Errors: CF_EMPTY_DIR_FOR_SCHEMA_INFERENCE while there is nothing to learn them from.
  virtual Result<types::StructType> Schema() = 0;

  /// The furthest offset after `after` within the source's limits (maxFilesPerTrigger and kin), or
  /// without limits for Trigger.Once; nothing when there is no new data.
  virtual Result<std::optional<StreamOffset>> Latest(const std::optional<StreamOffset>& after,
                                                     bool use_limits) = 0;

  /// Whether new columns are to be taken in at once, in place of failing for a restart.
  virtual bool restarts_on_schema_change() const { return false; }

  /// Makes durable what the offsets given so far rest on. Runs beside Plan() and the reading of its
  /// rows, on another thread, never beside Latest().
  virtual Status Persist() { return Ok(); }

  /// From now on Latest() gives nothing beyond what is there now: for availableNow.
  virtual Status FixEnd() = 0;

  /// Again for the same range: what the first attempt has learned (a new schema, files that were
  /// replaced since they were found) is taken in.
  virtual Result<SourceBatch> Plan(const OffsetRange& range) = 0;

  /// Rows up to and including `upto` are durable downstream; the source may forget them. A crash
  /// can skip a call; the next one covers it.
  virtual Status Release(const StreamOffset& upto) = 0;

  /// Calls `on_news` from any thread when Latest() may have something. Gives how often to ask all
  /// the same, since not every source is told of news.
  virtual std::chrono::milliseconds WatchForNews(std::function<void()> on_news) = 0;

  /// For `sources[i].metrics` of the progress: numFilesOutstanding, numBytesOutstanding.
  /// `upto` is the end of the last batch; none: there was no batch yet.
  virtual std::map<std::string, std::string> Metrics(const std::optional<StreamOffset>& upto) = 0;
};

}  // namespace inlet::ingest
