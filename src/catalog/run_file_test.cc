#include "catalog/run_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/testing.h"
#include "catalog/catalog.h"

namespace inlet::catalog {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class RunFileTest : public testing::Test {
 protected:
  void SetUp() override {
    home_ = testing::TempDir() + "/run_file_test_" +
            testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(home_);
  }
  void TearDown() override { fs::remove_all(home_); }

  /// A process that opens the home, notes a table and is killed.
  void DieWithUnfinishedTable() const {
    const pid_t child = fork();
    if (child == 0) {
      const auto run = RunFile::Create(home_);
      const bool noted = run && (*run)->Note("file:/t");
      fs::create_directories((*run)->temporary_directory());
      std::ofstream((*run)->temporary_directory() + "/spill") << "x";
      _exit(noted ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_EQ(status, 0);
  }

  std::string home_;
};

TEST_F(RunFileTest, TheLivingAreNotFound) {
  const auto run = Value(RunFile::Create(home_));
  EXPECT_THAT(FindDeadRuns(home_), IsEmpty());
}

TEST_F(RunFileTest, ACleanEndLeavesNothing) {
  {
    const auto run = Value(RunFile::Create(home_));
    ASSERT_THAT(run->Note("file:/t"), IsOk());
    run->Settle("file:/t");
    fs::create_directories(run->temporary_directory());
  }
  EXPECT_TRUE(fs::is_empty(home_ + "/runs"));
}

TEST_F(RunFileTest, ACleanEndTellsOfTablesWithoutAName) {
  {
    const auto run = Value(RunFile::Create(home_));
    ASSERT_THAT(run->Note("file:/t"), IsOk());
  }
  const std::vector<DeadRun> dead = FindDeadRuns(home_);
  ASSERT_THAT(dead, SizeIs(1));
  EXPECT_TRUE(dead[0].ended_cleanly());
  EXPECT_THAT(dead[0].locations(), ElementsAre("file:/t"));
}

TEST_F(RunFileTest, TheDeadAreFoundByOneCleanerAndThenForgotten) {
  DieWithUnfinishedTable();
  {
    const std::vector<DeadRun> dead = FindDeadRuns(home_);
    ASSERT_THAT(dead, SizeIs(1));
    EXPECT_FALSE(dead[0].ended_cleanly());
    EXPECT_THAT(dead[0].locations(), ElementsAre("file:/t"));
    EXPECT_THAT(FindDeadRuns(home_), IsEmpty()) << "the first cleaner holds it";
    dead[0].Forget();
  }
  EXPECT_TRUE(fs::is_empty(home_ + "/runs"));
}

TEST_F(RunFileTest, OneProcessClearsUpAtATime) {
  const auto run = Value(RunFile::Create(home_));
  const auto lock = LockForClearingUp(home_);
  EXPECT_TRUE(lock.has_value());
  EXPECT_FALSE(LockForClearingUp(home_).has_value());
}

TEST_F(RunFileTest, TwoTablesOfANameNeverShareADirectory) {
  const auto catalog = Value(Catalog::Open(home_));
  const FullName name = {"main", "default", "t"};
  const std::string first = Value(catalog->ReserveTableLocation(name));
  const std::string second = Value(catalog->ReserveTableLocation(name));
  EXPECT_TRUE(first.ends_with("/tables/main/default/t"));
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace inlet::catalog
