// `inlet serve` as a process: schedules, two servers on one home, SIGTERM, kill -9.

#include <arrow/api.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "base/testing.h"
#include "catalog/catalog.h"
#include "workspace/client.h"

extern char** environ;

namespace inlet::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// A running `inlet serve`, killed when it is destroyed.
class Server {
 public:
  Server(const fs::path& home, int http_port = 0) {
    const std::string port = std::to_string(http_port);
    const std::string home_text = home.string();
    const char* const arguments[] = {INLET_PROGRAM,    "--home",      home_text.c_str(),
                                     "serve",          "--http-port", port.c_str(),
                                     "--connect-port", "0",           nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    EXPECT_EQ(posix_spawn(&process_, INLET_PROGRAM, &actions, nullptr,
                          const_cast<char* const*>(arguments), environ),
              0);
    posix_spawn_file_actions_destroy(&actions);
  }

  Server(const Server&) = delete;
  ~Server() {
    if (process_ != 0) (void)End(SIGKILL);
  }

  /// The exit code, or minus the signal that ended it.
  int End(int signal) {
    kill(process_, signal);
    int status = 0;
    waitpid(process_, &status, 0);
    process_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t process_ = 0;
};

class ServeTest : public testing::Test {
 protected:
  void SetUp() override {
    home_ = fs::path(testing::TempDir()) /
            ("serve_test_" + std::to_string(getpid()) + "_" +
             testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(home_);
    fs::create_directories(home_ / "landing");
    workspace_ = Value(workspace::Workspace::Open({.home = home_.string()}));
    client_ = workspace_->Connect();
    catalog_ = Value(catalog::Catalog::Open(home_.string()));
  }

  void TearDown() override {
    client_.reset();
    workspace_.reset();
    catalog_.reset();
    fs::remove_all(home_);
  }

  void Execute(const std::string& sql) {
    const auto done = client_->Execute(sql, {});
    ASSERT_TRUE(done.has_value()) << ToString(done.error(), sql);
  }

  std::int64_t Number(const std::string& sql) {
    const workspace::QueryResult result = Value(client_->Execute(sql, {}));
    const types::BatchPtr batch = Value(result.rows->Next());
    return static_cast<const arrow::Int64Array&>(*batch->column(0)).Value(0);
  }

  /// A file that appears whole, with rows [first, first + count).
  void Land(int first, int count) {
    const fs::path hidden = home_ / ("landing/.part" + std::to_string(first));
    std::ofstream file(hidden);
    file << "id\n";
    for (int id = first; id < first + count; ++id) file << id << "\n";
    file.close();
    fs::rename(hidden, home_ / ("landing/" + std::to_string(first) + ".csv"));
  }

  void CreateOrders() {
    Execute(
        "CREATE STREAMING TABLE orders SCHEDULE EVERY 1 WEEK AS SELECT id FROM STREAM "
        "read_files('" +
        (home_ / "landing").string() +
        "', format => 'csv', header => 'true', schema => 'id BIGINT')");
    table_id_ = Value(catalog_->FindTable({"main", "default", "orders"})).id;
  }

  std::int64_t FilesThatWouldBeTaken() {
    const workspace::QueryResult result =
        Value(client_->Execute("EXPLAIN REFRESH STREAMING TABLE orders", {}));
    const types::BatchPtr batch = Value(result.rows->Next());
    return static_cast<const arrow::Int64Array&>(*batch->column(2)).Value(0);
  }

  void MakeDue() { ASSERT_THAT(catalog_->SetNextRun(table_id_, 0, 1), IsOk()); }

  bool IsDue() { return Value(catalog_->FindRefresh(table_id_)).next_run_ms == 1; }

  /// Until the refresh that is due has been taken up and has ended.
  void WaitForRun() {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (IsDue() || Value(catalog_->FindRefresh(table_id_)).state == "RUNNING") {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "nobody runs it";
      std::this_thread::sleep_for(5ms);
    }
  }

  std::int64_t CompletedUpdates() {
    return Number(
        "SELECT count(*) FROM event_log(TABLE(orders)) WHERE event_type = 'update_progress' AND "
        "details LIKE '%COMPLETED%'");
  }

  void ExpectEachRowOnce(int count) {
    EXPECT_EQ(Number("SELECT count(*) FROM orders"), count);
    EXPECT_EQ(Number("SELECT count(DISTINCT id) FROM orders"), count);
  }

  fs::path home_;
  std::unique_ptr<workspace::Workspace> workspace_;
  std::unique_ptr<workspace::Client> client_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::string table_id_;
};

TEST_F(ServeTest, RunsWhatIsDueAndWhatIsAskedFor) {
  Land(0, 10);
  CreateOrders();
  ExpectEachRowOnce(10);
  Server server(home_);
  Land(10, 10);
  MakeDue();
  WaitForRun();
  ExpectEachRowOnce(20);
  Land(20, 10);
  Execute("REFRESH STREAMING TABLE orders ASYNC");
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (Number("SELECT count(*) FROM orders") < 30) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::sleep_for(20ms);
  }
  ExpectEachRowOnce(30);
  EXPECT_EQ(server.End(SIGTERM), 0);
}

TEST_F(ServeTest, TwoServersRunEachRefreshOnce) {
  CreateOrders();
  const std::int64_t completed_before = CompletedUpdates();
  const Server first(home_);
  const Server second(home_);
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    Land(round * 10, 10);
    MakeDue();
    WaitForRun();
  }
  ExpectEachRowOnce(kRounds * 10);
  EXPECT_EQ(CompletedUpdates() - completed_before, kRounds);
}

TEST_F(ServeTest, KilledAtRandomMomentsItLosesAndDoublesNothing) {
  CreateOrders();
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::minstd_rand random(seed);
  constexpr int kKills = 12;
  for (int round = 0; round < kKills; ++round) {
    for (int file = 0; file < 3; ++file) Land(round * 30 + file * 10, 10);
    MakeDue();
    Server server(home_);
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 900));
    EXPECT_EQ(server.End(SIGKILL), -SIGKILL);
  }
  MakeDue();
  const Server last(home_);
  WaitForRun();
  ExpectEachRowOnce(kKills * 30);
}

TEST_F(ServeTest, ExplainTellsWhatARefreshWouldTake) {
  Land(0, 10);
  CreateOrders();
  Land(10, 10);
  Land(20, 10);
  // To look takes nothing.
  EXPECT_EQ(FilesThatWouldBeTaken(), 2);
  EXPECT_EQ(FilesThatWouldBeTaken(), 2);
  Execute("REFRESH STREAMING TABLE orders");
  EXPECT_EQ(FilesThatWouldBeTaken(), 0);
  ExpectEachRowOnce(30);
}

TEST_F(ServeTest, AReaderNeverSeesHalfOfAFullRefresh) {
  Land(0, 1000);
  CreateOrders();
  std::jthread refresher([this](const std::stop_token& stop) {
    const auto client = workspace_->Connect();
    while (!stop.stop_requested()) {
      EXPECT_TRUE(client->Execute("REFRESH STREAMING TABLE orders FULL", {}).has_value());
    }
  });
  for (int look = 0; look < 30; ++look) ExpectEachRowOnce(1000);
}

}  // namespace
}  // namespace inlet::test
