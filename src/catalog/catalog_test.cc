#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "base/testing.h"

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

}  // namespace
}  // namespace inlet::catalog
