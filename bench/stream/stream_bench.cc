#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "ingest/read_files.h"
#include "ingest/stream/file_index.h"
#include "ingest/stream/stream_fixture.h"
#include "ingest/write_table.h"

/// stream_bench names [COUNT] | latency [COUNT] | files [COUNT]
///
///   names    a trigger with 10 new files among COUNT known names
///   latency  from the rename of a file to the version that has its rows
///   files    COUNT JSON files of 10 KB in one available-now run, and as CREATE TABLE AS
namespace inlet::ingest {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point from) {
  return std::chrono::duration<double>(Clock::now() - from).count();
}

double PeakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

FileToTable StreamIn(const ScratchDirectory& scratch) {
  return {.landing = scratch / "landing",
          .checkpoint = LocalAt(scratch / "checkpoint"),
          .table = LocalAt(scratch / "table"),
          .options = {{"format", "json"}, {"schema", "id BIGINT"}}};
}

/// A landing directory with `count` files, all of them known to the stream.
void MakeKnown(const ScratchDirectory& scratch, std::int64_t count) {
  std::filesystem::create_directories(scratch / "landing");
  const auto index =
      Value(FileIndex::Open(scratch / "checkpoint/sources/0/rocksdb",
                            DiscoveryLog(LocalAt(scratch / "checkpoint/sources/0"))));
  std::vector<FoundFile> files;
  for (std::int64_t i = 1; i <= count; ++i) {
    char name[64];
    std::snprintf(name, sizeof(name), "landing/part-2024-08-17-%012ld.json", static_cast<long>(i));
    std::fclose(std::fopen((scratch / name).c_str(), "w"));
    files.push_back({.seq = i, .url = "file:" + (scratch / name), .size_bytes = 100});
    if (files.size() == 100'000 || i == count) {
      Value(index->Add(std::exchange(files, {})));
      Value(index->Persist());
    }
  }
}

void RunNames(std::int64_t count) {
  const ScratchDirectory scratch;
  MakeKnown(scratch, count);
  FileToTable stream = StreamIn(scratch);
  // The known ones count as loaded.
  std::filesystem::create_directories(scratch / "checkpoint/offsets");
  std::filesystem::create_directories(scratch / "checkpoint/commits");
  scratch.Write("checkpoint/metadata", R"({"id":"5d4cf3a5-7b4c-4be2-9d0e-0d1c7f6fbb56"})");
  scratch.Write("checkpoint/offsets/0",
                "v1\n{\"batchTimestampMs\":1}\n{\"seqNum\":" + std::to_string(count) + "}");
  scratch.Write("checkpoint/commits/0", "v1\n{}");
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 10; ++i) {
      scratch.Write("landing/part-2024-08-18-" + std::to_string(round * 10 + i) + ".json",
                    "{\"id\": 1}");
    }
    const auto from = Clock::now();
    const Status status = stream.Run();
    std::printf("names %ld: trigger %.3f s, peak %.0f MB%s\n", static_cast<long>(count),
                SecondsSince(from), PeakMegabytes(), status ? "" : " FAILED");
    if (!status) std::printf("%s\n", ToString(status.error()).c_str());
  }
}

void RunLatency(std::int64_t count) {
  const ScratchDirectory scratch;
  std::filesystem::create_directories(scratch / "landing");
  FileToTable stream = StreamIn(scratch);
  stream.trigger = {.kind = StreamTrigger::Kind::kAsSoonAsPossible};
  scratch.Write("landing/first.json", "{\"id\": 0}");
  const auto query = Value(stream.Open());
  Value(query->Start());
  Value(query->ProcessAllAvailable());
  std::vector<double> latencies;
  for (std::int64_t i = 1; i <= count; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const std::string name = std::to_string(i) + ".json";
    scratch.Write("landing/." + name, "{\"id\": " + std::to_string(i) + "}");
    char commit[64];
    std::snprintf(commit, sizeof(commit), "table/_delta_log/%020ld.json", static_cast<long>(i));
    const std::string version = scratch / commit;
    const auto from = Clock::now();
    std::filesystem::rename(scratch / ("landing/." + name), scratch / ("landing/" + name));
    while (!std::filesystem::exists(version) && SecondsSince(from) < 10) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    latencies.push_back(SecondsSince(from) * 1000);
  }
  std::ranges::sort(latencies);
  std::printf("latency: median %.1f ms, 99th percentile %.1f ms, worst %.1f ms, peak %.0f MB\n",
              latencies[latencies.size() / 2], latencies[latencies.size() * 99 / 100],
              latencies.back(), PeakMegabytes());
  std::printf("%s\n", ToJson(*query->last_progress()).c_str());
}

void RunFiles(std::int64_t count) {
  const ScratchDirectory scratch;
  for (std::int64_t i = 0; i < count; ++i) {
    std::string text;
    while (text.size() < 10'000) {
      text += "{\"id\": " + std::to_string(i) + ", \"name\": \"customer " + std::to_string(i) +
              "\", \"amount\": 12.5, \"note\": \"some text that fills the line\"}\n";
    }
    scratch.Write("landing/" + std::to_string(i) + ".json", text);
  }
  auto from = Clock::now();
  const auto scan = Value(OpenReadFiles({.location = LocalAt(scratch / "landing"),
                                         .path_text = "landing",
                                         .options = {{"format", "json"}},
                                         .threads = 2},
                                        {}));
  Value(TableWriter(TheEngine(), {}, {})
            .CreateAs(LocalAt(scratch / "ctas"), {}, Value(SelectAll({scan})), true));
  const double ctas = SecondsSince(from);
  std::printf("files %ld: CREATE TABLE AS %.2f s\n", static_cast<long>(count), ctas);
  for (const char* max_files : {"1000000", "1000"}) {
    FileToTable stream = StreamIn(scratch);
    stream.checkpoint = LocalAt(scratch / (std::string("checkpoint") + max_files));
    stream.table = LocalAt(scratch / (std::string("table") + max_files));
    stream.options = {{"format", "json"}, {"maxFilesPerTrigger", max_files}};
    from = Clock::now();
    const Status status = stream.Run();
    std::printf("files %ld: available now, %s files a batch %.2f s (%.2f of CTAS)%s\n",
                static_cast<long>(count), max_files, SecondsSince(from), SecondsSince(from) / ctas,
                status ? "" : " FAILED");
  }
}

}  // namespace
}  // namespace inlet::ingest

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const auto count = [&](std::int64_t otherwise) {
    return argc > 2 ? std::atoll(argv[2]) : otherwise;
  };
  if (what == "names") {
    inlet::ingest::RunNames(count(1'000'000));
  } else if (what == "latency") {
    inlet::ingest::RunLatency(count(500));
  } else if (what == "files") {
    inlet::ingest::RunFiles(count(10'000));
  } else {
    std::printf("usage: stream_bench names|latency|files [COUNT]\n");
    return 2;
  }
  inlet::ingest::EngineSlot().reset();
  return 0;
}
