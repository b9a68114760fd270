#include "pipelines/cron.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/testing.h"

namespace inlet::pipelines {
namespace {

using testing::Optional;

const types::TimeZone& Zone(std::string_view id) { return *Value(types::TimeZone::Find(id)); }

std::int64_t Utc(int year, unsigned month, unsigned day, int hour = 0, int minute = 0) {
  using namespace std::chrono;
  const sys_days date = std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
  return std::int64_t{date.time_since_epoch().count()} * 86'400 + hour * 3600 + minute * 60;
}

std::vector<std::int64_t> NextTimes(const Cron& cron, const types::TimeZone& zone,
                                    std::int64_t after_s, std::size_t count) {
  std::vector<std::int64_t> times;
  while (times.size() < count) {
    const auto next_s = cron.Next(after_s, zone);
    if (!next_s) break;
    times.push_back(*next_s);
    after_s = *next_s;
  }
  return times;
}

struct Answer {
  std::string expression;
  std::string zone;
  std::int64_t start_s = 0;
  std::vector<std::int64_t> times;
  bool is_error = false;
};

std::vector<Answer> AnswersOfQuartz() {
  std::ifstream file(INLET_SOURCE_DIR "/src/pipelines/testdata/quartz.tsv");
  std::vector<Answer> answers;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    Answer answer;
    std::string field;
    std::getline(fields, answer.expression, '\t');
    std::getline(fields, answer.zone, '\t');
    std::getline(fields, field, '\t');
    answer.start_s = std::stoll(field);
    while (std::getline(fields, field, '\t')) {
      answer.is_error = answer.is_error || field == "ERROR";
      if (!answer.is_error) answer.times.push_back(std::stoll(field));
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

TEST(Cron, FiresWhenQuartzDoes) {
  int compared = 0;
  for (const Answer& answer : AnswersOfQuartz()) {
    SCOPED_TRACE(answer.expression + " in " + answer.zone);
    const Result<Cron> cron = Cron::Parse(answer.expression);
    if (answer.is_error) {
      EXPECT_THAT(cron, FailsWith(Condition::INVALID_SCHEDULE));
      continue;
    }
    ASSERT_THAT(cron, IsOk());
    const types::TimeZone& zone = Zone(answer.zone);
    // Where the clock is changed we leave out nothing, and Quartz does: see the tests below.
    const auto is_near_a_change = [&](std::int64_t time_s) {
      return zone.OffsetAt(time_s - 7200) != zone.OffsetAt(time_s + 7200);
    };
    if (!zone.is_fixed() && !answer.times.empty() &&
        (zone.OffsetAt(answer.start_s) != zone.OffsetAt(answer.times.back()) ||
         std::any_of(answer.times.begin(), answer.times.end(), is_near_a_change))) {
      continue;
    }
    EXPECT_EQ(NextTimes(*cron, zone, answer.start_s, 5), answer.times);
    ++compared;
  }
  EXPECT_GT(compared, 220);
}

TEST(Cron, ATimeThatTheClockLeavesOutCountsOneGapLater) {
  // In Berlin 2025-03-30 02:00 became 03:00.
  const Cron cron = Value(Cron::Parse("0 30 2 * * ?"));
  EXPECT_THAT(NextTimes(cron, Zone("Europe/Berlin"), Utc(2025, 3, 29, 12), 2),
              testing::ElementsAre(Utc(2025, 3, 30, 1, 30), Utc(2025, 3, 31, 0, 30)));
}

TEST(Cron, ATimeThatComesTwiceCountsOnce) {
  // In Berlin 2025-10-26 03:00 became 02:00.
  const Cron cron = Value(Cron::Parse("0 30 2 * * ?"));
  EXPECT_THAT(NextTimes(cron, Zone("Europe/Berlin"), Utc(2025, 10, 25, 12), 2),
              testing::ElementsAre(Utc(2025, 10, 26, 0, 30), Utc(2025, 10, 27, 1, 30)));
}

TEST(Cron, EveryHourMeansEveryHourOfADayOf25AndOf23) {
  const Cron cron = Value(Cron::Parse("0 0 * * * ?"));
  for (const std::int64_t start_s : {Utc(2025, 10, 25, 20), Utc(2025, 3, 29, 20)}) {
    const auto times = NextTimes(cron, Zone("Europe/Berlin"), start_s, 8);
    for (std::size_t i = 0; i < times.size(); ++i) {
      EXPECT_EQ(times[i], start_s + static_cast<std::int64_t>(i + 1) * 3600);
    }
  }
}

TEST(Cron, AGapOfHalfAnHourAndOfAWholeDay) {
  // Lord Howe: 2025-10-05 02:00 became 02:30. Samoa had no 2011-12-30.
  const Cron night = Value(Cron::Parse("0 15 2 * * ?"));
  EXPECT_THAT(night.Next(Utc(2025, 10, 4, 10), Zone("Australia/Lord_Howe")),
              Optional(Utc(2025, 10, 4, 15, 45)));
  const Cron noon = Value(Cron::Parse("0 0 12 30 12 ? 2011"));
  EXPECT_THAT(noon.Next(Utc(2011, 12, 1), Zone("Pacific/Apia")), Optional(Utc(2011, 12, 30, 22)));
}

TEST(Cron, EndsWithItsLastYear) {
  const Cron cron = Value(Cron::Parse("0 0 0 1 1 ? 2024"));
  EXPECT_EQ(cron.Next(Utc(2024, 1, 1), Zone("UTC")), std::nullopt);
  EXPECT_EQ(Value(Cron::Parse("0 0 0 30 2 ?")).Next(Utc(2024, 1, 1), Zone("UTC")), std::nullopt);
}

TEST(Cron, ErrorNamesTheFieldAndTheRange) {
  const auto cron = Cron::Parse("0 0 25 * * ?");
  ASSERT_THAT(cron, FailsWith(Condition::INVALID_SCHEDULE));
  EXPECT_THAT(ToString(cron.error()),
              testing::HasSubstr("the hours have 25; they go from 0 to 23"));
}

TEST(Cron, NoTextBreaksTheParser) {
  for (const char* text :
       {"0 0 0 W * ?", "0 0 0 - * ?", "0 0 0 / * ?", "0 0 0 ? * #", "0 0 0 ? * -", "0 0 0 L- * ?",
        "0 0 0 99999999999999999999 * ?", ", , , , , ,", "0 0 0 1-99999999999 * ?", "0 0 0 -1 * ?",
        "0/0 0 0 1 * ?", "? ? ? ? ? ?", "0 0 0 ? * L-3", "0 0 0 1,,2 * ?", "0 0 0 ? * #3",
        "0 0 0 \xff * ?"}) {
    EXPECT_THAT(Cron::Parse(text), FailsWith(Condition::INVALID_SCHEDULE)) << text;
  }
}

}  // namespace
}  // namespace inlet::pipelines
