#include "pipelines/definition.h"

#include "base/testing.h"

namespace inlet::pipelines {
namespace {

TEST(Definition, ComesBackFromItsJson) {
  Definition definition{
      .flows = {{.name = "f",
                 .query = "SELECT 'a\"b\n' FROM STREAM t",
                 .catalog = "c",
                 .schema = "s",
                 .is_once = true,
                 .by_name = false,
                 .comment = "x"}},
      .columns = {{.name = "a",
                   .type = types::DataType::Array(types::TypeId::kLong),
                   .is_nullable = false,
                   .comment = "k"},
                  {.name = "b"}},
      .expectations = {{.name = "e",
                        .condition = "a > 0",
                        .on_violation = Expectation::OnViolation::kFailUpdate}},
      .partition_columns = {"p"},
      .clustering_columns = {"q"},
      .properties = {{"k", "v"}},
      .schedule = Schedule{.kind = Schedule::Kind::kCron, .cron = "c", .time_zone = "z"},
      .time_zone = "Asia/Tokyo",
      .user = "u",
      .refresh_policy = "FULL"};
  const std::string json = ToJson(definition);
  const Definition read = Value(ParseDefinition(json));
  EXPECT_EQ(ToJson(read), json);
  EXPECT_EQ(read.flows, definition.flows);
  EXPECT_EQ(read.expectations, definition.expectations);
  EXPECT_EQ(read.schedule, definition.schedule);
  EXPECT_EQ(read.columns[0].type, definition.columns[0].type);
}

TEST(Definition, NamesAreFoundIgnoringCase) {
  const Definition definition{.flows = {{.name = "Orders"}},
                              .properties = {{"Pipelines.Reset.Allowed", "false"}}};
  EXPECT_NE(definition.FindFlow("oRDERS"), nullptr);
  EXPECT_NE(definition.FindProperty("pipelines.reset.allowed"), nullptr);
}

TEST(Definition, WhatIsNoJsonIsAnError) {
  EXPECT_THAT(ParseDefinition("{"), FailsWith(Condition::INLET_CORRUPT_FILE));
  EXPECT_THAT(ParseDefinition(""), FailsWith(Condition::INLET_CORRUPT_FILE));
}

}  // namespace
}  // namespace inlet::pipelines
