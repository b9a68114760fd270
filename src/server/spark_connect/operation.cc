#include "server/spark_connect/operation.h"

#include <spark/connect/base.pb.h>

#include <algorithm>

namespace inlet::server {

Operation::Operation(std::string id, std::vector<std::string> tags, std::size_t max_buffered_bytes)
    : id_(std::move(id)), tags_(std::move(tags)), max_buffered_bytes_(max_buffered_bytes) {}

Operation::~Operation() { Interrupt(); }

void Operation::Start(std::function<Status(Operation&)> work) {
  thread_ = std::jthread([this, work = std::move(work)] {
    Status status = work(*this);
    std::lock_guard lock(mutex_);
    is_over_ = true;
    if (!status) error_ = std::move(status).error();
    changed_.notify_all();
  });
}

Status Operation::Push(Response response, std::size_t num_bytes) {
  std::unique_lock lock(mutex_);
  // One response always fits; a client that does not take what there is holds up the work.
  const bool has_room = changed_.wait(lock, stop_.get_token(), [&] {
    return buffered_bytes_ == 0 || buffered_bytes_ + num_bytes <= max_buffered_bytes_;
  });
  if (!has_room) return Fail(Condition::OPERATION_CANCELED, {});
  Append(std::move(response), num_bytes);
  return Ok();
}

bool Operation::TryPush(Response response, std::size_t num_bytes) {
  std::lock_guard lock(mutex_);
  if (is_over_ || buffered_bytes_ + num_bytes > max_buffered_bytes_) return false;
  Append(std::move(response), num_bytes);
  return true;
}

void Operation::Append(Response response, std::size_t num_bytes) {
  buffered_bytes_ += num_bytes;
  std::string id = response->response_id();
  responses_.push_back(
      {.id = std::move(id), .response = std::move(response), .num_bytes = num_bytes});
  changed_.notify_all();
}

Operation::Next Operation::WaitAfter(const std::string& last_id,
                                     std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  last_used_ = std::chrono::steady_clock::now();
  const auto next = [&] {
    if (last_id.empty() || last_id == last_released_) return responses_.begin();
    const auto found = std::find_if(responses_.begin(), responses_.end(),
                                    [&](const Buffered& one) { return one.id == last_id; });
    return found == responses_.end() ? found : std::next(found);
  };
  changed_.wait_for(lock, patience, [&] { return next() != responses_.end() || is_over_; });
  last_used_ = std::chrono::steady_clock::now();
  const auto found = next();
  if (found != responses_.end()) return {.response = found->response};
  if (is_over_) return {.is_over = true, .error = error_};
  return {};
}

bool Operation::Knows(const std::string& response_id) {
  std::lock_guard lock(mutex_);
  return response_id == last_released_ ||
         std::any_of(responses_.begin(), responses_.end(),
                     [&](const Buffered& one) { return one.id == response_id; });
}

void Operation::ReleaseUntil(const std::string& response_id) {
  std::lock_guard lock(mutex_);
  const auto found = std::find_if(responses_.begin(), responses_.end(),
                                  [&](const Buffered& one) { return one.id == response_id; });
  if (found == responses_.end()) return;
  const auto end = std::next(found);
  for (auto it = responses_.begin(); it != end; ++it) buffered_bytes_ -= it->num_bytes;
  responses_.erase(responses_.begin(), end);
  last_released_ = response_id;
  changed_.notify_all();
}

void Operation::Interrupt() { stop_.request_stop(); }

bool Operation::HasTag(const std::string& tag) const {
  return std::find(tags_.begin(), tags_.end(), tag) != tags_.end();
}

Operation::State Operation::state() {
  std::lock_guard lock(mutex_);
  if (!is_over_) return State::kRunning;
  if (!error_) return State::kSucceeded;
  return error_->condition == Condition::OPERATION_CANCELED ? State::kCancelled : State::kFailed;
}

std::chrono::steady_clock::time_point Operation::last_used() {
  std::lock_guard lock(mutex_);
  return last_used_;
}

}  // namespace inlet::server
