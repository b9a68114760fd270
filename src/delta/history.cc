#include <nlohmann/json.hpp>

#include "delta/column_mapping.h"
#include "delta/commit_time.h"
#include "delta/data_path.h"
#include "delta/table.h"

namespace inlet::delta {
namespace {

using Json = nlohmann::json;

/// A string as it is, null as nothing, anything else as JSON text.
std::optional<std::string> TextOf(const Json& json) {
  if (json.is_null()) return std::nullopt;
  if (json.is_string()) return json.get<std::string>();
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::string> TextOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? std::nullopt : TextOf(*found);
}

std::optional<std::map<std::string, std::string>> MapOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_object()) return std::nullopt;
  std::map<std::string, std::string> map;
  for (const auto& [name, value] : found->items()) {
    if (std::optional<std::string> text = TextOf(value)) map[name] = *std::move(text);
  }
  return map;
}

HistoryEntry EntryOf(const Json& info) {
  HistoryEntry entry;
  entry.user_id = TextOf(info, "userId");
  entry.user_name = TextOf(info, "userName");
  entry.operation = TextOf(info, "operation");
  entry.operation_parameters = MapOf(info, "operationParameters");
  entry.job = MapOf(info, "job");
  if (const auto notebook = MapOf(info, "notebook")) {
    const auto id = notebook->find("notebookId");
    if (id != notebook->end()) entry.notebook_id = id->second;
  }
  entry.cluster_id = TextOf(info, "clusterId");
  if (const auto found = info.find("readVersion");
      found != info.end() && found->is_number_integer()) {
    entry.read_version = found->get<Version>();
  }
  entry.isolation_level = TextOf(info, "isolationLevel");
  if (const auto found = info.find("isBlindAppend"); found != info.end() && found->is_boolean()) {
    entry.is_blind_append = found->get<bool>();
  }
  entry.operation_metrics = MapOf(info, "operationMetrics");
  entry.user_metadata = TextOf(info, "userMetadata");
  entry.engine_info = TextOf(info, "engineInfo");
  return entry;
}

/// The logical name of a column of the table by its physical one.
std::string LogicalName(const Snapshot& snapshot, const std::string& physical) {
  const ColumnMappingMode mode =
      ColumnMappingModeOf(snapshot.properties()).value_or(ColumnMappingMode::kNone);
  for (const types::StructField& field : snapshot.schema().fields) {
    if (PhysicalName(field, mode) == physical) return field.name;
  }
  return physical;
}

std::vector<std::string> ClusteringColumns(const Snapshot& snapshot) {
  const auto domain = snapshot.domains().find("delta.clustering");
  if (domain == snapshot.domains().end()) return {};
  const Json json = Json::parse(domain->second.configuration, nullptr, false);
  if (!json.is_object() || !json.contains("clusteringColumns")) return {};
  std::vector<std::string> columns;
  for (const Json& column : json["clusteringColumns"]) {
    // The reference writes the parts of a name as a list, the protocol's example plain text.
    std::string name;
    if (column.is_string()) name = column.get<std::string>();
    if (column.is_array()) {
      for (const Json& part : column) {
        if (part.is_string()) name += (name.empty() ? "" : ".") + part.get<std::string>();
      }
    }
    columns.push_back(LogicalName(snapshot, name));
  }
  return columns;
}

}  // namespace

Result<std::vector<HistoryEntry>> History(const storage::Location& table_root,
                                          std::optional<std::int64_t> limit) {
  const SnapshotPtr latest = TRY(Snapshot::Load(table_root));
  const bool has_times = latest->in_commit_timestamps_enabled();
  const Version times_from = InCommitTimestampStart(latest->properties());
  std::vector<TimedCommit> commits = TRY(ListCommits(table_root));
  std::vector<HistoryEntry> history;
  for (auto commit = commits.rbegin(); commit != commits.rend(); ++commit) {
    if (limit && static_cast<std::int64_t>(history.size()) >= *limit) break;
    const std::optional<CommitInfo> info = TRY(ReadCommitInfo(table_root, commit->file.path));
    HistoryEntry entry;
    if (info) {
      const Json json = Json::parse(info->json, nullptr, false);
      if (json.is_object()) entry = EntryOf(json);
    }
    entry.version = commit->version;
    entry.timestamp_ms = commit->timestamp_ms;
    if (has_times && commit->version >= times_from && info && info->in_commit_timestamp) {
      entry.timestamp_ms = *info->in_commit_timestamp;
    }
    history.push_back(std::move(entry));
  }
  return history;
}

TableDetail Detail(const Snapshot& snapshot) {
  const Metadata& metadata = snapshot.metadata();
  return {.id = metadata.id,
          .name = metadata.name,
          .description = metadata.description,
          .location = snapshot.table_url(),
          .created_at_ms = metadata.created_time,
          .last_modified_ms = snapshot.timestamp_ms(),
          .partition_columns = metadata.partition_columns,
          .clustering_columns = ClusteringColumns(snapshot),
          .num_files = snapshot.num_files(),
          .size_bytes = snapshot.size_bytes(),
          .properties = metadata.configuration,
          .min_reader_version = snapshot.protocol().min_reader_version,
          .min_writer_version = snapshot.protocol().min_writer_version,
          .table_features = SupportedFeatures(snapshot.protocol())};
}

}  // namespace inlet::delta
