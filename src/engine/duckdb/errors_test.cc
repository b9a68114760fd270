#include "engine/duckdb/instance_fixture.h"
#include "engine/duckdb/query.h"
#include "engine/test_source.h"

namespace inlet::engine {
namespace {

class ErrorsTest : public WithInstance {};

Result<types::StructType> RunAll(const std::string& sql) {
  DuckDbQuery query{.sql = sql};
  query.inputs.push_back({"t", SourceOf("id INT, name STRING, s STRUCT<a: INT>",
                                        {R"([{"id": 1, "name": "x"}, {"id": 2}])"})});
  auto reader = TRY(RunSql(WithInstance::Instance(), query, {}));
  while (TRY(reader->Next())) {
  }
  return types::StructType{};
}

std::string TextOf(const std::string& sql) {
  auto failed = RunAll(sql);
  return failed ? "no error" : ToString(failed.error());
}

TEST_F(ErrorsTest, AMissingColumnComesWithSuggestions) {
  EXPECT_EQ(
      TextOf("SELECT nam FROM inlet_scan('t') t"),
      "[UNRESOLVED_COLUMN.WITH_SUGGESTION] There is no column, variable or parameter `nam`. Did "
      "you mean one of these? [`name`]. SQLSTATE: 42703");
  EXPECT_THAT(TextOf("SELECT t.nope FROM inlet_scan('t') t"), testing::HasSubstr("`t`.`nope`"));
  EXPECT_THAT(TextOf("SELECT q.id FROM inlet_scan('t') t"),
              testing::HasSubstr("UNRESOLVED_COLUMN"));
  EXPECT_THAT(RunAll("SELECT s.nope FROM inlet_scan('t') t"),
              FailsWith(Condition::FIELD_NOT_FOUND));
}

TEST_F(ErrorsTest, BindingErrorsAreSparks) {
  EXPECT_THAT(RunAll("SELECT id FROM inlet_scan('t') a, inlet_scan('t') b"),
              FailsWith(Condition::AMBIGUOUS_REFERENCE));
  EXPECT_THAT(RunAll("SELECT id, count(*) FROM inlet_scan('t') GROUP BY name"),
              FailsWith(Condition::MISSING_AGGREGATION));
  EXPECT_THAT(RunAll("SELECT name FROM inlet_scan('t') GROUP BY name HAVING id > 1"),
              FailsWith(Condition::MISSING_AGGREGATION));
  EXPECT_THAT(RunAll("SELECT 1 FROM inlet_scan('t') WHERE count(*) > 1"),
              FailsWith(Condition::INVALID_WHERE_CONDITION));
  EXPECT_THAT(RunAll("SELECT count(count(id)) FROM inlet_scan('t')"),
              FailsWith(Condition::NESTED_AGGREGATE_FUNCTION));
  EXPECT_THAT(RunAll("SELECT 1 FROM inlet_scan('t') GROUP BY count(id)"),
              FailsWith(Condition::GROUP_BY_AGGREGATE));
  EXPECT_THAT(RunAll("SELECT nope_function(id) FROM inlet_scan('t')"),
              FailsWith(Condition::UNRESOLVED_ROUTINE));
  EXPECT_THAT(RunAll("SELECT * FROM nope"), FailsWith(Condition::TABLE_OR_VIEW_NOT_FOUND));
  EXPECT_THAT(RunAll("SELECT * FROM nope(1)"),
              FailsWith(Condition::UNRESOLVABLE_TABLE_VALUED_FUNCTION));
  EXPECT_THAT(RunAll("SELECT abs(DATE '2020-01-01')"), FailsWith(Condition::DATATYPE_MISMATCH));
  EXPECT_THAT(RunAll("SELECT id FROM inlet_scan('t') UNION SELECT 1, 2"),
              FailsWith(Condition::NUM_COLUMNS_MISMATCH));
  EXPECT_THAT(RunAll("SELECT id FROM inlet_scan('t') ORDER BY 5"),
              FailsWith(Condition::ORDER_BY_POS_OUT_OF_RANGE));
  EXPECT_THAT(RunAll("SELECT count(*) FROM inlet_scan('t') GROUP BY 5"),
              FailsWith(Condition::GROUP_BY_POS_OUT_OF_RANGE));
  EXPECT_THAT(RunAll("SELECT id FROM inlet_scan('t') LIMIT -1"),
              FailsWith(Condition::INVALID_LIMIT_LIKE_EXPRESSION_IS_NEGATIVE));
  EXPECT_THAT(
      RunAll("SELECT 1 IN (SELECT 1, 2)"),
      FailsWith(
          Condition::
              INVALID_SUBQUERY_EXPRESSION_SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN));
  EXPECT_THAT(RunAll("SELECT * FROM inlet_scan('t') JOIN (SELECT 1 b) USING (id)"),
              FailsWith(Condition::UNRESOLVED_USING_COLUMN_FOR_JOIN));
}

TEST_F(ErrorsTest, ErrorsOfValuesAreSparks) {
  EXPECT_THAT(RunAll("SELECT (SELECT id FROM inlet_scan('t'))"),
              FailsWith(Condition::SCALAR_SUBQUERY_TOO_MANY_ROWS));
  EXPECT_THAT(RunAll("SELECT CAST(name AS INT) FROM inlet_scan('t')"),
              FailsWith(Condition::CAST_INVALID_INPUT));
  EXPECT_THAT(RunAll("SELECT CAST(id + 300 AS TINYINT) FROM inlet_scan('t')"),
              FailsWith(Condition::CAST_OVERFLOW));
  EXPECT_THAT(RunAll("SELECT CAST(12345.678 AS DECIMAL(4,2))"),
              FailsWith(Condition::NUMERIC_VALUE_OUT_OF_RANGE));
  EXPECT_THAT(RunAll("SELECT 9223372036854775807::BIGINT + id FROM inlet_scan('t')"),
              FailsWith(Condition::ARITHMETIC_OVERFLOW));
  EXPECT_THAT(RunAll("SELECT CAST([1] AS STRUCT(a INT))"),
              FailsWith(Condition::DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION));
}

TEST_F(ErrorsTest, TooLittleMemoryIsALimitAndEnoughDiskHelps) {
  const std::string sql =
      "SELECT max(h) FROM (SELECT hash(a, range) h, a FROM (SELECT range, hash(range) a FROM "
      "range(5000000)) ORDER BY a, h LIMIT 4000000)";
  auto small = Value(DuckDbInstance::Open({.threads = 2, .memory_bytes = 40 << 20}));
  auto reader = Value(RunSql(*small, {.sql = sql}, {}));
  EXPECT_THAT(reader->Next(), FailsWith(Condition::INLET_RESOURCE_LIMIT));
  auto spilling =
      Value(DuckDbInstance::Open({.threads = 2,
                                  .memory_bytes = 40 << 20,
                                  .temp_directory = testing::TempDir() + "/inlet_spill"}));
  auto patient = Value(RunSql(*spilling, {.sql = sql}, {}));
  EXPECT_THAT(patient->Next(), IsOk());
}

}  // namespace
}  // namespace inlet::engine
