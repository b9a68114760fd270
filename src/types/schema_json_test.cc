#include <gtest/gtest.h>

#include "base/testing.h"
#include "types/data_type.h"

namespace inlet::types {
namespace {

constexpr char kSchema[] =
    R"j({"type":"struct","fields":[{"name":"id","type":"long","nullable":false,"metadata":{"comment":"k \"q\""}},)j"
    R"j({"name":"tags","type":{"type":"array","elementType":"string","containsNull":false},"nullable":true,"metadata":{}},)j"
    R"j({"name":"m","type":{"type":"map","keyType":"string","valueType":{"type":"struct","fields":[)j"
    R"j({"name":"d","type":"decimal(10,2)","nullable":true,"metadata":{"x":[1,{"y":null}]}}]},"valueContainsNull":true},"nullable":true,"metadata":{}}]})j";

TEST(SchemaJson, RoundTripKeepsEverything) {
  EXPECT_EQ(ToJson(Value(SchemaFromJson(kSchema))), kSchema);
}

TEST(SchemaJson, CommentIsPlainText) {
  EXPECT_EQ(Value(SchemaFromJson(kSchema)).fields[0].comment(), "k \"q\"");
}

TEST(SchemaJson, UnknownTypeIsRefused) {
  EXPECT_THAT(SchemaFromJson(R"j({"type":"struct","fields":[{"name":"a","type":"money"}]})j"),
              FailsWith(Condition::INVALID_SCHEMA));
}

TEST(SchemaJson, EmptyTextIsRefused) { EXPECT_FALSE(SchemaFromJson({}).has_value()); }

TEST(SchemaJson, BlankInDecimalIsTaken) {
  const auto schema = Value(
      SchemaFromJson(R"j({"type":"struct","fields":[{"name":"a","type":"decimal(10, 4)"}]})j"));
  EXPECT_EQ(schema.fields[0].type, DataType::Decimal(10, 4));
}

}  // namespace
}  // namespace inlet::types
