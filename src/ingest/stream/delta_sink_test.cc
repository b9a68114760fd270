#include <gmock/gmock.h>

#include "ingest/stream/stream_fixture.h"
#include "ingest/stream/stream_sink.h"
#include "ingest/write_table.h"
#include "sql/parser.h"

namespace inlet::ingest {
namespace {

using ::testing::ElementsAre;

BoundQuery Row(int id) {
  return {.query =
              Value(sql::ParseQuery("SELECT CAST(" + std::to_string(id) + " AS BIGINT) AS id"))};
}

class DeltaSinkTest : public ::testing::Test {
 protected:
  storage::Location table() const { return LocalAt(scratch_ / "table"); }

  std::unique_ptr<StreamSink> Open(DeltaSinkOptions options = {}) const {
    options.root = table();
    options.table_name = "t";
    options.create_if_missing = delta::TableDefinition{};
    auto sink = MakeDeltaSink(TheEngine(), std::move(options));
    Value(sink->Open("4a3c1a52-5f2b-4d31-9ed6-3f8d6a1c9a10", {}));
    return sink;
  }
  static Result<SinkResult> Add(StreamSink& sink, BatchId batch, int id) {
    return sink.AddBatch(batch, Row(id), [] { return Ok(); }, {});
  }
  std::vector<std::int64_t> Ids() const { return ColumnOf(table(), "id"); }

  ScratchDirectory scratch_;
};

TEST_F(DeltaSinkTest, ABatchThatIsThereIsNotWrittenAgain) {
  const auto sink = Open();
  EXPECT_EQ(Value(Add(*sink, 0, 1)).table_version, 0);
  EXPECT_EQ(Value(Add(*sink, 1, 2)).table_version, 1);
  const SinkResult again = Value(Add(*Open(), 1, 2));
  EXPECT_TRUE(again.was_there_already);
  EXPECT_THAT(Ids(), ElementsAre(1, 2));
}

TEST_F(DeltaSinkTest, AZombieCannotCommitWhatAnotherProcessHasCommitted) {
  Value(Add(*Open(), 0, 1));
  const auto zombie = Open();
  const auto late = zombie->AddBatch(1, Row(2),
                                     [&]() -> Status {
                                       TRY(Add(*Open(), 1, 2));
                                       TRY(Add(*Open(), 2, 3));
                                       return Ok();
                                     },
                                     {});
  EXPECT_THAT(late, FailsWith(Condition::CONCURRENT_STREAM_LOG_UPDATE));
  EXPECT_THAT(Ids(), ElementsAre(1, 2, 3));
}

TEST_F(DeltaSinkTest, OtherWritersOfTheTableAreNoHindrance) {
  Value(Add(*Open(), 0, 1));
  const auto result =
      Open()->AddBatch(1, Row(2),
                       [&]() -> Status {
                         TRY(TableWriter(TheEngine(), {}, {})
                                 .Insert(Value(delta::Snapshot::Load(table())), Row(100), {}));
                         return Ok();
                       },
                       {});
  EXPECT_THAT(result, IsOk());
  EXPECT_THAT(Ids(), ElementsAre(1, 2, 100));
}

TEST_F(DeltaSinkTest, ARefusedBatchLeavesNoFileBehind) {
  Value(Add(*Open(), 0, 1));
  const auto num_files = [&] { return Value(table().store->List(table().path + "/", {})).size(); };
  const std::size_t before = num_files();
  EXPECT_THAT(Open()->AddBatch(1, Row(2), [] { return Status(FailUnsupported("this batch")); }, {}),
              FailsWith(Condition::INLET_UNSUPPORTED));
  EXPECT_EQ(num_files(), before);
}

TEST_F(DeltaSinkTest, OverwriteReplacesTheRows) {
  Value(Add(*Open(), 0, 1));
  Value(Add(*Open({.overwrite = true}), 1, 2));
  EXPECT_THAT(Ids(), ElementsAre(2));
}

TEST_F(DeltaSinkTest, CheckConstraintsHoldForStreams) {
  Value(TableWriter(TheEngine(), {}, {})
            .Create(table(),
                    {.schema = Value(types::ParseDdl("id BIGINT")),
                     .properties = {{"delta.constraints.small", "id < 10"}}},
                    true));
  EXPECT_THAT(Add(*Open(), 0, 1), IsOk());
  EXPECT_THAT(Add(*Open(), 1, 100), FailsWith(Condition::DELTA_VIOLATE_CONSTRAINT_WITH_VALUES));
  EXPECT_THAT(Ids(), ElementsAre(1));
}

}  // namespace
}  // namespace inlet::ingest
