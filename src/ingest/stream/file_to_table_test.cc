#include <gmock/gmock.h>

#include "ingest/stream/stream_fixture.h"

namespace inlet::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

/// A landing directory, a checkpoint and a table on the local disk.
class FileToTableTest : public ::testing::Test {
 protected:
  FileToTable Stream() const {
    return {.landing = scratch_ / "landing",
            .checkpoint = LocalAt(scratch_ / "checkpoint"),
            .table = LocalAt(scratch_ / "table")};
  }
  void Land(const std::string& name, const std::string& text) const {
    scratch_.Write("landing/" + name, text);
  }
  std::vector<std::int64_t> Ids() const { return ColumnOf(LocalAt(scratch_ / "table"), "id"); }

  ScratchDirectory scratch_;
};

TEST_F(FileToTableTest, LoadsEachFileOnceOverSeveralRuns) {
  Land("a.json", R"({"id": 1})");
  Land("b.json", R"({"id": 2})");
  const FileToTable stream = Stream();
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2));
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2));
  Land("c.json", R"({"id": 3})");
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2, 3));
}

TEST_F(FileToTableTest, TellsOfItsBatchesAsSparkDoes) {
  for (int i = 0; i < 5; ++i) {
    Land(std::to_string(i) + ".json", "{\"id\": " + std::to_string(i) + "}");
  }
  FileToTable stream = Stream();
  stream.options["cloudFiles.maxFilesPerTrigger"] = "2";
  const auto query = Value(stream.Open());
  ASSERT_THAT(query->RunToEnd({}), IsOk());
  const auto progress = query->recent_progress();
  ASSERT_THAT(progress, SizeIs(3));
  EXPECT_EQ(progress[0].num_input_rows, 2);
  EXPECT_EQ(progress[0].batch_id, 0);
  EXPECT_EQ(progress[0].sources[0].metrics.at("numFilesOutstanding"), "3");
  EXPECT_EQ(progress[2].sources[0].metrics.at("numBytesOutstanding"), "0");
  EXPECT_THAT(ToJson(progress[1]), ::testing::HasSubstr("\"seqNum\":4"));
  EXPECT_THAT(ToJson(progress[1]), ::testing::HasSubstr("\"numOutputRows\":2"));
  EXPECT_THAT(Ids(), ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(FileToTableTest, WaitsForADirectoryThatIsNotThereYet) {
  FileToTable stream = Stream();
  ASSERT_THAT(stream.Run(), IsOk());
  Land("a.json", R"({"id": 1})");
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1));
}

TEST_F(FileToTableTest, ANewColumnFailsOnceAndIsTakenByTheNextRun) {
  Land("a.json", R"({"id": 1})");
  FileToTable stream = Stream();
  stream.merge_schema = true;
  ASSERT_THAT(stream.Run(), IsOk());
  Land("b.json", R"({"id": 2, "channel": 7})");
  EXPECT_THAT(stream.Run(), FailsWith(Condition::UNKNOWN_FIELD_EXCEPTION_NEW_FIELDS_IN_FILE));
  EXPECT_THAT(Ids(), ElementsAre(1));
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2));
  EXPECT_THAT(ColumnOf(stream.table, "channel"), ElementsAre(-1, 7));
}

TEST_F(FileToTableTest, ANewColumnIsTakenInPlace) {
  Land("a.json", R"({"id": 1})");
  FileToTable stream = Stream();
  stream.merge_schema = true;
  stream.restart_on_schema_change = true;
  ASSERT_THAT(stream.Run(), IsOk());
  Land("b.json", R"({"id": 2, "channel": 7})");
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(ColumnOf(stream.table, "channel"), ElementsAre(-1, 7));
}

TEST_F(FileToTableTest, TheTableIsTheSecondGateForANewColumn) {
  Land("a.json", R"({"id": 1})");
  FileToTable stream = Stream();
  stream.restart_on_schema_change = true;
  ASSERT_THAT(stream.Run(), IsOk());
  Land("b.json", R"({"id": 2, "channel": 7})");
  EXPECT_THAT(stream.Run(), FailsWith(Condition::DELTA_METADATA_MISMATCH));
  stream.merge_schema = true;
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2));
}

TEST_F(FileToTableTest, LeavesAFileThatIsBeingWrittenForLater) {
  Land("a.json", R"({"id": 1})");
  const std::string path = scratch_ / "landing/b.json";
  std::ofstream growing(path);
  growing << R"({"id": 2})" << std::flush;
  const FileToTable stream = Stream();
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1));
  growing << "\n"
          << R"({"id": 3})";
  growing.close();
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2, 3));
}

TEST_F(FileToTableTest, TakesFilesAsTheyLand) {
  Land("a.json", R"({"id": 1})");
  FileToTable stream = Stream();
  stream.trigger = {.kind = StreamTrigger::Kind::kAsSoonAsPossible};
  const auto query = Value(stream.Open());
  ASSERT_THAT(query->Start(), IsOk());
  ASSERT_THAT(query->ProcessAllAvailable(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1));
  Land("b.json", R"({"id": 2})");
  Land("deep/er/c.json", R"({"id": 3})");
  ASSERT_THAT(query->ProcessAllAvailable(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2, 3));
  query->Stop();
  EXPECT_FALSE(query->is_active());
  EXPECT_THAT(query->AwaitTermination(std::nullopt), IsOk());
}

TEST_F(FileToTableTest, TwoRunsOnOneCheckpointAreRefused) {
  Land("a.json", R"({"id": 1})");
  FileToTable stream = Stream();
  stream.trigger = {.kind = StreamTrigger::Kind::kAsSoonAsPossible};
  const auto first = Value(stream.Open());
  ASSERT_THAT(first->Start(), IsOk());
  ASSERT_THAT(first->ProcessAllAvailable(), IsOk());
  EXPECT_THAT(stream.Run(), FailsWith(Condition::CONCURRENT_STREAM_LOG_UPDATE));
}

}  // namespace
}  // namespace inlet::ingest
