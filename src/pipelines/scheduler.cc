#include "pipelines/scheduler.h"

#include <vector>

#include "pipelines/definition.h"
#include "pipelines/lease.h"

namespace inlet::pipelines {

using catalog::RefreshEntry;

Scheduler::Scheduler(catalog::Catalog& catalog, RunFunction run, Options options)
    : catalog_(catalog), run_(std::move(run)), options_(std::move(options)) {}

Scheduler::~Scheduler() {
  if (looker_.joinable()) {
    looker_.request_stop();
    looker_.join();
  }
  std::map<std::string, std::jthread> workers;
  {
    const std::lock_guard lock(mutex_);
    workers.swap(workers_);
  }
  for (auto& [id, worker] : workers) worker.request_stop();
}

void Scheduler::Start() {
  looker_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      // A catalog that does not answer now may do so at the next look.
      (void)Look().has_value();
      std::unique_lock lock(mutex_);
      (void)changed_.wait_for(lock, stop, options_.poll_interval,
                              [&] { return stop.stop_requested(); });
    }
  });
}

Status Scheduler::Look() {
  std::vector<std::jthread> ended;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(running_, [&](const auto& run) {
      if (!run.second) return false;
      const auto worker = workers_.find(run.first);
      if (worker != workers_.end()) {
        ended.push_back(std::move(worker->second));
        workers_.erase(worker);
      }
      return true;
    });
  }
  ended.clear();  // Joins what has ended.
  for (const RefreshEntry& refresh : TRY(catalog_.ListRefreshes())) {
    if (const std::optional<DueRefresh> due = DueOf(refresh)) Begin(*due);
  }
  return Ok();
}

std::optional<DueRefresh> Scheduler::DueOf(const RefreshEntry& refresh) const {
  if (refresh.is_requested) {
    return DueRefresh{
        .table_id = refresh.table_id, .is_full = refresh.is_full, .cause = "USER_ACTION"};
  }
  if (refresh.next_run_ms && *refresh.next_run_ms <= options_.clock()) {
    return DueRefresh{.table_id = refresh.table_id, .cause = "SCHEDULED"};
  }
  // Its process was killed in the middle.
  if (refresh.state == "RUNNING" && refresh.next_run_ms && IsLeaseFree(refresh.table_id)) {
    return DueRefresh{.table_id = refresh.table_id, .cause = "RETRY_ON_FAILURE"};
  }
  return std::nullopt;
}

bool Scheduler::IsLeaseFree(const std::string& table_id) const {
  const auto lease = catalog_.FindLease(LeaseNameOf(table_id));
  if (!lease) return false;
  return !*lease || (*lease)->until_ms <= options_.clock() || IsGone((*lease)->owner);
}

void Scheduler::Begin(const DueRefresh& due) {
  const std::lock_guard lock(mutex_);
  if (running_.contains(due.table_id) || running_.size() >= options_.max_running) return;
  running_[due.table_id] = false;
  workers_[due.table_id] =
      std::jthread([this, due](const std::stop_token& stop) { Run(due, stop); });
}

void Scheduler::Run(const DueRefresh& due, const std::stop_token& stop) {
  // What failed stands in the event log and in the catalog; the next run is due in its time.
  const Status done = run_(due,
                           {.is_still_due = [this, &due] { return IsStillDue(due); },
                            .set_next = [this, &due] { return SetNext(due); }},
                           stop);
  if (!done && stop.stop_requested()) {
    // The server goes down: the next one takes it up.
    (void)catalog_.RequestRefresh(due.table_id, due.is_full).has_value();
  }
  const std::lock_guard lock(mutex_);
  running_[due.table_id] = true;
  changed_.notify_all();
}

Result<bool> Scheduler::IsStillDue(const DueRefresh& due) const {
  const RefreshEntry refresh = TRY(catalog_.FindRefresh(due.table_id));
  const bool is_scheduled = refresh.next_run_ms && *refresh.next_run_ms <= options_.clock();
  return is_scheduled || refresh.is_requested || refresh.state == "RUNNING";
}

Status Scheduler::SetNext(const DueRefresh& due) {
  const RefreshEntry refresh = TRY(catalog_.FindRefresh(due.table_id));
  const catalog::TableEntry entry = TRY(catalog_.FindTableById(due.table_id));
  const Definition definition = TRY(ParseDefinition(entry.definition));
  std::optional<std::int64_t> next_ms;
  if (definition.schedule) {
    next_ms = TRY(NextRun(*definition.schedule, refresh.anchor_ms, options_.clock()));
  }
  return catalog_.SetNextRun(due.table_id, refresh.anchor_ms, next_ms);
}

void Scheduler::WaitUntilIdle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] {
    for (const auto& [id, has_ended] : running_) {
      if (!has_ended) return false;
    }
    return true;
  });
}

}  // namespace inlet::pipelines
