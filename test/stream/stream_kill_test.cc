#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <random>
#include <thread>

#include "ingest/stream/stream_fixture.h"
#include "ingest/write_table.h"
#include "sql/parser.h"

extern char** environ;

namespace inlet::ingest {
namespace {

/// How often the stream is killed; INLET_KILLS asks for more.
int NumKills() {
  const char* text = std::getenv("INLET_KILLS");
  return text == nullptr ? 8 : std::atoi(text);
}

pid_t StartRunner(std::string directory) {
  std::string program = INLET_STREAM_RUNNER;
  char* arguments[] = {program.data(), directory.data(), nullptr};
  pid_t process = 0;
  if (posix_spawn(&process, program.c_str(), nullptr, nullptr, arguments, environ) != 0) return -1;
  return process;
}

int WaitFor(pid_t process) {
  int status = 0;
  waitpid(process, &status, 0);
  return status;
}

TEST(StreamKill, NoRowIsLostOrComesTwiceWhileFilesArriveAndOthersWrite) {
  const ScratchDirectory scratch;
  std::mt19937 random(20240817);
  std::vector<std::int64_t> expected;
  std::int64_t next_id = 1;
  std::int64_t next_foreign_id = 1'000'000;
  const auto land = [&] {
    std::string text;
    for (int row = 0; row < 3; ++row) {
      text += "{\"id\": " + std::to_string(next_id) + "}\n";
      expected.push_back(next_id++);
    }
    scratch.Write("landing/" + std::to_string(next_id) + ".json", text);
  };
  land();
  for (int kill_number = 0; kill_number < NumKills(); ++kill_number) {
    const pid_t process = StartRunner(scratch / "");
    ASSERT_GT(process, 0);
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(100 + random() % 300);
    while (std::chrono::steady_clock::now() < until) {
      land();
      const auto table = delta::Snapshot::Load(LocalAt(scratch / "table"));
      if (table) {
        const std::string id = std::to_string(next_foreign_id);
        const auto inserted =
            TableWriter(TheEngine(), {}, {})
                .Insert(*table,
                        {.query = Value(sql::ParseQuery("SELECT CAST(" + id + " AS BIGINT)"))}, {});
        if (inserted) expected.push_back(next_foreign_id++);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 20));
    }
    kill(process, SIGKILL);
    WaitFor(process);
  }
  scratch.Write("stop", "");
  ASSERT_EQ(WaitFor(StartRunner(scratch / "")), 0);
  std::ranges::sort(expected);
  EXPECT_EQ(ColumnOf(LocalAt(scratch / "table"), "id"), expected);
}

}  // namespace
}  // namespace inlet::ingest
