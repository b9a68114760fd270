#include "formats/columns/schema_merge.h"

#include "base/testing.h"

namespace inlet::formats {
namespace {

std::string Merged(std::string_view left, std::string_view right) {
  types::StructType schema = Value(types::ParseDdl(left));
  MergeSchema(Value(types::ParseDdl(right)), schema);
  return types::ToDdl(schema);
}

TEST(SchemaMerge, NewColumnsComeLastAndNamesIgnoreCase) {
  EXPECT_EQ(Merged("b INT, A STRING", "a STRING, c DATE"), "b INT, A STRING, c DATE");
}

TEST(SchemaMerge, TypesWiden) {
  EXPECT_EQ(Merged("a INT", "a BIGINT"), "a BIGINT");
  EXPECT_EQ(Merged("a INT", "a FLOAT"), "a DOUBLE");
  EXPECT_EQ(Merged("a DECIMAL(5,2)", "a DECIMAL(7,0)"), "a DECIMAL(9,2)");
  EXPECT_EQ(Merged("a DECIMAL(5,2)", "a INT"), "a DECIMAL(12,2)");
  EXPECT_EQ(Merged("a STRUCT<x: INT>", "a STRUCT<X: BIGINT, y: STRING>"),
            "a STRUCT<x: BIGINT, y: STRING>");
  EXPECT_EQ(Merged("a ARRAY<INT>", "a ARRAY<BIGINT>"), "a ARRAY<BIGINT>");
}

TEST(SchemaMerge, WithoutAWiderTypeTheFirstStays) {
  EXPECT_EQ(Merged("a INT", "a STRING"), "a INT");
  EXPECT_EQ(Merged("a BIGINT", "a DOUBLE"), "a BIGINT");
}

TEST(SchemaMerge, NamesThatDifferInCaseOnlyAreRefused) {
  EXPECT_THAT(CheckDistinctNames({{{.name = "v", .type = types::TypeId::kLong},
                                   {.name = "V", .type = types::TypeId::kLong}}}),
              FailsWith(Condition::COLUMN_ALREADY_EXISTS));
  const auto nested = types::DataType::Array(types::DataType::Struct(
      {{.name = "v", .type = types::TypeId::kLong}, {.name = "V", .type = types::TypeId::kLong}}));
  EXPECT_THAT(CheckDistinctNames({{{.name = "a", .type = nested}}}),
              FailsWith(Condition::COLUMN_ALREADY_EXISTS));
}

}  // namespace
}  // namespace inlet::formats
