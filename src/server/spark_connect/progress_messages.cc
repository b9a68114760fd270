#include "server/spark_connect/progress_messages.h"

#include <spark/connect/base.pb.h>

#include <algorithm>

#include "base/uuid.h"

namespace inlet::server {
namespace {

constexpr std::chrono::milliseconds kInterval(200);
constexpr std::int64_t kTasks = 100;

}  // namespace

void FillHead(const ResponseHead& head, const std::string& operation_id,
              spark::connect::ExecutePlanResponse& response) {
  response.set_session_id(head.session_id);
  response.set_server_side_session_id(head.server_side_session_id);
  response.set_operation_id(operation_id);
  response.set_response_id(RandomUuid());
}

void ProgressMessages::Report(const workspace::Progress& progress) {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (operation_ == nullptr || now - last_ < kInterval) return;
  last_ = now;
  bytes_ = std::max(bytes_, progress.bytes);
  std::int64_t percent = 0;
  if (progress.total_bytes > 0) {
    const double share =
        static_cast<double>(progress.bytes) / static_cast<double>(progress.total_bytes);
    percent = static_cast<std::int64_t>(std::clamp(share, 0.0, 0.99) * kTasks);
  }
  Send(percent, bytes_, /*is_done=*/false);
}

void ProgressMessages::Finish() {
  const std::lock_guard lock(mutex_);
  if (operation_ != nullptr && has_sent_) Send(kTasks, bytes_, /*is_done=*/true);
  operation_ = nullptr;
}

void ProgressMessages::Send(std::int64_t percent, std::int64_t bytes, bool is_done) {
  auto response = std::make_shared<spark::connect::ExecutePlanResponse>();
  FillHead(head_, operation_->id(), *response);
  auto& message = *response->mutable_execution_progress();
  auto& stage = *message.add_stages();
  stage.set_stage_id(0);
  stage.set_num_tasks(kTasks);
  stage.set_num_completed_tasks(percent);
  stage.set_input_bytes_read(bytes);
  stage.set_done(is_done);
  message.set_num_inflight_tasks(is_done ? 0 : 1);
  const std::size_t num_bytes = response->ByteSizeLong();
  has_sent_ = operation_->TryPush(std::move(response), num_bytes) || has_sent_;
}

}  // namespace inlet::server
