#include "delta/log_segment.h"

#include "base/testing.h"
#include "delta/data_path.h"
#include "storage/memory/memory_store.h"

namespace inlet::delta {
namespace {

using Kind = LogFileName::Kind;

class LogSegmentTest : public testing::Test {
 protected:
  void Put(const std::string& name, const std::string& text = "x") {
    ASSERT_THAT(store_->Put("t/_delta_log/" + name, text, storage::PutMode::kOverwrite), IsOk());
  }
  void Commits(Version first, Version last) {
    for (Version v = first; v <= last; ++v) Put(PaddedVersion(v) + ".json");
  }
  Result<LogSegment> Find(std::optional<Version> version = std::nullopt) {
    return LogSegment::Find(root_, {.version = version});
  }

  std::shared_ptr<storage::MemoryStore> store_ = std::make_shared<storage::MemoryStore>("log");
  const storage::Location root_{store_, "t"};
};

TEST(LogFileName, TellsKindsApart) {
  const auto kind = [](std::string_view name) { return LogFileName::Parse(name).kind; };
  EXPECT_EQ(kind("00000000000000000007.json"), Kind::kCommit);
  EXPECT_EQ(kind("7.json"), Kind::kCommit);
  EXPECT_EQ(kind("00000000000000000007.checkpoint.parquet"), Kind::kCheckpoint);
  EXPECT_EQ(kind("00000000000000000007.checkpoint.0000000001.0000000002.parquet"),
            Kind::kMultiPartCheckpoint);
  EXPECT_EQ(kind("00000000000000000007.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json"),
            Kind::kUuidCheckpoint);
  EXPECT_EQ(kind("00000000000000000004.00000000000000000006.compacted.json"), Kind::kCompaction);
  EXPECT_EQ(kind("00000000000000000007.crc"), Kind::kChecksum);
  for (const char* name :
       {".00000000000000000007.json.crc", "_last_checkpoint", "", ".json", "x7.json", "-7.json",
        "7.json.tmp", "99999999999999999999.json", "7.checkpoint.0000000003.0000000002.parquet"}) {
    EXPECT_EQ(kind(name), Kind::kOther) << name;
  }
}

TEST_F(LogSegmentTest, NothingIsNoTable) {
  EXPECT_THAT(Find(), FailsWith(Condition::DELTA_TABLE_NOT_FOUND));
}

TEST_F(LogSegmentTest, MissingCommitBetweenTwoOthersIsCorrupt) {
  Commits(0, 3);
  Commits(5, 6);
  EXPECT_THAT(Find(), FailsWith(Condition::DELTA_VERSIONS_NOT_CONTIGUOUS));
  EXPECT_EQ(Value(Find(2)).version, 2);
}

TEST_F(LogSegmentTest, WithoutTheFirstCommitAndCheckpointTheLogIsTruncated) {
  Commits(3, 6);
  EXPECT_THAT(Find(), FailsWith(Condition::DELTA_TRUNCATED_TRANSACTION_LOG));
}

TEST_F(LogSegmentTest, IncompleteCheckpointsAndWrongHintsArePassedOver) {
  Commits(2, 6);
  Put(PaddedVersion(2) + ".checkpoint.parquet");
  Put(PaddedVersion(4) + ".checkpoint.0000000001.0000000002.parquet");
  for (const char* hint : {"{\"version\":4,\"size\":1,\"parts\":2}", "{\"version\":5,\"size\":1}",
                           "{\"version\":99,\"size\":1}", "torn{"}) {
    Put("_last_checkpoint", hint);
    const LogSegment segment = Value(Find());
    EXPECT_EQ(segment.checkpoint->version, 2) << hint;
    EXPECT_EQ(segment.commits.size(), 4u) << hint;
  }
}

TEST_F(LogSegmentTest, VersionOutOfRangeNamesWhatThereIs) {
  Commits(2, 6);
  Put(PaddedVersion(3) + ".checkpoint.parquet");
  for (const Version version : {Version{-1}, Version{2}, Version{7}}) {
    const auto result = Find(version);
    EXPECT_THAT(result, FailsWith(Condition::DELTA_VERSION_NOT_FOUND)) << version;
    if (!result) {
      EXPECT_THAT(ToString(result.error()), testing::HasSubstr("[3, 6]"));
    }
  }
}

TEST_F(LogSegmentTest, CheckpointAloneIsAVersion) {
  Put(PaddedVersion(9) + ".checkpoint.parquet");
  const LogSegment segment = Value(Find());
  EXPECT_EQ(segment.version, 9);
  EXPECT_FALSE(segment.commit_at_version.has_value());
}

TEST(DataPath, EqualFilesHaveEqualCanonicalPaths) {
  const auto canonical = [](std::string_view uri) { return CanonicalPath(uri); };
  EXPECT_EQ(canonical("a%20b/c"), "a b/c");
  EXPECT_EQ(canonical("file:///data/t/x"), canonical("/data/t/x"));
  EXPECT_NE(canonical("/data/t/x"), canonical("x"));
  EXPECT_EQ(canonical("file:/other"), canonical("/other"));
  EXPECT_NE(canonical("s3://b/k"), canonical("s3a://b/k"));
  EXPECT_EQ(canonical("p=../x"), "p=../x");
}

}  // namespace
}  // namespace inlet::delta
