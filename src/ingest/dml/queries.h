#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "ingest/dml/table_change.h"
#include "sql/statement.h"
#include "types/data_type.h"

/// The queries of statements that change rows, still to be bound: their target is the input
/// kTargetInput, their other tables are as the user wrote them.
namespace inlet::ingest {

inline constexpr const char* kTargetInput = "inlet_target";

/// The table that changes, for building queries.
struct ChangedTable {
  const delta::Snapshot& snapshot;
  const types::StructType& schema;  ///< As it becomes.
  std::string alias;                ///< What the statement calls it.
  ChangeColumns columns;            ///< What the query has to give.
};

/// Marks the rows where `where` holds; all of them without it.
sql::Query DeleteQuery(const ChangedTable& table, const sql::Expression* where);

/// Errors: DELTA_CONFLICT_SET_COLUMN; UNRESOLVED_COLUMN.WITH_SUGGESTION; UNRESOLVED_FIELD.
Result<sql::Query> UpdateQuery(const ChangedTable& table, const sql::Update& statement);

/// `source` has the columns of statement.source.
/// Errors: as UpdateQuery(); DELTA_MERGE_UNRESOLVED_EXPRESSION; DELTA_NON_LAST_*_OMIT_CONDITION.
Result<sql::Query> MergeQuery(const ChangedTable& table, const sql::Merge& statement,
                              const types::StructType& source);
/// The target's columns and those of the source that the clauses bring along.
types::StructType EvolvedByMerge(const types::StructType& target, const sql::Merge& statement,
                                 const types::StructType& source);

/// The rows of `query` as a change query that inserts them.
sql::Query InsertedRowsOf(sql::Query query, const types::StructType& schema);

/// All of the input of a table that has the columns `from`, as the columns `to`; with the row id
/// and version behind them if asked for.
sql::Query CopyQuery(const std::string& input, const types::StructType& from,
                     const types::StructType& to, bool with_row_ids);

}  // namespace inlet::ingest
