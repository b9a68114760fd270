#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "delta/data_file_writer.h"
#include "delta/protocol.h"
#include "delta/snapshot.h"
#include "delta/transaction.h"
#include "types/data_type.h"

namespace inlet::delta {

/// What CREATE and REPLACE TABLE say.
struct TableDefinition {
  types::StructType schema;
  std::vector<std::string> partition_columns;
  std::vector<std::string> clustering_columns;
  std::optional<std::string> name;
  std::optional<std::string> comment;
  Properties properties;  ///< As the user gave them.
};

struct TableActions {
  Metadata metadata;
  Protocol protocol;
  std::vector<DomainMetadata> domains;
};

/// Whether a name, at any level, has characters that need column mapping.
bool HasOddNames(const types::StructType& schema);

/// Metadata and protocol of a new table; checks names, types, partition columns and properties.
///
/// Errors: COLUMN_ALREADY_EXISTS; DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES;
/// DELTA_CANNOT_USE_ALL_COLUMNS_FOR_PARTITION; DELTA_CLUSTER_BY_WITH_PARTITIONED_BY;
/// DELTA_UNSUPPORTED_DATA_TYPES; DELTA_UNKNOWN_CONFIGURATION with the nearest name;
/// DELTA_INVALID_INTERVAL; DELTA_INVALID_TABLE_PROPERTY.
Result<TableActions> DefineTable(const TableDefinition& definition);
/// The same over an existing table: keeps its id, never lowers its protocol.
Result<TableActions> RedefineTable(const Snapshot& current, const TableDefinition& definition);
/// `current` with properties set (value) and unset (no value).
Result<TableActions> AlterProperties(
    const Snapshot& current, const std::map<std::string, std::optional<std::string>>& changes);

/// `current` with other columns; partition columns, clustering and properties stay.
/// Errors: as DefineTable().
/// `renamed`: the old and the new name of a column.
Result<TableActions> AlterSchema(
    const Snapshot& current, types::StructType schema,
    const std::optional<std::pair<std::string, std::string>>& renamed = std::nullopt);
/// `current` clustered by other columns; by none when there are none.
/// Errors: DELTA_CLUSTER_BY_WITH_PARTITIONED_BY; DELTA_MISSING_COLUMN;
/// DELTA_CLUSTERING_COLUMNS_DATATYPE_NOT_SUPPORTED.
Result<TableActions> AlterClustering(const Snapshot& current,
                                     const std::vector<std::string>& columns);

/// `current` without a feature and what belongs to it in the metadata. Files, columns and older
/// versions that need the feature are the caller's part.
/// Errors: DELTA_FEATURE_DROP_UNSUPPORTED_CLIENT_FEATURE, _FEATURE_NOT_PRESENT,
/// _NONREMOVABLE_FEATURE, _DEPENDENT_FEATURE; DELTA_CANNOT_DROP_CHECK_CONSTRAINT_FEATURE.
Result<TableActions> DropFeature(const Snapshot& current, std::string_view name);

/// How to write data files for a table that has this metadata.
Result<DataFileSpec> DataFileSpecFor(const storage::Location& table_root, const Metadata& metadata);

/// Checks one property as SET TBLPROPERTIES does; gives its key in the case of the known name.
Result<std::string> CheckProperty(std::string_view key, std::string_view value);
/// "interval 1 week", "7 days" in milliseconds. Errors: DELTA_INVALID_INTERVAL.
Result<std::int64_t> ParseInterval(std::string_view text);

/// One row of DESCRIBE HISTORY. Absent in the log: absent here.
struct HistoryEntry {
  Version version = 0;
  std::int64_t timestamp_ms = 0;
  std::optional<std::string> user_id;
  std::optional<std::string> user_name;
  std::optional<std::string> operation;
  std::optional<std::map<std::string, std::string>> operation_parameters;
  std::optional<std::map<std::string, std::string>> job;
  std::optional<std::string> notebook_id;
  std::optional<std::string> cluster_id;
  std::optional<Version> read_version;
  std::optional<std::string> isolation_level;
  std::optional<bool> is_blind_append;
  std::optional<std::map<std::string, std::string>> operation_metrics;
  std::optional<std::string> user_metadata;
  std::optional<std::string> engine_info;
};
/// Newest first.
Result<std::vector<HistoryEntry>> History(const storage::Location& table_root,
                                          std::optional<std::int64_t> limit = std::nullopt);

/// One row of DESCRIBE DETAIL, as far as the log knows it.
struct TableDetail {
  std::string format = "delta";
  std::string id;
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::string location;
  std::optional<std::int64_t> created_at_ms;
  std::int64_t last_modified_ms = 0;
  std::vector<std::string> partition_columns;
  std::vector<std::string> clustering_columns;
  std::int64_t num_files = 0;
  std::int64_t size_bytes = 0;
  Properties properties;
  int min_reader_version = 1;
  int min_writer_version = 2;
  std::vector<std::string> table_features;
};
TableDetail Detail(const Snapshot& snapshot);

struct RestoreResult {
  Version version = 0;
  std::int64_t table_size_after_restore = 0;
  std::int64_t num_of_files_after_restore = 0;
  std::int64_t num_removed_files = 0;
  std::int64_t num_restored_files = 0;
  std::int64_t removed_files_size = 0;
  std::int64_t restored_files_size = 0;
};
struct RestoreTarget {
  std::optional<Version> version;  ///< One of the two.
  std::optional<std::int64_t> timestamp_ms;
  std::optional<std::string> timestamp_text;  ///< As the user wrote it, for history and messages.
};
/// Errors: DELTA_CANNOT_RESTORE_TABLE_VERSION, DELTA_CANNOT_RESTORE_TIMESTAMP_EARLIER and _GREATER;
/// PATH_NOT_FOUND naming a data file that is gone.
Result<RestoreResult> Restore(const storage::Location& table_root, const RestoreTarget& target,
                              bool ignore_missing_files = false,
                              std::optional<std::string> user_name = std::nullopt);

struct VacuumOptions {
  std::optional<double> retention_hours;  ///< None: delta.deletedFileRetentionDuration.
  bool dry_run = false;
  bool is_lite = false;  ///< Only files that the log says were removed; lists nothing.
  /// In place of a listing: what lies below the table's root.
  std::optional<std::vector<storage::ObjectInfo>> inventory;
  bool check_retention = true;  ///< spark.databricks.delta.retentionDurationCheck.enabled
  std::optional<std::int64_t> now_ms;
};
struct VacuumResult {
  std::vector<std::string> files;  ///< URLs of what was, or would be, deleted.
  std::int64_t size_bytes = 0;
  std::int64_t num_directories = 0;
};
/// Deletes files that no version within the retention needs.
/// Errors: DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT; DELTA_CANNOT_VACUUM_LITE; as CheckWritable().
Result<VacuumResult> Vacuum(const storage::Location& table_root, const VacuumOptions& options);

}  // namespace inlet::delta
