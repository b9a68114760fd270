#include <chrono>
#include <thread>

#include "engine/duckdb/instance_fixture.h"
#include "engine/duckdb/query.h"
#include "engine/test_source.h"

namespace inlet::engine {
namespace {

class WriteSqlTest : public WithInstance {};

struct WriteCase {
  std::string sql;
  std::string ddl;
  std::shared_ptr<const SplitSource> source;
  bool ordered = false;
  std::stop_token stop;
};

Result<std::vector<delta::AddFile>> WriteInto(FakeFiles& files, const WriteCase& write) {
  DuckDbQuery query{.sql = write.sql};
  if (write.source) query.inputs.push_back({"t", write.source});
  return WriteSql(WithInstance::Instance(), query, Value(types::ParseDdl(write.ddl)),
                  files.writers(), write.ordered, write.stop);
}

/// The one batch that a small query writes.
types::BatchPtr WriteOne(const std::string& sql, const std::string& ddl) {
  FakeFiles files;
  Value(WriteInto(files, {.sql = sql, .ddl = ddl}));
  if (files.finished.size() != 1 || files.finished[0].size() != 1) {
    ADD_FAILURE() << sql << " did not write one batch";
    return nullptr;
  }
  return files.finished[0][0];
}

void ExpectWritten(const std::string& sql, const std::string& ddl, const std::string& json) {
  const types::BatchPtr batch = WriteOne(sql, ddl);
  ASSERT_NE(batch, nullptr);
  const auto expected = BatchOf(Value(types::ParseDdl(ddl)), json);
  EXPECT_TRUE(batch->Equals(*expected)) << sql << " gave " << batch->ToString();
}

TEST_F(WriteSqlTest, EveryRowIsWrittenOnceByAllThreads) {
  FakeFiles files;
  auto source = Numbers(40, 25'000);
  auto written =
      Value(WriteInto(files, {.sql = "SELECT a, a * 2 AS b FROM inlet_scan('t') WHERE a % 10 <> 3",
                              .ddl = "a BIGINT, b BIGINT",
                              .source = source}));
  EXPECT_EQ(files.num_rows(), 900'000);
  EXPECT_EQ(written.size(), files.finished.size());
  EXPECT_EQ(files.num_abandoned, 0);
  std::int64_t sum = 0;
  for (const auto& batches : files.finished) {
    for (const auto& batch : batches) {
      EXPECT_TRUE(batch->ValidateFull().ok());
      const auto& a = static_cast<const arrow::Int64Array&>(*batch->column(0));
      const auto& b = static_cast<const arrow::Int64Array&>(*batch->column(1));
      for (std::int64_t i = 0; i < a.length(); ++i) {
        ASSERT_EQ(b.Value(i), 2 * a.Value(i));
        sum += a.Value(i);
      }
    }
  }
  EXPECT_EQ(sum, 1'000'000LL * 999'999 / 2 - 100'000LL * 3 - 10LL * 99'999 * 100'000 / 2);
}

TEST_F(WriteSqlTest, AQueryWithoutRowsWritesNoFile) {
  FakeFiles files;
  EXPECT_THAT(Value(WriteInto(files, {.sql = "SELECT a FROM inlet_scan('t') WHERE a < 0",
                                      .ddl = "a BIGINT",
                                      .source = Numbers(4, 1000)})),
              testing::IsEmpty());
  EXPECT_EQ(files.num_opened, 0);
}

TEST_F(WriteSqlTest, OrderByAtTheTopIsTheOrderOfTheFile) {
  FakeFiles files;
  Value(WriteInto(files, {.sql = "SELECT a FROM inlet_scan('t') ORDER BY a DESC",
                          .ddl = "a BIGINT",
                          .source = Numbers(16, 20'000),
                          .ordered = true}));
  ASSERT_EQ(files.finished.size(), 1u);
  std::int64_t next = 320'000;
  for (const auto& batch : files.finished[0]) {
    const auto& column = static_cast<const arrow::Int64Array&>(*batch->column(0));
    for (std::int64_t i = 0; i < column.length(); ++i) ASSERT_EQ(column.Value(i), --next);
  }
  EXPECT_EQ(next, 0);
}

TEST_F(WriteSqlTest, ColumnsAreCastToThoseOfTheTable) {
  ExpectWritten("SELECT 7::BIGINT, 1.239::DOUBLE", "a TINYINT, b DECIMAL(4,2)",
                R"([{"a": 7, "b": "1.24"}])");
  ExpectWritten("SELECT 1.7::DOUBLE, true", "a TINYINT, b INT", R"([{"a": 1, "b": 1}])");
  ExpectWritten("SELECT 5::INT, [1, NULL]", "a STRING, b STRING",
                R"([{"a": "5", "b": "[1, null]"}])");
  ExpectWritten("SELECT ' 12 ', '2024-01-05'", "a INT, b DATE", R"([{"a": 12, "b": 19727}])");
  ExpectWritten("SELECT NULL, NULL", "a STRUCT<x: INT>, b ARRAY<STRING>",
                R"([{"a": null, "b": null}])");
  ExpectWritten("SELECT 170::HUGEINT, 5::UBIGINT", "a BIGINT, b BIGINT", R"([{"a": 170, "b": 5}])");
}

TEST_F(WriteSqlTest, StructsGoByPosition) {
  ExpectWritten("SELECT {'y': 1::TINYINT, 'x': 'one'}", "a STRUCT<x: INT, y: STRING>",
                R"([{"a": {"x": 1, "y": "one"}}])");
  ExpectWritten("SELECT [{'q': {'w': 3}}]", "a ARRAY<STRUCT<b: STRUCT<c: INT>>>",
                R"([{"a": [{"b": {"c": 3}}]}])");
}

TEST_F(WriteSqlTest, AValueThatDoesNotFitNamesItsColumn) {
  FakeFiles files;
  auto failed = WriteInto(files, {.sql = "SELECT 1, 300::INT", .ddl = "a INT, `b c` TINYINT"});
  ASSERT_THAT(failed, FailsWith(Condition::CAST_OVERFLOW_IN_TABLE_INSERT));
  EXPECT_EQ(ToString(failed.error()),
            "[CAST_OVERFLOW_IN_TABLE_INSERT] A value of type INT does not fit the type TINYINT of "
            "column `b c`. SQLSTATE: 22003");
  EXPECT_THAT(WriteInto(files, {.sql = "SELECT 123.4::DECIMAL(5,1)", .ddl = "a DECIMAL(4,2)"}),
              FailsWith(Condition::CAST_OVERFLOW_IN_TABLE_INSERT));
  EXPECT_THAT(WriteInto(files, {.sql = "SELECT 'zz'", .ddl = "a TIMESTAMP"}),
              FailsWith(Condition::CAST_INVALID_INPUT));
  EXPECT_THAT(WriteInto(files, {.sql = "SELECT '300'", .ddl = "a TINYINT"}),
              FailsWith(Condition::CAST_INVALID_INPUT));
  EXPECT_THAT(WriteInto(files, {.sql = "SELECT [1]", .ddl = "a INT"}),
              FailsWith(Condition::DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION));
  EXPECT_THAT(files.finished, testing::IsEmpty());
}

TEST_F(WriteSqlTest, TheNumberOfColumnsMustAgree) {
  FakeFiles files;
  EXPECT_THAT(WriteInto(files, {.sql = "SELECT 1", .ddl = "a INT, b INT"}),
              FailsWith(Condition::INSERT_COLUMN_ARITY_MISMATCH_NOT_ENOUGH_DATA_COLUMNS));
  EXPECT_THAT(WriteInto(files, {.sql = "SELECT 1, 2", .ddl = "a INT"}),
              FailsWith(Condition::INSERT_COLUMN_ARITY_MISMATCH_TOO_MANY_DATA_COLUMNS));
}

TEST_F(WriteSqlTest, AnErrorInTheMiddleLeavesNoFile) {
  FakeFiles files;
  auto source = Numbers(32, 100'000);
  source->before_batch = [](std::size_t split, std::size_t batch) -> Status {
    if (split == 25 && batch == 5)
      return Fail(Condition::INLET_CORRUPT_FILE, {{"path", "x"}, {"message", "y"}});
    return Ok();
  };
  EXPECT_THAT(
      WriteInto(files,
                {.sql = "SELECT a FROM inlet_scan('t')", .ddl = "a BIGINT", .source = source}),
      FailsWith(Condition::INLET_CORRUPT_FILE));
  EXPECT_EQ(files.num_deleted, static_cast<int>(files.finished.size()));
  EXPECT_EQ(files.num_opened, files.num_abandoned + static_cast<int>(files.finished.size()));
}

TEST_F(WriteSqlTest, AnErrorOfTheWriterComesOutAsItIs) {
  FakeFiles files;
  files.before_append = []() -> Status {
    return Fail(Condition::DELTA_NOT_NULL_CONSTRAINT_VIOLATED, {{"columnName", "a"}});
  };
  EXPECT_THAT(WriteInto(files, {.sql = "SELECT a FROM inlet_scan('t')",
                                .ddl = "a BIGINT",
                                .source = Numbers(8, 100'000)}),
              FailsWith(Condition::DELTA_NOT_NULL_CONSTRAINT_VIOLATED));
  EXPECT_THAT(files.finished, testing::IsEmpty());
}

TEST_F(WriteSqlTest, AStopLeavesNoFileWithinASecond) {
  FakeFiles files;
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    stop.request_stop();
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(WriteInto(files, {.sql = "SELECT a.a + b.a FROM inlet_scan('t') a, inlet_scan('t') b",
                                .ddl = "a BIGINT",
                                .source = Numbers(8, 200'000),
                                .stop = stop.get_token()}),
              FailsWith(Condition::OPERATION_CANCELED));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1100));
  EXPECT_EQ(files.num_opened, files.num_abandoned + files.num_deleted);
}

TEST_F(WriteSqlTest, HugeTextsDoNotOverflowABatch) {
  FakeFiles files;
  Value(
      WriteInto(files, {.sql = "SELECT repeat('x', 100000000) FROM range(22)", .ddl = "a STRING"}));
  EXPECT_EQ(files.num_rows(), 22);
}

}  // namespace
}  // namespace inlet::engine
