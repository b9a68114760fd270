#include "workspace/janitor.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/testing.h"

namespace inlet::workspace {
namespace {

namespace fs = std::filesystem;
using catalog::Catalog;
using catalog::FullName;
using catalog::TableEntry;
using catalog::TableKind;

class JanitorTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    home_ = (fs::temp_directory_path() / ("janitor_test_" + name)).lexically_normal();
    fs::remove_all(home_);
    fs::create_directories(home_);
  }
  void TearDown() override { fs::remove_all(home_); }

  static void WriteFile(const fs::path& path) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "x";
  }

  /// A process that does `work` with the catalog and is killed.
  template <class Work>
  void Die(const Work& work) const {
    const pid_t child = fork();
    if (child == 0) {
      const auto catalog = Catalog::Open(home_);
      if (catalog) work(**catalog);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_EQ(status, 0);
  }

  void CleanUp() const {
    const auto catalog = Value(Catalog::Open(home_));
    Janitor janitor(*catalog, home_);
    janitor.Start();
  }

  /// As if it had been dropped so many days ago.
  void DropBefore(int days) const {
    sqlite3* database = nullptr;
    sqlite3_open((home_ + "/catalog.db").c_str(), &database);
    const std::string sql = "UPDATE dropped_tables SET dropped_at_ms = dropped_at_ms - " +
                            std::to_string(std::int64_t{days} * 86'400'000);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
  }

  std::string home_;
};

TEST_F(JanitorTest, AnUnfinishedTableOfADeadProcessGoesAFinishedOneStays) {
  Die([](Catalog& catalog) {
    const auto unfinished = catalog.ReserveTableLocation({"main", "default", "a"});
    const auto finished = catalog.ReserveTableLocation({"main", "default", "b"});
    WriteFile(unfinished->substr(5) + "/part.parquet");
    WriteFile(finished->substr(5) + "/part.parquet");
    (void)catalog.CreateTable({.name = {"main", "default", "b"}, .id = "1", .location = *finished})
        .has_value();
  });
  CleanUp();
  EXPECT_FALSE(fs::exists(home_ + "/tables/main/default/a"));
  EXPECT_TRUE(fs::exists(home_ + "/tables/main/default/b/part.parquet"));
  EXPECT_THAT(catalog::FindDeadRuns(home_), testing::IsEmpty());
}

TEST_F(JanitorTest, ATableThatALivingProcessIsMakingStays) {
  const auto living = Value(Catalog::Open(home_));
  const std::string location = Value(living->ReserveTableLocation({"main", "default", "a"}));
  Die([](Catalog&) {});
  CleanUp();
  EXPECT_TRUE(fs::exists(location.substr(5)));
}

TEST_F(JanitorTest, ADirectoryThatADeadProcessGaveUpAndALivingOneTookStays) {
  Die([](Catalog& catalog) {
    const auto location = catalog.ReserveTableLocation({"main", "default", "a"});
    fs::remove_all(location->substr(5));  // Its statement failed.
  });
  const auto living = Value(Catalog::Open(home_));
  const std::string location = Value(living->ReserveTableLocation({"main", "default", "a"}));
  WriteFile(location.substr(5) + "/part.parquet");
  CleanUp();
  EXPECT_TRUE(fs::exists(location.substr(5) + "/part.parquet"));
}

TEST_F(JanitorTest, ADamagedTraceDeletesNothingElse) {
  const std::string kept = home_ + "/tables/main/default/kept/part.parquet";
  WriteFile(kept);
  Die([&](Catalog& catalog) { (void)catalog.ReserveTableLocation({"main", "default", "a"}); });
  for (const auto& entry : fs::directory_iterator(home_ + "/runs")) {
    std::ofstream(entry.path(), std::ios::app)
        << "table file:" << home_ << "\ntable file:" << home_ << "/tables\ntable file:" << home_
        << "/tables/main/default\ntable file:" << home_
        << "/tables/main/default/\ntable file:" << home_ << "/tables/main/default/kept";
  }
  CleanUp();
  EXPECT_TRUE(fs::exists(kept));
  EXPECT_FALSE(fs::exists(home_ + "/tables/main/default/a"));
}

TEST_F(JanitorTest, TemporaryFilesOfADeadProcessGo) {
  const std::string temporary =
      home_ + "/tables/main/default/t/.inlet-00000000-0000-4000-8000-000000000000.tmp";
  Die([&](Catalog& catalog) {
    WriteFile(temporary);
    WriteFile(catalog.temporary_directory() + "/spill");
  });
  CleanUp();
  EXPECT_FALSE(fs::exists(temporary));
  for (const auto& entry : fs::directory_iterator(home_ + "/runs")) {
    EXPECT_FALSE(entry.is_directory()) << entry.path();
  }
  EXPECT_THAT(catalog::FindDeadRuns(home_), testing::IsEmpty());
}

TEST_F(JanitorTest, DroppedTablesArePurgedAfterTheirRetention) {
  const FullName managed = {"main", "default", "managed"};
  const FullName external = {"main", "default", "external"};
  const std::string directory = home_ + "/tables/main/default/managed";
  const std::string outside = home_ + "/outside";
  WriteFile(directory + "/part.parquet");
  WriteFile(outside + "/part.parquet");
  {
    const auto catalog = Value(Catalog::Open(home_));
    ASSERT_THAT(catalog->CreateTable({.name = managed, .id = "1", .location = "file:" + directory}),
                IsOk());
    ASSERT_THAT(catalog->CreateTable({.name = external,
                                      .id = "2",
                                      .kind = TableKind::kExternal,
                                      .location = "file:" + outside}),
                IsOk());
    ASSERT_THAT(catalog->DropTable(managed), IsOk());
    ASSERT_THAT(catalog->DropTable(external), IsOk());
  }
  DropBefore(6);
  CleanUp();
  EXPECT_TRUE(fs::exists(directory));
  DropBefore(2);
  CleanUp();
  EXPECT_FALSE(fs::exists(directory));
  EXPECT_TRUE(fs::exists(outside + "/part.parquet"));
  EXPECT_THAT(Value(Value(Catalog::Open(home_))->ListDroppedTables()), testing::IsEmpty());
}

}  // namespace
}  // namespace inlet::workspace
