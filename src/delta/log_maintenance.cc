#include "delta/log_maintenance.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>

#include "base/option_map.h"
#include "delta/commit_file.h"
#include "delta/commit_time.h"
#include "delta/data_path.h"
#include "delta/last_checkpoint.h"
#include "delta/log_checkpoint.h"
#include "delta/log_checkpoint_writer.h"
#include "delta/table.h"
#include "delta/transaction.h"

namespace inlet::delta {
namespace {

constexpr std::int64_t kDefaultInterval = 10;
constexpr std::int64_t kDayMs = std::int64_t{24} * 60 * 60 * 1000;
/// More than that many tables wait for a log checkpoint: the next commits will ask again.
constexpr std::size_t kMaxWaiting = 256;

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::optional<std::int64_t> DurationMs(const Snapshot& snapshot, const std::string& key) {
  const auto found = snapshot.properties().find(key);
  if (found == snapshot.properties().end()) return std::nullopt;
  const Result<std::int64_t> duration = ParseInterval(found->second);
  return duration ? std::optional(*duration) : std::nullopt;
}

/// Writes log checkpoints one after the other on one thread.
class CheckpointThread {
 public:
  static CheckpointThread& TheOne() {
    static CheckpointThread thread;
    return thread;
  }

  void Start(SnapshotPtr snapshot) {
    const std::scoped_lock lock(mutex_);
    // A newer version of the same table makes the older one superfluous.
    std::erase_if(waiting_, [&](const SnapshotPtr& other) {
      return other->table_url() == snapshot->table_url();
    });
    if (waiting_.size() >= kMaxWaiting) return;
    waiting_.push_back(std::move(snapshot));
    changed_.notify_all();
    if (!thread_.joinable()) {
      thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
    }
  }

  void Flush() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.empty() && !is_busy_; });
  }

 private:
  void Run(std::stop_token stop) {
    while (true) {
      SnapshotPtr snapshot;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop, [&] { return !waiting_.empty(); });
        if (waiting_.empty()) return;  // Asked to stop, and nothing is left to do.
        snapshot = std::move(waiting_.front());
        waiting_.pop_front();
        is_busy_ = true;
      }
      // Losing a log checkpoint costs readers time and nothing else.
      (void)WriteLogCheckpoint(snapshot, NowMs());
      snapshot.reset();
      const std::scoped_lock lock(mutex_);
      is_busy_ = false;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<SnapshotPtr> waiting_;  // Guarded by mutex_.
  bool is_busy_ = false;             // Guarded by mutex_.
  std::jthread thread_;              // Last: it uses all of the above.
};

/// The newest checkpoint that no kept version needs older files than; nothing when none is due.
std::optional<Version> CleanUpTo(const std::vector<TimedCommit>& commits,
                                 const std::vector<Version>& checkpoints, std::int64_t cut_off_ms) {
  std::optional<Version> newest_old;
  for (const TimedCommit& commit : commits) {
    if (commit.timestamp_ms <= cut_off_ms) newest_old = commit.version;
  }
  if (!newest_old) return std::nullopt;
  for (auto checkpoint = checkpoints.rbegin(); checkpoint != checkpoints.rend(); ++checkpoint) {
    if (*checkpoint > *newest_old) continue;
    const auto commit = std::ranges::find(commits, *checkpoint, &TimedCommit::version);
    // A time that leans on an earlier commit would move when that one goes.
    if (commit == commits.end() || commit->timestamp_ms == commit->file.modified_at_ms) {
      return *checkpoint;
    }
  }
  return std::nullopt;
}

/// Deletes sidecars that no checkpoint names and that are too old to belong to one being written.
/// Source: Delta protocol, "Metadata Cleanup".
Result<std::int64_t> CleanSidecars(const storage::Location& root, std::int64_t now_ms) {
  const std::string log = LogDirectory(root);
  const std::vector<storage::ObjectInfo> sidecars = TRY(root.store->List(log + "_sidecars/", {}));
  if (sidecars.empty()) return 0;
  std::set<std::string> named;
  for (const storage::ObjectInfo& object : TRY(root.store->List(log, {.one_level = true}))) {
    const LogFileName name = LogFileName::Parse(std::string_view(object.path).substr(log.size()));
    if (name.kind != LogFileName::Kind::kCheckpoint &&
        name.kind != LogFileName::Kind::kUuidCheckpoint) {
      continue;
    }
    const CommitActions actions =
        TRY(ReadLogCheckpoint(root, {name.version, name.kind, {object}}, FileActionSink()));
    for (const SidecarFile& sidecar : actions.sidecars) {
      const std::string path = DecodeUri(sidecar.path);
      named.insert(path.substr(path.rfind('/') + 1));
    }
  }
  std::int64_t num_deleted = 0;
  for (const storage::ObjectInfo& sidecar : sidecars) {
    const bool is_named = named.contains(sidecar.path.substr(sidecar.path.rfind('/') + 1));
    if (is_named || sidecar.modified_at_ms > now_ms - kDayMs) continue;
    TRY(root.store->Delete(sidecar.path));
    ++num_deleted;
  }
  return num_deleted;
}

}  // namespace

bool IsCheckpointDue(const Snapshot& snapshot) {
  std::int64_t interval = kDefaultInterval;
  const auto found = snapshot.properties().find("delta.checkpointInterval");
  if (found != snapshot.properties().end()) {
    const std::string& text = found->second;
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (number > 0) interval = number;
  }
  return snapshot.version() > 0 && snapshot.version() % interval == 0;
}

void StartLogCheckpoint(SnapshotPtr snapshot) {
  CheckpointThread::TheOne().Start(std::move(snapshot));
}

void FlushLogCheckpoints() { CheckpointThread::TheOne().Flush(); }

Status WriteLogCheckpoint(const SnapshotPtr& snapshot, std::int64_t now_ms) {
  std::vector<RemoveFile> tombstones = TRY(snapshot->LoadTombstones());
  const std::int64_t keep_after_ms =
      now_ms - DurationMs(*snapshot, "delta.deletedFileRetentionDuration").value_or(7 * kDayMs);
  std::erase_if(tombstones, [&](const RemoveFile& remove) {
    return remove.deletion_timestamp.value_or(0) <= keep_after_ms;
  });
  const std::optional<std::int64_t> transaction_retention =
      DurationMs(*snapshot, "delta.setTransactionRetentionDuration");
  std::vector<SetTransaction> transactions;
  for (const auto& [app_id, transaction] : snapshot->transactions()) {
    const bool is_expired = transaction_retention && transaction.last_updated &&
                            *transaction.last_updated <= now_ms - *transaction_retention;
    if (!is_expired) transactions.push_back(transaction);
  }
  const WrittenCheckpoint written = TRY(WriteCheckpointFile(*snapshot, tombstones, transactions));
  TRY(WriteLastCheckpoint(snapshot->table_root(), {.version = snapshot->version(),
                                                   .size = written.num_actions,
                                                   .size_in_bytes = written.size_bytes,
                                                   .num_add_files = written.num_add_files}));
  const auto cleanup = snapshot->properties().find("delta.enableExpiredLogCleanup");
  if (cleanup != snapshot->properties().end() && EqualsIgnoreCase(cleanup->second, "false")) {
    return Ok();
  }
  TRY(CleanLog(*snapshot, now_ms));
  return Ok();
}

Result<std::int64_t> CleanLog(const Snapshot& snapshot, std::int64_t now_ms,
                              std::optional<std::int64_t> retention_ms) {
  // Versions below the property may only go all at once.
  if (snapshot.properties().contains("delta.requireCheckpointProtectionBeforeVersion")) return 0;
  std::int64_t cut_off_ms =
      now_ms - retention_ms.value_or(
                   DurationMs(snapshot, "delta.logRetentionDuration").value_or(30 * kDayMs));
  if (!retention_ms) cut_off_ms -= ((cut_off_ms % kDayMs) + kDayMs) % kDayMs;

  const storage::Location& root = snapshot.table_root();
  const std::string directory = LogDirectory(root);
  const std::vector<storage::ObjectInfo> objects =
      TRY(root.store->List(directory, {.one_level = true}));
  std::vector<Version> checkpoints;
  for (const storage::ObjectInfo& object : objects) {
    const LogFileName name =
        LogFileName::Parse(std::string_view(object.path).substr(directory.size()));
    // Parts are of other writers and may be incomplete: they do not make earlier files superfluous.
    if (name.kind == LogFileName::Kind::kCheckpoint ||
        name.kind == LogFileName::Kind::kUuidCheckpoint) {
      checkpoints.push_back(name.version);
    }
  }
  const std::optional<Version> keep_from =
      CleanUpTo(TRY(ListCommits(root)), checkpoints, cut_off_ms);
  if (!keep_from) return 0;
  // Commits go first: a version whose checkpoint is gone must not look complete.
  std::int64_t num_deleted = 0;
  for (const bool commits : {true, false}) {
    for (const storage::ObjectInfo& object : objects) {
      const LogFileName name =
          LogFileName::Parse(std::string_view(object.path).substr(directory.size()));
      const Version first =
          name.kind == LogFileName::Kind::kCompaction ? name.first_version : name.version;
      const bool is_commit = name.kind == LogFileName::Kind::kCommit;
      if (name.kind == LogFileName::Kind::kOther || first >= *keep_from || is_commit != commits) {
        continue;
      }
      TRY(root.store->Delete(object.path));
      ++num_deleted;
    }
  }
  return num_deleted + TRY(CleanSidecars(root, now_ms));
}

}  // namespace inlet::delta
