#include "workspace/open_stream.h"

#include <arrow/api.h>
#include <gmock/gmock.h>

#include "base/testing.h"
#include "ingest/stream/stream_fixture.h"
#include "sql/parser.h"
#include "workspace/pipeline_services.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

using ::testing::ElementsAre;

/// A workspace in a directory of its own, with one client.
class OpenStreamTest : public ::testing::Test {
 protected:
  OpenStreamTest() {
    shared_.home = scratch_ / "home";
    shared_.threads = 2;
    shared_.catalog = Value(catalog::Catalog::Open(shared_.home));
    shared_.engine = Value(engine::OpenDuckDb(
        {.threads = 2, .memory_bytes = 1 << 30, .temp_directory = shared_.home + "/temp"}));
  }

  Call call() { return {.shared = shared_, .session = session_, .text = "", .options = options_}; }

  Status Execute(const std::string& sql) {
    const sql::Statement statement = TRY(sql::ParseStatement(sql));
    const Call call{.shared = shared_, .session = session_, .text = sql, .options = options_};
    if (const auto* create = std::get_if<sql::CreateTable>(&statement.node())) {
      TRY(workspace::Run(call, *create));
      return Ok();
    }
    if (const auto* insert = std::get_if<sql::Insert>(&statement.node())) {
      TRY(workspace::Run(call, *insert));
      return Ok();
    }
    return FailUnsupported("this statement in a test");
  }

  /// Runs `query` as a stream into `target` to its end.
  Status Stream(const std::string& query, const std::string& target) {
    StreamRequest request{.query = TRY(sql::ParseQuery(query)),
                          .query_text = query,
                          .checkpoint = scratch_ / ("checkpoint-" + target),
                          .sink = ingest::MakeDeltaSink(
                              *shared_.engine, {.root = Table(target),
                                                .table_name = target,
                                                .create_if_missing = delta::TableDefinition{}}),
                          .trigger = {.kind = ingest::StreamTrigger::Kind::kAvailableNow}};
    return TRY(OpenStream(call(), std::move(request)))->RunToEnd({});
  }

  storage::Location Table(const std::string& name) const {
    return ingest::LocalAt(scratch_ / name);
  }
  std::vector<std::int64_t> Ids(const std::string& table) const {
    return ingest::ColumnOf(Table(table), "id");
  }

  ingest::ScratchDirectory scratch_;
  Shared shared_;
  Session session_;
  ExecuteOptions options_;
};

TEST_F(OpenStreamTest, StreamsFilesThroughAQuery) {
  scratch_.Write("landing/a.json", R"({"id": 1, "kind": "x"})");
  scratch_.Write("landing/b.json", R"({"id": 2, "kind": "y"})");
  const std::string query =
      "SELECT id * 10 AS id, _metadata.file_name AS file FROM STREAM "
      "read_files('" +
      (scratch_ / "landing") + "', format => 'json') WHERE kind = 'y'";
  ASSERT_THAT(Stream(query, "bronze"), IsOk());
  EXPECT_THAT(Ids("bronze"), ElementsAre(20));
}

TEST_F(OpenStreamTest, CloudFilesTakesTextWhereReadFilesInfersTypes) {
  scratch_.Write("landing/a.csv", "id\n007\n");
  const std::string query = "SELECT CAST(length(id) AS BIGINT) AS id FROM STREAM cloud_files('" +
                            (scratch_ / "landing") + "', 'csv', map('header', 'true'))";
  ASSERT_THAT(Stream(query, "bronze"), IsOk());
  EXPECT_THAT(Ids("bronze"), ElementsAre(3));
}

TEST_F(OpenStreamTest, FollowsATableAndJoinsAnotherOneAnew) {
  ASSERT_THAT(Execute("CREATE TABLE events (id BIGINT)"), IsOk());
  ASSERT_THAT(Execute("CREATE TABLE names (key BIGINT, name STRING)"), IsOk());
  ASSERT_THAT(Execute("INSERT INTO events VALUES (1), (2)"), IsOk());
  ASSERT_THAT(Execute("INSERT INTO names VALUES (1, 'a')"), IsOk());
  const std::string query = "SELECT e.id FROM STREAM events e JOIN names n ON e.id = n.key";
  ASSERT_THAT(Stream(query, "silver"), IsOk());
  EXPECT_THAT(Ids("silver"), ElementsAre(1));
  ASSERT_THAT(Execute("INSERT INTO names VALUES (3, 'c')"), IsOk());
  ASSERT_THAT(Execute("INSERT INTO events VALUES (3), (4)"), IsOk());
  ASSERT_THAT(Stream(query, "silver"), IsOk());
  EXPECT_THAT(Ids("silver"), ElementsAre(1, 3));
  ASSERT_THAT(Stream(query, "silver"), IsOk());
  EXPECT_THAT(Ids("silver"), ElementsAre(1, 3));
}

TEST_F(OpenStreamTest, RefusesWhatHasToSeeAllRows) {
  ASSERT_THAT(Execute("CREATE TABLE events (id BIGINT)"), IsOk());
  for (const char* query :
       {"SELECT count(*) AS id FROM STREAM events", "SELECT DISTINCT id FROM STREAM events",
        "SELECT id FROM STREAM events LIMIT 5", "SELECT id FROM STREAM events GROUP BY id",
        "WITH e AS (SELECT * FROM STREAM events) SELECT max(id) AS id FROM e",
        "SELECT a.id FROM STREAM events a JOIN STREAM events b ON a.id = b.id"}) {
    EXPECT_THAT(Stream(query, "out"),
                FailsWith(Condition::STREAMING_OUTPUT_MODE_UNSUPPORTED_OPERATION))
        << query;
  }
  EXPECT_THAT(Stream("SELECT * FROM events", "out"),
              FailsWith(Condition::INVALID_FLOW_QUERY_TYPE_BATCH_RELATION_FOR_STREAMING_TABLE));
}

TEST_F(OpenStreamTest, ShowsTheStateOfAFileStream) {
  scratch_.Write("landing/a.json", R"({"id": 1})");
  ASSERT_THAT(
      Stream("SELECT * FROM STREAM read_files('" + (scratch_ / "landing") + "', format => 'json')",
             "bronze"),
      IsOk());
  const std::string sql = "SELECT size + 1 AS size FROM cloud_files_state('" +
                          (scratch_ / "checkpoint-bronze") +
                          "') WHERE ingestion_state = 'INGESTED' AND commit_time IS NOT NULL";
  ASSERT_THAT(Execute("CREATE TABLE state AS " + sql), IsOk());
  const auto target = Value(FindTable(call(), {.parts = {"state"}}));
  EXPECT_THAT(ingest::ColumnOf(target.root, "size"), ElementsAre(10));
  EXPECT_THAT(Execute("CREATE TABLE other AS SELECT * FROM cloud_files_state('/nowhere')"),
              FailsWith(Condition::CF_STATE_INVALID_CHECKPOINT_PATH));
}

TEST_F(OpenStreamTest, NamesAnOptionThatNobodyKnows) {
  scratch_.Write("landing/a.json", R"({"id": 1})");
  const Status status = Stream("SELECT * FROM STREAM read_files('" + (scratch_ / "landing") +
                                   "', format => 'json', maxFilePerTrigger => 3)",
                               "bronze");
  ASSERT_THAT(status, FailsWith(Condition::CF_UNKNOWN_OPTION_KEYS_ERROR));
  EXPECT_THAT(ToString(status.error()), ::testing::HasSubstr("maxFilesPerTrigger"));
}

}  // namespace
}  // namespace inlet::workspace
