#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "delta/snapshot.h"
#include "delta/transaction.h"
#include "engine/engine.h"
#include "ingest/write_table.h"

namespace inlet::ingest {

/// What happens to a row; the first column of a change query.
enum class RowChange : std::int8_t {
  kDelete,
  kUpdate,
  kInsert,
  kDeleteBySource,  ///< Of WHEN NOT MATCHED BY SOURCE.
  kUpdateBySource,
};

/// The columns of a change query, by position: the RowChange as TINYINT, then file and row of
/// delta::RowColumn, then those that are asked for here.
struct ChangeColumns {
  bool row_ids = false;  ///< Row id and row version of the old row, for row tracking.
  bool news = false;     ///< The table's columns as they become.
  bool olds = false;     ///< The table's columns as they were, for the change feed.
};

/// What a change has come to, for results and metrics.
struct ChangeFigures {
  std::int64_t deleted_rows = 0;
  std::int64_t updated_rows = 0;
  std::int64_t inserted_rows = 0;
  std::int64_t rows_deleted_by_source = 0;  ///< Among the deleted ones.
  std::int64_t rows_updated_by_source = 0;  ///< Among the updated ones.
  std::int64_t copied_rows = 0;
  std::int64_t added_files = 0;
  std::int64_t added_bytes = 0;
  std::int64_t removed_files = 0;
  std::int64_t removed_bytes = 0;
  std::int64_t change_files = 0;
  std::int64_t change_bytes = 0;
  std::int64_t vectors_added = 0;
  std::int64_t vectors_removed = 0;
  std::int64_t vectors_updated = 0;
  std::int64_t scan_ms = 0;
  std::int64_t rewrite_ms = 0;
};

struct ChangeOptions {
  std::string user_name;
  std::string session_time_zone = "UTC";
  std::stop_token stop;
  CommitNotes notes = {};
};

/// A change of rows of one table: queries tell which rows go and which come. New rows are staged at
/// once; Finish() marks the rows that go in deletion vectors, or copies what is left of their
/// files; Commit() makes all of it visible. Unless it commits, nothing stays behind. Not
/// thread-safe.
///
/// With the change feed on, change files are written for what queries say; files that go as a whole
/// without a query need none, which is why one change does only the one or the other.
class TableChange {
 public:
  TableChange(engine::Engine& engine, delta::SnapshotPtr snapshot, ChangeOptions options);
  ~TableChange();
  TableChange(const TableChange&) = delete;
  TableChange& operator=(const TableChange&) = delete;

  const delta::SnapshotPtr& snapshot() const;
  /// Of the table as it becomes.
  const types::StructType& schema() const;

  /// The table with its row columns, under `name`, for a change query.
  Result<engine::Input> Target(std::string name) const;
  /// The partition columns, a row for each partition, its number behind them.
  Result<engine::Input> Partitions(std::string name) const;
  /// What a change query has to give. `with_news`: it inserts or updates.
  ChangeColumns Wanted(bool with_news) const;

  /// Gives the table other columns; before any query. Old rows have NULL in new ones.
  Status Evolve(types::StructType schema);
  /// The query reads the table in other places than through Target().
  void ReadsWholeTable();

  /// Runs a change query. A row of the table that comes twice is an error, or with `allow_repeated`
  /// counts once. Errors: DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE;
  /// DELTA_NOT_NULL_CONSTRAINT_VIOLATED; those of the query.
  Status Run(BoundQuery query, const ChangeColumns& columns, bool allow_repeated = false);
  /// Inserts the rows of a query that has the table's columns. `in_feed`: Run() deleted others.
  Status Insert(BoundQuery query, bool in_feed);
  /// Partitions go whose numbers `query` gives.
  Status RemovePartitions(BoundQuery query);
  /// Every file goes.
  Status RemoveAll();
  /// Old files go from the partitions that have got new rows.
  Status RemovePartitionsOfNewRows();

  /// Goes into the same commit, and makes it one although no row changes. Another commit of the
  /// same application meanwhile is a conflict.
  void Set(delta::SetTransaction transaction);

  /// Writes deletion vectors or copies; after it the figures are known.
  Result<ChangeFigures> Finish();
  /// Whether there is something to commit.
  bool has_changes() const;
  /// Errors: those of delta::Transaction::Commit().
  Result<delta::SnapshotPtr> Commit(delta::Operation operation);

 private:
  struct State;
  class Sink;
  std::unique_ptr<State> state_;
};

/// The metrics of DELETE and UPDATE that tell of files and times.
std::map<std::string, std::string> FileMetrics(const ChangeFigures& figures);

}  // namespace inlet::ingest
