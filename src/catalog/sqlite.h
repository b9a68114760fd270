#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace inlet::catalog {

class SqliteStatement;

/// One SQLite database file in WAL mode. The only class that knows the library.
/// Not thread-safe: one a thread, or a lock around it. Several processes may have the file open.
class Sqlite {
 public:
  /// Creates the file when it is missing. Errors: PERMISSION_DENIED, INLET_CORRUPT_FILE.
  static Result<Sqlite> Open(const std::string& path);

  Status Execute(std::string_view sql);
  Result<SqliteStatement> Prepare(std::string_view sql);
  /// Rows that the last INSERT, UPDATE or DELETE touched.
  std::int64_t changes() const;

  Sqlite(Sqlite&&) noexcept;
  Sqlite& operator=(Sqlite&&) noexcept;
  ~Sqlite();

 private:
  explicit Sqlite(sqlite3* database) : database_(database) {}
  std::unexpected<Error> Failure() const;

  friend class SqliteStatement;
  sqlite3* database_;  // Owned; null when moved from.
};

/// A prepared statement: bind, then Step() through the rows.
class SqliteStatement {
 public:
  SqliteStatement& Bind(std::string_view text);
  SqliteStatement& Bind(std::int64_t value);
  /// True: there is a row. Errors: PATH_ALREADY_EXISTS for a broken UNIQUE constraint, for the
  /// caller to name what exists; STORAGE_UNAVAILABLE when the file stays locked.
  Result<bool> Step();
  std::string Text(int column) const;
  std::int64_t Int64(int column) const;

  SqliteStatement(SqliteStatement&&) noexcept;
  SqliteStatement& operator=(SqliteStatement&&) = delete;
  ~SqliteStatement();

 private:
  friend class Sqlite;
  SqliteStatement(Sqlite& owner, sqlite3_stmt* statement) : owner_(owner), statement_(statement) {}

  Sqlite& owner_;  // Outlives this.
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

}  // namespace inlet::catalog
