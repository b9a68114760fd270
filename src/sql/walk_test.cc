#include "sql/walk.h"

#include "base/testing.h"
#include "sql/parser.h"
#include "sql/printer.h"

namespace inlet::sql {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

TEST(BindTables, FindsEveryTableThatIsNoCte) {
  Query query = Value(ParseQuery(
      "WITH c AS (SELECT * FROM a), d AS (SELECT * FROM c) SELECT (SELECT max(x) FROM b), * FROM d "
      "JOIN s.c "
      "WHERE EXISTS (SELECT 1 FROM c JOIN e) AND y IN (WITH e AS (SELECT 1) SELECT * FROM e, f) "
      "UNION TABLE g"));
  std::vector<std::string> found;
  ASSERT_THAT(BindTables(query,
                         [&](TableRef& table) {
                           found.push_back(ToString(table.As<NamedTable>()->name));
                           table.node = InputRef{.name = "in_" + found.back()};
                           return Ok();
                         }),
              IsOk());
  EXPECT_THAT(found, UnorderedElementsAre("a", "b", "s.c", "e", "f", "g"));
}

TEST(BindTables, GivesATableItsOwnNameAsAlias) {
  Query query = Value(ParseQuery("SELECT t.a FROM s.t JOIN u AS v"));
  ASSERT_THAT(BindTables(query,
                         [](TableRef& table) {
                           table.node = InputRef{.name = "input"};
                           return Ok();
                         }),
              IsOk());
  EXPECT_EQ(ToSql(query), "SELECT t.a FROM input AS t JOIN input AS v");
}

TEST(Walk, CollectsFunctionsAndColumns) {
  const Query query = Value(
      ParseQuery("SELECT upper(a) FROM read_files('x') WHERE EXISTS (SELECT Len(b.c) FROM t)"));
  EXPECT_THAT(FunctionsOf(query), UnorderedElementsAre("upper", "read_files", "len"));
  EXPECT_EQ(ColumnsOf(query).size(), 2U);
  EXPECT_FALSE(HasStream(query));
  EXPECT_TRUE(HasStream(Value(ParseQuery("SELECT * FROM (SELECT * FROM STREAM t)"))));
}

TEST(Walk, VisitorMayReplaceExpressions) {
  Query query = Value(ParseQuery("SELECT a + b FROM t WHERE a > (SELECT max(a) FROM u)"));
  ASSERT_THAT(VisitExpressions(query,
                               [](Expression& expression) {
                                 const auto* column = expression.As<ColumnRef>();
                                 if (column != nullptr && column->parts.front() == "a") {
                                   expression.node =
                                       Literal{.type = types::TypeId::kInteger, .text = "7"};
                                 }
                                 return Ok();
                               }),
              IsOk());
  EXPECT_EQ(ToSql(query), "SELECT 7 + b FROM t WHERE 7 > (SELECT max(7) FROM u)");
}

TEST(BindParameters, ReplacesMarkersAndComputedNames) {
  Query query = Value(ParseQuery("SELECT :a + ?, IDENTIFIER(:c || '.x') FROM IDENTIFIER(:t)"));
  const auto text = [](std::string value) {
    return Expression{.node = Literal{.type = types::TypeId::kString, .text = std::move(value)}};
  };
  Parameters parameters;
  parameters.named["A"] = Value(ParseExpression("1"));
  parameters.named["c"] = text("s");
  parameters.named["t"] = text("main.t");
  parameters.positional.push_back(Value(ParseExpression("2")));
  ASSERT_THAT(BindParameters(query, parameters), IsOk());
  EXPECT_EQ(ToSql(query), "SELECT 1 + 2, s.x FROM main.t");
  Query unbound = Value(ParseQuery("SELECT :b"));
  EXPECT_THAT(BindParameters(unbound, parameters), FailsWith(Condition::UNBOUND_SQL_PARAMETER));
}

}  // namespace
}  // namespace inlet::sql
