#include "server/spark_connect/frame.h"

#include "base/testing.h"
#include "server/spark_connect/sql_nodes.h"
#include "sql/printer.h"

namespace inlet::server {
namespace {

using sql::Expression;

using Parts = std::vector<std::string>;

/// left.id and right.id of a join, whose sides are the relations 1 and 2.
Frame Joined() {
  return {.table = {.node = sql::InputRef{.name = "t"}},
          .columns = {{.name = "id", .physical = "id", .qualifier = {"l"}, .plan_ids = {1}},
                      {.name = "id", .physical = "id#2", .qualifier = {"r"}, .plan_ids = {2}},
                      {.name = "s", .physical = "s", .qualifier = {"r"}, .plan_ids = {2}}}};
}

std::string Resolved(Expression expression) {
  const Frame frame = Joined();
  const Status status = Scope(frame).Resolve(expression);
  return status ? sql::ToSql(expression) : std::string(status.error().info().name);
}

TEST(Frame, NamesWithAQualifierMeanTheirTable) {
  EXPECT_EQ(Resolved(ColumnOf(Parts{"r", "id"})), "`id#2`");
  EXPECT_EQ(Resolved(ColumnOf(Parts{"L", "ID"})), "id");
}

TEST(Frame, MarkedNamesMeanTheirRelation) {
  EXPECT_EQ(Resolved(MarkedColumn(1, {"id"})), "id");
  EXPECT_EQ(Resolved(MarkedColumn(2, {"id"})), "`id#2`");
}

TEST(Frame, NamesThatStandTwiceAreAmbiguous) {
  EXPECT_EQ(Resolved(ColumnOf("id")), "AMBIGUOUS_REFERENCE");
}

TEST(Frame, UnknownNamesAreToldWithWhatThereIs) {
  const Frame frame = Joined();
  Expression expression = ColumnOf("ss");
  EXPECT_THAT(Scope(frame).Resolve(expression),
              FailsWith(Condition::UNRESOLVED_COLUMN_WITH_SUGGESTION));
}

TEST(Frame, PartsAfterTheColumnAreFields) {
  EXPECT_EQ(Resolved(ColumnOf(Parts{"s", "f"})), "(s).f");
}

TEST(Frame, ParametersOfLambdasStay) {
  Expression lambda{.node = sql::Lambda{.parameters = {"id"}, .body = ColumnOf("id")}};
  EXPECT_EQ(Resolved(CallOf("transform", {ColumnOf("s"), std::move(lambda)})),
            "transform(s, id -> id)");
}

TEST(Frame, ProjectionsGiveEveryColumnANameOfItsOwn) {
  const Frame frame = Joined();
  const Scope scope(frame);
  const Frame projected = Project(
      frame, {PassThrough(scope.entries()[0]), PassThrough(scope.entries()[1])}, std::nullopt);
  EXPECT_EQ(projected.columns[0].physical, "id");
  EXPECT_EQ(projected.columns[1].physical, "id#2");
  EXPECT_EQ(projected.columns[1].name, "id");
}

}  // namespace
}  // namespace inlet::server
