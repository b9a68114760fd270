#include "engine/duckdb/error_place.h"

#include "base/testing.h"
#include "sql/parser.h"

namespace inlet::engine {
namespace {

/// The text that the error's place covers.
std::string PlaceOf(const std::string& sql, Error error) {
  const sql::Query query = Value(sql::ParseQuery(sql));
  LocateError(query, error);
  return sql.substr(error.span.begin, error.span.end - error.span.begin);
}

Error Unresolved(std::string name) {
  return Fail(Condition::UNRESOLVED_COLUMN_WITHOUT_SUGGESTION, {{"objectName", std::move(name)}})
      .error();
}

TEST(ErrorPlace, AColumnIsFoundByItsName) {
  EXPECT_EQ(PlaceOf("SELECT a, nope + 1 FROM t", Unresolved("`nope`")), "nope");
  EXPECT_EQ(PlaceOf("SELECT a FROM t WHERE t.nope > 1", Unresolved("`t`.`nope`")), "t.nope");
  EXPECT_EQ(PlaceOf("SELECT (SELECT max(`No pe`) FROM t)", Unresolved("`no pe`")), "`No pe`");
}

TEST(ErrorPlace, ATableThatIsNotThereGivesTheWholeName) {
  const std::string text = "SELECT q.x FROM t";
  const sql::Query query = Value(sql::ParseQuery(text));
  Error error = Unresolved("`q`");
  LocateError(query, error);
  EXPECT_EQ(error.params[0].second, "`q`.`x`");
  EXPECT_EQ(text.substr(error.span.begin, error.span.end - error.span.begin), "q.x");
}

TEST(ErrorPlace, AFunctionIsFoundByItsName) {
  EXPECT_EQ(
      PlaceOf(
          "SELECT 1, upper(2, 3) FROM t",
          Fail(Condition::DATATYPE_MISMATCH, {{"sqlExpr", "\"upper\""}, {"message", ""}}).error()),
      "upper(2, 3)");
}

TEST(ErrorPlace, ANameThatIsNowhereHasNoPlace) {
  EXPECT_EQ(PlaceOf("SELECT a FROM t", Unresolved("`b`")), "");
}

}  // namespace
}  // namespace inlet::engine
