#include "pipelines/event_log.h"

#include <filesystem>

#include "base/testing.h"

namespace inlet::pipelines {
namespace {

class EventLogTest : public testing::Test {
 protected:
  void SetUp() override {
    home_ = testing::TempDir() + "/event_log_test_" +
            testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(home_);
    std::filesystem::create_directories(home_);
  }
  void TearDown() override { std::filesystem::remove_all(home_); }

  static Event EventOf(const std::string& dataset, const std::string& message) {
    return {.dataset_id = dataset, .dataset_name = "c.s." + dataset, .message = message};
  }

  std::string home_;
};

TEST_F(EventLogTest, EventsSurviveInTheirOrder) {
  {
    EventLog log(home_);
    ASSERT_THAT(log.Append(EventOf("a", "first")), IsOk());
    ASSERT_THAT(log.Append(EventOf("b", "other")), IsOk());
    ASSERT_THAT(log.Append(EventOf("a", "second")), IsOk());
  }
  EventLog log(home_);
  const std::vector<Event> events = Value(log.List("a"));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].message, "first");
  EXPECT_EQ(events[1].message, "second");
  EXPECT_LT(events[0].number, events[1].number);
  EXPECT_NE(events[0].id, events[1].id);
}

TEST_F(EventLogTest, KeepsTheNewestEventsOfEachDataset) {
  EventLog log(home_, /*max_events=*/10);
  ASSERT_THAT(log.Append(EventOf("b", "kept")), IsOk());
  for (int i = 1; i < 500; ++i) ASSERT_THAT(log.Append(EventOf("a", std::to_string(i))), IsOk());
  const std::vector<Event> events = Value(log.List("a"));
  ASSERT_EQ(events.size(), 10u);
  EXPECT_EQ(events.back().message, "499");
  EXPECT_EQ(Value(log.List("b")).size(), 1u);
}

TEST_F(EventLogTest, CountsAddUpAndBacklogDoesNot) {
  EventLog log(home_);
  Event origin = EventOf("a", "");
  origin.flow_name = "f";
  ASSERT_THAT(log.AddCounts(origin, {.num_batches = 1, .num_output_rows = 5, .backlog_files = 9}),
              IsOk());
  ASSERT_THAT(log.AddCounts(origin, {.num_batches = 1, .num_output_rows = 7, .backlog_files = 2}),
              IsOk());
  const std::vector<FlowMetrics> metrics = Value(log.Metrics());
  ASSERT_EQ(metrics.size(), 1u);
  EXPECT_EQ(metrics[0].counts.num_batches, 2);
  EXPECT_EQ(metrics[0].counts.num_output_rows, 12);
  EXPECT_EQ(metrics[0].counts.backlog_files, 2);
  ASSERT_THAT(log.Forget("a"), IsOk());
  EXPECT_TRUE(Value(log.Metrics()).empty());
}

}  // namespace
}  // namespace inlet::pipelines
