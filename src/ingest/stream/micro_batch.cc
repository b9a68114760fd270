#include "ingest/stream/micro_batch.h"

#include <algorithm>
#include <chrono>

#include "ingest/stream/counted_source.h"

namespace inlet::ingest {
namespace {

using Clock = std::chrono::steady_clock;

/// How often one batch is planned again: each time the schema has grown, or a file was replaced.
constexpr int kMaxAttempts = 100;

std::int64_t NowMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// A source has noted new columns, and reads on with them when it is asked again.
bool IsNewSchema(const Error& error) {
  if (error.condition == Condition::DELTA_SCHEMA_CHANGED_WITH_VERSION) return true;
  if (error.condition != Condition::UNKNOWN_FIELD_EXCEPTION_NEW_FIELDS_IN_FILE &&
      error.condition != Condition::UNKNOWN_FIELD_EXCEPTION_NEW_FIELDS_IN_RECORD) {
    return false;
  }
  return std::find(error.params.begin(), error.params.end(),
                   std::pair<std::string, std::string>("retryable", "true")) != error.params.end();
}

bool IsReplacedFile(const Error& error) {
  return error.condition == Condition::STREAM_SOURCE_CHANGED ||
         error.condition == Condition::FAILED_READ_FILE_FILE_NOT_EXIST;
}

double PerSecond(std::int64_t rows, std::int64_t duration_ms) {
  return duration_ms <= 0 ? 0 : static_cast<double>(rows) * 1000 / static_cast<double>(duration_ms);
}

}  // namespace

/// How long the steps of one batch took, by Spark's names.
struct MicroBatchLoop::Timings {
  std::map<std::string, std::int64_t> duration_ms;
  Clock::time_point begin = Clock::now();

  template <class Work>
  auto Measure(const char* step, Work work) {
    const Clock::time_point from = Clock::now();
    auto result = work();
    duration_ms[step] += MsSince(from);
    return result;
  }
  static std::int64_t MsSince(Clock::time_point from) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - from).count();
  }
};

Status MicroBatchLoop::Recover() {
  CheckpointLog::Position position = TRY(log_.Find().Context("read the checkpoint"));
  const std::size_t num_sources = definition_.sources.size();
  ends_.assign(num_sources, std::nullopt);
  planned_.reset();
  if (!position.newest) return Ok();
  if (position.newest->ends.size() != num_sources) {
    return Fail(
        Condition::STREAM_CHECKPOINT_INVALID,
        {{"path", storage::UrlOf(*log_.root().store, log_.root().path)},
         {"message", "it is of a query with " + std::to_string(position.newest->ends.size()) +
                         " streaming sources, this one has " + std::to_string(num_sources)}});
  }
  if (position.is_committed) {
    next_id_ = position.newest->id + 1;
    ends_ = std::move(position.newest->ends);
    return Ok();
  }
  if (position.before) ends_ = std::move(position.before->ends);
  ends_.resize(num_sources);
  planned_ = std::move(position.newest);
  return Ok();
}

Status MicroBatchLoop::FixEnd() {
  for (const auto& source : definition_.sources) TRY(source->FixEnd());
  return Ok();
}

Result<std::optional<StreamProgress>> MicroBatchLoop::RunOnce(bool use_limits,
                                                              std::stop_token stop) {
  Timings timings;
  StreamProgress progress{.id = log_.query_id(), .timestamp_ms = NowMs()};
  if (!definition_.name.empty()) progress.name = definition_.name;
  // A batch that was planned but not marked committed is run again with the same offsets: the
  // crash may have come before or after the sink's commit, and the sink tells the two apart by the
  // batch id.
  if (!planned_ && !TRY(PlanNext(use_limits, timings).Context("plan the next micro-batch"))) {
    return std::nullopt;
  }
  progress.batch_id = planned_->id;
  const SinkResult result = TRY(Copy(timings, progress, stop));
  TRY(AwaitPlan(timings));
  TRY(timings.Measure("commitOffsets", [&] { return log_.MarkCommitted(planned_->id); }));
  progress.num_output_rows = result.num_output_rows;
  progress.num_output_bytes = result.num_output_bytes;
  progress.table_version = result.table_version;
  Describe(progress);
  ends_ = std::move(planned_->ends);
  next_id_ = planned_->id + 1;
  planned_.reset();
  TRY(Release());
  log_.Purge(next_id_ - 1);
  progress.batch_duration_ms = Timings::MsSince(timings.begin);
  timings.duration_ms["triggerExecution"] = progress.batch_duration_ms;
  progress.duration_ms = std::move(timings.duration_ms);
  progress.processed_rows_per_second =
      PerSecond(progress.num_input_rows, progress.batch_duration_ms);
  for (SourceProgress& source : progress.sources) {
    source.processed_rows_per_second = PerSecond(source.num_input_rows, progress.batch_duration_ms);
  }
  return progress;
}

Result<bool> MicroBatchLoop::PlanNext(bool use_limits, Timings& timings) {
  PlannedBatch next{.id = next_id_, .timestamp_ms = NowMs(), .ends = ends_};
  bool has_news = false;
  TRY(timings.Measure("latestOffset", [&]() -> Status {
    for (std::size_t i = 0; i < definition_.sources.size(); ++i) {
      auto latest = definition_.sources[i]->Latest(ends_[i], use_limits);
      if (!latest && RestartsOnSchemaChange() && IsNewSchema(latest.error())) {
        latest = definition_.sources[i]->Latest(ends_[i], use_limits);
      }
      auto upto = TRY(std::move(latest));
      if (!upto || upto == ends_[i]) continue;
      next.ends[i] = std::move(upto);
      has_news = true;
    }
    return Ok();
  }));
  if (!has_news) return false;
  planned_ = next;
  plan_written_ = std::async(std::launch::async, [this, batch = std::move(next)]() -> Status {
    for (const auto& source : definition_.sources) TRY(source->Persist());
    return log_.Plan(batch);
  });
  return true;
}

Status MicroBatchLoop::AwaitPlan(Timings& timings) {
  if (!plan_written_.valid()) return Ok();
  return timings.Measure("walCommit", [&] { return plan_written_.get(); });
}

bool MicroBatchLoop::RestartsOnSchemaChange() const {
  return definition_.restart_on_schema_change ||
         std::ranges::any_of(definition_.sources, [](const auto& source) {
           return source->restarts_on_schema_change();
         });
}

Result<SinkResult> MicroBatchLoop::Copy(Timings& timings, StreamProgress& progress,
                                        std::stop_token stop) {
  bool saw_replaced_file = false;
  for (int attempt = 1;; ++attempt) {
    Result<SinkResult> result = CopyOnce(timings, progress, stop);
    if (result || attempt == kMaxAttempts || stop.stop_requested()) return result;
    if (IsReplacedFile(result.error()) && !saw_replaced_file) {
      saw_replaced_file = true;
    } else if (!RestartsOnSchemaChange() || !IsNewSchema(result.error())) {
      return result;
    }
  }
}

Result<SinkResult> MicroBatchLoop::CopyOnce(Timings& timings, StreamProgress& progress,
                                            const std::stop_token& stop) {
  std::vector<SourceBatch> batches;
  std::vector<std::shared_ptr<const CountedSource>> counted;
  std::vector<std::shared_ptr<const engine::SplitSource>> inputs;
  TRY(timings.Measure("getBatch", [&]() -> Status {
    for (std::size_t i = 0; i < definition_.sources.size(); ++i) {
      StreamSource& source = *definition_.sources[i];
      const auto& upto = planned_->ends[i];
      if (upto && upto != ends_[i]) {
        batches.push_back(TRY(source.Plan({.after = ends_[i], .upto = *upto})));
      } else {
        batches.push_back({.input = EmptySource(TRY(source.Schema()))});
      }
      counted.push_back(std::make_shared<CountedSource>(batches.back().input));
      inputs.push_back(counted.back());
    }
    return Ok();
  }));
  if (!definition_.sink->is_transactional()) {
    TRY(AwaitPlan(timings));
    for (const SourceBatch& batch : batches) {
      if (batch.check_before_reading) TRY(batch.check_before_reading());
    }
  }
  BatchRewrite rewrite;
  if (definition_.make_rewrite) rewrite = definition_.make_rewrite(planned_->id);
  BoundQuery bound = TRY(timings.Measure("queryPlanning", [&]() -> Result<BoundQuery> {
    BoundQuery query = TRY(definition_.bind(inputs));
    query.context.now_us = planned_->timestamp_ms * 1000;
    if (!sink_is_open_) {
      const types::StructType schema =
          TRY(engine_.Describe(query.query, query.inputs, query.context));
      TRY(definition_.sink->Open(log_.query_id(), schema));
      sink_is_open_ = true;
    }
    if (rewrite.rewrite) return rewrite.rewrite(std::move(query));
    return query;
  }));
  const auto before_visible = [&]() -> Status {
    TRY(AwaitPlan(timings));
    // Planning may have noted that a file was replaced.
    for (const auto& source : definition_.sources) TRY(source->Persist());
    for (const SourceBatch& batch : batches) {
      if (batch.check_after_reading) TRY(batch.check_after_reading());
    }
    return rewrite.check ? rewrite.check() : Ok();
  };
  const SinkResult result = TRY(timings.Measure("addBatch", [&] {
    return definition_.sink->AddBatch(planned_->id, std::move(bound), before_visible, stop);
  }));
  progress.sources.clear();
  progress.num_input_rows = 0;
  for (const auto& source : counted) {
    progress.sources.push_back({.num_input_rows = source->num_rows_read()});
    progress.num_input_rows += source->num_rows_read();
  }
  if (rewrite.observed) progress.observed_metrics = rewrite.observed();
  return result;
}

/// Call it while the batch is still planned_.
void MicroBatchLoop::Describe(StreamProgress& progress) const {
  const auto text = [](const std::optional<StreamOffset>& offset) {
    return offset ? std::optional(offset->json) : std::nullopt;
  };
  progress.sink_description = definition_.sink->description();
  for (std::size_t i = 0; i < progress.sources.size(); ++i) {
    SourceProgress& source = progress.sources[i];
    source.description = definition_.sources[i]->description();
    source.start_offset = text(ends_[i]);
    source.end_offset = text(planned_->ends[i]);
    source.latest_offset = source.end_offset;
    if (planned_->ends[i]) {
      source.metrics = definition_.sources[i]->Metrics(*planned_->ends[i]);
    }
  }
}

Status MicroBatchLoop::Release() {
  for (std::size_t i = 0; i < definition_.sources.size(); ++i) {
    if (ends_[i]) TRY(definition_.sources[i]->Release(*ends_[i]));
  }
  return Ok();
}

}  // namespace inlet::ingest
