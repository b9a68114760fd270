#include "delta/commit_time.h"

#include <charconv>

#include "base/option_map.h"
#include "delta/snapshot.h"
#include "types/text_cast.h"

namespace inlet::delta {
namespace {

std::optional<std::int64_t> NumberOf(const Properties& properties, const std::string& key) {
  const auto found = properties.find(key);
  if (found == properties.end()) return std::nullopt;
  std::int64_t number = 0;
  const char* end = found->second.data() + found->second.size();
  const auto [stop, error] = std::from_chars(found->second.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

/// Among commits with in-commit timestamps, which grow with the version, the last one at or before
/// `timestamp_ms`; nothing when all are later.
Result<std::optional<std::size_t>> SearchInCommitTimes(const storage::Location& table_root,
                                                       const std::vector<TimedCommit>& commits,
                                                       std::size_t first,
                                                       std::int64_t timestamp_ms) {
  std::size_t low = first;
  std::size_t high = commits.size();  // The first one known to be later.
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const std::optional<CommitInfo> info =
        TRY(ReadCommitInfo(table_root, commits[middle].file.path));
    const std::int64_t time = info && info->in_commit_timestamp ? *info->in_commit_timestamp
                                                                : commits[middle].timestamp_ms;
    if (time <= timestamp_ms) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (high == first) return std::nullopt;
  return high - 1;
}

}  // namespace

bool InCommitTimestampsEnabled(const Properties& properties) {
  const auto found = properties.find("delta.enableInCommitTimestamps");
  return found != properties.end() && EqualsIgnoreCase(found->second, "true");
}

Version InCommitTimestampStart(const Properties& properties) {
  return NumberOf(properties, "delta.inCommitTimestampEnablementVersion").value_or(0);
}

std::int64_t CommitTime(const storage::Location& table_root, const LogSegment& segment,
                        const Properties& properties, const std::optional<CommitInfo>& info) {
  if (InCommitTimestampsEnabled(properties) &&
      segment.version >= InCommitTimestampStart(properties)) {
    if (info && info->in_commit_timestamp) return *info->in_commit_timestamp;
    if (segment.commit_at_version) {
      const auto read = ReadCommitInfo(table_root, segment.commit_at_version->path);
      if (read && *read && (*read)->in_commit_timestamp) return *(*read)->in_commit_timestamp;
    }
  }
  if (segment.commit_at_version) return segment.commit_at_version->modified_at_ms;
  return segment.checkpoint ? segment.checkpoint->files.front().modified_at_ms : 0;
}

Result<std::optional<CommitInfo>> ReadCommitInfo(const storage::Location& table_root,
                                                 const std::string& path) {
  std::string text = TRY(table_root.store->Get(path));
  // With in-commit timestamps it is the first action, and nearly always it is anyway.
  const std::size_t end = text.find('\n');
  if (text.starts_with("{\"commitInfo\"") && end != std::string::npos) {
    const Result<CommitActions> first = ParseActions(text.substr(0, end), path);
    if (first && first->commit_info) return first->commit_info;
  }
  CommitActions actions = TRY(ParseActions(std::move(text), path));
  return std::move(actions.commit_info);
}

std::string TimeText(std::int64_t timestamp_ms) {
  std::string text;
  types::AppendTimestampNtz(timestamp_ms * 1000, text);
  return text;
}

Result<std::vector<TimedCommit>> ListCommits(const storage::Location& table_root) {
  const VersionRange range = TRY(LogSegment::AvailableVersions(table_root));
  std::vector<TimedCommit> commits;
  for (storage::ObjectInfo& file : TRY(LogSegment::CommitsAfter(table_root, range.earliest - 1))) {
    TimedCommit commit{.version = range.earliest + static_cast<Version>(commits.size()),
                       .timestamp_ms = file.modified_at_ms};
    if (!commits.empty() && commit.timestamp_ms <= commits.back().timestamp_ms) {
      commit.timestamp_ms = commits.back().timestamp_ms + 1;
    }
    commit.file = std::move(file);
    commits.push_back(std::move(commit));
  }
  return commits;
}

Result<Version> Snapshot::ResolveTimestamp(const storage::Location& table_root,
                                           std::int64_t timestamp_ms) {
  const SnapshotPtr latest = TRY(Load(table_root));
  if (timestamp_ms > latest->timestamp_ms()) {
    return Fail(Condition::DELTA_TIMESTAMP_GREATER_THAN_COMMIT,
                {{"providedTimestamp", TimeText(timestamp_ms)},
                 {"lastCommitTimestamp", TimeText(latest->timestamp_ms())}});
  }
  const std::vector<TimedCommit> commits = TRY(ListCommits(table_root));
  // Commits before this one have no time of their own inside.
  std::size_t first_with_time = commits.size();
  if (latest->in_commit_timestamps_enabled()) {
    const Version start = InCommitTimestampStart(latest->properties());
    first_with_time = 0;
    while (first_with_time < commits.size() && commits[first_with_time].version < start) {
      ++first_with_time;
    }
    const std::optional<std::size_t> found =
        TRY(SearchInCommitTimes(table_root, commits, first_with_time, timestamp_ms));
    if (found) return commits[*found].version;
  }
  for (std::size_t i = first_with_time; i-- > 0;) {
    if (commits[i].timestamp_ms <= timestamp_ms) return commits[i].version;
  }
  const std::int64_t earliest =
      commits.empty() ? latest->timestamp_ms() : commits.front().timestamp_ms;
  return Fail(Condition::DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION,
              {{"userTimestamp", TimeText(timestamp_ms)}, {"commitTs", TimeText(earliest)}});
}

}  // namespace inlet::delta
