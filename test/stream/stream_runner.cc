#include <cstdlib>
#include <iostream>

#include "ingest/stream/stream_fixture.h"

namespace inlet::ingest {
namespace {

int Run(const std::string& directory) {
  const FileToTable stream{.landing = directory + "/landing",
                           .checkpoint = LocalAt(directory + "/checkpoint"),
                           .table = LocalAt(directory + "/table"),
                           .options = {{"format", "json"}, {"maxFilesPerTrigger", "3"}},
                           .trigger = {.kind = StreamTrigger::Kind::kAsSoonAsPossible},
                           .merge_schema = true,
                           .restart_on_schema_change = true};
  auto query = stream.Open();
  if (!query || !(*query)->Start()) {
    std::cerr << (query ? "cannot start" : ToString(query.error())) << "\n";
    return 1;
  }
  while (!std::filesystem::exists(directory + "/stop")) {
    const auto is_over = (*query)->AwaitTermination(std::chrono::milliseconds(20));
    if (!is_over) {
      std::cerr << ToString(is_over.error()) << "\n";
      return 1;
    }
  }
  const Status done = (*query)->ProcessAllAvailable();
  if (!done) std::cerr << ToString(done.error()) << "\n";
  (*query)->Stop();
  return done ? 0 : 1;
}

}  // namespace
}  // namespace inlet::ingest

/// stream_runner DIRECTORY: Auto Loader from DIRECTORY/landing to the Delta table DIRECTORY/table,
/// until it is killed or DIRECTORY/stop is there.
int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: stream_runner DIRECTORY\n";
    return 2;
  }
  const int result = inlet::ingest::Run(argv[1]);
  inlet::ingest::EngineSlot().reset();
  return result;
}
