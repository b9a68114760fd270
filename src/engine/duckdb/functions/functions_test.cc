#include <duckdb.hpp>

#include "base/testing.h"
#include "engine/duckdb/functions/raise.h"
#include "engine/duckdb/functions/register.h"

namespace inlet::engine {
namespace {

class SparkFunctions : public testing::Test {
 protected:
  SparkFunctions() { RegisterSparkFunctions(*database_.instance); }

  /// The single value of a query as DuckDB prints it.
  Result<std::string> Run(const std::string& sql) {
    auto result = connection_.Query(sql);
    if (result->HasError()) {
      if (auto error = DecodeRaised(result->GetErrorObject())) return std::unexpected(*error);
      return FailInternal(result->GetError());
    }
    return result->GetValue(0, 0).ToString();
  }

  duckdb::DuckDB database_{nullptr};
  duckdb::Connection connection_{database_};
};

TEST_F(SparkFunctions, AreCalledByTheirName) {
  EXPECT_EQ(Value(Run("SELECT length(spark_space(3))")), "3");
  EXPECT_EQ(Value(Run("SELECT spark_space(NULL) IS NULL")), "true");
  EXPECT_EQ(Value(Run("SELECT length(spark_space('4'))")), "4");
}

TEST_F(SparkFunctions, RefuseArgumentsOfAnotherKindByCondition) {
  EXPECT_THAT(Run("SELECT spark_space([1])"), FailsWith(Condition::DATATYPE_MISMATCH));
}

TEST_F(SparkFunctions, CastAsAnsi) {
  EXPECT_EQ(Value(Run("SELECT spark_cast(' 12 ', 'int')")), "12");
  EXPECT_THAT(Run("SELECT spark_cast('12.7', 'int')"), FailsWith(Condition::CAST_INVALID_INPUT));
  EXPECT_EQ(Value(Run("SELECT spark_try_cast('12.7', 'int')")), "NULL");
  EXPECT_EQ(Value(Run("SELECT spark_cast(-1.7, 'int')")), "-1");
  EXPECT_THAT(Run("SELECT spark_cast(1e20, 'int')"), FailsWith(Condition::CAST_OVERFLOW));
  EXPECT_EQ(Value(Run("SELECT spark_cast([1, NULL], 'string')")), "[1, null]");
  EXPECT_EQ(Value(Run("SELECT spark_cast(['1', '2'], 'array<int>')")), "[1, 2]");
  EXPECT_EQ(Value(Run("SELECT spark_cast({'a': 1.5::DOUBLE}, 'struct<x: string>')")), "{'x': 1.5}");
  EXPECT_THAT(Run("SELECT spark_cast([1], 'date')"),
              FailsWith(Condition::DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION));
}

TEST_F(SparkFunctions, KeepCastsOfColumnsApart) {
  EXPECT_EQ(
      Value(Run(
          "SELECT sum(spark_cast(x, 'int')) FROM (SELECT range::VARCHAR AS x FROM range(5000))")),
      "12497500");
  EXPECT_THAT(Run("SELECT sum(spark_cast(x, 'int')) FROM (VALUES ('1'), ('x')) t(x)"),
              FailsWith(Condition::CAST_INVALID_INPUT));
}

TEST_F(SparkFunctions, AddAsSparkDoes) {
  EXPECT_EQ(Value(Run("SELECT typeof(spark_add(1, 2))")), "INTEGER");
  EXPECT_THAT(Run("SELECT spark_add(2147483647, 1)"), FailsWith(Condition::ARITHMETIC_OVERFLOW));
  EXPECT_EQ(Value(Run("SELECT spark_divide(10::DECIMAL(38,10), 3::DECIMAL(38,10))")), "3.333333");
  EXPECT_THAT(Run("SELECT spark_divide(1, 0)"), FailsWith(Condition::DIVIDE_BY_ZERO));
  EXPECT_EQ(Value(Run("SELECT spark_add(DATE '2024-01-31', INTERVAL 1 MONTH)")), "2024-02-29");
}

TEST_F(SparkFunctions, ReachTheCastsThatDuckDbAddsItself) {
  EXPECT_THAT(Run("SELECT count(*) FROM (VALUES ('1.5')) t(x) WHERE x = 1::INTEGER"),
              FailsWith(Condition::CAST_INVALID_INPUT));
  EXPECT_EQ(Value(Run("SELECT 1.0::DOUBLE::VARCHAR")), "1.0");
  EXPECT_EQ(Value(Run("SELECT 1e20::DOUBLE::VARCHAR")), "1.0E20");
}

}  // namespace
}  // namespace inlet::engine
