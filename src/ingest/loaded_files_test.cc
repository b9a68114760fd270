#include "ingest/loaded_files.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "delta/copied_files.h"
#include "delta/test_table.h"

namespace inlet::ingest {
namespace {

using delta::SnapshotPtr;
using delta::TestTable;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

std::string Name(int number) { return fmt::format("in/{:07}.json", number); }

storage::ObjectInfo Object(int number, std::int64_t size_bytes = 10) {
  return {.path = Name(number), .size_bytes = size_bytes, .modified_at_ms = 5, .etag = "e"};
}

class LoadedFilesTest : public testing::Test {
 protected:
  std::string Url(int number) const { return storage::UrlOf(*table.store, Name(number)); }

  LoadedFile Entry(int number) const {
    return {
        .path = Url(number), .size_bytes = 10, .modified_at_ms = 5, .etag = "e", .loaded_at_ms = 7};
  }

  LoadedFiles Record() const { return Value(LoadedFiles::Load(table.Latest())); }

  /// One COPY INTO of the files [begin, end) behind `snapshot`.
  Result<delta::CommitResult> Copy(int begin, int end, SnapshotPtr snapshot = nullptr) const {
    if (snapshot == nullptr) snapshot = table.Latest();
    const LoadedFiles record = TRY(LoadedFiles::Load(snapshot));
    std::vector<LoadedFile> entries;
    for (int i = begin; i < end; ++i) entries.push_back(Entry(i));
    delta::Transaction transaction(snapshot);
    transaction.Add(TestTable::File(fmt::format("{}-{}.parquet", begin, snapshot->version())));
    transaction.Set(TRY(record.Write(entries)));
    return std::move(transaction).Commit({.name = "COPY INTO"});
  }

  /// A commit as another engine makes it.
  void CommitAs(const std::string& operation, std::map<std::string, std::string> parameters) const {
    delta::Transaction transaction(table.Latest());
    transaction.Add(TestTable::File(operation + ".parquet"));
    Value(std::move(transaction).Commit({.name = operation, .parameters = std::move(parameters)}));
  }

  /// Which of the files [0, count) are loaded, and in which version.
  std::map<int, delta::Version> Loaded(int count) const { return LoadedIn(Record(), count); }

  std::map<int, delta::Version> LoadedIn(const LoadedFiles& record, int count) const {
    std::vector<storage::ObjectInfo> files;
    for (int i = 0; i < count; ++i) files.push_back(Object(i));
    std::map<int, delta::Version> loaded;
    EXPECT_THAT(record.Match(*table.store, files,
                             [&](std::size_t index, const LoadedFile& file) {
                               EXPECT_EQ(file.path, Url(static_cast<int>(index)));
                               loaded[static_cast<int>(index)] = file.version.value_or(-1);
                             }),
                IsOk());
    return loaded;
  }

  static Result<std::vector<LoadedFile>> AllOf(const LoadedFiles& record) {
    std::vector<LoadedFile> all;
    LoadedFiles::Reader reader = record.Read();
    while (const LoadedFile* file = TRY(reader.Next())) all.push_back(*file);
    return all;
  }
  std::vector<LoadedFile> All() const { return Value(AllOf(Record())); }

  TestTable table;
};

TEST_F(LoadedFilesTest, ANewTableHasLoadedNothing) {
  EXPECT_TRUE(Loaded(3).empty());
  EXPECT_EQ(Record().num_runs(), 0U);
}

TEST_F(LoadedFilesTest, EachFileIsFoundWithTheVersionThatBroughtIt) {
  Value(Copy(0, 2));
  table.Append("other.parquet");
  Value(Copy(3, 4));
  EXPECT_THAT(Loaded(5), UnorderedElementsAre(Pair(0, 1), Pair(1, 1), Pair(3, 3)));
}

TEST_F(LoadedFilesTest, WhatWasLoadedStandsWithSizeTimeAndTag) {
  Value(Copy(0, 1));
  const std::vector<LoadedFile> all = All();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].path, Url(0));
  EXPECT_EQ(all[0].size_bytes, 10);
  EXPECT_EQ(all[0].modified_at_ms, 5);
  EXPECT_EQ(all[0].etag, "e");
  EXPECT_EQ(all[0].loaded_at_ms, 7);
  EXPECT_EQ(all[0].version, 1);
}

TEST_F(LoadedFilesTest, ManyCommitsStayFewRuns) {
  Value(Copy(0, 30000));
  for (int i = 0; i < 60; ++i) Value(Copy(30000 + 200 * i, 30000 + 200 * (i + 1)));
  const LoadedFiles record = Record();
  EXPECT_LE(record.num_runs(), 4U);
  EXPECT_EQ(record.num_entries(), 42000);
  const auto loaded = LoadedIn(record, 43000);
  EXPECT_EQ(loaded.size(), 42000U);
  EXPECT_EQ(loaded.at(0), 1);
  EXPECT_EQ(loaded.at(30000), 2);
  EXPECT_EQ(loaded.at(41999), 61);
}

TEST_F(LoadedFilesTest, AFileThatIsLoadedAgainCountsOnce) {
  Value(Copy(0, 3000));
  Value(Copy(5, 6));
  EXPECT_EQ(All().size(), 3000U);
  EXPECT_EQ(Loaded(10).at(5), 2);
  EXPECT_EQ(Loaded(10).at(4), 1);
}

TEST_F(LoadedFilesTest, AForgottenFileIsNewAgain) {
  Value(Copy(0, 3000));
  const SnapshotPtr snapshot = table.Latest();
  LoadedFile forgotten = Entry(1);
  forgotten.state = FileState::kForgotten;
  delta::Transaction transaction(snapshot);
  transaction.Set(Value(Record().Write(std::vector<LoadedFile>{forgotten})));
  Value(std::move(transaction).Commit({.name = "COPY INTO"}));
  EXPECT_THAT(Loaded(3), UnorderedElementsAre(Pair(0, 1), Pair(2, 1)));
  EXPECT_EQ(All().size(), 2999U);
  Value(Copy(1, 2));
  EXPECT_THAT(Loaded(3), UnorderedElementsAre(Pair(0, 1), Pair(1, 3), Pair(2, 1)));
}

TEST_F(LoadedFilesTest, TwoWritersOnOneVersionConflict) {
  const SnapshotPtr before = table.Latest();
  Value(Copy(0, 1, before));
  EXPECT_THAT(Copy(1, 2, before), FailsWith(Condition::DELTA_CONCURRENT_TRANSACTION));
  Value(Copy(1, 2));
  EXPECT_THAT(Loaded(3), UnorderedElementsAre(Pair(0, 1), Pair(1, 2)));
}

TEST_F(LoadedFilesTest, OldVersionsKeepTheirRecord) {
  Value(Copy(0, 1));
  const SnapshotPtr first = table.Latest();
  for (int i = 1; i < 20; ++i) Value(Copy(i, i + 1));
  EXPECT_THAT(LoadedIn(Value(LoadedFiles::Load(first)), 20), ElementsAre(Pair(0, 1)));
}

TEST_F(LoadedFilesTest, ARestoreTakesTheRecordAlong) {
  Value(Copy(0, 1));
  Value(Copy(1, 2));
  Value(delta::Restore(table.root, {.version = 1}, /*ignore_missing_files=*/true));
  EXPECT_THAT(Loaded(3), ElementsAre(Pair(0, 1)));
  Value(Copy(2, 3));
  EXPECT_THAT(Loaded(3), UnorderedElementsAre(Pair(0, 1), Pair(2, 4)));
}

TEST_F(LoadedFilesTest, SoDoesTheRestoreOfAnotherEngine) {
  Value(Copy(0, 1));
  Value(Copy(1, 2));
  CommitAs("RESTORE", {{"version", "1"}, {"timestamp", "null"}});
  table.Append("later.parquet");
  EXPECT_THAT(Loaded(3), ElementsAre(Pair(0, 1)));
  Value(Copy(2, 3));
  EXPECT_THAT(Loaded(3), UnorderedElementsAre(Pair(0, 1), Pair(2, 5)));
}

TEST_F(LoadedFilesTest, ARestoreToAnUnknownTimeIsNoGuess) {
  Value(Copy(0, 1));
  CommitAs("RESTORE", {{"timestamp", "\"2024-01-01\""}});
  EXPECT_THAT(LoadedFiles::Load(table.Latest()),
              FailsWith(Condition::COPY_INTO_STATE_INTERNAL_ERROR));
}

TEST_F(LoadedFilesTest, AReplaceOfAnotherEngineEmptiesTheRecord) {
  Value(Copy(0, 1));
  CommitAs("CREATE OR REPLACE TABLE AS SELECT", {});
  EXPECT_TRUE(Loaded(3).empty());
  Value(Copy(0, 1));
  EXPECT_THAT(Loaded(3), ElementsAre(Pair(0, 3)));
}

TEST_F(LoadedFilesTest, AMissingRunIsAnError) {
  Value(Copy(0, 1));
  for (const auto& file : Value(table.store->List("t/_delta_log/_inlet_copy/", {}))) {
    ASSERT_THAT(table.store->Delete(file.path), IsOk());
  }
  const auto record = LoadedFiles::Load(table.Latest());
  ASSERT_THAT(record, FailsWith(Condition::COPY_INTO_STATE_INTERNAL_ERROR));
  EXPECT_THAT(ToString(record.error()), HasSubstr("missing"));
}

TEST_F(LoadedFilesTest, EveryDamagedByteIsNoticedOrWithoutEffect) {
  Value(Copy(0, 40));
  const auto files = Value(table.store->List("t/_delta_log/_inlet_copy/", {}));
  ASSERT_EQ(files.size(), 1U);
  const std::string bytes = Value(table.store->Get(files[0].path));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
    ASSERT_THAT(table.store->Put(files[0].path, damaged, storage::PutMode::kOverwrite), IsOk());
    const auto record = LoadedFiles::Load(table.Latest());
    if (!record) continue;
    const auto read = AllOf(*record);
    EXPECT_TRUE(!read || read->size() == 40) << "byte " << i;
  }
}

TEST_F(LoadedFilesTest, VacuumTakesWhatNoVersionNeeds) {
  for (int i = 0; i < 5; ++i) Value(Copy(i, i + 1));
  const std::int64_t later_ms = std::int64_t{1} << 60;
  // The runs of all versions are needed as long as the log has these.
  EXPECT_EQ(Value(VacuumLoadedFiles(table.Latest(), later_ms)), 0);
  // A commit that never came.
  Value(Record().Write(std::vector<LoadedFile>{Entry(9)}));
  EXPECT_EQ(Value(VacuumLoadedFiles(table.Latest(), 0)), 0);
  EXPECT_EQ(Value(VacuumLoadedFiles(table.Latest(), later_ms)), 1);
  EXPECT_EQ(Loaded(10).size(), 5U);
}

}  // namespace
}  // namespace inlet::ingest
