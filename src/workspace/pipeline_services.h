#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "pipelines/event_log.h"
#include "pipelines/host.h"
#include "pipelines/scheduler.h"
#include "pipelines/update.h"
#include "workspace/session.h"

namespace inlet::workspace {

/// What keeps the streaming tables and materialized views of a workspace. Thread-safe.
class PipelineServices {
 public:
  explicit PipelineServices(Shared& shared);

  pipelines::EventLog& events() { return events_; }
  pipelines::Host& host() { return *host_; }
  pipelines::Updater& updater() { return updater_; }

  std::unique_ptr<BackgroundWork> StartScheduler(int max_running, std::string user);

 private:
  Status RunDue(const pipelines::DueRefresh& due, const std::string& user,
                pipelines::DueClaim claim, std::stop_token stop);
  Result<bool> HasNews(const catalog::TableEntry& entry, const pipelines::Definition& definition);

  pipelines::EventLog events_;
  std::unique_ptr<pipelines::Host> host_;
  pipelines::Updater updater_;
};

}  // namespace inlet::workspace
