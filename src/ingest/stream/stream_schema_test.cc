#include "ingest/stream/stream_schema.h"

#include <gmock/gmock.h>

#include "base/testing.h"

namespace inlet::ingest {
namespace {

std::string Merged(const char* known, const char* found, bool widen = false) {
  return types::ToDdl(
      MergeNewColumns(Value(types::ParseDdl(known)), Value(types::ParseDdl(found)), widen));
}

TEST(MergeNewColumns, NewColumnsGoToTheEndAndTypesStay) {
  EXPECT_EQ(Merged("a INT, b STRING", "c DATE, A BIGINT, b STRING"), "a INT, b STRING, c DATE");
}

TEST(MergeNewColumns, NewFieldsGoToTheEndOfTheirStruct) {
  EXPECT_EQ(Merged("s STRUCT<x: INT>, t INT", "s STRUCT<y: INT, x: BIGINT>"),
            Merged("s STRUCT<x: INT, y: INT>, t INT", "t INT"));
  EXPECT_EQ(Merged("a ARRAY<STRUCT<x: INT>>", "a ARRAY<STRUCT<x: INT, y: INT>>"),
            Merged("a ARRAY<STRUCT<x: INT, y: INT>>", "a ARRAY<STRUCT<x: INT>>"));
}

TEST(MergeNewColumns, WidensOnlyAsDocumented) {
  EXPECT_EQ(Merged("a INT", "a BIGINT", true), "a BIGINT");
  EXPECT_EQ(Merged("a INT", "a DOUBLE", true), "a DOUBLE");
  EXPECT_EQ(Merged("a BIGINT", "a DOUBLE", true), "a BIGINT");
  EXPECT_EQ(Merged("a INT", "a STRING", true), "a INT");
  EXPECT_EQ(Merged("a BIGINT", "a INT", true), "a BIGINT");
  EXPECT_EQ(Merged("a FLOAT", "a DOUBLE", true), "a DOUBLE");
  EXPECT_EQ(Merged("a DECIMAL(10,2)", "a DECIMAL(12,4)", true), "a DECIMAL(12,4)");
  EXPECT_EQ(Merged("a DECIMAL(10,2)", "a DECIMAL(12,5)", true), "a DECIMAL(10,2)");
  EXPECT_EQ(Merged("a DATE", "a TIMESTAMP_NTZ", true), "a TIMESTAMP_NTZ");
}

}  // namespace
}  // namespace inlet::ingest
