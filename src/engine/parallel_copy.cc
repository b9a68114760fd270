#include "engine/parallel_copy.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

namespace inlet::engine {
namespace {

/// Batches on their way from reading to writing threads. Thread-safe.
class BatchQueue {
 public:
  BatchQueue(std::size_t capacity, std::size_t num_producers)
      : capacity_(capacity), producers_(num_producers) {}

  /// Waits while the queue is full. False when stopped.
  bool Push(types::BatchPtr batch, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return batches_.size() < capacity_; })) return false;
    batches_.push_back(std::move(batch));
    changed_.notify_all();
    return true;
  }

  void FinishProducer() {
    std::lock_guard lock(mutex_);
    --producers_;
    changed_.notify_all();
  }

  /// Null when stopped, or when there is nothing left and no producer.
  types::BatchPtr Pop(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const bool ready =
        changed_.wait(lock, stop, [&] { return !batches_.empty() || producers_ == 0; });
    if (!ready || batches_.empty()) return nullptr;
    types::BatchPtr batch = std::move(batches_.front());
    batches_.pop_front();
    changed_.notify_all();
    return batch;
  }

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<types::BatchPtr> batches_;  // Guarded by mutex_.
  std::size_t producers_;                // Guarded by mutex_.
};

/// One copy: what its threads share.
class Copy {
 public:
  Copy(const SplitSource& source, const Projection& projection, const DataFileWriters& writers,
       const ParallelCopyOptions& options)
      : source_(source), projection_(projection), writers_(writers), options_(options) {}

  Result<std::vector<delta::AddFile>> Run(const std::stop_token& stop) {
    std::stop_callback forward(stop, [this] { stop_.request_stop(); });
    const std::size_t threads =
        std::max<std::size_t>(1, options_.threads > 0 ? static_cast<std::size_t>(options_.threads)
                                                      : std::thread::hardware_concurrency());
    const std::size_t readers = std::min(threads, source_.num_splits());
    BatchQueue queue(2 * threads, readers);
    {
      std::vector<std::jthread> running;
      for (std::size_t i = 0; i < readers; ++i) {
        running.emplace_back([&] { readers == threads ? Keep(CopySplits()) : Keep(Read(queue)); });
      }
      for (std::size_t i = readers; readers > 0 && i < threads; ++i) {
        running.emplace_back([&] { Keep(WriteFrom(queue)); });
      }
    }
    if (!error_ && stop.stop_requested()) error_ = Fail(Condition::OPERATION_CANCELED, {}).error();
    if (!error_) return std::move(files_);
    writers_.delete_staged(files_);
    return std::unexpected(*std::move(error_));
  }

 private:
  /// Reads splits until there are no more and gives each batch to `take`, which says whether to go
  /// on.
  template <class Take>
  Status ReadSplits(Take take) {
    while (!stop_.stop_requested()) {
      const std::size_t split = next_split_.fetch_add(1);
      if (split >= source_.num_splits()) break;
      auto reader = TRY(source_.Open(split, projection_));
      while (!stop_.stop_requested()) {
        types::BatchPtr batch = TRY(reader->Next());
        if (!batch) break;
        const std::int64_t rows = batch->num_rows();
        if (rows > 0) TRY(take(std::move(batch)));
        Report(rows, 0);
      }
      Report(0, source_.estimated_bytes() / static_cast<std::int64_t>(source_.num_splits()));
    }
    return Ok();
  }

  /// One thread reads and writes.
  Status CopySplits() {
    std::unique_ptr<delta::DataFileWriter> writer;
    TRY(ReadSplits([&](types::BatchPtr batch) { return Append(writer, batch); }));
    return FinishWriter(writer);
  }

  Status Read(BatchQueue& queue) {
    auto read = ReadSplits([&](types::BatchPtr batch) -> Status {
      queue.Push(std::move(batch), stop_.get_token());
      return Ok();
    });
    queue.FinishProducer();
    return read;
  }

  Status WriteFrom(BatchQueue& queue) {
    std::unique_ptr<delta::DataFileWriter> writer;
    while (types::BatchPtr batch = queue.Pop(stop_.get_token())) TRY(Append(writer, batch));
    return FinishWriter(writer);
  }

  /// The writer opens with the first row: a thread that gets none makes no file.
  Status Append(std::unique_ptr<delta::DataFileWriter>& writer, const types::BatchPtr& batch) {
    if (!writer) writer = TRY(writers_.open());
    return writer->Append(batch);
  }

  Status FinishWriter(std::unique_ptr<delta::DataFileWriter>& writer) {
    if (!writer || stop_.stop_requested()) return Ok();
    auto files = TRY(writer->Finish());
    std::lock_guard lock(mutex_);
    std::move(files.begin(), files.end(), std::back_inserter(files_));
    return Ok();
  }

  /// Keeps the first error and stops the other threads.
  void Keep(Status status) {
    if (status) return;
    std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(status).error();
    stop_.request_stop();
  }

  void Report(std::int64_t rows, std::int64_t bytes) {
    const std::int64_t all_rows = rows_.fetch_add(rows) + rows;
    const std::int64_t all_bytes = bytes_.fetch_add(bytes) + bytes;
    if (options_.on_progress) options_.on_progress(all_rows, all_bytes);
  }

  const SplitSource& source_;  // Outlives this, as do the next three.
  const Projection& projection_;
  const DataFileWriters& writers_;
  const ParallelCopyOptions& options_;
  std::stop_source stop_;
  std::atomic<std::size_t> next_split_ = 0;
  std::atomic<std::int64_t> rows_ = 0;
  std::atomic<std::int64_t> bytes_ = 0;
  std::mutex mutex_;
  std::vector<delta::AddFile> files_;  // Guarded by mutex_.
  std::optional<Error> error_;         // Guarded by mutex_.
};

}  // namespace

Result<std::vector<delta::AddFile>> ParallelCopy(const SplitSource& source,
                                                 const Projection& projection,
                                                 const DataFileWriters& writers,
                                                 const ParallelCopyOptions& options,
                                                 std::stop_token stop) {
  if (stop.stop_requested()) return Fail(Condition::OPERATION_CANCELED, {});
  return Copy(source, projection, writers, options).Run(stop);
}

}  // namespace inlet::engine
