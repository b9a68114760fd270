#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "base/option_map.h"
#include "delta/commit_file.h"
#include "delta/commit_time.h"
#include "delta/data_path.h"
#include "delta/deletion_vector.h"
#include "delta/table.h"

namespace inlet::delta {
namespace {

constexpr std::int64_t kHourMs = std::int64_t{3600} * 1000;
constexpr std::int64_t kDefaultRetentionMs = 7 * 24 * kHourMs;

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Result<std::int64_t> RetentionMs(const Snapshot& snapshot, const VacuumOptions& options) {
  const auto found = snapshot.properties().find("delta.deletedFileRetentionDuration");
  const std::int64_t configured_ms = found == snapshot.properties().end()
                                         ? kDefaultRetentionMs
                                         : TRY(ParseInterval(found->second));
  if (!options.retention_hours) return configured_ms;
  const auto asked_ms =
      static_cast<std::int64_t>(*options.retention_hours * static_cast<double>(kHourMs));
  if (*options.retention_hours < 0 || (options.check_retention && asked_ms < configured_ms)) {
    return Fail(Condition::DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT,
                {{"hours", fmt::format("{}", *options.retention_hours)},
                 {"minimum", fmt::format("{}", configured_ms / kHourMs)}});
  }
  return asked_ms;
}

/// The paths, in the table's store, that some version within the retention may need.
class NeededFiles {
 public:
  explicit NeededFiles(const Snapshot& snapshot) : snapshot_(snapshot) {}

  Status Collect(std::int64_t cut_off_ms) {
    for (const AddFile& file : snapshot_.files()) {
      TRY(Need(file.path, file.deletion_vector));
    }
    for (const RemoveFile& file : TRY(snapshot_.LoadTombstones())) {
      if (file.deletion_timestamp.value_or(0) < cut_off_ms) continue;
      TRY(Need(file.path, file.deletion_vector));
    }
    return Ok();
  }
  bool Has(const std::string& path) const { return paths_.contains(path); }

 private:
  Status Need(const std::string& uri, const std::optional<DeletionVectorDescriptor>& dv) {
    const Result<storage::Location> file = ResolveDataPath(snapshot_.table_root(), uri);
    // A file of a store that nobody here knows is not below the table's root.
    if (file && file->store == snapshot_.table_root().store) paths_.insert(file->path);
    if (!dv) return Ok();
    const std::optional<storage::Location> vector =
        TRY(DeletionVectorFile(snapshot_.table_root(), *dv));
    if (vector) paths_.insert(vector->path);
    return Ok();
  }

  const Snapshot& snapshot_;
  std::set<std::string> paths_;
};

/// Whether a directory or file below the root is none of VACUUM's business.
bool IsHidden(const Snapshot& snapshot, std::string_view relative_path) {
  while (!relative_path.empty()) {
    const std::string_view name = relative_path.substr(0, relative_path.find('/'));
    const bool looks_hidden = name.starts_with('_') || name.starts_with('.');
    const bool is_ours =
        name == "_change_data" || name == "_delta_index" ||
        std::ranges::any_of(snapshot.partition_columns(), [&](const std::string& column) {
          return name.starts_with(column + "=");
        });
    if (looks_hidden && !is_ours) return true;
    relative_path.remove_prefix(std::min(relative_path.size(), name.size() + 1));
  }
  return false;
}

/// What lies below the root and is some version's no longer.
struct Garbage {
  std::vector<storage::ObjectInfo> objects;
  std::set<std::string> directories = {""};

  void Add(storage::ObjectInfo object, std::string_view relative) {
    const std::size_t slash = relative.rfind('/');
    if (slash != std::string_view::npos) directories.emplace(relative.substr(0, slash));
    objects.push_back(std::move(object));
  }
};

std::string DirectoryOf(const storage::Location& table_root) {
  return table_root.path.empty() ? "" : table_root.path + "/";
}

Result<Garbage> FindByListing(const Snapshot& snapshot, const NeededFiles& needed,
                              const VacuumOptions& options, std::int64_t cut_off_ms) {
  const storage::Location& root = snapshot.table_root();
  const std::string directory = DirectoryOf(root);
  Garbage garbage;
  std::vector<storage::ObjectInfo> objects =
      options.inventory ? *options.inventory : TRY(root.store->List(directory, {}));
  for (storage::ObjectInfo& object : objects) {
    if (!object.path.starts_with(directory)) continue;
    const std::string relative = object.path.substr(directory.size());
    if (IsHidden(snapshot, relative)) continue;
    const std::size_t slash = relative.rfind('/');
    if (slash != std::string::npos) garbage.directories.insert(relative.substr(0, slash));
    if (object.modified_at_ms >= cut_off_ms || needed.Has(object.path)) continue;
    garbage.objects.push_back(std::move(object));
  }
  return garbage;
}

/// What the commits say was removed, or changed data for the feed, before the cut-off.
class RemovedFiles {
 public:
  RemovedFiles(const Snapshot& snapshot, const NeededFiles& needed, std::int64_t cut_off_ms)
      : snapshot_(snapshot), needed_(needed), cut_off_ms_(cut_off_ms) {}

  Result<Garbage> Run() {
    const storage::Location& root = snapshot_.table_root();
    const std::vector<TimedCommit> commits = TRY(ListCommits(root));
    if (commits.empty() || commits.front().version != 0) {
      return Fail(Condition::DELTA_CANNOT_VACUUM_LITE, {});
    }
    for (const TimedCommit& commit : commits) {
      const CommitActions actions =
          TRY(ParseActions(TRY(root.store->Get(commit.file.path)), commit.file.path));
      for (const FileAction& action : actions.files) {
        const auto* remove = std::get_if<RemoveFile>(&action);
        if (remove == nullptr || remove->deletion_timestamp.value_or(0) >= cut_off_ms_) continue;
        TRY(Take(remove->path));
        if (!remove->deletion_vector) continue;
        const auto vector = TRY(DeletionVectorFile(root, *remove->deletion_vector));
        if (vector && vector->store == root.store) TRY(TakeObject(vector->path));
      }
      if (commit.timestamp_ms >= cut_off_ms_) continue;
      for (const AddCdcFile& file : actions.cdc) TRY(Take(file.path));
    }
    return std::move(garbage_);
  }

 private:
  Status Take(const std::string& uri) {
    const Result<storage::Location> file = ResolveDataPath(snapshot_.table_root(), uri);
    if (!file || file->store != snapshot_.table_root().store) return Ok();
    return TakeObject(file->path);
  }

  Status TakeObject(const std::string& path) {
    const std::string directory = DirectoryOf(snapshot_.table_root());
    if (!path.starts_with(directory) || needed_.Has(path) || !seen_.insert(path).second) {
      return Ok();
    }
    Result<storage::ObjectInfo> info = snapshot_.table_root().store->Head(path);
    if (!info && info.error().kind() == ErrorKind::kNotFound) return Ok();
    garbage_.Add(TRY(std::move(info)), std::string_view(path).substr(directory.size()));
    return Ok();
  }

  const Snapshot& snapshot_;
  const NeededFiles& needed_;
  const std::int64_t cut_off_ms_;
  std::set<std::string> seen_;
  Garbage garbage_;
};

Status CommitMark(const SnapshotPtr& snapshot, Operation operation) {
  Transaction transaction(snapshot);
  operation.is_blind_append = true;
  TRY(std::move(transaction).Commit(std::move(operation)));
  return Ok();
}

}  // namespace

Result<VacuumResult> Vacuum(const storage::Location& table_root, const VacuumOptions& options) {
  const SnapshotPtr snapshot = TRY(Snapshot::Load(table_root));
  TRY(CheckWritable(snapshot->protocol(), snapshot->metadata(), snapshot->schema(),
                    snapshot->table_url(), /*writes_rows=*/false));
  const std::int64_t retention_ms = TRY(RetentionMs(*snapshot, options));
  const std::int64_t cut_off_ms = options.now_ms.value_or(NowMs()) - retention_ms;
  NeededFiles needed(*snapshot);
  TRY(needed.Collect(cut_off_ms));

  const Garbage garbage = options.is_lite
                              ? TRY(RemovedFiles(*snapshot, needed, cut_off_ms).Run())
                              : TRY(FindByListing(*snapshot, needed, options, cut_off_ms));
  VacuumResult result;
  for (const storage::ObjectInfo& object : garbage.objects) {
    result.files.push_back(UrlOf({table_root.store, object.path}));
    result.size_bytes += object.size_bytes;
  }
  result.num_directories = static_cast<std::int64_t>(garbage.directories.size());
  if (options.dry_run) return result;

  const bool check = options.check_retention;
  Operation start{.name = "VACUUM START",
                  .parameters = {{"retentionCheckEnabled", check ? "true" : "false"},
                                 {"defaultRetentionMillis", std::to_string(kDefaultRetentionMs)}},
                  .metrics = {{"numFilesToDelete", std::to_string(garbage.objects.size())},
                              {"sizeOfDataToDelete", std::to_string(result.size_bytes)}}};
  if (options.retention_hours) {
    start.parameters["specifiedRetentionMillis"] = std::to_string(retention_ms);
  }
  TRY(CommitMark(snapshot, std::move(start)));
  for (const storage::ObjectInfo& object : garbage.objects) {
    TRY(table_root.store->Delete(object.path));
  }
  // Of writers that died; what cannot be removed now can be the next time.
  (void)table_root.store->RemoveLeftovers(table_root.path).has_value();
  TRY(CommitMark(
      TRY(Snapshot::Update(snapshot)),
      {.name = "VACUUM END",
       .parameters = {{"status", JsonString("COMPLETED")}},
       .metrics = {{"numDeletedFiles", std::to_string(garbage.objects.size())},
                   {"numVacuumedDirectories", std::to_string(result.num_directories)}}}));
  return result;
}

}  // namespace inlet::delta
