#include "delta/schema_edit.h"

#include "base/testing.h"
#include "delta/column_mapping.h"
#include "delta/type_change.h"

namespace inlet::delta {
namespace {

types::StructType Schema(std::string_view ddl) { return Value(types::ParseDdl(ddl)); }

TEST(SchemaEdit, AddsInsideOfStructsListsAndMaps) {
  const types::StructField field{.name = "n", .type = types::TypeId::kInteger};
  const auto schema =
      Schema("s STRUCT<a: INT>, l ARRAY<STRUCT<x: INT>>, m MAP<STRING, STRUCT<y: INT>>");
  EXPECT_EQ(types::ToDdl(Value(AddField(schema, {"s", "n"}, field, FieldPosition{}))),
            types::ToDdl(Schema("s STRUCT<n: INT, a: INT>, l ARRAY<STRUCT<x: INT>>, "
                                "m MAP<STRING, STRUCT<y: INT>>")));
  EXPECT_NE(FindField(Value(AddField(schema, {"L", "element", "n"}, field, std::nullopt)),
                      {"l", "element", "n"}),
            nullptr);
  EXPECT_NE(FindField(Value(AddField(schema, {"m", "value", "n"}, field, std::nullopt)),
                      {"m", "value", "n"}),
            nullptr);
}

TEST(SchemaEdit, RefusesWhatIsNoStruct) {
  const types::StructField field{.name = "n", .type = types::TypeId::kInteger};
  EXPECT_THAT(AddField(Schema("a INT"), {"a", "n"}, field, std::nullopt),
              FailsWith(Condition::DELTA_ADD_COLUMN_PARENT_NOT_STRUCT));
  EXPECT_THAT(AddField(Schema("l ARRAY<INT>"), {"l", "n"}, field, std::nullopt),
              FailsWith(Condition::DELTA_ADD_COLUMN_PARENT_NOT_STRUCT));
  EXPECT_THAT(AddField(Schema("n INT"), {"N"}, field, std::nullopt),
              FailsWith(Condition::COLUMN_ALREADY_EXISTS));
  EXPECT_THAT(DropField(Schema("a INT"), {"b"}), FailsWith(Condition::DELTA_MISSING_COLUMN));
}

TEST(SchemaEdit, MovesAndDropsAmongSiblings) {
  const auto schema = Schema("a INT, b INT, c INT");
  EXPECT_EQ(types::ToDdl(Value(MoveField(schema, {"c"}, FieldPosition{}))),
            types::ToDdl(Schema("c INT, a INT, b INT")));
  EXPECT_EQ(types::ToDdl(Value(MoveField(schema, {"a"}, FieldPosition{.after = "b"}))),
            types::ToDdl(Schema("b INT, a INT, c INT")));
  EXPECT_EQ(types::ToDdl(Value(DropField(schema, {"B"}))), types::ToDdl(Schema("a INT, c INT")));
}

TEST(ColumnMapping, GivesIdsOnceAndNeverAgain) {
  std::int64_t max_id = 0;
  const auto first = WithColumnIds(Schema("a INT, s STRUCT<b: INT>"), max_id, false);
  EXPECT_EQ(max_id, 3);
  types::StructType more = Value(DropField(first, {"a"}));
  more.fields.push_back({.name = "a", .type = types::TypeId::kInteger});
  const auto second = WithColumnIds(more, max_id, false);
  EXPECT_EQ(max_id, 4);
  EXPECT_NE(PhysicalName(*second.Find("a"), ColumnMappingMode::kName),
            PhysicalName(*first.Find("a"), ColumnMappingMode::kName));
  EXPECT_EQ(WithoutColumnIds(second).Find("a")->metadata.size(), 0u);
}

TEST(ColumnMapping, KeepsNamesOfATableWithFiles) {
  std::int64_t max_id = 0;
  const auto schema = WithColumnIds(Schema("a INT, s STRUCT<b: INT>"), max_id, true);
  EXPECT_EQ(PhysicalName(*FindField(schema, {"s", "b"}), ColumnMappingMode::kName), "b");
}

TEST(TypeChange, IsNotedOneAfterTheOther) {
  types::StructField field{.name = "a", .type = types::TypeId::kShort};
  NoteTypeChange(field, types::TypeId::kInteger);
  NoteTypeChange(field, types::TypeId::kLong);
  EXPECT_EQ(field.metadata["delta.typeChanges"],
            "[{\"fromType\":\"short\",\"toType\":\"integer\"},"
            "{\"fromType\":\"integer\",\"toType\":\"long\"}]");
  EXPECT_TRUE(CheckTypeChanges({.fields = {field}}).has_value());
}

}  // namespace
}  // namespace inlet::delta
