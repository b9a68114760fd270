#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/result.h"
#include "catalog/catalog.h"
#include "pipelines/event_log.h"

namespace inlet::pipelines {

/// Why a dataset is to be refreshed, and how.
struct DueRefresh {
  std::string table_id;
  bool is_full = false;
  std::string cause;  ///< SCHEDULED, USER_ACTION (REFRESH ... ASYNC), SERVICE_UPGRADE (cut short).
};

/// What a run asks of the scheduler while no other process can do the same.
struct DueClaim {
  /// Whether it is still due: another process may have done it meanwhile.
  std::function<Result<bool>()> is_still_due;
  /// Says when it is due next. To be called when the catalog has it as running: a kill between the
  /// two must find it due, or running.
  std::function<Status()> set_next;
};

/// Refreshes datasets when their schedules or REFRESH ... ASYNC ask for it, a few at a time.
///
/// All it knows stands in the catalog, so it may be stopped and killed at any time, and several may
/// work on one catalog. A run that was missed is made up for once; one that was cut short is run
/// again.
///
/// Thread-safe.
class Scheduler {
 public:
  /// Does one refresh.
  using RunFunction =
      std::function<Status(const DueRefresh& due, DueClaim claim, std::stop_token stop)>;

  struct Options {
    Clock clock = SystemClockMs;
    std::size_t max_running = 4;
    std::chrono::milliseconds poll_interval{500};
  };

  /// `catalog` outlives the scheduler.
  Scheduler(catalog::Catalog& catalog, RunFunction run, Options options);
  /// Asks what runs to stop, and waits until it has.
  ~Scheduler();

  /// Looks every poll interval until it is destroyed.
  void Start();
  /// One look: begins what is due. What Start() does, for tests.
  Status Look();
  /// Waits until nothing runs that a look has begun.
  void WaitUntilIdle();

 private:
  void Begin(const DueRefresh& due);
  void Run(const DueRefresh& due, const std::stop_token& stop);
  Result<bool> IsStillDue(const DueRefresh& due) const;
  Status SetNext(const DueRefresh& due);
  std::optional<DueRefresh> DueOf(const catalog::RefreshEntry& refresh) const;
  bool IsLeaseFree(const std::string& table_id) const;

  catalog::Catalog& catalog_;
  const RunFunction run_;
  const Options options_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, bool> running_;  // Guarded by mutex_; by table id: whether it has ended.
  std::map<std::string, std::jthread> workers_;  // Guarded by mutex_.
  std::jthread looker_;
};

}  // namespace inlet::pipelines
