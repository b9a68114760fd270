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

}  // namespace
}  // namespace inlet::engine
