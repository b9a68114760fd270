#pragma once

#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/run_file.h"

namespace inlet::workspace {

/// Clears up a home: temporary files and unfinished tables of processes that died, and the data of
/// tables that were dropped so long ago that they cannot be brought back. Thread-safe.
class Janitor {
 public:
  /// `home` is absolute, without `.`, `..` and doubled slashes.
  Janitor(catalog::Catalog& catalog, std::string home);
  /// Waits for the work under way.
  ~Janitor() = default;

  /// Looks for work, which costs next to nothing, and does it on a thread of its own. What fails is
  /// left for the next time.
  void Start();

 private:
  struct Work {
    std::vector<catalog::DeadRun> dead_runs;
    std::vector<catalog::DroppedTable> expired_tables;
  };

  Work FindWork() const;
  void Do(const Work& work) const;
  void ClearUpAfter(const std::vector<catalog::DeadRun>& runs) const;
  Result<std::set<std::string>> KnownLocations() const;
  void RemoveLeftovers() const;
  void Purge(const catalog::DroppedTable& table) const;

  catalog::Catalog& catalog_;  // Outlives this.
  const std::string home_;
  std::mutex mutex_;     // Guards the one below.
  std::jthread thread_;  // Its end is waited for before another one begins.
};

}  // namespace inlet::workspace
