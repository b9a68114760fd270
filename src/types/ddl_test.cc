#include <gtest/gtest.h>

#include "base/testing.h"
#include "types/data_type.h"

namespace inlet::types {
namespace {

TEST(Ddl, ColumnsPrintAsTheyWereRead) {
  const std::string text =
      "a INT NOT NULL COMMENT 'it\\'s', `b c` DECIMAL(10,2), "
      "s STRUCT<x: ARRAY<STRING>, `y.z`: MAP<STRING, BIGINT>>";
  EXPECT_EQ(ToDdl(Value(ParseDdl(text))), text);
}

TEST(Ddl, AliasesOfTypesAreTaken) {
  EXPECT_EQ(ToString(Value(ParseType("struct<a long, b: dec(5), c: timestamp_ltz, d varchar(3)>"))),
            "struct<a:bigint,b:decimal(5,0),c:timestamp,d:string>");
}

TEST(Ddl, NamesThatDifferOnlyInCaseAreRefused) {
  EXPECT_THAT(ParseDdl("a INT, A STRING"), FailsWith(Condition::COLUMN_ALREADY_EXISTS));
}

TEST(Ddl, BrokenTextSaysWhere) {
  const auto broken = ParseDdl("a INT, b NOPE");
  ASSERT_THAT(broken, FailsWith(Condition::INVALID_SCHEMA));
  EXPECT_THAT(MessageOf(broken.error()), testing::HasSubstr("'NOPE' is not a type at position 9"));
}

TEST(Ddl, DeepNestingIsALimitNotACrash) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "array<";
  EXPECT_THAT(ParseType(text), FailsWith(Condition::INLET_RESOURCE_LIMIT));
}

}  // namespace
}  // namespace inlet::types
