#include "pipelines/scheduler.h"

#include <algorithm>
#include <atomic>
#include <filesystem>

#include "base/testing.h"
#include "pipelines/definition.h"
#include "pipelines/lease.h"

namespace inlet::pipelines {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;

/// A home with a catalog, a clock that stands still, and runs that are written down.
class SchedulerTest : public testing::Test {
 protected:
  void SetUp() override {
    home_ = testing::TempDir() + "/scheduler_test_" +
            testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(home_);
    catalog_ = Value(catalog::Catalog::Open(home_));
  }

  void TearDown() override {
    catalog_.reset();
    std::filesystem::remove_all(home_);
  }

  void AddTable(const std::string& name, std::int64_t minutes) {
    Definition definition;
    definition.schedule =
        Schedule{.kind = Schedule::Kind::kEvery, .every_count = minutes, .every_unit = "MINUTE"};
    ASSERT_THAT(catalog_->CreateTable({.name = {"main", "default", name},
                                       .id = name,
                                       .kind = catalog::TableKind::kStreamingTable,
                                       .location = "file:/" + name,
                                       .definition = ToJson(definition)}),
                IsOk());
    ASSERT_THAT(catalog_->SetNextRun(name, now_ms_, now_ms_ + minutes * kMinuteMs), IsOk());
  }

  Clock TestClock() {
    return [this] { return now_ms_.load(); };
  }

  /// A scheduler whose runs hold the lease, ask whether they are wanted, and note themselves.
  std::unique_ptr<Scheduler> MakeScheduler(std::size_t max_running = 4) {
    auto run = [this](const DueRefresh& due, const DueClaim& claim,
                      const std::stop_token& stop) -> Status {
      const auto lease = TRY(Lease::Acquire(*catalog_, LeaseNameOf(due.table_id), due.table_id,
                                            {.clock = TestClock(), .length_ms = 60'000}, nullptr));
      if (!TRY(claim.is_still_due())) return Ok();
      TRY(catalog_->BeginUpdate(due.table_id, "u", now_ms_));
      TRY(claim.set_next());
      ++num_running_;
      most_running_ = std::max(most_running_.load(), num_running_.load());
      while (holds_ && !stop.stop_requested()) std::this_thread::yield();
      --num_running_;
      {
        const std::lock_guard lock(mutex_);
        runs_.push_back(due.table_id + (due.is_full ? " full" : ""));
      }
      if (stop.stop_requested()) return Fail(Condition::OPERATION_CANCELED, {});
      return catalog_->EndUpdate(
          {.table_id = due.table_id, .state = "COMPLETED", .finished_ms = now_ms_});
    };
    return std::make_unique<Scheduler>(
        *catalog_, std::move(run),
        Scheduler::Options{.clock = TestClock(),
                           .max_running = max_running,
                           .poll_interval = std::chrono::milliseconds(1)});
  }

  void LookAndWait(Scheduler& scheduler) {
    ASSERT_THAT(scheduler.Look(), IsOk());
    scheduler.WaitUntilIdle();
  }

  std::string home_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::atomic<std::int64_t> now_ms_{1'000'000'000'000};
  std::atomic<bool> holds_ = false;
  std::atomic<int> num_running_ = 0;
  std::atomic<int> most_running_ = 0;
  std::mutex mutex_;
  std::vector<std::string> runs_;  // Guarded by mutex_.
};

TEST_F(SchedulerTest, RunsWhatIsDueAndNothingElse) {
  AddTable("soon", 1);
  AddTable("late", 10);
  const auto scheduler = MakeScheduler();
  LookAndWait(*scheduler);
  EXPECT_TRUE(runs_.empty());
  now_ms_ += kMinuteMs;
  LookAndWait(*scheduler);
  LookAndWait(*scheduler);
  EXPECT_THAT(runs_, testing::ElementsAre("soon"));
  now_ms_ += kMinuteMs;
  LookAndWait(*scheduler);
  EXPECT_THAT(runs_, testing::ElementsAre("soon", "soon"));
}

TEST_F(SchedulerTest, MissedRunsRunOnceAfterARestart) {
  AddTable("t", 1);
  now_ms_ += 100 * kMinuteMs + 5;
  const auto scheduler = MakeScheduler();
  for (int look = 0; look < 3; ++look) LookAndWait(*scheduler);
  EXPECT_THAT(runs_, testing::ElementsAre("t"));
  // The next one is due on the old grid.
  EXPECT_EQ(Value(catalog_->FindRefresh("t")).next_run_ms, now_ms_ + kMinuteMs - 5);
}

TEST_F(SchedulerTest, TwoSchedulersRunADueTableOnce) {
  AddTable("t", 1);
  const auto first = MakeScheduler();
  const auto second = MakeScheduler();
  for (int round = 1; round <= 20; ++round) {
    now_ms_ += kMinuteMs;
    ASSERT_THAT(first->Look(), IsOk());
    ASSERT_THAT(second->Look(), IsOk());
    first->WaitUntilIdle();
    second->WaitUntilIdle();
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(runs_.size(), static_cast<std::size_t>(round));
  }
  EXPECT_EQ(most_running_, 1);
}

TEST_F(SchedulerTest, NoMoreThanTheLimitRunAtATime) {
  for (const char* name : {"a", "b", "c", "d", "e"}) AddTable(name, 1);
  now_ms_ += kMinuteMs;
  holds_ = true;
  const auto scheduler = MakeScheduler(2);
  ASSERT_THAT(scheduler->Look(), IsOk());
  ASSERT_THAT(scheduler->Look(), IsOk());
  while (num_running_ < 2) std::this_thread::yield();
  holds_ = false;
  for (int look = 0; look < 5; ++look) LookAndWait(*scheduler);
  EXPECT_EQ(runs_.size(), 5u);
  EXPECT_EQ(most_running_, 2);
}

TEST_F(SchedulerTest, ARequestRunsAtOnceAndOnce) {
  AddTable("t", 100);
  ASSERT_THAT(catalog_->RequestRefresh("t", true), IsOk());
  const auto scheduler = MakeScheduler();
  for (int look = 0; look < 3; ++look) LookAndWait(*scheduler);
  EXPECT_THAT(runs_, testing::ElementsAre("t full"));
}

TEST_F(SchedulerTest, WhatIsStoppedHalfWayIsTakenUpByTheNext) {
  AddTable("t", 1);
  now_ms_ += kMinuteMs;
  holds_ = true;
  {
    const auto scheduler = MakeScheduler();
    ASSERT_THAT(scheduler->Look(), IsOk());
    while (num_running_ < 1) std::this_thread::yield();
  }
  EXPECT_THAT(runs_, testing::ElementsAre("t"));
  holds_ = false;
  const auto scheduler = MakeScheduler();
  for (int look = 0; look < 3; ++look) LookAndWait(*scheduler);
  EXPECT_THAT(runs_, testing::ElementsAre("t", "t"));
}

TEST_F(SchedulerTest, WhatAKilledProcessLeftIsRunAgain) {
  AddTable("t", 10);
  ASSERT_THAT(catalog_->BeginUpdate("t", "u", now_ms_), IsOk());
  // A lease of a process that is no more, and one of another machine that still holds.
  std::string gone = ThisProcess();
  gone.replace(gone.rfind('/'), std::string::npos, "/1");
  ASSERT_TRUE(Value(catalog_->AcquireLease({LeaseNameOf("t"), gone, now_ms_ + 60'000}, now_ms_)));
  const auto scheduler = MakeScheduler();
  for (int look = 0; look < 3; ++look) LookAndWait(*scheduler);
  EXPECT_THAT(runs_, testing::ElementsAre("t"));
}

TEST_F(SchedulerTest, WhatRunsOnAnotherMachineIsLeftAlone) {
  AddTable("t", 1);
  now_ms_ += kMinuteMs;
  ASSERT_TRUE(Value(
      catalog_->AcquireLease({LeaseNameOf("t"), "elsewhere/1/2/3", now_ms_ + 1000}, now_ms_)));
  const auto scheduler = MakeScheduler();
  LookAndWait(*scheduler);
  EXPECT_TRUE(runs_.empty());
  now_ms_ += 1000;
  LookAndWait(*scheduler);
  EXPECT_THAT(runs_, testing::ElementsAre("t"));
}

TEST_F(SchedulerTest, ADroppedTableIsForgotten) {
  AddTable("t", 1);
  now_ms_ += kMinuteMs;
  ASSERT_THAT(catalog_->DropTable({"main", "default", "t"}), IsOk());
  const auto scheduler = MakeScheduler();
  LookAndWait(*scheduler);
  EXPECT_TRUE(runs_.empty());
}

TEST(Lease, IsRenewedWhileItIsHeld) {
  const std::string home = testing::TempDir() + "/lease_test";
  std::filesystem::remove_all(home);
  const auto catalog = Value(catalog::Catalog::Open(home));
  {
    const auto lease = Value(Lease::Acquire(*catalog, "l", "t", {.length_ms = 40}, nullptr));
    const std::int64_t until_ms = Value(catalog->FindLease("l"))->until_ms;
    while (Value(catalog->FindLease("l"))->until_ms == until_ms) std::this_thread::yield();
    EXPECT_THAT(Lease::Acquire(*catalog, "l", "t", {}, nullptr),
                FailsWith(Condition::TABLE_REFRESH_RUNNING));
  }
  EXPECT_EQ(Value(catalog->FindLease("l")), std::nullopt);
  std::filesystem::remove_all(home);
}

TEST(Lease, TellsItsHolderWhenItIsLost) {
  const std::string home = testing::TempDir() + "/lost_lease_test";
  std::filesystem::remove_all(home);
  const auto catalog = Value(catalog::Catalog::Open(home));
  std::atomic<bool> is_lost = false;
  {
    const auto lease = Value(
        Lease::Acquire(*catalog, "l", "t", {.length_ms = 40}, [&is_lost] { is_lost = true; }));
    const auto held = Value(catalog->FindLease("l"));
    ASSERT_THAT(catalog->ReleaseLease("l", held->owner), IsOk());
    ASSERT_TRUE(Value(catalog->AcquireLease({"l", "another", held->until_ms + 1'000'000}, 0)));
    while (!is_lost) std::this_thread::yield();
  }
  EXPECT_EQ(Value(catalog->FindLease("l"))->owner, "another");
  std::filesystem::remove_all(home);
}

}  // namespace
}  // namespace inlet::pipelines
