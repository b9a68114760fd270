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

TEST_F(FileToTableTest, ANewFieldOfAStructReachesTheTable) {
  Land("a.json", R"({"id": 1, "s": {"x": 1}})");
  FileToTable stream = Stream();
  stream.options["restartOnSchemaChange"] = "true";
  ASSERT_THAT(stream.Run(), IsOk());
  Land("b.json", R"({"id": 2, "s": {"x": 1, "y": "new"}})");
  EXPECT_THAT(stream.Run(), FailsWith(Condition::DELTA_METADATA_MISMATCH));
  stream.merge_schema = true;
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2));
  const auto table = Value(delta::Snapshot::Load(stream.table));
  EXPECT_EQ(types::ToSql(table->schema().Find("s")->type), "STRUCT<x: BIGINT, y: STRING>");
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

TEST_F(FileToTableTest, TakesAFileAgainOnlyWithAllowOverwrites) {
  Land("a.json", R"({"id": 1})");
  FileToTable stream = Stream();
  ASSERT_THAT(stream.Run(), IsOk());
  Land("a.json", R"({"id": 22})");
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1));
  stream.options["allowOverwrites"] = "true";
  ASSERT_THAT(stream.Run(), IsOk());
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 22));
}

TEST_F(FileToTableTest, LeavesOutWhatWasThereBeforeIt) {
  Land("a.json", R"({"id": 1})");
  FileToTable stream = Stream();
  stream.options["includeExistingFiles"] = "false";
  ASSERT_THAT(stream.Run(), IsOk());
  Land("b.json", R"({"id": 2})");
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(2));
}

TEST_F(FileToTableTest, AnEmptyFirstLookIsTheFirstOne) {
  std::filesystem::create_directories(scratch_ / "landing");
  FileToTable stream = Stream();
  stream.options["includeExistingFiles"] = "false";
  ASSERT_THAT(stream.Run(), IsOk());
  Land("b.json", R"({"id": 2})");
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(2));
}

TEST_F(FileToTableTest, OnceTakesAllInOneBatch) {
  for (int i = 0; i < 4; ++i) {
    Land(std::to_string(i) + ".json", "{\"id\": " + std::to_string(i) + "}");
  }
  FileToTable stream = Stream();
  stream.options["maxFilesPerTrigger"] = "1";
  stream.trigger = {.kind = StreamTrigger::Kind::kOnce};
  const auto query = Value(stream.Open());
  ASSERT_THAT(query->RunToEnd({}), IsOk());
  EXPECT_THAT(query->recent_progress(), SizeIs(1));
  EXPECT_THAT(Ids(), ElementsAre(0, 1, 2, 3));
}

TEST_F(FileToTableTest, KeepsItsSchemasWhereItIsTold) {
  Land("a.json", R"({"id": 1})");
  FileToTable stream = Stream();
  stream.options["schemaLocation"] = scratch_ / "schemas";
  ASSERT_THAT(stream.Run(), IsOk());
  std::ifstream file(scratch_ / "schemas/_schemas/0");
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  EXPECT_EQ(line, "v1");
  ASSERT_TRUE(std::getline(file, line));
  EXPECT_THAT(line, ::testing::HasSubstr(R"("dataSchemaJson":"{\"type\":\"struct\")"));
}

TEST_F(FileToTableTest, EvolutionModesDoWhatTheySay) {
  Land("a.json", R"({"id": 1})");
  FileToTable stream = Stream();
  stream.options["schemaEvolutionMode"] = "rescue";
  ASSERT_THAT(stream.Run(), IsOk());
  Land("b.json", R"({"id": 2, "more": 5})");
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2));
  EXPECT_THAT(ColumnOf(stream.table, "more"), ::testing::IsEmpty());
  stream.options["schemaEvolutionMode"] = "failOnNewColumns";
  stream.restart_on_schema_change = true;
  Land("c.json", R"({"id": 3, "more": 5})");
  for (int run = 0; run < 2; ++run) {
    const Status status = stream.Run();
    ASSERT_THAT(status, FailsWith(Condition::UNKNOWN_FIELD_EXCEPTION_NEW_FIELDS_IN_FILE));
    EXPECT_THAT(ToString(status.error()), ::testing::HasSubstr("c.json"));
    EXPECT_THAT(ToString(status.error()), ::testing::HasSubstr("[more]"));
  }
  std::filesystem::remove(scratch_ / "landing/c.json");
  stream.options["ignoreMissingFiles"] = "true";
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2));
}

TEST_F(FileToTableTest, AValueThatDoesNotFitIsNoNewColumn) {
  Land("a.json", R"({"id": 1, "n": 5})");
  const FileToTable stream = Stream();
  ASSERT_THAT(stream.Run(), IsOk());
  Land("b.json", R"({"id": 2, "n": "five"})");
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2));
}

TEST_F(FileToTableTest, AFileThatIsGoneIsNamedOrLeftOut) {
  Land("a.json", R"({"id": 1})");
  Land("b.json", R"({"id": 2})");
  FileToTable stream = Stream();
  stream.options["schema"] = "id BIGINT";
  stream.options["maxFilesPerTrigger"] = "1";
  ASSERT_THAT(stream.Run(), IsOk());
  Land("c.json", R"({"id": 3})");
  {
    FileToTable broken = stream;
    broken.table = {.store = storage::TheLocalStore(), .path = "proc/no-table-here"};
    EXPECT_FALSE(broken.Run().has_value());  // Plans the batch, cannot write it.
  }
  std::filesystem::remove(scratch_ / "landing/c.json");
  const Status status = stream.Run();
  ASSERT_THAT(status, FailsWith(Condition::FAILED_READ_FILE_FILE_NOT_EXIST));
  EXPECT_THAT(ToString(status.error()), ::testing::HasSubstr("c.json"));
  stream.options["ignoreMissingFiles"] = "true";
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2));
}

TEST_F(FileToTableTest, AFileThatIsReplacedBeforeItIsReadIsReadOnce) {
  Land("a.json", R"({"id": 1})");
  FileToTable stream = Stream();
  stream.options["schema"] = "id BIGINT";
  {
    FileToTable broken = stream;
    broken.table = {.store = storage::TheLocalStore(), .path = "proc/no-table-here"};
    EXPECT_FALSE(broken.Run().has_value());
  }
  Land("a.json", R"({"id": 12345})");
  stream.options["allowOverwrites"] = "true";
  ASSERT_THAT(stream.Run(), IsOk());
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(12345));
}

TEST_F(FileToTableTest, APoisonFileIsNamed) {
  Land("a.parquet", "this is no Parquet file");
  FileToTable stream = Stream();
  stream.options = {{"format", "parquet"}, {"schema", "id BIGINT"}};
  const Status status = stream.Run();
  ASSERT_FALSE(status.has_value());
  EXPECT_THAT(ToString(status.error()), ::testing::HasSubstr("a.parquet"));
  stream.options["ignoreCorruptFiles"] = "true";
  ASSERT_THAT(stream.Run(), IsOk());
}

TEST_F(FileToTableTest, MovesWhatItHasLoaded) {
  Land("deep/a.json", R"({"id": 1})");
  FileToTable stream = Stream();
  stream.options["cleanSource"] = "MOVE";
  stream.options["cleanSource.retentionDuration"] = "0 seconds";
  stream.options["cleanSource.moveDestination"] = scratch_ / "landing/inside";
  EXPECT_THAT(stream.Run(), FailsWith(Condition::INVALID_PARAMETER_VALUE));
  stream.options["cleanSource.moveDestination"] = scratch_ / "archive";
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "landing/deep/a.json"));
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "archive/deep/a.json"));
  Land("b.json", R"({"id": 2})");
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2));
}

TEST_F(FileToTableTest, ADeltaTableIsNoDirectoryOfFiles) {
  Land("_delta_log/00000000000000000000.json", "{}");
  EXPECT_THAT(Stream().Run(), FailsWith(Condition::CF_USE_DELTA_FORMAT));
}

TEST_F(FileToTableTest, ACheckpointWithoutItsMetadataIsRefused) {
  Land("a.json", R"({"id": 1})");
  const FileToTable stream = Stream();
  ASSERT_THAT(stream.Run(), IsOk());
  std::filesystem::remove(scratch_ / "checkpoint/metadata");
  EXPECT_THAT(stream.Run(), FailsWith(Condition::CF_MISSING_METADATA_FILE_ERROR));
}

TEST_F(FileToTableTest, GoesOnAfterItsIndexWasLost) {
  Land("a.json", R"({"id": 1})");
  const FileToTable stream = Stream();
  ASSERT_THAT(stream.Run(), IsOk());
  std::filesystem::remove_all(scratch_ / "checkpoint/sources/0/rocksdb");
  Land("b.json", R"({"id": 2})");
  ASSERT_THAT(stream.Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2));
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
