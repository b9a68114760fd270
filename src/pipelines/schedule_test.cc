#include "pipelines/schedule.h"

#include "base/testing.h"
#include "sql/ast.h"
#include "sql/parser.h"

namespace inlet::pipelines {
namespace {

using testing::Optional;

constexpr std::int64_t kHourMs = 3'600'000;

Result<Schedule> Check(const std::string& clause) {
  const sql::Statement statement =
      TRY(sql::ParseStatement("CREATE STREAMING TABLE t " + clause + " AS SELECT 1"));
  return CheckSchedule(*statement.As<sql::CreateStreamingTable>()->schedule, "Europe/Berlin");
}

std::optional<std::int64_t> Next(const Schedule& schedule, std::int64_t anchor_ms,
                                 std::int64_t after_ms) {
  return Value(NextRun(schedule, anchor_ms, after_ms));
}

TEST(Schedule, PrintsAsItIsWritten) {
  for (const char* text :
       {"SCHEDULE EVERY 1 HOUR", "SCHEDULE EVERY 15 MINUTES", "SCHEDULE EVERY 8 WEEKS",
        "SCHEDULE CRON '0 0 * * * ?' AT TIME ZONE 'America/New_York'", "TRIGGER ON UPDATE",
        "TRIGGER ON UPDATE AT MOST EVERY INTERVAL 90 SECONDS"}) {
    EXPECT_EQ(ToSql(Value(Check(text))), text);
  }
  EXPECT_EQ(ToSql(Value(Check("SCHEDULE REFRESH CRON '0 0 * * * ?'"))),
            "SCHEDULE CRON '0 0 * * * ?' AT TIME ZONE 'Europe/Berlin'");
}

TEST(Schedule, RefusesWhatIsOutsideOfTheDocumentedRanges) {
  for (const char* text :
       {"SCHEDULE EVERY 0 HOURS", "SCHEDULE EVERY 73 HOURS", "SCHEDULE EVERY 32 DAYS",
        "SCHEDULE EVERY 9 WEEKS", "SCHEDULE EVERY 1441 MINUTES", "SCHEDULE CRON '* * * * *'",
        "TRIGGER ON UPDATE AT MOST EVERY INTERVAL 59 SECONDS",
        "TRIGGER ON UPDATE AT MOST EVERY INTERVAL 1 MONTH"}) {
    EXPECT_THAT(Check(text), FailsWith(Condition::INVALID_SCHEDULE)) << text;
  }
  EXPECT_THAT(Check("SCHEDULE CRON '0 0 * * * ?' AT TIME ZONE 'Mars/Olympus'"),
              FailsWith(Condition::INVALID_TIMEZONE));
}

TEST(Schedule, EveryCountsWholePeriodsFromTheAnchor) {
  const Schedule schedule = Value(Check("SCHEDULE EVERY 2 HOURS"));
  const std::int64_t anchor_ms = 1'000;
  EXPECT_THAT(Next(schedule, anchor_ms, anchor_ms), Optional(anchor_ms + 2 * kHourMs));
  EXPECT_THAT(Next(schedule, anchor_ms, anchor_ms + 2 * kHourMs - 1),
              Optional(anchor_ms + 2 * kHourMs));
  EXPECT_THAT(Next(schedule, anchor_ms, anchor_ms + 2 * kHourMs),
              Optional(anchor_ms + 4 * kHourMs));
  // A clock that went back does not make it due at once.
  EXPECT_THAT(Next(schedule, anchor_ms, anchor_ms - 50 * kHourMs),
              Optional(anchor_ms + 2 * kHourMs));
}

TEST(Schedule, MissedRunsAreDueOnce) {
  const Schedule schedule = Value(Check("SCHEDULE EVERY 1 HOUR"));
  EXPECT_THAT(Next(schedule, 0, 10 * kHourMs + 5), Optional(11 * kHourMs));
}

TEST(Schedule, CronIsTheZonesWallClock) {
  const Schedule schedule = Value(Check("SCHEDULE CRON '0 0 6 * * ?' AT TIME ZONE 'Asia/Kolkata'"));
  EXPECT_THAT(Next(schedule, 0, 0), Optional(kHourMs / 2));  // 06:00 there is 00:30 UTC.
}

}  // namespace
}  // namespace inlet::pipelines
