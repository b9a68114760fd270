#include <chrono>
#include <filesystem>
#include <mutex>
#include <random>
#include <system_error>

#include "base/option_map.h"
#include "catalog/catalog.h"
#include "catalog/run_file.h"
#include "catalog/sqlite.h"

namespace inlet::catalog {
namespace {

// What each release changed, in order; PRAGMA user_version counts those that a file has had.
constexpr std::string_view kMigrations[] = {
    R"sql(
CREATE TABLE IF NOT EXISTS catalogs (
  name TEXT COLLATE NOCASE PRIMARY KEY, comment TEXT NOT NULL, created_at_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS schemas (
  catalog TEXT COLLATE NOCASE NOT NULL REFERENCES catalogs ON DELETE CASCADE,
  name TEXT COLLATE NOCASE NOT NULL, comment TEXT NOT NULL, created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (catalog, name));
CREATE TABLE IF NOT EXISTS tables (
  catalog TEXT COLLATE NOCASE NOT NULL, schema TEXT COLLATE NOCASE NOT NULL,
  name TEXT COLLATE NOCASE NOT NULL, id TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL,
  location TEXT NOT NULL, view_text TEXT NOT NULL, view_columns TEXT NOT NULL,
  default_names TEXT NOT NULL, comment TEXT NOT NULL, created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (catalog, schema, name),
  FOREIGN KEY (catalog, schema) REFERENCES schemas ON DELETE CASCADE);
CREATE TABLE IF NOT EXISTS dropped_tables (
  id TEXT PRIMARY KEY, catalog TEXT NOT NULL, schema TEXT NOT NULL, name TEXT NOT NULL,
  kind INTEGER NOT NULL, location TEXT NOT NULL, comment TEXT NOT NULL,
  dropped_at_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS volumes (
  catalog TEXT COLLATE NOCASE NOT NULL, schema TEXT COLLATE NOCASE NOT NULL,
  name TEXT COLLATE NOCASE NOT NULL, id TEXT NOT NULL UNIQUE, external INTEGER NOT NULL,
  location TEXT NOT NULL, comment TEXT NOT NULL, created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (catalog, schema, name),
  FOREIGN KEY (catalog, schema) REFERENCES schemas ON DELETE CASCADE);
INSERT OR IGNORE INTO catalogs VALUES ('main', '', 0);
INSERT OR IGNORE INTO schemas VALUES ('main', 'default', '', 0);
)sql",
    R"sql(
ALTER TABLE tables ADD COLUMN definition TEXT NOT NULL DEFAULT '';
CREATE TABLE refreshes (
  table_id TEXT PRIMARY KEY REFERENCES tables(id) ON DELETE CASCADE,
  anchor_ms INTEGER NOT NULL DEFAULT 0, next_run_ms INTEGER,
  is_requested INTEGER NOT NULL DEFAULT 0, is_full INTEGER NOT NULL DEFAULT 0,
  update_id TEXT NOT NULL DEFAULT '', state TEXT NOT NULL DEFAULT '',
  started_ms INTEGER NOT NULL DEFAULT 0, finished_ms INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '', num_failures INTEGER NOT NULL DEFAULT 0,
  sources TEXT NOT NULL DEFAULT '');
CREATE TABLE leases (
  name TEXT PRIMARY KEY, owner TEXT NOT NULL, until_ms INTEGER NOT NULL);
)sql"};

constexpr std::string_view kTableColumns =
    "catalog, schema, name, id, kind, location, view_text, view_columns, default_names, comment, "
    "created_at_ms, definition";
constexpr std::string_view kRefreshColumns =
    "table_id, anchor_ms, coalesce(next_run_ms, -1), is_requested, is_full, update_id, state, "
    "started_ms, finished_ms, error, num_failures, sources";
constexpr std::string_view kVolumeColumns =
    "catalog, schema, name, id, external, location, comment, created_at_ms";

std::int64_t NowMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

TableEntry ReadTable(const SqliteStatement& row) {
  return {.name = {row.Text(0), row.Text(1), row.Text(2)},
          .id = row.Text(3),
          .kind = static_cast<TableKind>(row.Int64(4)),
          .location = row.Text(5),
          .view_text = row.Text(6),
          .view_columns = row.Text(7),
          .default_names = row.Text(8),
          .comment = row.Text(9),
          .created_at_ms = row.Int64(10),
          .definition = row.Text(11)};
}

RefreshEntry ReadRefresh(const SqliteStatement& row) {
  RefreshEntry entry{.table_id = row.Text(0),
                     .anchor_ms = row.Int64(1),
                     .is_requested = row.Int64(3) != 0,
                     .is_full = row.Int64(4) != 0,
                     .update_id = row.Text(5),
                     .state = row.Text(6),
                     .started_ms = row.Int64(7),
                     .finished_ms = row.Int64(8),
                     .error = row.Text(9),
                     .num_failures = static_cast<int>(row.Int64(10)),
                     .sources = row.Text(11)};
  if (row.Int64(2) >= 0) entry.next_run_ms = row.Int64(2);
  return entry;
}

VolumeEntry ReadVolume(const SqliteStatement& row) {
  return {.name = {row.Text(0), row.Text(1), row.Text(2)},
          .id = row.Text(3),
          .external = row.Int64(4) != 0,
          .location = row.Text(5),
          .comment = row.Text(6),
          .created_at_ms = row.Int64(7)};
}

/// Letters, digits, '-', '_' and '.' stay; every other byte becomes %XX.
std::string FileNameFor(std::string_view name) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string file;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
        (byte >= 'A' && byte <= 'Z') || c == '-' || c == '_' || (c == '.' && !file.empty())) {
      file += c;
    } else {
      file += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return file;
}

std::string QuoteAlways(std::string_view part) {
  std::string quoted = "`";
  for (const char c : part) quoted += c == '`' ? "``" : std::string(1, c);
  return quoted + "`";
}

/// A catalog in one SQLite file. SQLite serialises writers of all processes; the mutex those
/// threads of this one that share the connection.
class SqliteCatalog final : public Catalog {
 public:
  SqliteCatalog(Sqlite database, std::string home)
      : database_(std::move(database)), home_(std::move(home)) {
    // On a full disk one can still read; what writes will try again.
    (void)Run().has_value();
  }

  Result<CatalogEntry> FindCatalog(std::string_view name) const override {
    const std::lock_guard lock(mutex_);
    SqliteStatement query =
        TRY(database_.Prepare("SELECT name, comment, created_at_ms FROM catalogs WHERE name = ?"));
    if (TRY(query.Bind(name).Step())) {
      return CatalogEntry{query.Text(0), query.Text(1), query.Int64(2)};
    }
    return Fail(Condition::CATALOG_NOT_FOUND,
                {{"catalogName", QuoteAlways(name)},
                 {"suggestion", TRY(Suggestion("SELECT name FROM catalogs", {}, name))}});
  }

  Result<std::vector<CatalogEntry>> ListCatalogs() const override {
    const std::lock_guard lock(mutex_);
    SqliteStatement query =
        TRY(database_.Prepare("SELECT name, comment, created_at_ms FROM catalogs ORDER BY name"));
    std::vector<CatalogEntry> entries;
    while (TRY(query.Step())) entries.push_back({query.Text(0), query.Text(1), query.Int64(2)});
    return entries;
  }

  Status CreateCatalog(const CatalogEntry& entry) override {
    const std::lock_guard lock(mutex_);
    TRY(database_.Execute("BEGIN IMMEDIATE"));
    Status created = [&]() -> Status {
      TRY(TRY(database_.Prepare("INSERT INTO catalogs VALUES (?, ?, ?)"))
              .Bind(entry.name)
              .Bind(entry.comment)
              .Bind(NowMs())
              .Step());
      TRY(TRY(database_.Prepare("INSERT INTO schemas VALUES (?, 'default', '', ?)"))
              .Bind(entry.name)
              .Bind(NowMs())
              .Step());
      return Ok();
    }();
    TRY(Finish(created));
    return Named(std::move(created), Condition::CATALOG_ALREADY_EXISTS, "catalogName",
                 QuoteAlways(entry.name));
  }

  Status DropCatalog(std::string_view name, bool cascade) override {
    TRY(FindCatalog(name));
    for (const SchemaEntry& schema : TRY(ListSchemas(name))) {
      const bool is_empty_default = EqualsIgnoreCase(schema.name, "default") &&
                                    TRY(ListTables(name, schema.name)).empty() &&
                                    TRY(ListVolumes(name, schema.name)).empty();
      if (!cascade && !is_empty_default) {
        return Fail(Condition::CATALOG_NOT_EMPTY, {{"catalogName", QuoteAlways(name)}});
      }
      TRY(DropSchema(name, schema.name, true));
    }
    const std::lock_guard lock(mutex_);
    TRY(TRY(database_.Prepare("DELETE FROM catalogs WHERE name = ?")).Bind(name).Step());
    return Ok();
  }

  Result<SchemaEntry> FindSchema(std::string_view catalog, std::string_view name) const override {
    const std::lock_guard lock(mutex_);
    SqliteStatement query =
        TRY(database_.Prepare("SELECT catalog, name, comment, created_at_ms FROM schemas WHERE "
                              "catalog = ? AND name = ?"));
    if (TRY(query.Bind(catalog).Bind(name).Step())) {
      return SchemaEntry{query.Text(0), query.Text(1), query.Text(2), query.Int64(3)};
    }
    return Fail(Condition::SCHEMA_NOT_FOUND,
                {{"schemaName", QuoteAlways(catalog) + "." + QuoteAlways(name)},
                 {"suggestion",
                  TRY(Suggestion("SELECT name FROM schemas WHERE catalog = ?", {catalog}, name))}});
  }

  Result<std::vector<SchemaEntry>> ListSchemas(std::string_view catalog) const override {
    TRY(FindCatalog(catalog));
    const std::lock_guard lock(mutex_);
    SqliteStatement query =
        TRY(database_.Prepare("SELECT catalog, name, comment, created_at_ms FROM schemas WHERE "
                              "catalog = ? ORDER BY name"));
    query.Bind(catalog);
    std::vector<SchemaEntry> entries;
    while (TRY(query.Step())) {
      entries.push_back({query.Text(0), query.Text(1), query.Text(2), query.Int64(3)});
    }
    return entries;
  }

  Status CreateSchema(const SchemaEntry& entry) override {
    TRY(FindCatalog(entry.catalog));
    const std::lock_guard lock(mutex_);
    SqliteStatement insert = TRY(database_.Prepare("INSERT INTO schemas VALUES (?, ?, ?, ?)"));
    Result<bool> done =
        insert.Bind(entry.catalog).Bind(entry.name).Bind(entry.comment).Bind(NowMs()).Step();
    return Named(done ? Ok() : Status(std::unexpected(std::move(done).error())),
                 Condition::SCHEMA_ALREADY_EXISTS, "schemaName",
                 QuoteAlways(entry.catalog) + "." + QuoteAlways(entry.name));
  }

  Status DropSchema(std::string_view catalog, std::string_view name, bool cascade) override {
    TRY(FindSchema(catalog, name));
    const std::vector<TableEntry> tables = TRY(ListTables(catalog, name));
    const std::vector<VolumeEntry> volumes = TRY(ListVolumes(catalog, name));
    if (!cascade && !(tables.empty() && volumes.empty())) {
      return Fail(Condition::SCHEMA_NOT_EMPTY,
                  {{"schemaName", QuoteAlways(catalog) + "." + QuoteAlways(name)}});
    }
    for (const TableEntry& table : tables) TRY(DropTable(table.name));
    for (const VolumeEntry& volume : volumes) TRY(DropVolume(volume.name));
    const std::lock_guard lock(mutex_);
    TRY(TRY(database_.Prepare("DELETE FROM schemas WHERE catalog = ? AND name = ?"))
            .Bind(catalog)
            .Bind(name)
            .Step());
    return Ok();
  }

  Result<TableEntry> FindTable(const FullName& name) const override {
    const std::lock_guard lock(mutex_);
    SqliteStatement query =
        TRY(database_.Prepare("SELECT " + std::string(kTableColumns) +
                              " FROM tables WHERE catalog = ? AND schema = ? AND name = ?"));
    if (TRY(query.Bind(name.catalog).Bind(name.schema).Bind(name.object).Step())) {
      return ReadTable(query);
    }
    return Fail(
        Condition::TABLE_OR_VIEW_NOT_FOUND,
        {{"relationName", ToString(name)},
         {"suggestion", TRY(Suggestion("SELECT name FROM tables WHERE catalog = ? AND schema = ?",
                                       {name.catalog, name.schema}, name.object))}});
  }

  Result<std::vector<TableEntry>> ListTables(std::string_view catalog,
                                             std::string_view schema) const override {
    TRY(FindSchema(catalog, schema));
    const std::lock_guard lock(mutex_);
    SqliteStatement query =
        TRY(database_.Prepare("SELECT " + std::string(kTableColumns) +
                              " FROM tables WHERE catalog = ? AND schema = ? ORDER BY name"));
    query.Bind(catalog).Bind(schema);
    std::vector<TableEntry> entries;
    while (TRY(query.Step())) entries.push_back(ReadTable(query));
    return entries;
  }

  Status CreateTable(const TableEntry& entry) override {
    TRY(FindSchema(entry.name.catalog, entry.name.schema));
    const std::lock_guard lock(mutex_);
    Result<bool> done = TRY(database_.Prepare("INSERT INTO tables (" + std::string(kTableColumns) +
                                              ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"))
                            .Bind(entry.name.catalog)
                            .Bind(entry.name.schema)
                            .Bind(entry.name.object)
                            .Bind(entry.id)
                            .Bind(static_cast<std::int64_t>(entry.kind))
                            .Bind(entry.location)
                            .Bind(entry.view_text)
                            .Bind(entry.view_columns)
                            .Bind(entry.default_names)
                            .Bind(entry.comment)
                            .Bind(NowMs())
                            .Bind(entry.definition)
                            .Step();
    if (done && run_ != nullptr) run_->Settle(entry.location);
    return Named(done ? Ok() : Status(std::unexpected(std::move(done).error())),
                 Condition::TABLE_OR_VIEW_ALREADY_EXISTS, "relationName", ToString(entry.name));
  }

  Status UpdateTable(const TableEntry& entry) override {
    const std::lock_guard lock(mutex_);
    Result<bool> done =
        TRY(database_.Prepare("UPDATE tables SET catalog = ?, schema = ?, name = ?, kind = ?, "
                              "location = ?, view_text = ?, view_columns = ?, default_names = ?, "
                              "comment = ?, definition = ? WHERE id = ?"))
            .Bind(entry.name.catalog)
            .Bind(entry.name.schema)
            .Bind(entry.name.object)
            .Bind(static_cast<std::int64_t>(entry.kind))
            .Bind(entry.location)
            .Bind(entry.view_text)
            .Bind(entry.view_columns)
            .Bind(entry.default_names)
            .Bind(entry.comment)
            .Bind(entry.definition)
            .Bind(entry.id)
            .Step();
    return Named(done ? Ok() : Status(std::unexpected(std::move(done).error())),
                 Condition::TABLE_OR_VIEW_ALREADY_EXISTS, "relationName", ToString(entry.name));
  }

  Status DropTable(const FullName& name) override {
    const TableEntry entry = TRY(FindTable(name));
    const std::lock_guard lock(mutex_);
    TRY(database_.Execute("BEGIN IMMEDIATE"));
    Status dropped = [&]() -> Status {
      TRY(TRY(database_.Prepare("INSERT OR REPLACE INTO dropped_tables SELECT id, catalog, schema, "
                                "name, kind, location, comment, ? FROM tables WHERE id = ?"))
              .Bind(NowMs())
              .Bind(entry.id)
              .Step());
      TRY(TRY(database_.Prepare("DELETE FROM tables WHERE id = ?")).Bind(entry.id).Step());
      return Ok();
    }();
    TRY(Finish(dropped));
    return dropped;
  }

  Result<TableEntry> FindTableById(std::string_view id) const override {
    const std::lock_guard lock(mutex_);
    SqliteStatement query = TRY(
        database_.Prepare("SELECT " + std::string(kTableColumns) + " FROM tables WHERE id = ?"));
    if (TRY(query.Bind(id).Step())) return ReadTable(query);
    return NoTable(id);
  }

  Result<RefreshEntry> FindRefresh(std::string_view table_id) const override {
    const std::lock_guard lock(mutex_);
    SqliteStatement query = TRY(database_.Prepare("SELECT " + std::string(kRefreshColumns) +
                                                  " FROM refreshes WHERE table_id = ?"));
    if (TRY(query.Bind(table_id).Step())) return ReadRefresh(query);
    return RefreshEntry{.table_id = std::string(table_id)};
  }

  Result<std::vector<RefreshEntry>> ListRefreshes() const override {
    const std::lock_guard lock(mutex_);
    SqliteStatement query = TRY(database_.Prepare("SELECT " + std::string(kRefreshColumns) +
                                                  " FROM refreshes ORDER BY table_id"));
    std::vector<RefreshEntry> entries;
    while (TRY(query.Step())) entries.push_back(ReadRefresh(query));
    return entries;
  }

  Status SetNextRun(std::string_view table_id, std::int64_t anchor_ms,
                    std::optional<std::int64_t> next_run_ms) override {
    return ChangeRefresh(table_id, "anchor_ms = ?, next_run_ms = nullif(?, -1)",
                         {anchor_ms, next_run_ms.value_or(-1)}, {});
  }

  Status RequestRefresh(std::string_view table_id, bool is_full) override {
    return ChangeRefresh(table_id, "is_requested = 1, is_full = max(is_full, ?)", {is_full}, {});
  }

  Status BeginUpdate(std::string_view table_id, std::string_view update_id,
                     std::int64_t now_ms) override {
    return ChangeRefresh(table_id,
                         "started_ms = ?, is_requested = 0, is_full = 0, state = 'RUNNING', "
                         "error = '', update_id = ?",
                         {now_ms}, {update_id});
  }

  Status EndUpdate(const RefreshEntry& entry) override {
    return ChangeRefresh(
        entry.table_id, "finished_ms = ?, num_failures = ?, state = ?, error = ?, sources = ?",
        {entry.finished_ms, entry.num_failures}, {entry.state, entry.error, entry.sources});
  }

  Result<bool> AcquireLease(const LeaseEntry& lease, std::int64_t now_ms) override {
    const std::lock_guard lock(mutex_);
    TRY(TRY(database_.Prepare("INSERT INTO leases VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE "
                              "SET owner = excluded.owner, until_ms = excluded.until_ms "
                              "WHERE owner = excluded.owner OR until_ms <= ?"))
            .Bind(lease.name)
            .Bind(lease.owner)
            .Bind(lease.until_ms)
            .Bind(now_ms)
            .Step());
    return database_.changes() > 0;
  }

  Status ReleaseLease(std::string_view name, std::string_view owner) override {
    const std::lock_guard lock(mutex_);
    TRY(TRY(database_.Prepare("DELETE FROM leases WHERE name = ? AND owner = ?"))
            .Bind(name)
            .Bind(owner)
            .Step());
    return Ok();
  }

  Result<std::optional<LeaseEntry>> FindLease(std::string_view name) const override {
    const std::lock_guard lock(mutex_);
    SqliteStatement query =
        TRY(database_.Prepare("SELECT name, owner, until_ms FROM leases WHERE name = ?"));
    if (!TRY(query.Bind(name).Step())) return std::nullopt;
    return LeaseEntry{query.Text(0), query.Text(1), query.Int64(2)};
  }

  Result<std::vector<DroppedTable>> ListDroppedTables() const override {
    const std::lock_guard lock(mutex_);
    SqliteStatement query = TRY(database_.Prepare(
        "SELECT catalog, schema, name, id, kind, location, comment, dropped_at_ms "
        "FROM dropped_tables WHERE kind <> ? ORDER BY dropped_at_ms DESC, rowid DESC"));
    query.Bind(static_cast<std::int64_t>(TableKind::kView));
    std::vector<DroppedTable> tables;
    while (TRY(query.Step())) {
      tables.push_back({.name = {query.Text(0), query.Text(1), query.Text(2)},
                        .id = query.Text(3),
                        .kind = static_cast<TableKind>(query.Int64(4)),
                        .location = query.Text(5),
                        .comment = query.Text(6),
                        .dropped_at_ms = query.Int64(7)});
    }
    return tables;
  }

  Status UndropTable(const DroppedTable& table) override {
    TRY(FindSchema(table.name.catalog, table.name.schema));
    const std::lock_guard lock(mutex_);
    TRY(database_.Execute("BEGIN IMMEDIATE"));
    Status restored = [&]() -> Status {
      TRY(TRY(database_.Prepare(
                  "INSERT INTO tables (catalog, schema, name, id, kind, location, view_text, "
                  "view_columns, default_names, comment, created_at_ms) "
                  "SELECT catalog, schema, name, id, kind, location, '', '', '', comment, ? "
                  "FROM dropped_tables WHERE id = ?"))
              .Bind(NowMs())
              .Bind(table.id)
              .Step());
      if (database_.changes() == 0) {
        return Fail(Condition::TABLE_OR_VIEW_NOT_FOUND,
                    {{"relationName", ToString(table.name)}, {"suggestion", ""}});
      }
      TRY(TRY(database_.Prepare("DELETE FROM dropped_tables WHERE id = ?")).Bind(table.id).Step());
      return Ok();
    }();
    TRY(Finish(restored));
    return Named(std::move(restored), Condition::TABLE_OR_VIEW_ALREADY_EXISTS, "relationName",
                 ToString(table.name));
  }

  Status ForgetDroppedTable(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    TRY(TRY(database_.Prepare("DELETE FROM dropped_tables WHERE id = ?")).Bind(id).Step());
    return Ok();
  }

  Result<std::vector<std::string>> ListTableLocations() const override {
    const std::lock_guard lock(mutex_);
    SqliteStatement query =
        TRY(database_.Prepare("SELECT location FROM tables WHERE location <> '' UNION "
                              "SELECT location FROM dropped_tables WHERE location <> ''"));
    std::vector<std::string> locations;
    while (TRY(query.Step())) locations.push_back(query.Text(0));
    return locations;
  }

  Result<VolumeEntry> FindVolume(const FullName& name) const override {
    const std::lock_guard lock(mutex_);
    SqliteStatement query =
        TRY(database_.Prepare("SELECT " + std::string(kVolumeColumns) +
                              " FROM volumes WHERE catalog = ? AND schema = ? AND name = ?"));
    if (TRY(query.Bind(name.catalog).Bind(name.schema).Bind(name.object).Step())) {
      return ReadVolume(query);
    }
    return Fail(Condition::VOLUME_DOES_NOT_EXIST, {{"relationName", ToString(name)}});
  }

  Result<std::vector<VolumeEntry>> ListVolumes(std::string_view catalog,
                                               std::string_view schema) const override {
    TRY(FindSchema(catalog, schema));
    const std::lock_guard lock(mutex_);
    SqliteStatement query =
        TRY(database_.Prepare("SELECT " + std::string(kVolumeColumns) +
                              " FROM volumes WHERE catalog = ? AND schema = ? ORDER BY name"));
    query.Bind(catalog).Bind(schema);
    std::vector<VolumeEntry> entries;
    while (TRY(query.Step())) entries.push_back(ReadVolume(query));
    return entries;
  }

  Status CreateVolume(const VolumeEntry& entry) override {
    TRY(FindSchema(entry.name.catalog, entry.name.schema));
    const std::lock_guard lock(mutex_);
    Result<bool> done =
        TRY(database_.Prepare("INSERT INTO volumes (" + std::string(kVolumeColumns) +
                              ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)"))
            .Bind(entry.name.catalog)
            .Bind(entry.name.schema)
            .Bind(entry.name.object)
            .Bind(entry.id)
            .Bind(std::int64_t{entry.external})
            .Bind(entry.location)
            .Bind(entry.comment)
            .Bind(NowMs())
            .Step();
    return Named(done ? Ok() : Status(std::unexpected(std::move(done).error())),
                 Condition::VOLUME_ALREADY_EXISTS, "relationName", ToString(entry.name));
  }

  Status UpdateVolume(const VolumeEntry& entry) override {
    const std::lock_guard lock(mutex_);
    Result<bool> done =
        TRY(database_.Prepare("UPDATE volumes SET name = ?, comment = ? WHERE id = ?"))
            .Bind(entry.name.object)
            .Bind(entry.comment)
            .Bind(entry.id)
            .Step();
    return Named(done ? Ok() : Status(std::unexpected(std::move(done).error())),
                 Condition::VOLUME_ALREADY_EXISTS, "relationName", ToString(entry.name));
  }

  Status DropVolume(const FullName& name) override {
    const VolumeEntry entry = TRY(FindVolume(name));
    const std::lock_guard lock(mutex_);
    TRY(TRY(database_.Prepare("DELETE FROM volumes WHERE id = ?")).Bind(entry.id).Step());
    return Ok();
  }

  const std::string& home() const override { return home_; }

  Result<std::string> ReserveTableLocation(const FullName& name) override {
    namespace fs = std::filesystem;
    const std::string base = LocationFor("tables", name);
    std::string directory = base;
    std::random_device random;
    std::error_code error;
    fs::create_directories(fs::path(base).parent_path(), error);
    while (!error) {
      if (fs::create_directory(directory, error)) {
        std::string location = "file:" + directory;
        const std::lock_guard lock(mutex_);
        TRY(TRY(Run())->Note(location));
        // Before the note it looked like one that a dead process has left.
        if (fs::exists(directory, error)) return location;
        continue;
      }
      // A dropped table's data may still lie under the plain name.
      directory = base + "-" + std::to_string(random() % 100'000'000);
    }
    return storage::FailErrno(error.value(), directory.substr(1));
  }

  std::string temporary_directory() const override {
    const std::lock_guard lock(mutex_);
    return run_ != nullptr ? run_->temporary_directory() : home_ + "/runs/unlocked";
  }

  std::string NewManagedLocation(std::string_view kind, const FullName& name) const override {
    const std::string base = LocationFor(kind, name);
    std::error_code ignored;
    if (!std::filesystem::exists(base, ignored)) return base;
    // A dropped volume's files may still lie under the plain name.
    std::random_device random;
    return base + "-" + std::to_string(random() % 100'000'000);
  }

 private:
  /// Called with the lock held.
  Result<RunFile*> Run() {
    if (run_ == nullptr) run_ = TRY(RunFile::Create(home_));
    return run_.get();
  }

  std::string LocationFor(std::string_view kind, const FullName& name) const {
    return home_ + "/" + std::string(kind) + "/" + FileNameFor(name.catalog) + "/" +
           FileNameFor(name.schema) + "/" + FileNameFor(name.object);
  }

  static std::unexpected<Error> NoTable(std::string_view id) {
    return Fail(Condition::TABLE_OR_VIEW_NOT_FOUND,
                {{"relationName", "with the id " + std::string(id)}, {"suggestion", ""}});
  }

  /// Makes the row of a table when it is missing and sets members of it, numbers bound first.
  Status ChangeRefresh(std::string_view table_id, std::string_view assignments,
                       std::initializer_list<std::int64_t> numbers,
                       std::initializer_list<std::string_view> texts) {
    const std::lock_guard lock(mutex_);
    TRY(TRY(database_.Prepare("INSERT OR IGNORE INTO refreshes (table_id) "
                              "SELECT id FROM tables WHERE id = ?"))
            .Bind(table_id)
            .Step());
    SqliteStatement update = TRY(database_.Prepare(
        "UPDATE refreshes SET " + std::string(assignments) + " WHERE table_id = ?"));
    for (const std::int64_t number : numbers) update.Bind(number);
    for (const std::string_view text : texts) update.Bind(text);
    TRY(update.Bind(table_id).Step());
    if (database_.changes() == 0) return NoTable(table_id);
    return Ok();
  }

  /// Ends a transaction: COMMIT after success, ROLLBACK after `outcome` failed.
  Status Finish(const Status& outcome) {
    return database_.Execute(outcome ? "COMMIT" : "ROLLBACK");
  }

  /// The broken UNIQUE constraint of `status` as the condition that the user knows.
  static Status Named(Status status, Condition exists, std::string_view param, std::string name) {
    if (!status && status.error().condition == Condition::PATH_ALREADY_EXISTS) {
      return Fail(exists, {{param, std::move(name)}});
    }
    return status;
  }

  /// Called with the lock held.
  Result<std::string> Suggestion(std::string_view sql, std::initializer_list<std::string_view> args,
                                 std::string_view wanted) const {
    SqliteStatement query = TRY(database_.Prepare(sql));
    for (const std::string_view arg : args) query.Bind(arg);
    std::vector<std::string> names;
    while (TRY(query.Step())) names.push_back(query.Text(0));
    const std::vector<std::string_view> views(names.begin(), names.end());
    return DidYouMean(wanted, views);
  }

  mutable std::mutex mutex_;
  mutable Sqlite database_;       // Guarded by mutex_.
  const std::string home_;        // Absolute.
  std::unique_ptr<RunFile> run_;  // Guarded by mutex_.
};

}  // namespace

namespace {
Result<std::size_t> VersionOf(Sqlite& database) {
  SqliteStatement version = TRY(database.Prepare("PRAGMA user_version"));
  TRY(version.Step());
  return static_cast<std::size_t>(version.Int64(0));
}

/// Brings a file of an older release, or a new one, to this release's shape.
Status Migrate(Sqlite& database) {
  constexpr std::size_t kNewest = std::size(kMigrations);
  if (TRY(VersionOf(database)) == kNewest) return Ok();
  TRY(database.Execute("BEGIN IMMEDIATE"));
  Status migrated = [&]() -> Status {
    // Another process may have done it while this one waited.
    const std::size_t version = TRY(VersionOf(database));
    if (version > kNewest) return FailUnsupported("the catalog of a newer release of Inlet");
    for (std::size_t next = version; next < kNewest; ++next) {
      TRY(database.Execute(kMigrations[next]));
    }
    return database.Execute("PRAGMA user_version = " + std::to_string(kNewest));
  }();
  TRY(database.Execute(migrated ? "COMMIT" : "ROLLBACK"));
  return migrated;
}

}  // namespace

std::string ToString(const FullName& name) {
  return QuoteAlways(name.catalog) + "." + QuoteAlways(name.schema) + "." +
         QuoteAlways(name.object);
}

Result<std::unique_ptr<Catalog>> Catalog::Open(const std::string& home) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(home, error);
  std::filesystem::create_directories(absolute, error);
  if (error) {
    return Fail(Condition::PERMISSION_DENIED, {{"path", home}, {"message", error.message()}});
  }
  std::string root = absolute.lexically_normal().string();
  if (root.size() > 1 && root.ends_with('/')) root.pop_back();
  Sqlite database = TRY(Sqlite::Open(root + "/catalog.db"));
  TRY(Migrate(database).Context("open " + root + "/catalog.db"));
  return std::make_unique<SqliteCatalog>(std::move(database), root);
}

}  // namespace inlet::catalog
