#pragma once

#include <cstdint>
#include <future>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "ingest/stream/checkpoint_log.h"
#include "ingest/stream/streaming_query.h"

namespace inlet::ingest {

/// The heart of a stream: plans a micro-batch, copies it, marks it done. Not thread-safe.
class MicroBatchLoop {
 public:
  MicroBatchLoop(engine::Engine& engine, StreamDefinition definition, CheckpointLog log)
      : engine_(engine), definition_(std::move(definition)), log_(std::move(log)) {}

  /// Finds out where the stream stands. Call it before the others.
  Status Recover();

  /// Sources give nothing that comes later: for availableNow and once.
  Status FixEnd();

  /// Runs one micro-batch: the planned one that is not committed yet, else the next one. Nothing
  /// when there is no new data.
  Result<std::optional<StreamProgress>> RunOnce(bool use_limits, std::stop_token stop);

  /// Whether RunOnce() would repeat a planned batch.
  bool has_planned() const { return planned_.has_value(); }

  const std::string& query_id() const { return log_.query_id(); }
  StreamDefinition& definition() { return definition_; }

 private:
  struct Timings;
  using Ends = std::vector<std::optional<StreamOffset>>;

  Result<bool> PlanNext(bool use_limits, Timings& timings);
  /// Waits until the plan of planned_ is durable.
  Status AwaitPlan(Timings& timings);
  Result<SinkResult> Copy(Timings& timings, StreamProgress& progress, std::stop_token stop);
  Result<SinkResult> CopyOnce(Timings& timings, StreamProgress& progress,
                              const std::stop_token& stop);
  Status Release();
  bool RestartsOnSchemaChange() const;
  void Describe(StreamProgress& progress) const;

  engine::Engine& engine_;  // Outlives this.
  StreamDefinition definition_;
  CheckpointLog log_;
  std::optional<PlannedBatch> planned_;  ///< Not in the sink yet, as far as we know.
  /// The write of offsets/<planned_>, which runs beside the writing of data files: nobody sees
  /// those before it is done. Not valid: done.
  std::future<Status> plan_written_;
  BatchId next_id_ = 0;
  Ends ends_;  ///< Of the last committed batch.
  bool sink_is_open_ = false;
};

}  // namespace inlet::ingest
