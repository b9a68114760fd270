#include "engine/pure_copy.h"

#include "engine/test_source.h"

namespace inlet::engine {
namespace {

sql::Expression Column(std::string name) {
  return {.node = sql::ColumnRef{.parts = {std::move(name)}}};
}

sql::Query SelectFromInput(std::vector<sql::Expression> items) {
  sql::Select select;
  for (sql::Expression& item : items) select.items.push_back({.value = std::move(item)});
  select.from = sql::TableRef{.node = sql::InputRef{.name = "t"}};
  sql::Query query;
  query.body = std::move(select);
  return query;
}

std::optional<PureCopy> Find(const sql::Query& query, const std::string& target) {
  const std::vector<Input> inputs{{"t", SourceOf("a INT, b STRING, c DOUBLE", {})}};
  return FindPureCopy(query, inputs, Value(types::ParseDdl(target)));
}

TEST(PureCopy, StarTakesAllColumns) {
  const auto copy = Find(SelectFromInput({{.node = sql::Star{}}}), "x INT, y STRING, z DOUBLE");
  ASSERT_TRUE(copy.has_value());
  EXPECT_THAT(copy->projection.columns, testing::ElementsAre(0, 1, 2));
}

TEST(PureCopy, NamedColumnsComeInTheirOrder) {
  const auto copy = Find(SelectFromInput({Column("C"), Column("a")}), "c DOUBLE, a INT");
  ASSERT_TRUE(copy.has_value());
  EXPECT_THAT(copy->projection.columns, testing::ElementsAre(2, 0));
}

TEST(PureCopy, OtherTypesOrClausesAreNone) {
  const sql::Query star = SelectFromInput({{.node = sql::Star{}}});
  EXPECT_FALSE(Find(star, "a BIGINT, b STRING, c DOUBLE"));
  EXPECT_FALSE(Find(star, "a INT, b STRING"));
  sql::Query filtered = star;
  std::get<sql::Select>(filtered.body).where = Column("a");
  EXPECT_FALSE(Find(filtered, "a INT, b STRING, c DOUBLE"));
  sql::Query limited = star;
  limited.limit = Column("a");
  EXPECT_FALSE(Find(limited, "a INT, b STRING, c DOUBLE"));
  EXPECT_FALSE(Find(SelectFromInput({Column("nope")}), "a INT"));
}

}  // namespace
}  // namespace inlet::engine
