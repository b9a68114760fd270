#include "engine/parallel_copy.h"

#include <chrono>
#include <thread>

#include "engine/test_source.h"

namespace inlet::engine {
namespace {

Result<std::vector<delta::AddFile>> Copy(const SplitSource& source, FakeFiles& files, int threads,
                                         std::stop_token stop = {}) {
  return ParallelCopy(source, {.columns = {0}}, files.writers(), {.threads = threads}, stop);
}

std::int64_t SumOf(const FakeFiles& files) {
  std::int64_t sum = 0;
  for (const auto& batches : files.finished) {
    for (const auto& batch : batches) {
      const auto& column = static_cast<const arrow::Int64Array&>(*batch->column(0));
      for (std::int64_t i = 0; i < column.length(); ++i) sum += column.Value(i);
    }
  }
  return sum;
}

TEST(ParallelCopy, EveryRowArrivesOnceWithAnyNumberOfSplitsAndThreads) {
  for (const std::size_t splits : {1u, 2u, 3u, 50u}) {
    for (const int threads : {1, 2, 4}) {
      FakeFiles files;
      Value(Copy(*Numbers(splits, 30'000), files, threads));
      const auto rows = static_cast<std::int64_t>(splits) * 30'000;
      EXPECT_EQ(files.num_rows(), rows) << splits << " splits, " << threads << " threads";
      EXPECT_EQ(SumOf(files), rows * (rows - 1) / 2);
      EXPECT_LE(files.num_opened, threads);
    }
  }
}

TEST(ParallelCopy, NoSplitsGiveNoFile) {
  FakeFiles files;
  EXPECT_THAT(Value(Copy(*Numbers(0, 0), files, 4)), testing::IsEmpty());
  EXPECT_EQ(files.num_opened, 0);
}

TEST(ParallelCopy, TheFirstErrorOfAReaderEndsAllAndLeavesNoFile) {
  for (const std::size_t splits : {1u, 20u}) {
    FakeFiles files;
    auto source = Numbers(splits, 200'000);
    source->before_batch = [&](std::size_t split, std::size_t batch) -> Status {
      if (split + 1 == splits && batch == 10) {
        return Fail(Condition::INLET_CORRUPT_FILE, {{"path", "x"}, {"message", "y"}});
      }
      return Ok();
    };
    EXPECT_THAT(Copy(*source, files, 3), FailsWith(Condition::INLET_CORRUPT_FILE));
    EXPECT_EQ(files.num_deleted, static_cast<int>(files.finished.size()));
    EXPECT_EQ(files.num_opened, files.num_abandoned + static_cast<int>(files.finished.size()));
  }
}

TEST(ParallelCopy, AnErrorOfAWriterEndsAlsoAReaderThatWaits) {
  FakeFiles files;
  files.before_append = []() -> Status {
    return Fail(Condition::INLET_DISK_FULL, {{"path", "x"}});
  };
  EXPECT_THAT(Copy(*Numbers(1, 2'000'000), files, 2), FailsWith(Condition::INLET_DISK_FULL));
}

TEST(ParallelCopy, AStopEndsItAndLeavesNoFile) {
  FakeFiles files;
  std::stop_source stop;
  auto source = Numbers(4, 100'000);
  source->before_batch = [&](std::size_t, std::size_t batch) -> Status {
    if (batch == 3) stop.request_stop();
    return Ok();
  };
  EXPECT_THAT(Copy(*source, files, 2, stop.get_token()), FailsWith(Condition::OPERATION_CANCELED));
  EXPECT_EQ(files.num_opened, files.num_abandoned + files.num_deleted);
}

TEST(ParallelCopy, AReaderWaitsForSlowWriters) {
  FakeFiles files;
  std::atomic<int> read = 0;
  std::atomic<int> appended = 0;
  std::atomic<int> most_ahead = 0;
  auto source = Numbers(1, 1'000'000);
  source->before_batch = [&](std::size_t, std::size_t) -> Status {
    most_ahead = std::max(most_ahead.load(), ++read - appended.load());
    return Ok();
  };
  files.before_append = [&]() -> Status {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ++appended;
    return Ok();
  };
  Value(Copy(*source, files, 2));
  EXPECT_LE(most_ahead, 7);  // Two a thread in the queue, one with each thread, and the last call.
}

TEST(ParallelCopy, ProgressGrowsToAllRows) {
  FakeFiles files;
  std::atomic<std::int64_t> rows = 0;
  Value(ParallelCopy(
      *Numbers(8, 20'000), {.columns = {0}}, files.writers(),
      {.threads = 2,
       .on_progress = [&](std::int64_t done, std::int64_t) { rows = std::max(rows.load(), done); }},
      {}));
  EXPECT_EQ(rows, 160'000);
}

}  // namespace
}  // namespace inlet::engine
