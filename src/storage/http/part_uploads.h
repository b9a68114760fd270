#pragma once

#include <deque>
#include <functional>
#include <future>
#include <string>
#include <vector>

#include "base/result.h"

namespace inlet::storage {

/// The parts of one object on their way up, a few at a time. Not thread-safe; the uploads
/// themselves run on threads of their own. Destroying it waits for them.
class PartUploads {
 public:
  explicit PartUploads(std::size_t max_at_once) : max_at_once_(max_at_once) {}

  std::size_t num_parts() const { return num_parts_; }

  /// Begins one; waits for the oldest when too many are on their way. `upload` returns what the
  /// service calls the part.
  /// Errors: that of an earlier part.
  Status Start(std::function<Result<std::string>()> upload) {
    while (running_.size() >= max_at_once_) TRY(FinishOldest());
    running_.push_back(std::async(std::launch::async, std::move(upload)));
    ++num_parts_;
    return Ok();
  }

  /// What the service calls the parts, in their order. Errors: that of the first part that failed.
  Result<std::vector<std::string>> Finish() {
    while (!running_.empty()) TRY(FinishOldest());
    return names_;
  }

  /// Waits until nothing is on its way, whatever became of it.
  void Drain() { running_.clear(); }

 private:
  Status FinishOldest() {
    Result<std::string> name = running_.front().get();
    running_.pop_front();
    names_.push_back(TRY(std::move(name)));
    return Ok();
  }

  const std::size_t max_at_once_;
  std::size_t num_parts_ = 0;
  std::deque<std::future<Result<std::string>>> running_;
  std::vector<std::string> names_;
};

}  // namespace inlet::storage
