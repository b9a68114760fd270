#include "ingest/schema_hints.h"

#include <gtest/gtest.h>

#include "base/testing.h"

namespace inlet::ingest {
namespace {

std::string Apply(std::string_view schema, std::string_view hints) {
  return types::ToDdl(Value(ApplySchemaHints(Value(types::ParseDdl(schema)), hints)));
}

TEST(SchemaHints, KnownColumnChangesItsTypeAndKeepsItsPlace) {
  EXPECT_EQ(Apply("a BIGINT, b STRING", "A DATE"), "a DATE, b STRING");
}

TEST(SchemaHints, UnknownColumnIsAppended) {
  EXPECT_EQ(Apply("a BIGINT", "`b c` DECIMAL(10, 2) COMMENT 'x, y'"),
            "a BIGINT, `b c` DECIMAL(10,2) COMMENT 'x, y'");
}

TEST(SchemaHints, PathsReachIntoStructsArraysAndMaps) {
  EXPECT_EQ(Apply("s STRUCT<x: BIGINT>, l ARRAY<BIGINT>, m MAP<STRING, BIGINT>",
                  "s.x INT, s.y DATE, l.element STRING, m.value DOUBLE"),
            "s STRUCT<x: INT, y: DATE>, l ARRAY<STRING>, m MAP<STRING, DOUBLE>");
}

TEST(SchemaHints, StructBecomesMap) {
  EXPECT_EQ(Apply("s STRUCT<x: BIGINT>", "s MAP<STRING, STRING>"), "s MAP<STRING, STRING>");
}

TEST(SchemaHints, SameColumnTwiceIsRefused) {
  EXPECT_THAT(ApplySchemaHints({}, "a INT, A DATE"),
              FailsWith(Condition::CF_INVALID_SCHEMA_HINTS_OPTION));
}

TEST(SchemaHints, FieldOfAPrimitiveIsRefused) {
  EXPECT_THAT(ApplySchemaHints(Value(types::ParseDdl("a INT")), "a.b INT"),
              FailsWith(Condition::CF_INVALID_SCHEMA_HINT_COLUMN));
}

TEST(SchemaHints, GarbageIsRefused) {
  EXPECT_THAT(ApplySchemaHints({}, "a"), FailsWith(Condition::CF_INVALID_SCHEMA_HINTS_OPTION));
  EXPECT_THAT(ApplySchemaHints({}, "a NOPE"), FailsWith(Condition::CF_INVALID_SCHEMA_HINTS_OPTION));
}

}  // namespace
}  // namespace inlet::ingest
