#include "server/spark_connect/operation.h"

#include <spark/connect/base.pb.h>

#include <atomic>

#include "base/testing.h"

namespace inlet::server {
namespace {

constexpr std::chrono::milliseconds kPatience(5000);

Operation::Response ResponseOf(const std::string& id) {
  spark::connect::ExecutePlanResponse response;
  response.set_response_id(id);
  return std::make_shared<const spark::connect::ExecutePlanResponse>(std::move(response));
}

TEST(Operation, ResponsesCanBeReadAgainUntilTheyAreReleased) {
  Operation operation("o", {}, /*max_buffered_bytes=*/100);
  operation.Start([](Operation& self) -> Status {
    TRY(self.Push(ResponseOf("1"), 1));
    return self.Push(ResponseOf("2"), 1);
  });
  EXPECT_EQ(operation.WaitAfter("", kPatience).response->response_id(), "1");
  EXPECT_EQ(operation.WaitAfter("", kPatience).response->response_id(), "1");
  EXPECT_EQ(operation.WaitAfter("1", kPatience).response->response_id(), "2");
  operation.ReleaseUntil("1");
  EXPECT_EQ(operation.WaitAfter("1", kPatience).response->response_id(), "2");
  EXPECT_TRUE(operation.WaitAfter("2", kPatience).is_over);
  EXPECT_FALSE(operation.Knows("0"));
}

TEST(Operation, AFullBufferHoldsUpTheWork) {
  std::atomic<int> pushed = 0;
  Operation operation("o", {}, /*max_buffered_bytes=*/10);
  operation.Start([&](Operation& self) -> Status {
    for (int i = 0; i < 3; ++i) {
      TRY(self.Push(ResponseOf(std::to_string(i)), 6));
      ++pushed;
    }
    return Ok();
  });
  EXPECT_EQ(operation.WaitAfter("", kPatience).response->response_id(), "0");
  EXPECT_LE(pushed, 1);
  operation.ReleaseUntil("0");
  EXPECT_EQ(operation.WaitAfter("0", kPatience).response->response_id(), "1");
}

TEST(Operation, AnInterruptEndsWorkThatWaits) {
  Operation operation("o", {"tag"}, /*max_buffered_bytes=*/1);
  operation.Start([](Operation& self) -> Status {
    TRY(self.Push(ResponseOf("1"), 5));
    return self.Push(ResponseOf("2"), 5);
  });
  EXPECT_TRUE(operation.HasTag("tag"));
  operation.Interrupt();
  const Operation::Next end = operation.WaitAfter("1", kPatience);
  ASSERT_TRUE(end.is_over);
  EXPECT_EQ(end.error->condition, Condition::OPERATION_CANCELED);
  EXPECT_EQ(operation.state(), Operation::State::kCancelled);
}

}  // namespace
}  // namespace inlet::server
