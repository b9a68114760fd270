#include <algorithm>
#include <cstdlib>
#include <set>

#include "delta/commit_time.h"
#include "delta/copied_files.h"
#include "delta/data_path.h"
#include "delta/table.h"

namespace inlet::delta {
namespace {

/// The version that a RESTORE names, with RESTORE's own errors.
Result<Version> VersionOf(const storage::Location& table_root, const RestoreTarget& target,
                          const Snapshot& latest) {
  if (target.timestamp_ms) {
    Result<Version> version = Snapshot::ResolveTimestamp(table_root, *target.timestamp_ms);
    if (version) return version;
    const std::string asked = target.timestamp_text.value_or(TimeText(*target.timestamp_ms));
    if (version.error().condition == Condition::DELTA_TIMESTAMP_GREATER_THAN_COMMIT) {
      return Fail(
          Condition::DELTA_CANNOT_RESTORE_TIMESTAMP_GREATER,
          {{"requestedTimestamp", asked}, {"latestTimestamp", TimeText(latest.timestamp_ms())}});
    }
    if (version.error().condition == Condition::DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION) {
      std::string earliest;
      for (const auto& [name, value] : version.error().params) {
        if (name == "commitTs") earliest = value;
      }
      return Fail(Condition::DELTA_CANNOT_RESTORE_TIMESTAMP_EARLIER,
                  {{"requestedTimestamp", asked}, {"earliestTimestamp", earliest}});
    }
    return version;
  }
  const Version version = target.version.value_or(-1);
  const VersionRange available = TRY(LogSegment::AvailableVersions(table_root));
  if (version < available.earliest || version > available.latest) {
    return Fail(Condition::DELTA_CANNOT_RESTORE_TABLE_VERSION,
                {{"version", std::to_string(version)},
                 {"startVersion", std::to_string(available.earliest)},
                 {"endVersion", std::to_string(available.latest)}});
  }
  return version;
}

Status CheckFilesAreThere(const storage::Location& table_root, const std::vector<AddFile>& files) {
  for (const AddFile& file : files) {
    const storage::Location location = TRY(ResolveDataPath(table_root, file.path));
    TRY(location.store->Head(location.path).Context("a file of the version to restore"));
  }
  return Ok();
}

/// Ids of columns that later versions had are not given again.
void KeepMaxColumnId(const Properties& latest, Properties& restored) {
  const auto id = [](const Properties& properties) -> std::int64_t {
    const auto found = properties.find("delta.columnMapping.maxColumnId");
    return found == properties.end() ? 0 : std::strtoll(found->second.c_str(), nullptr, 10);
  };
  if (id(restored) > 0 && id(latest) > id(restored)) {
    restored["delta.columnMapping.maxColumnId"] = std::to_string(id(latest));
  }
}

/// All that either protocol supports: nothing is ever lowered.
Result<Protocol> Union(const Protocol& current, const Protocol& restored,
                       const types::StructType& schema) {
  Properties wanted;
  for (const std::string& name : SupportedFeatures(restored)) {
    if (FindFeature(name) != nullptr) wanted["delta.feature." + name] = "supported";
  }
  return RaiseProtocol(current, schema, wanted);
}

}  // namespace

Result<RestoreResult> Restore(const storage::Location& table_root, const RestoreTarget& target,
                              bool ignore_missing_files, std::optional<std::string> user_name) {
  const SnapshotPtr latest = TRY(Snapshot::Load(table_root));
  const Version version = TRY(VersionOf(table_root, target, *latest));
  const SnapshotPtr wanted = TRY(Snapshot::Load(table_root, version));

  FileKeySet live;
  for (const AddFile& file : latest->files()) live.insert(KeyOf(file));
  FileKeySet kept;
  std::vector<AddFile> restored;
  for (AddFile file : wanted->files()) {
    const std::string key = KeyOf(file);
    if (!live.contains(key)) restored.push_back(std::move(file));
    kept.insert(key);
  }
  if (!ignore_missing_files) TRY(CheckFilesAreThere(table_root, restored));

  RestoreResult result;
  Transaction transaction(latest);
  transaction.ReadWholeTable();
  for (const AddFile& file : latest->files()) {
    if (kept.contains(KeyOf(file))) continue;
    transaction.Remove(file);
    ++result.num_removed_files;
    result.removed_files_size += file.size;
  }
  result.num_restored_files = static_cast<std::int64_t>(restored.size());
  for (AddFile& file : restored) {
    result.restored_files_size += file.size;
    file.data_change = true;
    transaction.Add(std::move(file));
  }
  RestoreCopiedFiles(*wanted, transaction);
  Metadata metadata = wanted->metadata();
  KeepMaxColumnId(latest->properties(), metadata.configuration);
  transaction.Set(std::move(metadata));
  transaction.Set(TRY(Union(latest->protocol(), wanted->protocol(), wanted->schema())));
  result.table_size_after_restore = wanted->size_bytes();
  result.num_of_files_after_restore = wanted->num_files();

  Operation operation{
      .name = "RESTORE", .parameters = {}, .metrics = {}, .user_name = std::move(user_name)};
  operation.parameters["version"] =
      target.version ? std::to_string(*target.version) : std::string("null");
  operation.parameters["timestamp"] =
      target.timestamp_ms
          ? JsonString(target.timestamp_text.value_or(TimeText(*target.timestamp_ms)))
          : std::string("null");
  operation.metrics = {
      {"tableSizeAfterRestore", std::to_string(result.table_size_after_restore)},
      {"numOfFilesAfterRestore", std::to_string(result.num_of_files_after_restore)},
      {"numRemovedFiles", std::to_string(result.num_removed_files)},
      {"numRestoredFiles", std::to_string(result.num_restored_files)},
      {"removedFilesSize", std::to_string(result.removed_files_size)},
      {"restoredFilesSize", std::to_string(result.restored_files_size)}};
  // Restored rows kept the table's rules when they were first written.
  operation.enforced_features.assign(std::begin(kFeaturesOfRows), std::end(kFeaturesOfRows));
  result.version = TRY(std::move(transaction).Commit(std::move(operation))).version;
  return result;
}

}  // namespace inlet::delta
