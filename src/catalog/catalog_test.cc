#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "base/testing.h"
#include "catalog/sqlite.h"

namespace inlet::catalog {
namespace {

class CatalogTest : public testing::Test {
 protected:
  void SetUp() override {
    home_ = testing::TempDir() + "/catalog_test_" +
            testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(home_);
    catalog_ = Value(Catalog::Open(home_));
  }

  void TearDown() override {
    catalog_.reset();
    std::filesystem::remove_all(home_);
  }

  TableEntry Orders() const {
    return {.name = {"main", "default", "Orders"}, .id = "1", .location = "file:/t"};
  }

  std::string home_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(CatalogTest, NewHomeHasMainDefault) {
  EXPECT_EQ(Value(catalog_->FindSchema("MAIN", "Default")).name, "default");
}

TEST_F(CatalogTest, NamesIgnoreCaseAndKeepIt) {
  ASSERT_THAT(catalog_->CreateTable(Orders()), IsOk());
  EXPECT_EQ(Value(catalog_->FindTable({"Main", "DEFAULT", "ORDERS"})).name.object, "Orders");
}

TEST_F(CatalogTest, SecondTableOfANameIsRefusedByName) {
  ASSERT_THAT(catalog_->CreateTable(Orders()), IsOk());
  TableEntry other = Orders();
  other.id = "2";
  other.name.object = "orders";
  const Status created = catalog_->CreateTable(other);
  ASSERT_THAT(created, FailsWith(Condition::TABLE_OR_VIEW_ALREADY_EXISTS));
  EXPECT_THAT(MessageOf(created.error()), testing::HasSubstr("`main`.`default`.`orders`"));
}

TEST_F(CatalogTest, MissingTableSuggestsTheNearest) {
  ASSERT_THAT(catalog_->CreateTable(Orders()), IsOk());
  const auto missing = catalog_->FindTable({"main", "default", "ordrs"});
  ASSERT_THAT(missing, FailsWith(Condition::TABLE_OR_VIEW_NOT_FOUND));
  EXPECT_THAT(MessageOf(missing.error()), testing::HasSubstr("Did you mean `Orders`?"));
}

TEST_F(CatalogTest, SchemaWithTablesNeedsCascade) {
  ASSERT_THAT(catalog_->CreateTable(Orders()), IsOk());
  EXPECT_THAT(catalog_->DropSchema("main", "default", false),
              FailsWith(Condition::SCHEMA_NOT_EMPTY));
  EXPECT_THAT(catalog_->DropSchema("main", "default", true), IsOk());
  EXPECT_THAT(catalog_->FindTable(Orders().name), FailsWith(Condition::TABLE_OR_VIEW_NOT_FOUND));
}

TEST_F(CatalogTest, ReopenedCatalogRemembers) {
  ASSERT_THAT(catalog_->CreateTable(Orders()), IsOk());
  catalog_ = Value(Catalog::Open(home_));
  EXPECT_THAT(catalog_->FindTable(Orders().name), IsOk());
}

TEST_F(CatalogTest, OneOfManyCreatorsWins) {
  constexpr int kThreads = 8;
  std::atomic<int> winners = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        const auto own = Value(Catalog::Open(home_));
        TableEntry entry = Orders();
        entry.id = std::to_string(i);
        if (own->CreateTable(entry)) ++winners;
      });
    }
  }
  EXPECT_EQ(winners, 1);
}

TEST_F(CatalogTest, VolumePathCannotLeaveItsVolume) {
  ASSERT_THAT(catalog_->CreateVolume(
                  {.name = {"main", "default", "v"}, .id = "1", .location = "file:/data/v"}),
              IsOk());
  EXPECT_EQ(Value(catalog_->VolumeUrl("/Volumes/main/default/v/a/b.csv")), "file:/data/v/a/b.csv");
  EXPECT_EQ(Value(catalog_->VolumeUrl("/Volumes/main/default/v/a/")), "file:/data/v/a/");
  EXPECT_THAT(catalog_->VolumeUrl("/Volumes/main/default/v/../../x"),
              FailsWith(Condition::INLET_PATH_OUTSIDE));
  EXPECT_THAT(catalog_->VolumeUrl("/Volumes/main/default/nope/x"),
              FailsWith(Condition::VOLUME_DOES_NOT_EXIST));
}

TEST_F(CatalogTest, FileOfTheFirstReleaseIsBroughtUpToDate) {
  catalog_.reset();
  std::filesystem::remove_all(home_);
  std::filesystem::create_directories(home_);
  Sqlite old = Value(Sqlite::Open(home_ + "/catalog.db"));
  ASSERT_THAT(old.Execute(R"sql(
      CREATE TABLE catalogs (name TEXT COLLATE NOCASE PRIMARY KEY, comment TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL);
      CREATE TABLE schemas (catalog TEXT COLLATE NOCASE NOT NULL, name TEXT COLLATE NOCASE NOT NULL,
        comment TEXT NOT NULL, created_at_ms INTEGER NOT NULL, PRIMARY KEY (catalog, name));
      CREATE TABLE tables (catalog TEXT COLLATE NOCASE NOT NULL,
        schema TEXT COLLATE NOCASE NOT NULL, name TEXT COLLATE NOCASE NOT NULL,
        id TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL, location TEXT NOT NULL,
        view_text TEXT NOT NULL, view_columns TEXT NOT NULL, default_names TEXT NOT NULL,
        comment TEXT NOT NULL, created_at_ms INTEGER NOT NULL, PRIMARY KEY (catalog, schema, name),
        FOREIGN KEY (catalog, schema) REFERENCES schemas ON DELETE CASCADE);
      INSERT INTO catalogs VALUES ('main', '', 0);
      INSERT INTO schemas VALUES ('main', 'default', '', 0);
      INSERT INTO tables VALUES ('main', 'default', 't', '7', 0, 'file:/t', '', '', '', 'old', 5);
      PRAGMA user_version = 1;)sql"),
              IsOk());
  catalog_ = Value(Catalog::Open(home_));
  EXPECT_EQ(Value(catalog_->FindTable({"main", "default", "t"})).comment, "old");
  EXPECT_THAT(catalog_->SetNextRun("7", 1, 2), IsOk());
}

TEST_F(CatalogTest, CatalogOfANewerReleaseIsRefused) {
  catalog_.reset();
  ASSERT_THAT(Value(Sqlite::Open(home_ + "/catalog.db")).Execute("PRAGMA user_version = 999"),
              IsOk());
  EXPECT_THAT(Catalog::Open(home_), FailsWith(Condition::INLET_UNSUPPORTED));
}

TEST_F(CatalogTest, RefreshKeepsWhatOtherCallsWrote) {
  ASSERT_THAT(catalog_->CreateTable(Orders()), IsOk());
  ASSERT_THAT(catalog_->SetNextRun("1", 10, 20), IsOk());
  ASSERT_THAT(catalog_->RequestRefresh("1", true), IsOk());
  EXPECT_TRUE(Value(catalog_->FindRefresh("1")).is_full);
  ASSERT_THAT(catalog_->BeginUpdate("1", "u", 21), IsOk());
  ASSERT_THAT(catalog_->EndUpdate({.table_id = "1", .state = "COMPLETED", .finished_ms = 22}),
              IsOk());
  const RefreshEntry entry = Value(catalog_->FindRefresh("1"));
  EXPECT_EQ(entry.next_run_ms, 20);
  EXPECT_EQ(entry.update_id, "u");
  EXPECT_EQ(entry.state, "COMPLETED");
  EXPECT_FALSE(entry.is_requested || entry.is_full);
  ASSERT_THAT(catalog_->SetNextRun("1", 10, std::nullopt), IsOk());
  EXPECT_EQ(Value(catalog_->FindRefresh("1")).next_run_ms, std::nullopt);
}

TEST_F(CatalogTest, RefreshGoesWithItsTable) {
  ASSERT_THAT(catalog_->CreateTable(Orders()), IsOk());
  ASSERT_THAT(catalog_->SetNextRun("1", 10, 20), IsOk());
  ASSERT_THAT(catalog_->DropTable(Orders().name), IsOk());
  EXPECT_TRUE(Value(catalog_->ListRefreshes()).empty());
  EXPECT_THAT(catalog_->SetNextRun("1", 10, 20), FailsWith(Condition::TABLE_OR_VIEW_NOT_FOUND));
}

TEST_F(CatalogTest, LeaseHasOneOwnerUntilItEnds) {
  EXPECT_TRUE(Value(catalog_->AcquireLease({"t", "a", 100}, 0)));
  EXPECT_FALSE(Value(catalog_->AcquireLease({"t", "b", 200}, 99)));
  EXPECT_TRUE(Value(catalog_->AcquireLease({"t", "a", 150}, 99)));
  EXPECT_FALSE(Value(catalog_->AcquireLease({"t", "b", 200}, 149)));
  EXPECT_TRUE(Value(catalog_->AcquireLease({"t", "b", 250}, 150)));
  ASSERT_THAT(catalog_->ReleaseLease("t", "a"), IsOk());
  EXPECT_EQ(Value(catalog_->FindLease("t"))->owner, "b");
  ASSERT_THAT(catalog_->ReleaseLease("t", "b"), IsOk());
  EXPECT_TRUE(Value(catalog_->AcquireLease({"t", "a", 300}, 160)));
}

TEST_F(CatalogTest, ADroppedTableComesBackUnderItsName) {
  ASSERT_THAT(catalog_->CreateTable(Orders()), IsOk());
  ASSERT_THAT(catalog_->DropTable(Orders().name), IsOk());
  EXPECT_THAT(Value(catalog_->ListTableLocations()), testing::ElementsAre("file:/t"));
  const std::vector<DroppedTable> dropped = Value(catalog_->ListDroppedTables());
  ASSERT_EQ(dropped.size(), 1);
  ASSERT_THAT(catalog_->UndropTable(dropped[0]), IsOk());
  EXPECT_EQ(Value(catalog_->FindTable(Orders().name)).location, "file:/t");
  EXPECT_THAT(Value(catalog_->ListDroppedTables()), testing::IsEmpty());
  EXPECT_THAT(catalog_->UndropTable(dropped[0]), FailsWith(Condition::TABLE_OR_VIEW_NOT_FOUND));
}

TEST_F(CatalogTest, ANameThatIsTakenAgainIsNotUndropped) {
  ASSERT_THAT(catalog_->CreateTable(Orders()), IsOk());
  ASSERT_THAT(catalog_->DropTable(Orders().name), IsOk());
  TableEntry other = Orders();
  other.id = "2";
  ASSERT_THAT(catalog_->CreateTable(other), IsOk());
  const std::vector<DroppedTable> dropped = Value(catalog_->ListDroppedTables());
  EXPECT_THAT(catalog_->UndropTable(dropped[0]),
              FailsWith(Condition::TABLE_OR_VIEW_ALREADY_EXISTS));
  EXPECT_EQ(Value(catalog_->ListDroppedTables()).size(), 1);
}

}  // namespace
}  // namespace inlet::catalog
