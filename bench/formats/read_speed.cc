// Reads files through the formats API, or infers their schema, and says how fast.
//   read_speed FORMAT infer|read NUM_THREADS FILE... [--option name=value]
// Prints rows, wall and CPU seconds, MB a second of CPU, and peak memory.

#include <arrow/record_batch.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "formats/format.h"

namespace inlet::formats {
namespace {

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Status Run(const std::string& name, bool read, int num_threads,
           const std::vector<std::string>& paths, const OptionMap& options) {
  const Format* format = FindFormat(name);
  if (!format) return FailUnsupported("the format " + name);
  auto configured = TRY(format->Configure(options, true));
  storage::Location place;
  std::vector<storage::ObjectInfo> files;
  std::int64_t num_bytes = 0;
  for (const std::string& path : paths) {
    place = TRY(storage::Resolve(path));
    files.push_back(TRY(place.store->Head(place.path)));
    num_bytes += files.back().size_bytes;
  }
  auto begin = std::chrono::steady_clock::now();
  double cpu_begin = CpuSeconds();
  auto report = [&](const char* what, std::int64_t num_rows) {
    double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    double cpu = CpuSeconds() - cpu_begin;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("%s: %ld rows, wall %.3f s, CPU %.3f s, %.0f MB per CPU-second, peak %ld MB\n",
                what, num_rows, wall, cpu, static_cast<double>(num_bytes) / 1e6 / cpu,
                usage.ru_maxrss / 1024);
  };

  ReadSchema schema;
  schema.columns = TRY(configured->InferSchema(*place.store, files, {.threads = num_threads}, {}));
  schema.data_schema = schema.columns;
  report("infer", 0);
  std::printf("%s\n", ToDdl(schema.columns).substr(0, 500).c_str());
  if (!read) return Ok();

  begin = std::chrono::steady_clock::now();
  cpu_begin = CpuSeconds();
  std::vector<FileSplit> splits;
  for (const storage::ObjectInfo& file : files) {
    for (FileSplit& split : TRY(configured->Split(*place.store, file, 16 << 20))) {
      splits.push_back(std::move(split));
    }
  }
  std::atomic<std::size_t> next = 0;
  std::atomic<std::int64_t> num_rows = 0;
  std::vector<Status> outcomes(splits.size());
  auto read_splits = [&] {
    for (std::size_t i; (i = next++) < splits.size();) {
      outcomes[i] = [&]() -> Status {
        auto reader = TRY(configured->Open(*place.store, splits[i], schema));
        while (types::BatchPtr batch = TRY(reader->Next())) num_rows += batch->num_rows();
        return Ok();
      }();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < num_threads; ++i) threads.emplace_back(read_splits);
  }
  for (Status& outcome : outcomes) TRY(std::move(outcome));
  report("read", num_rows);
  return Ok();
}

}  // namespace
}  // namespace inlet::formats

int main(int argc, char** argv) {
  std::vector<std::string> paths;
  inlet::OptionMap options;
  for (int i = 4; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument == "--option" && i + 1 < argc) {
      std::string option = argv[++i];
      options[option.substr(0, option.find('='))] = option.substr(option.find('=') + 1);
    } else {
      paths.push_back(argument);
    }
  }
  if (paths.empty()) {
    std::fprintf(stderr,
                 "read_speed FORMAT infer|read NUM_THREADS FILE... [--option name=value]\n");
    return 2;
  }
  inlet::Status outcome = inlet::formats::Run(argv[1], std::string(argv[2]) == "read",
                                              std::stoi(argv[3]), paths, options);
  if (!outcome) std::fprintf(stderr, "%s\n", ToString(outcome.error()).c_str());
  return outcome ? 0 : 1;
}
