#include <arrow/record_batch.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/testing.h"
#include "delta/data_file_writer.h"
#include "delta/log_maintenance.h"
#include "delta/scan.h"
#include "delta/table.h"
#include "delta/transaction.h"
#include "storage/object_store.h"
#include "types/arrow.h"
#include "types/column_builder.h"

/// delta_bench open DIR | plan DIR | checkpoint DIR | commit DIR COUNT | append DIR COUNT
///             | update DIR COUNT | writers DIR WRITERS COUNT
///
///   open        loads the newest version
///   plan        loads it and plans a scan of everything
///   checkpoint  loads it and writes a log checkpoint
///   commit      makes a table and commits the names of COUNT files
///   append      makes a table and writes and commits COUNT files of one row
///   update      loads the table, then follows COUNT commits that it makes itself
///   writers     so many threads commit COUNT files each to a new table
///
/// Prints wall seconds, CPU seconds and peak megabytes of the part that is named.
namespace inlet::delta {
namespace {

using Clock = std::chrono::steady_clock;

double CpuSeconds(int whose = RUSAGE_SELF) {
  rusage usage{};
  getrusage(whose, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Stopwatch {
 public:
  void Print(const char* what, std::int64_t count) const {
    const double wall = std::chrono::duration<double>(Clock::now() - began_).count();
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("%s %lld wall %.4f cpu %.4f peak_mb %ld\n", what, static_cast<long long>(count),
                wall, CpuSeconds() - cpu_, usage.ru_maxrss / 1024);
    std::fflush(stdout);
  }

 private:
  const Clock::time_point began_ = Clock::now();
  const double cpu_ = CpuSeconds();
};

storage::Location At(const std::string& path) {
  return Value(storage::Resolve(std::filesystem::absolute(path).string()));
}

void Create(const storage::Location& root) {
  const TableActions actions =
      Value(DefineTable({.schema = Value(types::ParseDdl("id BIGINT, name STRING"))}));
  Transaction transaction(root);
  transaction.Set(actions.metadata);
  transaction.Set(actions.protocol);
  Value(std::move(transaction).Commit({.name = "CREATE TABLE"}));
}

/// One data file of one row and its commit, on top of `snapshot`.
SnapshotPtr AppendRow(const SnapshotPtr& snapshot, std::int64_t id) {
  const auto writer = Value(
      DataFileWriter::Open(Value(DataFileSpecFor(snapshot->table_root(), snapshot->metadata()))));
  types::ColumnBuilder ids(types::TypeId::kLong);
  types::ColumnBuilder names(types::TypeId::kString);
  ids.AppendLong(id);
  names.AppendBytes("name");
  arrow::ArrayVector columns = {Value(ids.Finish()), Value(names.Finish())};
  const auto schema = types::ToArrow(snapshot->schema());
  EXPECT_TRUE(writer->Append(arrow::RecordBatch::Make(schema, 1, std::move(columns))).has_value());
  Transaction transaction(snapshot);
  transaction.Add(Value(writer->Finish()));
  return Value(std::move(transaction).Commit({.name = "WRITE"})).snapshot;
}

void Append(const storage::Location& root, std::int64_t count) {
  Create(root);
  SnapshotPtr snapshot = Value(Snapshot::Load(root));
  const Stopwatch watch;
  for (std::int64_t i = 0; i < count; ++i) snapshot = AppendRow(snapshot, i);
  FlushLogCheckpoints();
  watch.Print("append", count);
}

void Commit(const storage::Location& root, std::int64_t count) {
  Create(root);
  SnapshotPtr snapshot = Value(Snapshot::Load(root));
  const Stopwatch watch;
  for (std::int64_t i = 0; i < count; ++i) {
    Transaction transaction(snapshot);
    transaction.Add(AddFile{.path = "new-" + std::to_string(i) + ".parquet",
                            .size = 1,
                            .data_change = true,
                            .stats = "{\"numRecords\":1}"});
    snapshot = Value(std::move(transaction).Commit({.name = "WRITE"})).snapshot;
  }
  FlushLogCheckpoints();
  watch.Print("commit", count);
}

/// Follows commits that others make: each Update() finds one more.
void Update(const storage::Location& root, std::int64_t count) {
  SnapshotPtr ours = Value(Snapshot::Load(root));
  SnapshotPtr theirs = ours;
  double cpu = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    Transaction transaction(theirs);
    transaction.Add(AddFile{.path = "new-" + std::to_string(i) + ".parquet",
                            .size = 1,
                            .data_change = true,
                            .stats = "{\"numRecords\":1}"});
    theirs = Value(std::move(transaction).Commit({.name = "WRITE"})).snapshot;
    // Log checkpoints of the commits are written on a thread of their own meanwhile.
    const double began = CpuSeconds(RUSAGE_THREAD);
    ours = Value(Snapshot::Update(ours));
    cpu += CpuSeconds(RUSAGE_THREAD) - began;
  }
  FlushLogCheckpoints();
  std::printf("update %lld wall 0 cpu %.4f peak_mb 0\n", static_cast<long long>(count), cpu);
}

void Writers(const storage::Location& root, int num_writers, std::int64_t count) {
  Create(root);
  const Stopwatch watch;
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < num_writers; ++writer) {
    writers.emplace_back([&, writer] {
      SnapshotPtr snapshot = Value(Snapshot::Load(root));
      for (std::int64_t i = 0; i < count; ++i) snapshot = AppendRow(snapshot, writer * count + i);
    });
  }
  writers.clear();
  FlushLogCheckpoints();
  watch.Print("writers", num_writers * count);
  const std::int64_t num_files = Value(Snapshot::Load(root))->num_files();
  if (num_files != num_writers * count)
    std::printf("LOST COMMITS: %lld files\n", static_cast<long long>(num_files));
}

int Run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) return 2;
  const std::string& what = arguments[0];
  const storage::Location root = At(arguments[1]);
  const auto number = [&](std::size_t i) {
    return i < arguments.size() ? std::atoll(arguments[i].c_str()) : 100;
  };
  if (what == "commit") return Commit(root, number(2)), 0;
  if (what == "append") return Append(root, number(2)), 0;
  if (what == "update") return Update(root, number(2)), 0;
  if (what == "writers") return Writers(root, static_cast<int>(number(2)), number(3)), 0;
  const Stopwatch open;
  const SnapshotPtr snapshot = Value(Snapshot::Load(root));
  open.Print("open", snapshot->num_files());
  const Stopwatch next;
  if (what == "plan") {
    next.Print("plan", Value(DeltaScan::Plan(snapshot))->num_rows().value_or(-1));
  } else if (what == "checkpoint") {
    EXPECT_TRUE(WriteLogCheckpoint(snapshot, /*now_ms=*/0).has_value());
    next.Print("checkpoint", snapshot->num_files());
  }
  return 0;
}

}  // namespace
}  // namespace inlet::delta

int main(int count, char** values) {
  return inlet::delta::Run(std::vector<std::string>(values + 1, values + count));
}
