#include "types/arrow.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

#include "base/testing.h"

namespace inlet::types {
namespace {

TEST(Arrow, EveryTypeComesBack) {
  const StructType schema = Value(ParseDdl(
      "a BOOLEAN, b TINYINT, c SMALLINT, d INT, e BIGINT, f FLOAT, g DOUBLE, h DECIMAL(38,10), "
      "i STRING NOT NULL, j BINARY, k DATE, l TIMESTAMP, m TIMESTAMP_NTZ, n VARIANT, o VOID, "
      "p ARRAY<VARIANT>, q MAP<STRING, ARRAY<INT>>, r STRUCT<x: INT NOT NULL, y: STRUCT<z: DATE>>, "
      "s INTERVAL YEAR TO MONTH, t INTERVAL DAY TO SECOND"));
  EXPECT_EQ(Value(FromArrow(*ToArrow(schema))), schema);
}

TEST(Arrow, UnsignedIntegersWiden) {
  EXPECT_EQ(Value(FromArrow(*arrow::uint64())), DataType::Decimal(20, 0));
  EXPECT_EQ(Value(FromArrow(*arrow::uint32())), DataType(TypeId::kLong));
}

TEST(Arrow, TimeHasNoSqlType) {
  EXPECT_THAT(FromArrow(*arrow::time32(arrow::TimeUnit::MILLI)),
              FailsWith(Condition::PARQUET_TYPE_ILLEGAL));
}

}  // namespace
}  // namespace inlet::types
