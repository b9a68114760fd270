#pragma once

#include <memory>
#include <string>

#include "ingest/dml/queries.h"
#include "ingest/dml/table_change.h"
#include "sql/ast.h"
#include "workspace/session.h"

namespace inlet::workspace {

/// Whether a condition asks for partition columns alone, so that whole files go or stay.
bool IsOnPartitions(const delta::Snapshot& table, const sql::Expression& condition);

/// Compacts small files where `delta.autoOptimize.autoCompact` asks for it and there are enough. A
/// failure, such as a conflict with another writer, leaves the files to the next write.
/// Defined in optimize_statement.cc.
void AutoCompact(const Call& call, const delta::SnapshotPtr& table);

/// A statement under way that changes the rows of one table: binds queries for a TableChange.
/// Not thread-safe.
class ChangeStatement {
 public:
  /// `alias`: what the statement calls the table; empty: by its name. `only_inserts`: also a table
  /// takes it that only grows. Errors: as FindTable(); DELTA_CANNOT_MODIFY_APPEND_ONLY.
  static Result<std::unique_ptr<ChangeStatement>> Open(const Call& call,
                                                       const sql::ObjectName& name,
                                                       std::string alias, bool only_inserts);

  ingest::TableChange& change() { return change_; }
  const delta::Snapshot& table() const { return *change_.snapshot(); }
  /// What the statement calls the table.
  const std::string& alias() const { return alias_; }
  const std::string& display_name() const { return display_name_; }

  /// For building a change query.
  ingest::ChangedTable Changed(bool with_news) const;
  /// Binds a change query and runs it. `inputs` are what it reads besides, bound already.
  Status Run(sql::Query query, bool with_news, bool allow_repeated = false,
             std::vector<engine::Input> inputs = {});
  /// Values of structs get their fields in the order of the column's, where they have just those.
  /// `rows`: what the values are computed from.
  Status FitStructs(const std::vector<sql::CommonTable>& with, const sql::TableRef& rows,
                    const std::vector<sql::Assignment*>& assignments);
  /// Deletes the rows where `condition` holds, partitions as a whole where it can.
  Status DeleteWhere(const sql::Expression& condition);
  /// The partitions go for which `condition` holds.
  Status RemovePartitions(const sql::Expression& condition);
  /// Inserts rows that have the table's columns.
  Status Insert(ingest::BoundQuery rows, bool in_feed);
  Result<types::StructType> Describe(sql::Query query) const;
  /// Nothing to change makes no version.
  Status Commit(delta::Operation operation);

 private:
  ChangeStatement(const Call& call, delta::SnapshotPtr table, std::string alias,
                  std::string display_name, ingest::CommitNotes notes);
  Result<ingest::BoundQuery> BindWith(sql::Query query, std::vector<engine::Input> inputs);

  const Call& call_;
  const std::string alias_;
  const std::string display_name_;
  ingest::TableChange change_;
};

}  // namespace inlet::workspace
