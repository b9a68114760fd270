#include "catalog/sqlite.h"

#include <sqlite3.h>

#include <utility>

namespace inlet::catalog {
namespace {

constexpr int kLockWaitMs = 10'000;

}  // namespace

Result<Sqlite> Sqlite::Open(const std::string& path) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  Sqlite database(handle);
  if (code != SQLITE_OK) {
    return Fail(Condition::PERMISSION_DENIED, {{"path", path}, {"message", sqlite3_errstr(code)}});
  }
  sqlite3_busy_timeout(handle, kLockWaitMs);
  TRY(database
          .Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
          .Context("open " + path));
  return database;
}

Status Sqlite::Execute(std::string_view sql) {
  if (sqlite3_exec(database_, std::string(sql).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return Failure();
  }
  return Ok();
}

Result<SqliteStatement> Sqlite::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_, sql.data(), static_cast<int>(sql.size()), &statement,
                         nullptr) != SQLITE_OK) {
    return Failure();
  }
  return SqliteStatement(*this, statement);
}

std::int64_t Sqlite::changes() const { return sqlite3_changes64(database_); }

std::unexpected<Error> Sqlite::Failure() const {
  const std::string message = sqlite3_errmsg(database_);
  switch (sqlite3_errcode(database_) & 0xFF) {
    case SQLITE_CONSTRAINT:
      return Fail(Condition::PATH_ALREADY_EXISTS, {{"outputPath", message}});
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Fail(Condition::STORAGE_UNAVAILABLE, {{"message", message}});
    case SQLITE_FULL:
      return Fail(Condition::INLET_DISK_FULL, {{"path", sqlite3_db_filename(database_, "main")}});
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Fail(Condition::INLET_CORRUPT_FILE,
                  {{"path", sqlite3_db_filename(database_, "main")}, {"message", message}});
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return Fail(Condition::PERMISSION_DENIED,
                  {{"path", sqlite3_db_filename(database_, "main")}, {"message", message}});
    default:
      return FailInternal("catalog: " + message);
  }
}

Sqlite::Sqlite(Sqlite&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

Sqlite& Sqlite::operator=(Sqlite&& other) noexcept {
  std::swap(database_, other.database_);
  return *this;
}

Sqlite::~Sqlite() { sqlite3_close_v2(database_); }

SqliteStatement& SqliteStatement::Bind(std::string_view text) {
  // An empty view may have no address, which would stand for NULL.
  sqlite3_bind_text(statement_, ++bound_, text.empty() ? "" : text.data(),
                    static_cast<int>(text.size()), SQLITE_TRANSIENT);
  return *this;
}

SqliteStatement& SqliteStatement::Bind(std::int64_t value) {
  sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}

Result<bool> SqliteStatement::Step() {
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return owner_.Failure();
  }
}

std::string SqliteStatement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (text == nullptr) return "";
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::int64_t SqliteStatement::Int64(int column) const {
  return sqlite3_column_int64(statement_, column);
}

SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept
    : owner_(other.owner_),
      statement_(std::exchange(other.statement_, nullptr)),
      bound_(other.bound_) {}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

}  // namespace inlet::catalog
