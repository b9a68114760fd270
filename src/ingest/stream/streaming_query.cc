#include "ingest/stream/streaming_query.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/uuid.h"
#include "ingest/stream/micro_batch.h"

namespace inlet::ingest {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = StreamTrigger::Kind;

class LocalStreamingQuery final : public StreamingQuery {
 public:
  LocalStreamingQuery(engine::Engine& engine, StreamDefinition definition, CheckpointLog log)
      : name_(definition.name),
        trigger_(definition.trigger),
        max_recent_progress_(definition.max_recent_progress),
        on_progress_(definition.on_progress),
        id_(log.query_id()),
        loop_(engine, std::move(definition), std::move(log)) {}

  ~LocalStreamingQuery() override { Stop(); }

  Status Start() override {
    {
      const std::lock_guard lock(mutex_);
      if (has_started_) return FailInternal("a streaming query was started twice");
      has_started_ = true;
      is_active_ = true;
    }
    thread_ = std::jthread([this](std::stop_token stop) { Finish(Run(stop, trigger_.kind)); });
    return Ok();
  }

  Status RunToEnd(std::stop_token stop) override {
    {
      const std::lock_guard lock(mutex_);
      if (has_started_) return FailInternal("a streaming query was started twice");
      has_started_ = true;
      is_active_ = true;
    }
    Finish(Run(stop, trigger_.kind == Kind::kOnce ? Kind::kOnce : Kind::kAvailableNow));
    const std::lock_guard lock(mutex_);
    if (error_) return std::unexpected(*error_);
    return Ok();
  }

  void Stop() override {
    thread_.request_stop();
    if (thread_.joinable() && thread_.get_id() != std::this_thread::get_id()) {
      const std::lock_guard lock(join_mutex_);
      if (thread_.joinable()) thread_.join();
    }
  }

  Result<bool> AwaitTermination(std::optional<std::chrono::milliseconds> timeout) override {
    std::unique_lock lock(mutex_);
    const auto is_over = [this] { return has_started_ && !is_active_; };
    if (!timeout) {
      changed_.wait(lock, is_over);
    } else if (!changed_.wait_for(lock, *timeout, is_over)) {
      return false;
    }
    if (error_) return std::unexpected(*error_);
    return true;
  }

  Status ProcessAllAvailable() override {
    std::unique_lock lock(mutex_);
    const std::uint64_t wanted = ++idle_wanted_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return idle_reached_ >= wanted || !is_active_; });
    if (error_) return std::unexpected(*error_);
    return Ok();
  }

  const std::string& id() const override { return id_; }
  const std::string& run_id() const override { return run_id_; }
  const std::string& name() const override { return name_; }

  bool is_active() const override {
    const std::lock_guard lock(mutex_);
    return is_active_;
  }
  StreamStatus status() const override {
    const std::lock_guard lock(mutex_);
    return status_;
  }
  std::vector<StreamProgress> recent_progress() const override {
    const std::lock_guard lock(mutex_);
    return {recent_.begin(), recent_.end()};
  }
  std::optional<StreamProgress> last_progress() const override {
    const std::lock_guard lock(mutex_);
    return recent_.empty() ? std::nullopt : std::optional(recent_.back());
  }
  std::optional<Error> exception() const override {
    const std::lock_guard lock(mutex_);
    return error_;
  }

 private:
  Status Run(const std::stop_token& stop, Kind kind) {
    SetStatus("Initializing sources", false, false);
    TRY(loop_.Recover());
    if (kind == Kind::kAvailableNow || kind == Kind::kOnce) return RunFinite(stop, kind);
    WatchSources();
    while (!stop.stop_requested()) {
      const std::uint64_t idle_asked = IdleAsked();
      const Clock::time_point begin = Clock::now();
      const bool did_batch = TRY(RunBatch(/*use_limits=*/true, stop));
      if (!did_batch) ReachIdle(idle_asked);
      Wait(stop, begin, did_batch);
    }
    return Ok();
  }

  Status RunFinite(const std::stop_token& stop, Kind kind) {
    TRY(loop_.FixEnd());
    if (kind == Kind::kOnce) {
      if (loop_.has_planned()) TRY(RunBatch(/*use_limits=*/true, stop));
      TRY(RunBatch(/*use_limits=*/false, stop));
      return Ok();
    }
    while (!stop.stop_requested() && TRY(RunBatch(/*use_limits=*/true, stop))) {
    }
    return Ok();
  }

  /// Whether there was something new.
  Result<bool> RunBatch(bool use_limits, const std::stop_token& stop) {
    SetStatus("Getting offsets from the sources", false, true);
    std::optional<StreamProgress> progress = TRY(loop_.RunOnce(use_limits, stop));
    if (!progress) {
      SetStatus("Waiting for data to arrive", false, false);
      return false;
    }
    progress->run_id = run_id_;
    SetInputRates(*progress);
    SetStatus("Waiting for next trigger", true, false);
    if (on_progress_) on_progress_(*progress);
    const std::lock_guard lock(mutex_);
    recent_.push_back(*std::move(progress));
    if (recent_.size() > max_recent_progress_) recent_.pop_front();
    return true;
  }

  /// Rows since the last trigger, as Spark counts them.
  void SetInputRates(StreamProgress& progress) {
    if (last_trigger_ms_ > 0 && progress.timestamp_ms > last_trigger_ms_) {
      const double seconds = static_cast<double>(progress.timestamp_ms - last_trigger_ms_) / 1000;
      progress.input_rows_per_second = static_cast<double>(progress.num_input_rows) / seconds;
      for (SourceProgress& source : progress.sources) {
        source.input_rows_per_second = static_cast<double>(source.num_input_rows) / seconds;
      }
    }
    last_trigger_ms_ = progress.timestamp_ms;
  }

  void WatchSources() {
    for (const auto& source : loop_.definition().sources) {
      const auto interval = source->WatchForNews([this] {
        const std::lock_guard lock(mutex_);
        has_news_ = true;
        changed_.notify_all();
      });
      poll_interval_ = std::min(poll_interval_, interval);
    }
  }

  /// Until the next trigger.
  void Wait(const std::stop_token& stop, Clock::time_point begin, bool did_batch) {
    if (trigger_.kind == Kind::kAsSoonAsPossible && did_batch) return;
    std::unique_lock lock(mutex_);
    if (trigger_.kind == Kind::kProcessingTime) {
      changed_.wait_until(lock, stop, begin + trigger_.interval,
                          [this] { return idle_wanted_ > idle_reached_; });
      return;
    }
    changed_.wait_for(lock, stop, poll_interval_,
                      [this] { return has_news_ || idle_wanted_ > idle_reached_; });
    has_news_ = false;
  }

  std::uint64_t IdleAsked() const {
    const std::lock_guard lock(mutex_);
    return idle_wanted_;
  }

  void ReachIdle(std::uint64_t asked) {
    const std::lock_guard lock(mutex_);
    idle_reached_ = std::max(idle_reached_, asked);
    changed_.notify_all();
  }

  void SetStatus(const char* message, bool is_data_available, bool is_trigger_active) {
    const std::lock_guard lock(mutex_);
    status_ = {.message = message,
               .is_data_available = is_data_available,
               .is_trigger_active = is_trigger_active};
  }

  void Finish(Status result) {
    const std::lock_guard lock(mutex_);
    // A stop cuts a batch short; the next run takes it up.
    const bool was_stopped = !result && result.error().kind() == ErrorKind::kCancelled;
    if (!result && !was_stopped) error_ = std::move(result).error();
    status_ = {.message = error_ ? "Terminated with exception: " + ToString(*error_) : "Stopped"};
    is_active_ = false;
    changed_.notify_all();
  }

  const std::string name_;
  const StreamTrigger trigger_;
  const std::size_t max_recent_progress_;
  const std::function<void(const StreamProgress&)> on_progress_;
  const std::string id_;
  const std::string run_id_ = RandomUuid();

  mutable std::mutex mutex_;  // Guards all below but the thread.
  std::condition_variable_any changed_;
  bool has_started_ = false;
  bool is_active_ = false;
  bool has_news_ = false;
  /// ProcessAllAvailable() asks for a look at the sources that begins later and finds nothing.
  std::uint64_t idle_wanted_ = 0;
  std::uint64_t idle_reached_ = 0;
  StreamStatus status_{.message = "Initializing StreamExecution"};
  std::deque<StreamProgress> recent_;
  std::optional<Error> error_;

  // Of the running thread alone. The sources' own threads use what stands above.
  MicroBatchLoop loop_;
  std::int64_t last_trigger_ms_ = 0;
  std::chrono::milliseconds poll_interval_ = std::chrono::hours(1);

  std::mutex join_mutex_;
  std::jthread thread_;  // Last: it uses all of the above.
};

}  // namespace

Result<std::unique_ptr<StreamingQuery>> StreamingQuery::Open(engine::Engine& engine,
                                                             StreamDefinition definition) {
  CheckpointLog log = TRY(CheckpointLog::Open(definition.checkpoint));
  return std::make_unique<LocalStreamingQuery>(engine, std::move(definition), std::move(log));
}

}  // namespace inlet::ingest
