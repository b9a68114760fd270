#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/sqlite.h"
#include "connectors/file_events/file_event_source.h"

namespace inlet::connectors {

/// The events that were posted to this home, for seven days: `<home>/file_events.db`. Several
/// processes may have it open. Thread-safe.
class FileEventLog {
 public:
  explicit FileEventLog(std::string home) : home_(std::move(home)) {}

  Status Append(const std::vector<std::string>& urls, std::int64_t now_ms);
  /// Notes the events of a message as it came, and gives what to answer, as JSON. A subscription of
  /// SNS is confirmed. Errors: those of ParseFileEvents(); STORAGE_UNAVAILABLE.
  Result<std::string> TakeMessage(std::string_view message, std::int64_t now_ms);

  /// The events behind number `after` whose URL begins with `prefix`.
  struct Range {
    std::vector<std::string> urls;
    std::int64_t last = 0;  ///< The newest number of all.
    /// False: some behind `after` are gone already, or nobody posts events of such files.
    bool is_complete = true;
  };
  Result<Range> Read(std::int64_t after, const std::string& prefix);

 private:
  Result<catalog::Sqlite*> OpenLocked();

  const std::string home_;
  std::mutex mutex_;
  std::optional<catalog::Sqlite> database_;  // Guarded by mutex_.
};

/// The posted events of files below `prefix`.
std::unique_ptr<FileEventSource> MakeLoggedEvents(std::shared_ptr<FileEventLog> log,
                                                  std::string prefix);

}  // namespace inlet::connectors
