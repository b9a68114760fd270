#include <gmock/gmock.h>

#include "ingest/stream/delta_stream_source.h"
#include "ingest/stream/stream_fixture.h"
#include "ingest/write_table.h"
#include "sql/parser.h"

namespace inlet::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

/// A source table, a stream from it to a target table.
class DeltaStreamTest : public ::testing::Test {
 protected:
  storage::Location source() const { return LocalAt(scratch_ / "source"); }
  storage::Location target() const { return LocalAt(scratch_ / "target"); }

  static BoundQuery Query(const std::string& sql) { return {.query = Value(sql::ParseQuery(sql))}; }

  void Create(const std::string& ddl) const {
    Value(TableWriter(TheEngine(), {}, {})
              .Create(source(), {.schema = Value(types::ParseDdl(ddl))}, true));
  }
  void Insert(const std::string& sql, bool overwrite = false) const {
    Value(
        TableWriter(TheEngine(), {}, {})
            .Insert(Value(delta::Snapshot::Load(source())), Query(sql), {.overwrite = overwrite}));
  }
  void RemoveAll() const {
    const auto table = Value(delta::Snapshot::Load(source()));
    delta::Transaction transaction(table);
    for (const auto& file : table->files()) transaction.Remove(file);
    Value(std::move(transaction).Commit({.name = "DELETE"}));
  }
  void AddColumn(const std::string& ddl) const {
    const auto table = Value(delta::Snapshot::Load(source()));
    delta::Transaction transaction(table);
    delta::Metadata metadata = table->metadata();
    metadata.schema_string = types::ToJson(Value(types::ParseDdl(ddl)));
    transaction.Set(std::move(metadata));
    Value(std::move(transaction).Commit({.name = "ADD COLUMNS"}));
  }

  Result<std::unique_ptr<StreamingQuery>> Open(StreamTrigger trigger) const {
    StreamDefinition definition{
        .checkpoint = LocalAt(scratch_ / "checkpoint"), .bind = SelectAll, .trigger = trigger};
    definition.sources.push_back(TRY(OpenDeltaStream({.table = source(), .options = options_})));
    definition.sink = MakeDeltaSink(TheEngine(), {.root = target(),
                                                  .table_name = "target",
                                                  .merge_schema = true,
                                                  .create_if_missing = delta::TableDefinition{}});
    return StreamingQuery::Open(TheEngine(), std::move(definition));
  }
  Status Run() const {
    return TRY(Open({.kind = StreamTrigger::Kind::kAvailableNow}))->RunToEnd({});
  }
  std::vector<std::int64_t> Ids() const { return ColumnOf(target(), "id"); }

  ScratchDirectory scratch_;
  OptionMap options_;
};

TEST_F(DeltaStreamTest, ReadsTheTableAndThenWhatIsAppended) {
  Create("id BIGINT");
  Insert("SELECT CAST(1 AS BIGINT)");
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1));
  Insert("SELECT CAST(2 AS BIGINT)");
  Insert("SELECT CAST(3 AS BIGINT)");
  ASSERT_THAT(Run(), IsOk());
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2, 3));
}

TEST_F(DeltaStreamTest, LimitsCutTheTableAndItsVersionsIntoBatches) {
  Create("id BIGINT");
  for (int id = 1; id <= 3; ++id) Insert("SELECT CAST(" + std::to_string(id) + " AS BIGINT)");
  options_["maxFilesPerTrigger"] = "1";
  const auto query = Value(Open({.kind = StreamTrigger::Kind::kAvailableNow}));
  ASSERT_THAT(query->RunToEnd({}), IsOk());
  EXPECT_THAT(query->recent_progress(), SizeIs(3));
  EXPECT_THAT(ToJson(query->recent_progress()[0]),
              ::testing::HasSubstr("\"index\":0,\"isStartingVersion\":true"));
  EXPECT_THAT(ToJson(*query->last_progress()),
              ::testing::HasSubstr("\"reservoirVersion\":4,\"index\":-1,"
                                   "\"isStartingVersion\":false"));
  Insert("SELECT CAST(4 AS BIGINT)");
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2, 3, 4));
}

TEST_F(DeltaStreamTest, BeginsWhereItIsTold) {
  Create("id BIGINT");
  Insert("SELECT CAST(1 AS BIGINT)");
  Insert("SELECT CAST(2 AS BIGINT)");
  options_["startingVersion"] = "2";
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(2));
  options_["startingTimestamp"] = "2024-01-01";
  EXPECT_THAT(Run(), FailsWith(Condition::DELTA_STARTING_VERSION_AND_TIMESTAMP_BOTH_SET));
}

TEST_F(DeltaStreamTest, DeletesAndChangesFailUnlessTheyAreToBeSkipped) {
  Create("id BIGINT");
  Insert("SELECT CAST(1 AS BIGINT)");
  ASSERT_THAT(Run(), IsOk());
  RemoveAll();
  EXPECT_THAT(Run(), FailsWith(Condition::DELTA_SOURCE_IGNORE_DELETE));
  options_["ignoreDeletes"] = "true";
  ASSERT_THAT(Run(), IsOk());
  Insert("SELECT CAST(2 AS BIGINT)");
  Insert("SELECT CAST(3 AS BIGINT)", /*overwrite=*/true);
  EXPECT_THAT(Run(), FailsWith(Condition::DELTA_SOURCE_TABLE_IGNORE_CHANGES));
  options_["skipChangeCommits"] = "true";
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2));
}

TEST_F(DeltaStreamTest, ANewColumnOfTheSourceIsReadByTheNextRun) {
  Create("id BIGINT");
  Insert("SELECT CAST(1 AS BIGINT)");
  ASSERT_THAT(Run(), IsOk());
  AddColumn("id BIGINT, more BIGINT");
  Insert("SELECT CAST(2 AS BIGINT), CAST(7 AS BIGINT)");
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(ColumnOf(target(), "more"), ElementsAre(-1, 7));
}

TEST_F(DeltaStreamTest, ANewColumnEndsARunThatReadsWithoutIt) {
  Create("id BIGINT");
  Insert("SELECT CAST(1 AS BIGINT)");
  const auto query = Value(Open({}));
  ASSERT_THAT(query->Start(), IsOk());
  ASSERT_THAT(query->ProcessAllAvailable(), IsOk());
  AddColumn("id BIGINT, more BIGINT");
  EXPECT_THAT(query->AwaitTermination(std::chrono::seconds(10)),
              FailsWith(Condition::DELTA_SCHEMA_CHANGED_WITH_VERSION));
}

TEST_F(DeltaStreamTest, ACheckpointOfAnotherTableIsRefused) {
  Create("id BIGINT");
  Insert("SELECT CAST(1 AS BIGINT)");
  ASSERT_THAT(Run(), IsOk());
  std::filesystem::remove_all(scratch_ / "source");
  Create("id BIGINT");
  EXPECT_THAT(Run(), FailsWith(Condition::STREAM_CHECKPOINT_INVALID));
}

TEST_F(DeltaStreamTest, NamesAnOptionThatNobodyKnows) {
  Create("id BIGINT");
  options_["skipChangeCommit"] = "true";
  EXPECT_THAT(Run(), FailsWith(Condition::CF_UNKNOWN_OPTION_KEYS_ERROR));
}

}  // namespace
}  // namespace inlet::ingest
