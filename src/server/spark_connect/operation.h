#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"

namespace spark::connect {
class ExecutePlanResponse;
}

namespace inlet::server {

/// One ExecutePlan under way: a thread that makes responses, and a buffer in which they wait until
/// the client says that it has them. A client whose connection broke asks again from where it was.
/// Thread-safe.
class Operation {
 public:
  using Response = std::shared_ptr<const spark::connect::ExecutePlanResponse>;
  enum class State { kRunning, kSucceeded, kFailed, kCancelled };

  Operation(std::string id, std::vector<std::string> tags, std::size_t max_buffered_bytes);
  /// Stops the work and waits for its end.
  ~Operation();

  /// Starts the thread. `work` gives responses to Push() and its result is the operation's.
  /// `sql` is the text in which errors have their place.
  void Start(std::function<Status(Operation&)> work);

  /// Called by the work. Waits while the buffer is full.
  /// Errors: OPERATION_CANCELED when the operation was interrupted meanwhile.
  Status Push(Response response, std::size_t num_bytes);
  /// The same without waiting: false when there is no room. For what may be left out.
  bool TryPush(Response response, std::size_t num_bytes);
  std::stop_token stop_token() const { return stop_.get_token(); }

  /// The next response after the one named `last_id` (empty: from the start), waiting at most
  /// `patience`. With neither a response nor `is_over` set, the time was up.
  struct Next {
    Response response;
    bool is_over = false;
    std::optional<Error> error;  ///< With is_over: what the work failed with.
  };
  Next WaitAfter(const std::string& last_id, std::chrono::milliseconds patience);

  /// Whether responses after the one of this id can be had: it is in the buffer, or released last.
  bool Knows(const std::string& response_id);

  void ReleaseUntil(const std::string& response_id);
  void Interrupt();

  const std::string& id() const { return id_; }
  bool HasTag(const std::string& tag) const;
  State state();
  /// Since when nobody has asked for responses.
  std::chrono::steady_clock::time_point last_used();

  std::string sql;  ///< In which errors have their place. Set before Start().

 private:
  struct Buffered {
    std::string id;
    Response response;
    std::size_t num_bytes = 0;
  };

  void Append(Response response, std::size_t num_bytes);  // Under the lock.

  const std::string id_;
  const std::vector<std::string> tags_;
  const std::size_t max_buffered_bytes_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_:
  std::deque<Buffered> responses_;
  std::string last_released_;
  std::size_t buffered_bytes_ = 0;
  bool is_over_ = false;
  std::optional<Error> error_;
  std::chrono::steady_clock::time_point last_used_ = std::chrono::steady_clock::now();
  std::jthread thread_;
};

}  // namespace inlet::server
