#include <chrono>
#include <filesystem>
#include <mutex>
#include <random>
#include <system_error>

#include "base/option_map.h"
#include "catalog/catalog.h"
#include "catalog/sqlite.h"

namespace inlet::catalog {
namespace {

constexpr std::string_view kSchema = R"sql(
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
PRAGMA user_version = 1;
)sql";

constexpr std::string_view kTableColumns =
    "catalog, schema, name, id, kind, location, view_text, view_columns, default_names, comment, "
    "created_at_ms";
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
          .created_at_ms = row.Int64(10)};
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
      : database_(std::move(database)), home_(std::move(home)) {}

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
                                              ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"))
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
                            .Step();
    return Named(done ? Ok() : Status(std::unexpected(std::move(done).error())),
                 Condition::TABLE_OR_VIEW_ALREADY_EXISTS, "relationName", ToString(entry.name));
  }

  Status UpdateTable(const TableEntry& entry) override {
    const std::lock_guard lock(mutex_);
    Result<bool> done =
        TRY(database_.Prepare("UPDATE tables SET catalog = ?, schema = ?, name = ?, kind = ?, "
                              "location = ?, view_text = ?, view_columns = ?, default_names = ?, "
                              "comment = ? WHERE id = ?"))
            .Bind(entry.name.catalog)
            .Bind(entry.name.schema)
            .Bind(entry.name.object)
            .Bind(static_cast<std::int64_t>(entry.kind))
            .Bind(entry.location)
            .Bind(entry.view_text)
            .Bind(entry.view_columns)
            .Bind(entry.default_names)
            .Bind(entry.comment)
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

  std::string NewManagedLocation(std::string_view kind, const FullName& name) const override {
    const std::string base = home_ + "/" + std::string(kind) + "/" + FileNameFor(name.catalog) +
                             "/" + FileNameFor(name.schema) + "/" + FileNameFor(name.object);
    std::error_code ignored;
    if (!std::filesystem::exists(base, ignored)) return base;
    // A dropped table's data may still lie under the plain name.
    std::random_device random;
    return base + "-" + std::to_string(random() % 100'000'000);
  }

 private:
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
  mutable Sqlite database_;  // Guarded by mutex_.
  const std::string home_;   // Absolute.
};

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
  SqliteStatement version = TRY(database.Prepare("PRAGMA user_version"));
  if (TRY(version.Step()) && version.Int64(0) == 0) {
    TRY(database.Execute("BEGIN IMMEDIATE;" + std::string(kSchema) + "COMMIT"));
  }
  return std::make_unique<SqliteCatalog>(std::move(database), root);
}

}  // namespace inlet::catalog
