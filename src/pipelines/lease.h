#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/result.h"
#include "catalog/catalog.h"
#include "pipelines/event_log.h"

namespace inlet::pipelines {

/// The right to refresh one table, held by one process of all on a catalog. A thread renews it
/// until it is destroyed, which gives it back. When it cannot be renewed, because the process was
/// suspended for long, `on_lost` is called, from that thread.
class Lease {
 public:
  struct Options {
    Clock clock = SystemClockMs;
    std::int64_t length_ms = 30'000;
  };

  /// What another process of this machine left behind when it was killed is taken over at once;
  /// that of another machine when it has ended.
  /// Errors: TABLE_REFRESH_RUNNING, with who runs it.
  static Result<std::unique_ptr<Lease>> Acquire(catalog::Catalog& catalog, std::string name,
                                                const std::string& table_name,
                                                const Options& options,
                                                std::function<void()> on_lost);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

 private:
  Lease(catalog::Catalog& catalog, catalog::LeaseEntry entry, Options options,
        std::function<void()> on_lost);
  void Renew(const std::stop_token& stop);

  catalog::Catalog& catalog_;  // Outlives this.
  catalog::LeaseEntry entry_;  // Of the renewing thread alone once that runs.
  const Options options_;
  const std::function<void()> on_lost_;
  std::jthread renewer_;
};

/// Of the lease that a refresh of a table holds.
inline std::string LeaseNameOf(const std::string& table_id) { return "refresh/" + table_id; }

/// "machine/namespace/process/start": tells this process from every other, past ones included.
std::string ThisProcess();
/// Whether the owner is a process of this machine that is no more.
bool IsGone(const std::string& owner);

}  // namespace inlet::pipelines
