#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "server/spark_connect/operation.h"
#include "workspace/client.h"

namespace spark::connect {
class ExecutePlanResponse;
}

namespace inlet::server {

/// What every response of a session repeats.
struct ResponseHead {
  std::string session_id;
  std::string server_side_session_id;
};
/// Also gives the response an id of its own.
void FillHead(const ResponseHead& head, const std::string& operation_id,
              spark::connect::ExecutePlanResponse& response);

/// Tells the client how far its plan has come, now and then: one stage of 100 tasks. Thread-safe.
class ProgressMessages {
 public:
  /// `operation` outlives the plan; after Finish() it is not used.
  ProgressMessages(Operation& operation, ResponseHead head)
      : operation_(&operation), head_(std::move(head)) {}

  /// Never waits: a message for which there is no room is left out.
  void Report(const workspace::Progress& progress);
  /// The plan is done. A client that has heard of its progress hears of its end.
  void Finish();

 private:
  void Send(std::int64_t percent, std::int64_t bytes, bool is_done);

  std::mutex mutex_;
  // Guarded by mutex_:
  Operation* operation_;
  const ResponseHead head_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  bool has_sent_ = false;
  std::int64_t bytes_ = 0;
};

}  // namespace inlet::server
