#include "ingest/stream/discovery_log.h"

#include <gmock/gmock.h>

#include "base/testing.h"
#include "ingest/stream/file_index.h"
#include "ingest/stream/stream_fixture.h"

namespace inlet::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

FoundFile File(std::int64_t seq, const std::string& url, std::int64_t size_bytes = 10) {
  return {.seq = seq, .url = url, .size_bytes = size_bytes, .modified_at_ms = seq, .etag = "e\"1"};
}

std::vector<std::string> UrlsOf(const std::vector<FoundFile>& files) {
  std::vector<std::string> urls;
  for (const FoundFile& file : files) urls.push_back(file.url);
  return urls;
}

class DiscoveryLogTest : public ::testing::Test {
 protected:
  storage::Location directory() const { return LocalAt(scratch_ / "sources/0"); }
  std::string index_directory() const { return scratch_ / "sources/0/rocksdb"; }

  std::vector<std::int64_t> SeqsInLog() const {
    DiscoveryLog log(directory());
    Value(log.Count());
    std::vector<std::int64_t> seqs;
    EXPECT_THAT(log.Read(0,
                         [&](std::int64_t, const std::vector<FoundFile>& files) {
                           for (const FoundFile& file : files) seqs.push_back(file.seq);
                           return Ok();
                         }),
                IsOk());
    return seqs;
  }

  ScratchDirectory scratch_;
};

TEST_F(DiscoveryLogTest, MergesNeighboursAndKeepsEveryLine) {
  DiscoveryLog log(directory());
  ASSERT_EQ(Value(log.Count()), 0);
  std::vector<std::int64_t> expected;
  for (std::int64_t number = 0; number < 123; ++number) {
    ASSERT_THAT(log.Append(number, {File(number + 1, "file:/a/" + std::to_string(number))}),
                IsOk());
    expected.push_back(number + 1);
  }
  EXPECT_EQ(SeqsInLog(), expected);
  // 0-99, 100-109, 110-119, 120, 121, 122
  EXPECT_THAT(Value(directory().store->List(directory().path + "/", {})), SizeIs(6));
  EXPECT_EQ(Value(log.Count()), 123);
}

TEST_F(DiscoveryLogTest, ASecondWriterOfANumberIsRefused) {
  DiscoveryLog first(directory());
  DiscoveryLog second(directory());
  ASSERT_THAT(first.Append(0, {File(1, "file:/a")}), IsOk());
  EXPECT_THAT(second.Append(0, {File(1, "file:/b")}),
              FailsWith(Condition::CONCURRENT_STREAM_LOG_UPDATE));
}

TEST_F(DiscoveryLogTest, AMissingNumberIsToldByName) {
  DiscoveryLog log(directory());
  for (std::int64_t number = 0; number < 3; ++number) {
    ASSERT_THAT(log.Append(number, {File(number + 1, "file:/a")}), IsOk());
  }
  ASSERT_THAT(directory().store->Delete(directory().path + "/1"), IsOk());
  EXPECT_THAT(log.Count(), FailsWith(Condition::STREAM_CHECKPOINT_INVALID));
}

TEST_F(DiscoveryLogTest, TheIndexIsMadeAgainWhenItIsLostOrDamaged) {
  {
    const auto index = Value(FileIndex::Open(index_directory(), DiscoveryLog(directory())));
    ASSERT_THAT(index->Add({File(1, "file:/a"), File(2, "file:/b", 30)}), IsOk());
    ASSERT_THAT(index->Add({File(3, "file:/c")}), IsOk());
    ASSERT_THAT(index->Persist(), IsOk());
  }
  std::filesystem::remove_all(index_directory());
  {
    const auto index = Value(FileIndex::Open(index_directory(), DiscoveryLog(directory())));
    EXPECT_EQ(index->last_seq(), 3);
    EXPECT_EQ(Value(index->BytesBetween(0, 2)), 40);
  }
  for (const auto& entry : std::filesystem::directory_iterator(index_directory())) {
    std::ofstream(entry.path(), std::ios::trunc) << "damaged";
  }
  const auto index = Value(FileIndex::Open(index_directory(), DiscoveryLog(directory())));
  EXPECT_THAT(UrlsOf(Value(index->Range(0, 3))), ElementsAre("file:/a", "file:/b", "file:/c"));
}

TEST_F(DiscoveryLogTest, WhatTheIndexKnowsWithoutTheLogIsForgotten) {
  {
    const auto index = Value(FileIndex::Open(index_directory(), DiscoveryLog(directory())));
    ASSERT_THAT(index->Add({File(1, "file:/a")}), IsOk());
    ASSERT_THAT(index->Persist(), IsOk());
    ASSERT_THAT(index->Add({File(2, "file:/b")}), IsOk());
  }
  const auto index = Value(FileIndex::Open(index_directory(), DiscoveryLog(directory())));
  EXPECT_EQ(index->last_seq(), 1);
  EXPECT_FALSE(Value(index->Find("file:/b")).has_value());
}

TEST_F(DiscoveryLogTest, AnIndexIsOpenOnceAtATime) {
  const auto index = Value(FileIndex::Open(index_directory(), DiscoveryLog(directory())));
  EXPECT_THAT(FileIndex::Open(index_directory(), DiscoveryLog(directory())),
              FailsWith(Condition::CONCURRENT_STREAM_LOG_UPDATE));
}

TEST_F(DiscoveryLogTest, ARangeLeavesOutWhatWasFoundAgainLater) {
  const auto index = Value(FileIndex::Open(index_directory(), DiscoveryLog(directory())));
  ASSERT_THAT(index->Add({File(1, "file:/a"), File(2, "file:/b"), File(3, "file:/a")}), IsOk());
  EXPECT_THAT(UrlsOf(Value(index->Range(0, 3))), ElementsAre("file:/b", "file:/a"));
  EXPECT_EQ(Value(index->Find("file:/a"))->seq, 3);
}

TEST_F(DiscoveryLogTest, LimitsTakeAtLeastOneFile) {
  const auto index = Value(FileIndex::Open(index_directory(), DiscoveryLog(directory())));
  ASSERT_THAT(
      index->Add({File(1, "file:/a", 100), File(2, "file:/b", 100), File(3, "file:/c", 100)}),
      IsOk());
  EXPECT_EQ(Value(index->Take(0, 3, 0, 1)), 1);
  EXPECT_EQ(Value(index->Take(0, 3, 0, 101)), 2);
  EXPECT_EQ(Value(index->Take(0, 3, 2, 0)), 2);
  EXPECT_EQ(Value(index->Take(1, 3, 0, 0)), 3);
}

}  // namespace
}  // namespace inlet::ingest
