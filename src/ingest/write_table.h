#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "delta/snapshot.h"
#include "delta/table.h"
#include "delta/transaction.h"
#include "engine/engine.h"
#include "sql/query.h"

namespace inlet::ingest {

/// A query whose tables are bound to inputs, ready to run.
struct BoundQuery {
  sql::Query query;
  std::vector<engine::Input> inputs;
  engine::QueryContext context;
};

/// What one write did.
struct WriteResult {
  delta::SnapshotPtr snapshot;  ///< The table after it.
  std::int64_t num_rows = 0;
  std::int64_t num_files = 0;
  std::int64_t size_bytes = 0;
};

/// What a commit says besides its rows.
struct CommitNotes {
  std::optional<std::string> user_metadata;
  /// A write of an application that numbers its writes; a number is committed once.
  std::optional<delta::SetTransaction> transaction;
  /// The mode of df.write, when that makes the table: "ErrorIfExists", "Append", ...
  std::optional<std::string> write_mode;

  /// Whether the table has this write, or a later one of the application, already.
  bool AreIn(const delta::Snapshot& table) const;
  void AddTo(delta::Transaction& change, delta::Operation& operation) const;
};

struct WriteOptions {
  std::string user_name;  ///< For the table's history.
  /// Called when all rows are staged; its error gives the write up. May be empty.
  std::function<Status()> before_commit = {};
  CommitNotes notes = {};
};

/// Writes tables: the query's rows become staged files, one commit makes them visible; when
/// anything fails before that, the staged files are deleted and the table is as it was.
/// Not thread-safe; cheap to make.
class TableWriter {
 public:
  TableWriter(engine::Engine& engine, WriteOptions options, std::stop_token stop)
      : engine_(engine), options_(std::move(options)), stop_(std::move(stop)) {}

  /// CREATE TABLE without rows: version 0 with protocol and metadata.
  /// Errors: those of delta::DefineTable(); DELTA_CREATE_TABLE_WITH_NON_EMPTY_LOCATION.
  Result<WriteResult> Create(const storage::Location& root,
                             const delta::TableDefinition& definition, bool is_managed);

  /// CREATE TABLE ... AS: version 0 with the rows. The definition's schema is the query's, or, when
  /// it is given, what the query's columns are stored as by position.
  Result<WriteResult> CreateAs(const storage::Location& root, delta::TableDefinition definition,
                               BoundQuery query, bool is_managed);

  /// CREATE OR REPLACE TABLE [AS]: the next version of the same table, old files removed.
  Result<WriteResult> Replace(const delta::SnapshotPtr& current, delta::TableDefinition definition,
                              std::optional<BoundQuery> query, bool is_create_or_replace);

  /// INSERT INTO and INSERT OVERWRITE. The query has the table's columns by position, and gives
  /// only rows that hold its CHECK constraints and generated columns: that is the caller's to see
  /// to. `column_names` are what CAST_OVERFLOW_IN_TABLE_INSERT and its kin name.
  struct InsertOptions {
    bool overwrite = false;
    bool reads_table = false;  ///< The query reads the table itself: the insert is no blind append.
  };
  Result<WriteResult> Insert(const delta::SnapshotPtr& current, BoundQuery query,
                             const InsertOptions& options);

 private:
  Result<std::vector<delta::AddFile>> Stage(BoundQuery query, const delta::DataFileSpec& spec);

  engine::Engine& engine_;  // Outlives this.
  WriteOptions options_;
  std::stop_token stop_;
};

/// Notes in the table's metadata that `num_rows` new rows have got values for identity columns.
Status GiveIdentities(const delta::Snapshot& table, std::int64_t num_rows,
                      delta::Transaction& transaction);
/// The same in `metadata`; false: it has no such columns, or there are no rows.
Result<bool> GiveIdentities(std::int64_t num_rows, delta::Metadata& metadata);

/// Rows of a staged or live file, by its statistics; 0 when they do not say.
std::int64_t NumRecords(const delta::AddFile& file);

}  // namespace inlet::ingest
