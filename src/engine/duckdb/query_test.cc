#include "engine/duckdb/query.h"

#include <chrono>
#include <thread>

#include "engine/duckdb/instance_fixture.h"
#include "engine/test_source.h"

namespace inlet::engine {
namespace {

class RunSqlTest : public WithInstance {};

using types::DataType;
using types::StructType;
using types::TypeId;

DuckDbQuery Query(std::string sql, std::shared_ptr<const SplitSource> t = nullptr) {
  DuckDbQuery query{.sql = std::move(sql)};
  if (t) query.inputs.push_back({"t", std::move(t)});
  return query;
}

Result<std::vector<types::BatchPtr>> ReadAll(const DuckDbQuery& query) {
  auto reader = TRY(RunSql(WithInstance::Instance(), query, {}));
  std::vector<types::BatchPtr> batches;
  while (auto batch = TRY(reader->Next())) batches.push_back(std::move(batch));
  return batches;
}

/// All rows as one batch.
Result<std::shared_ptr<arrow::Table>> ReadTable(const DuckDbQuery& query) {
  auto batches = TRY(ReadAll(query));
  if (batches.empty()) return nullptr;
  auto table = ARROW_TRY(arrow::Table::FromRecordBatches(batches));
  return ARROW_TRY(table->CombineChunks());
}

std::int64_t FirstLong(const std::string& sql, std::shared_ptr<const SplitSource> t = nullptr) {
  auto table = Value(ReadTable(Query(sql, std::move(t))));
  return std::static_pointer_cast<arrow::Int64Array>(table->column(0)->chunk(0))->Value(0);
}

void ExpectRoundTrip(const std::string& ddl, const std::string& json) {
  SCOPED_TRACE(ddl);
  auto source = SourceOf(ddl, {json});
  auto expected = BatchOf(source->schema(), json);
  auto table = Value(ReadTable(Query("SELECT * FROM inlet_scan('t')", source)));
  ASSERT_NE(table, nullptr);
  ASSERT_TRUE(table->ValidateFull().ok()) << table->ValidateFull().ToString();
  auto actual = *table->CombineChunksToBatch();
  EXPECT_TRUE(actual->Equals(*expected)) << actual->ToString() << expected->ToString();
  EXPECT_EQ(
      Value(DescribeSql(WithInstance::Instance(), Query("SELECT * FROM inlet_scan('t')", source))),
      source->schema());
}

TEST_F(RunSqlTest, EveryPlainTypeComesBackAsItWent) {
  ExpectRoundTrip("a BOOLEAN", R"([{"a": true}, {"a": false}, {"a": null}])");
  ExpectRoundTrip("a TINYINT", R"([{"a": -128}, {"a": 127}, {"a": null}])");
  ExpectRoundTrip("a SMALLINT", R"([{"a": -32768}, {"a": 32767}, {"a": null}])");
  ExpectRoundTrip("a INT", R"([{"a": -2147483648}, {"a": 2147483647}, {"a": null}])");
  ExpectRoundTrip("a BIGINT",
                  R"([{"a": -9223372036854775808}, {"a": 9223372036854775807}, {"a": null}])");
  ExpectRoundTrip("a FLOAT", R"([{"a": 1.5}, {"a": -3.4028234e38}, {"a": null}])");
  ExpectRoundTrip("a DOUBLE", R"([{"a": 0.1}, {"a": 1.7976931348623157e308}, {"a": null}])");
  ExpectRoundTrip(
      "a STRING",
      R"([{"a": ""}, {"a": "short"}, {"a": "longer than twelve bytes"}, {"a": "äöü€😀"}, {"a": null}])");
  ExpectRoundTrip("a BINARY", R"([{"a": ""}, {"a": "abc\u0000def and more bytes"}, {"a": null}])");
  ExpectRoundTrip("a DATE", R"([{"a": -719162}, {"a": 2932896}, {"a": 0}, {"a": null}])");
  ExpectRoundTrip(
      "a TIMESTAMP",
      R"([{"a": -62135596800000000}, {"a": 253402300799999999}, {"a": -1}, {"a": null}])");
  ExpectRoundTrip("a TIMESTAMP_NTZ",
                  R"([{"a": -62135596800000000}, {"a": 253402300799999999}, {"a": null}])");
  ExpectRoundTrip("a VOID", R"([{"a": null}, {"a": null}])");
}

TEST_F(RunSqlTest, DecimalsOfEveryWidthComeBackAsTheyWent) {
  ExpectRoundTrip("a DECIMAL(4,2)", R"([{"a": "99.99"}, {"a": "-99.99"}, {"a": null}])");
  ExpectRoundTrip("a DECIMAL(9,0)", R"([{"a": "999999999"}, {"a": "-1"}, {"a": null}])");
  ExpectRoundTrip("a DECIMAL(18,18)",
                  R"([{"a": "0.999999999999999999"}, {"a": "-0.000000000000000001"}])");
  ExpectRoundTrip(
      "a DECIMAL(38,10)",
      R"([{"a": "9999999999999999999999999999.9999999999"}, {"a": "-0.0000000001"}, {"a": null}])");
}

TEST_F(RunSqlTest, NestedTypesComeBackAsTheyWent) {
  ExpectRoundTrip("a ARRAY<INT>", R"([{"a": [1, null, 3]}, {"a": []}, {"a": null}, {"a": [4]}])");
  ExpectRoundTrip("a ARRAY<ARRAY<STRING>>", R"([{"a": [["x", null], [], null]}, {"a": null}])");
  ExpectRoundTrip("a STRUCT<b: INT, c: STRING>",
                  R"([{"a": {"b": 1, "c": "x"}}, {"a": null}, {"a": {"b": null, "c": null}}])");
  ExpectRoundTrip("a MAP<STRING, INT>",
                  R"([{"a": [["k", 1], ["l", null]]}, {"a": []}, {"a": null}])");
  ExpectRoundTrip(
      "a ARRAY<STRUCT<b: DECIMAL(10,2), c: ARRAY<BOOLEAN>>>",
      R"([{"a": [{"b": "1.50", "c": [true, null]}, null]}, {"a": [{"b": null, "c": null}]}])");
  ExpectRoundTrip(
      "a STRUCT<b: STRUCT<c: MAP<INT, ARRAY<STRING>>>>",
      R"([{"a": {"b": {"c": [[1, ["x"]], [2, null]]}}}, {"a": {"b": null}}, {"a": null}])");
  ExpectRoundTrip("a VARIANT", R"([{"a": {"metadata": "m", "value": "v"}}, {"a": null}])");
}

TEST_F(RunSqlTest, IntervalsComeBackAsTheyWent) {
  StructType schema{{{.name = "m", .type = TypeId::kYearMonthInterval},
                     {.name = "d", .type = TypeId::kDayTimeInterval}}};
  auto batch = BatchOf(schema, R"([{"m": 14, "d": -86400000001}, {"m": null, "d": null}])");
  auto source = std::make_shared<FakeSource>(schema, std::vector<FakeSource::Batches>{{batch}});
  auto batches = Value(ReadAll(Query("SELECT * FROM inlet_scan('t')", source)));
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_TRUE(batches[0]->Equals(*batch)) << batches[0]->ToString();
}

TEST_F(RunSqlTest, SlicedBatchesAndManyChunksKeepTheirValues) {
  const StructType schema =
      Value(types::ParseDdl("a STRING, b ARRAY<INT>, c STRUCT<d: BOOLEAN, e: STRING>, f BOOLEAN"));
  std::string json = "[";
  for (int i = 0; i < 9000; ++i) {
    const std::string n = std::to_string(i);
    json += (i == 0 ? "" : ",");
    if (i % 7 == 0) {
      json += R"({"a": null, "b": null, "c": null, "f": null})";
    } else {
      json += R"({"a": "row number )" + n + R"(", "b": [)" + n + R"(, null], "c": {"d": )" +
              (i % 2 ? "true" : "false") + R"(, "e": "x)" + n + R"("}, "f": true})";
    }
  }
  auto batch = BatchOf(schema, json + "]")->Slice(13, 8501);
  auto source = std::make_shared<FakeSource>(schema, std::vector<FakeSource::Batches>{{batch}});
  auto table = Value(ReadTable(Query("SELECT * FROM inlet_scan('t')", source)));
  auto actual = *table->CombineChunksToBatch();
  ASSERT_TRUE(actual->ValidateFull().ok());
  EXPECT_TRUE(actual->Equals(*batch));
  EXPECT_EQ(FirstLong("SELECT count(*) FROM inlet_scan('t') WHERE c.d IS NULL", source), 1215);
}

TEST_F(RunSqlTest, ChosenRowsOfNestedColumnsStayTogether) {
  auto source = SourceOf("id INT, a ARRAY<STRUCT<n: INT>>",
                         {R"([{"id": 3, "a": [{"n": 3}]}, {"id": 1, "a": [{"n": 1}, {"n": 11}]},
                              {"id": 2, "a": null}, {"id": 4, "a": []}])"});
  auto table = Value(
      ReadTable(Query("SELECT a, id FROM inlet_scan('t') WHERE id <> 3 ORDER BY id DESC", source)));
  auto actual = *table->CombineChunksToBatch();
  auto expected = BatchOf(
      Value(types::ParseDdl("a ARRAY<STRUCT<n: INT>>, id INT")),
      R"([{"a": [], "id": 4}, {"a": null, "id": 2}, {"a": [{"n": 1}, {"n": 11}], "id": 1}])");
  EXPECT_TRUE(actual->Equals(*expected)) << actual->ToString();
}

TEST_F(RunSqlTest, OnlyUsedColumnsAreReadAndCountStarNeedsNone) {
  auto source = SourceOf("a INT, b STRING, c DOUBLE", {R"([{"a": 1, "b": "x", "c": 0.5}])", "[]"});
  Value(ReadAll(Query("SELECT c FROM inlet_scan('t')", source)));
  EXPECT_THAT(source->last_projection, testing::ElementsAre(2));
  EXPECT_EQ(FirstLong("SELECT count(*) FROM inlet_scan('t')", source), 1);
  EXPECT_THAT(source->last_projection, testing::IsEmpty());
}

TEST_F(RunSqlTest, CountStarOfASourceThatKnowsItsSizeReadsNothing) {
  auto source = SourceOf("a INT", {R"([{"a": 1}])"});
  source->known_rows = 1;
  EXPECT_EQ(FirstLong("SELECT count(*) FROM inlet_scan('t')", source), 1);
  EXPECT_EQ(source->num_opened, 0);
}

TEST_F(RunSqlTest, FiltersReachTheSourceAndStillApply) {
  auto source = SourceOf("a INT, b STRING, d DECIMAL(10,2)",
                         {R"([{"a": 1, "b": "x", "d": "1.00"}, {"a": 5, "b": "y", "d": "2.00"}])"});
  auto table = Value(ReadTable(
      Query("SELECT a FROM inlet_scan('t') WHERE a > 3 AND b = 'y' AND d IS NOT NULL AND d <= 2.00",
            source)));
  EXPECT_EQ(table->num_rows(), 1);
  using Op = types::ColumnPredicate::Op;
  std::vector<std::pair<std::size_t, Op>> seen;
  for (const auto& predicate : source->pruned_by) seen.emplace_back(predicate.column, predicate.op);
  EXPECT_THAT(seen, testing::IsSupersetOf({std::pair(std::size_t{0}, Op::kGreater),
                                           std::pair(std::size_t{1}, Op::kEqual),
                                           std::pair(std::size_t{2}, Op::kLessOrEqual)}));
}

TEST_F(RunSqlTest, APrunedSourceTakesThePlaceOfTheWhole) {
  auto source = SourceOf("a INT", {R"([{"a": 1}])", R"([{"a": 7}])"});
  auto rest = SourceOf("a INT", {R"([{"a": 7}])"});
  source->prune = [&] { return rest; };
  auto query = Query("SELECT a FROM inlet_scan('t') WHERE a = 7", source);
  EXPECT_EQ(Value(ReadTable(query))->num_rows(), 1);
  EXPECT_EQ(source->num_opened, 0);
  EXPECT_THAT(Value(ExplainSql(WithInstance::Instance(), query, false)),
              testing::HasSubstr("1 of 2"));
}

TEST_F(RunSqlTest, RowsOfManySplitsComeInOrder) {
  auto batches = Value(ReadAll(Query("SELECT a FROM inlet_scan('t')", Numbers(20, 15'000))));
  std::int64_t next = 0;
  for (const auto& batch : batches) {
    const auto& column = static_cast<const arrow::Int64Array&>(*batch->column(0));
    for (std::int64_t i = 0; i < column.length(); ++i) ASSERT_EQ(column.Value(i), next++);
  }
  EXPECT_EQ(next, 300'000);
}

TEST_F(RunSqlTest, AnEmptySourceGivesNoBatch) {
  EXPECT_THAT(Value(ReadAll(Query("SELECT a FROM inlet_scan('t')", SourceOf("a INT", {})))),
              testing::IsEmpty());
  EXPECT_THAT(Value(ReadAll(Query("SELECT a FROM inlet_scan('t')", SourceOf("a INT", {"[]"})))),
              testing::IsEmpty());
}

TEST_F(RunSqlTest, TypesThatOnlyDuckDbHasBecomeSparks) {
  const StructType schema = Value(DescribeSql(
      WithInstance::Instance(), Query("SELECT 1::UTINYINT a, 1::USMALLINT b, 1::UINTEGER c, "
                                      "1::UBIGINT d, 1::HUGEINT e, NULL f, "
                                      "uuid() g, TIME '01:02:03' h, TIMESTAMP_NS '2024-01-01' "
                                      "i, [1,2]::INT[2] j, row(1,'x') k, "
                                      "'a'::ENUM('a','b') l")));
  EXPECT_EQ(types::ToDdl(schema),
            "a SMALLINT, b INT, c BIGINT, d DECIMAL(20,0), e BIGINT, f VOID, g STRING, h STRING, "
            "i TIMESTAMP_NTZ, j ARRAY<INT>, k STRUCT<col1: INT, col2: STRING>, l STRING");
  auto table =
      Value(ReadTable(Query("SELECT 7::HUGEINT a, 8::UBIGINT b, NULL c, [1,2]::INT[2] d")));
  EXPECT_EQ((*table->GetColumnByName("a")->GetScalar(0))->ToString(), "7");
  EXPECT_EQ((*table->GetColumnByName("b")->GetScalar(0))->ToString(), "8");
  EXPECT_THAT(ReadAll(Query("SELECT 170141183460469231731687303715884105727::HUGEINT a")),
              FailsWith(Condition::ARITHMETIC_OVERFLOW));
}

TEST_F(RunSqlTest, AnErrorInsideAScanComesOutAsItIs) {
  auto source = Numbers(8, 20'000);
  source->before_batch = [](std::size_t split, std::size_t) -> Status {
    if (split < 5) return Ok();
    return Result<void>(Fail(Condition::MALFORMED_CSV_RECORD,
                             {{"path", "/a\xff\"b"}, {"badRecord", "x\ny"}}))
        .Context("read the file");
  };
  auto failed = ReadAll(Query("SELECT sum(a) FROM inlet_scan('t')", source));
  ASSERT_THAT(failed, FailsWith(Condition::MALFORMED_CSV_RECORD));
  EXPECT_THAT(failed.error().params, testing::ElementsAre(testing::Pair("path", "/a\xff\"b"),
                                                          testing::Pair("badRecord", "x\ny")));
  EXPECT_EQ(failed.error().context, "read the file");
}

TEST_F(RunSqlTest, AStopEndsTheQueryWithinASecond) {
  std::stop_source stop;
  auto reader = Value(RunSql(
      WithInstance::Instance(),
      Query("SELECT sum(a.a + b.a) FROM inlet_scan('t') a, inlet_scan('t') b", Numbers(8, 200'000)),
      stop.get_token()));
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    stop.request_stop();
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(reader->Next(), FailsWith(Condition::OPERATION_CANCELED));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1100));
}

TEST_F(RunSqlTest, DroppingTheReaderEndsTheQuery) {
  auto source = Numbers(64, 100'000);
  auto reader =
      Value(RunSql(WithInstance::Instance(), Query("SELECT a FROM inlet_scan('t')", source), {}));
  EXPECT_NE(Value(reader->Next()), nullptr);
  reader.reset();
  EXPECT_LT(source->num_opened, 64);
}

TEST_F(RunSqlTest, NullsAreFirstUpwardsAndLastDownwards) {
  auto source = SourceOf("a INT", {R"([{"a": 2}, {"a": null}, {"a": 1}])"});
  auto up = Value(ReadTable(Query("SELECT a FROM inlet_scan('t') ORDER BY a", source)));
  EXPECT_FALSE((*up->column(0)->GetScalar(0))->is_valid);
  auto down = Value(ReadTable(Query("SELECT a FROM inlet_scan('t') ORDER BY a DESC", source)));
  EXPECT_FALSE((*down->column(0)->GetScalar(2))->is_valid);
}

TEST_F(RunSqlTest, SqlReachesNoFileAndNoNetwork) {
  for (const char* sql : {"SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'",
                          "COPY (SELECT 1) TO '/tmp/inlet_test_x.csv'", "ATTACH '/tmp/x.db'",
                          "SELECT * FROM glob('/etc/*')", "LOAD httpfs"}) {
    EXPECT_FALSE(ReadAll(Query(sql)).has_value()) << sql;
  }
}

TEST_F(RunSqlTest, AWrongTimeZoneIsNamed) {
  DuckDbQuery query{.sql = "SELECT 1", .context = {.session_time_zone = "Mars/Olympus"}};
  EXPECT_THAT(ReadAll(query), FailsWith(Condition::INVALID_TIMEZONE));
}

}  // namespace
}  // namespace inlet::engine
