#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace inlet::catalog {

/// catalog.schema.object, each part as written and already unquoted. Parts compare ignoring case.
struct FullName {
  std::string catalog;
  std::string schema;
  std::string object;
};

/// `main`.`default`.`t`, as Spark's errors print names.
std::string ToString(const FullName& name);

enum class TableKind : std::uint8_t {
  kManaged,
  kExternal,
  kStreamingTable,
  kMaterializedView,
  kView,
};

struct TableEntry {
  FullName name;
  std::string id;  ///< A UUID; survives RENAME.
  TableKind kind = TableKind::kManaged;
  std::string location;   ///< URL of the table root; empty for a view.
  std::string view_text;  ///< The query of a view or materialized view.
  std::string
      view_columns;  ///< JSON list of [name, comment] that a view's definition gave; may be empty.
  std::string
      default_names;  ///< "catalog.schema" that a view's query resolves short names against.
  std::string comment;
  std::int64_t created_at_ms = 0;
  /// What a streaming table or materialized view is made of besides its query, as the layer
  /// pipelines writes it; empty for others.
  std::string definition;
};

/// How far the refreshes of a streaming table or materialized view are. Its row lives as long as
/// the table's.
struct RefreshEntry {
  std::string table_id;
  std::int64_t anchor_ms = 0;               ///< When the schedule was set.
  std::optional<std::int64_t> next_run_ms;  ///< When the next run is due; none: nothing asks.
  bool is_requested = false;                ///< REFRESH ... ASYNC waits for a server.
  bool is_full = false;                     ///< Of the request.
  std::string update_id;                    ///< Of the newest update; empty: there was none.
  std::string state;                        ///< RUNNING, COMPLETED, FAILED, CANCELED
  std::int64_t started_ms = 0;
  std::int64_t finished_ms = 0;
  std::string error;     ///< Of the newest update, when it failed.
  int num_failures = 0;  ///< In a row.
  std::string sources;   ///< What the last completed update read, as pipelines writes it.
};

/// A right that one process has for a time, renewed while it works.
struct LeaseEntry {
  std::string name;
  std::string owner;
  std::int64_t until_ms = 0;
};

/// A table whose name is gone and whose data is still there.
struct DroppedTable {
  FullName name;
  std::string id;
  TableKind kind = TableKind::kManaged;
  std::string location;
  std::string comment;
  std::int64_t dropped_at_ms = 0;
};

/// How long a dropped table can be brought back. Source: Databricks, "UNDROP".
inline constexpr std::int64_t kDroppedTableRetentionMs = std::int64_t{7} * 24 * 3600 * 1000;

struct VolumeEntry {
  FullName name;
  std::string id;
  bool external = false;
  std::string location;  ///< URL of the volume's root.
  std::string comment;
  std::int64_t created_at_ms = 0;
};

struct SchemaEntry {
  std::string catalog;
  std::string name;
  std::string comment;
  std::int64_t created_at_ms = 0;
};

struct CatalogEntry {
  std::string name;
  std::string comment;
  std::int64_t created_at_ms = 0;
};

/// Who is who: names to locations. Knows nothing about log files or rows.
/// Thread-safe; every change is atomic and durable; several processes may share one home.
/// Errors not named below: STORAGE_UNAVAILABLE, PERMISSION_DENIED, INLET_CORRUPT_FILE.
class Catalog {
 public:
  virtual ~Catalog() = default;

  /// Opens `<home>/catalog.db`; a new one has the catalog `main` with the schema `default`.
  static Result<std::unique_ptr<Catalog>> Open(const std::string& home);

  // Catalogs. Errors: CATALOG_NOT_FOUND (with the nearest name), CATALOG_ALREADY_EXISTS,
  // CATALOG_NOT_EMPTY.
  virtual Result<CatalogEntry> FindCatalog(std::string_view name) const = 0;
  virtual Result<std::vector<CatalogEntry>> ListCatalogs() const = 0;
  virtual Status CreateCatalog(const CatalogEntry& entry) = 0;
  virtual Status DropCatalog(std::string_view name, bool cascade) = 0;

  // Schemas. Errors: SCHEMA_NOT_FOUND, SCHEMA_ALREADY_EXISTS, SCHEMA_NOT_EMPTY.
  virtual Result<SchemaEntry> FindSchema(std::string_view catalog, std::string_view name) const = 0;
  virtual Result<std::vector<SchemaEntry>> ListSchemas(std::string_view catalog) const = 0;
  virtual Status CreateSchema(const SchemaEntry& entry) = 0;
  virtual Status DropSchema(std::string_view catalog, std::string_view name, bool cascade) = 0;

  // Tables and views. Errors: TABLE_OR_VIEW_NOT_FOUND (with the nearest name of the schema),
  // TABLE_OR_VIEW_ALREADY_EXISTS, SCHEMA_NOT_FOUND.
  virtual Result<TableEntry> FindTable(const FullName& name) const = 0;
  virtual Result<std::vector<TableEntry>> ListTables(std::string_view catalog,
                                                     std::string_view schema) const = 0;
  virtual Status CreateTable(const TableEntry& entry) = 0;
  /// Replaces the entry of the same id.
  virtual Status UpdateTable(const TableEntry& entry) = 0;
  /// The data of a managed table stays where it is, named by dropped_tables, until it is purged.
  virtual Status DropTable(const FullName& name) = 0;

  /// Errors: TABLE_OR_VIEW_NOT_FOUND.
  virtual Result<TableEntry> FindTableById(std::string_view id) const = 0;

  // Refreshes. Each call changes its own members of the row and leaves the others; the first one
  // for a table makes the row. A table that was dropped meanwhile: TABLE_OR_VIEW_NOT_FOUND.
  virtual Result<RefreshEntry> FindRefresh(std::string_view table_id) const = 0;
  virtual Result<std::vector<RefreshEntry>> ListRefreshes() const = 0;
  virtual Status SetNextRun(std::string_view table_id, std::int64_t anchor_ms,
                            std::optional<std::int64_t> next_run_ms) = 0;
  virtual Status RequestRefresh(std::string_view table_id, bool is_full) = 0;
  /// Takes the request, if there is one, and notes that the update runs.
  virtual Status BeginUpdate(std::string_view table_id, std::string_view update_id,
                             std::int64_t now_ms) = 0;
  /// Writes `state`, `finished_ms`, `error`, `num_failures` and `sources`.
  virtual Status EndUpdate(const RefreshEntry& entry) = 0;

  // Leases, for what one process of all that share this home does at a time.
  /// True: `lease.owner` has it until `lease.until_ms`, newly or again. False: another owner has it
  /// beyond `now_ms`.
  virtual Result<bool> AcquireLease(const LeaseEntry& lease, std::int64_t now_ms) = 0;
  virtual Status ReleaseLease(std::string_view name, std::string_view owner) = 0;
  virtual Result<std::optional<LeaseEntry>> FindLease(std::string_view name) const = 0;

  // Dropped tables, views not among them; the last one to go comes first.
  virtual Result<std::vector<DroppedTable>> ListDroppedTables() const = 0;
  /// Brings it back under its name. Errors: TABLE_OR_VIEW_ALREADY_EXISTS, SCHEMA_NOT_FOUND;
  /// TABLE_OR_VIEW_NOT_FOUND when somebody was faster.
  virtual Status UndropTable(const DroppedTable& table) = 0;
  /// Its data is gone.
  virtual Status ForgetDroppedTable(const std::string& id) = 0;
  /// Of all tables of all schemas, dropped ones too, at one moment.
  virtual Result<std::vector<std::string>> ListTableLocations() const = 0;

  // Volumes. Errors: VOLUME_DOES_NOT_EXIST, VOLUME_ALREADY_EXISTS, SCHEMA_NOT_FOUND.
  virtual Result<VolumeEntry> FindVolume(const FullName& name) const = 0;
  virtual Result<std::vector<VolumeEntry>> ListVolumes(std::string_view catalog,
                                                       std::string_view schema) const = 0;
  virtual Status CreateVolume(const VolumeEntry& entry) = 0;
  virtual Status UpdateVolume(const VolumeEntry& entry) = 0;
  virtual Status DropVolume(const FullName& name) = 0;

  /// "/Volumes/main/raw/landing/a.csv" to the URL of that object. Dot segments that lead out of the
  /// volume are refused: INLET_PATH_OUTSIDE.
  Result<std::string> VolumeUrl(std::string_view volume_path) const;

  /// The absolute path of the home.
  virtual const std::string& home() const = 0;

  /// An empty directory for a new managed table, under the home; nobody else gets the same one.
  /// Until CreateTable() has made an entry with it, it is removed should this process die.
  virtual Result<std::string> ReserveTableLocation(const FullName& name) = 0;
  /// For temporary files of this process; removed at its end, or by the next one.
  virtual std::string temporary_directory() const = 0;

  /// A URL for a new volume, no other entry's, under the home.
  virtual std::string NewManagedLocation(std::string_view kind, const FullName& name) const = 0;
};

}  // namespace inlet::catalog
