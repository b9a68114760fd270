// COPY INTO by several processes of the real program, at once and killed in the middle.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

extern char** environ;

namespace inlet {
namespace {

namespace fs = std::filesystem;

/// How often the statement is killed; INLET_KILLS asks for more.
int NumKills() {
  const char* text = std::getenv("INLET_KILLS");
  return text == nullptr ? 6 : std::atoi(text);
}

class CopyIntoProcesses : public testing::Test {
 protected:
  CopyIntoProcesses()
      : directory_(fs::temp_directory_path() / ("inlet_copy_into_" + std::to_string(getpid()))) {
    fs::remove_all(directory_);
    fs::create_directories(directory_ / "in");
  }
  ~CopyIntoProcesses() override { fs::remove_all(directory_); }

  /// Starts `inlet sql -e sql`; what it prints goes to a file of its own.
  pid_t Start(const std::string& sql) {
    const std::string home = (directory_ / "home").string();
    std::string arguments[] = {INLET_PROGRAM, "--home", home, "sql", "--format", "csv", "-e", sql};
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const std::string output = OutputPath(++num_started_).string();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    pid_t process = -1;
    EXPECT_EQ(posix_spawn(&process, INLET_PROGRAM, &actions, nullptr, pointers.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return process;
  }

  static int Wait(pid_t process) {
    int status = 0;
    waitpid(process, &status, 0);
    return status;
  }

  /// Runs `sql` to its end; what it printed.
  std::string Run(const std::string& sql) {
    const int status = Wait(Start(sql));
    std::string output = Output(num_started_);
    EXPECT_EQ(status, 0) << sql << "\n" << output;
    return output;
  }

  fs::path OutputPath(int number) const {
    return directory_ / ("output_" + std::to_string(number));
  }
  std::string Output(int number) const {
    std::ostringstream text;
    text << std::ifstream(OutputPath(number)).rdbuf();
    return text.str();
  }

  /// A file with the next ids, three of them; complete at once, as a good producer does it.
  void Land() {
    const std::string name = std::to_string(++num_files_) + ".json";
    std::ofstream out(directory_ / name);
    for (int row = 0; row < 3; ++row) out << "{\"id\": " << ++num_rows_ << "}\n";
    out.close();
    fs::rename(directory_ / name, directory_ / "in" / name);
  }

  std::string Copy(const std::string& clauses = "") const {
    return "COPY INTO delta.`" + Table() + "` FROM '" + (directory_ / "in").string() +
           "' FILEFORMAT = JSON " + clauses;
  }
  std::string Table() const { return (directory_ / "table").string(); }

  /// Counts of rows, of different ids, and their sum.
  std::string Rows() {
    return Run("SELECT count(*), count(DISTINCT id), sum(id) FROM delta.`" + Table() +
               "` WHERE id > 0");
  }
  std::string EachOnce() const {
    const std::int64_t n = num_rows_;
    return std::to_string(n) + "," + std::to_string(n) + "," + std::to_string(n * (n + 1) / 2);
  }

  const fs::path directory_;
  int num_started_ = 0;
  int num_files_ = 0;
  std::int64_t num_rows_ = 0;
};

TEST_F(CopyIntoProcesses, OverlappingStatementsAtOnceLoadEachFileOnce) {
  Run("CREATE TABLE delta.`" + Table() + "` (id BIGINT)");
  for (int round = 0; round < 3; ++round) {
    const int first = num_files_ + 1;
    for (int i = 0; i < 8; ++i) Land();
    std::vector<pid_t> processes;
    const auto name = [&](int i) { return "'" + std::to_string(first + i) + ".json'"; };
    for (int i = 0; i < 4; ++i) {
      // Each wants two files of its own and one of its neighbour's; two want all.
      processes.push_back(Start(Copy(i == 3 ? ""
                                            : "FILES = (" + name(2 * i) + ", " + name(2 * i + 1) +
                                                  ", " + name(2 * i + 2) + ")")));
    }
    processes.push_back(Start(Copy()));
    for (std::size_t i = 0; i < processes.size(); ++i) {
      EXPECT_EQ(Wait(processes[i]), 0)
          << Output(num_started_ - static_cast<int>(processes.size() - i) + 1);
    }
  }
  EXPECT_THAT(Rows(), testing::HasSubstr(EachOnce()));
  EXPECT_THAT(Run("SELECT count(*) FROM loaded_files(TABLE delta.`" + Table() + "`)"),
              testing::HasSubstr(std::to_string(num_files_)));
}

TEST_F(CopyIntoProcesses, TheFirstLoadsOfATableWithoutColumnsAgree) {
  Run("CREATE TABLE delta.`" + Table() + "`");
  for (int i = 0; i < 4; ++i) Land();
  std::vector<pid_t> processes;
  for (int i = 1; i <= 4; ++i) {
    processes.push_back(Start(
        Copy("FILES = ('" + std::to_string(i) + ".json') COPY_OPTIONS ('mergeSchema' = 'true')")));
  }
  for (const pid_t process : processes) EXPECT_EQ(Wait(process), 0);
  EXPECT_THAT(Rows(), testing::HasSubstr(EachOnce()));
}

TEST_F(CopyIntoProcesses, KilledAtAnyMomentWhileFilesArriveAndOthersWrite) {
  Run("CREATE TABLE delta.`" + Table() + "` (id BIGINT)");
  std::mt19937 random(20240817);
  for (int kill_number = 0; kill_number < NumKills(); ++kill_number) {
    for (int i = 0; i < 5; ++i) Land();
    const pid_t process = Start(Copy());
    const pid_t other = Start("INSERT INTO delta.`" + Table() + "` VALUES (-1)");
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 400));
    kill(process, SIGKILL);
    Wait(process);
    EXPECT_EQ(Wait(other), 0);
  }
  Run(Copy());
  EXPECT_THAT(Rows(), testing::HasSubstr(EachOnce()));
  EXPECT_THAT(Run("SELECT count(*) AS inserted FROM delta.`" + Table() + "` WHERE id < 0"),
              testing::HasSubstr(std::to_string(NumKills())));
}

}  // namespace
}  // namespace inlet
