#include "ingest/dml/nested_fields.h"

#include "base/testing.h"

namespace inlet::ingest {
namespace {

types::DataType Type(std::string_view text) { return Value(types::ParseType(text)); }

TEST(NestedFields, AreAddedAtEveryLevel) {
  EXPECT_EQ(types::ToString(WithFieldsAdded(Type("STRUCT<a: INT, l: ARRAY<STRUCT<x: INT>>>"),
                                            Type("STRUCT<l: ARRAY<STRUCT<y: STRING>>, b: DATE>"))),
            "struct<a:int,l:array<struct<x:int,y:string>>,b:date>");
}

TEST(NestedFields, OtherDifferencesStay) {
  EXPECT_EQ(types::ToString(WithFieldsAdded(Type("STRUCT<a: INT>"), Type("STRUCT<A: STRING>"))),
            "struct<a:int>");
  EXPECT_EQ(types::ToString(WithFieldsAdded(Type("INT"), Type("STRUCT<a: INT>"))), "int");
}

TEST(NestedFields, AFieldThatWouldBeLostIsFound) {
  EXPECT_EQ(FieldMissingIn(Type("STRUCT<a: MAP<STRING, STRUCT<x: INT>>>"),
                           Type("STRUCT<a: MAP<STRING, STRUCT<x: INT, y: INT>>>")),
            "a.value.y");
  EXPECT_EQ(FieldMissingIn(Type("STRUCT<a: INT, b: INT>"), Type("STRUCT<b: INT>")), std::nullopt);
}

}  // namespace
}  // namespace inlet::ingest
