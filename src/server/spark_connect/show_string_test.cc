#include "server/spark_connect/show_string.h"

#include "base/testing.h"
#include "workspace/row_table.h"

namespace inlet::server {
namespace {

using types::TypeId;
using workspace::Row;

ShownRows RowsOf(const types::StructType& schema, const std::vector<Row>& rows) {
  ShownRows shown(schema, types::TimeZone::Utc());
  const auto batch = workspace::MakeBatch(schema, rows);
  EXPECT_TRUE(batch.has_value());
  EXPECT_TRUE(shown.Add(**batch).has_value());
  return shown;
}

types::StructType IdAndName() {
  return {
      .fields = {{.name = "id", .type = TypeId::kLong}, {.name = "name", .type = TypeId::kString}}};
}

TEST(ShowString, CellsStandToTheRightAndNullsAreCapitals) {
  EXPECT_EQ(RowsOf(IdAndName(), {{std::int64_t{1}, "Ann"}, {std::int64_t{2}, {}}}).ToText({}),
            "+---+----+\n"
            "| id|name|\n"
            "+---+----+\n"
            "|  1| Ann|\n"
            "|  2|NULL|\n"
            "+---+----+\n");
}

TEST(ShowString, LongCellsAreCutAndMoreRowsAreMentioned) {
  const ShownRows rows = RowsOf(
      IdAndName(), {{std::int64_t{1}, "a rather long name, really"}, {std::int64_t{2}, "b"}});
  EXPECT_EQ(rows.ToText({.num_rows = 1, .truncate = 10}),
            "+---+----------+\n"
            "| id|      name|\n"
            "+---+----------+\n"
            "|  1|a rathe...|\n"
            "+---+----------+\n"
            "only showing top 1 row");
}

TEST(ShowString, WithoutTruncationCellsStandToTheLeft) {
  EXPECT_EQ(RowsOf(IdAndName(), {{std::int64_t{1}, "b"}}).ToText({.truncate = 0}),
            "+---+----+\n"
            "|id |name|\n"
            "+---+----+\n"
            "|1  |b   |\n"
            "+---+----+\n");
}

TEST(ShowString, WideCharactersTakeTwoColumns) {
  EXPECT_EQ(RowsOf(IdAndName(), {{std::int64_t{1}, "\u5e74\u6708"}}).ToText({}),
            "+---+----+\n"
            "| id|name|\n"
            "+---+----+\n"
            "|  1|\u5e74\u6708|\n"
            "+---+----+\n");
}

TEST(ShowString, NoRowsAreThreeBorders) {
  EXPECT_EQ(RowsOf({.fields = {{.name = "a", .type = TypeId::kString}}}, {}).ToText({}),
            "+---+\n|  a|\n+---+\n+---+\n");
}

}  // namespace
}  // namespace inlet::server
