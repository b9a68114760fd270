#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "ingest/dml/queries.h"
#include "sql/parser.h"

namespace inlet::ingest {

/// Which clause applies to a row: 0, 1, ... in the order of the statement, NULL for none.
inline constexpr const char* kClauseColumn = "__inlet_clause";

/// What one clause of a statement does.
struct ChangeClause {
  RowChange change = RowChange::kUpdate;
  std::set<std::size_t> given;    ///< Columns that it gives values for.
  bool is_unconditional = false;  ///< All rows of the query are its.
};

/// By column of the table.
using AssignedValues = std::map<std::size_t, sql::Expression>;

inline std::string NewName(std::size_t index) { return "__inlet_new_" + std::to_string(index); }

/// SET a = x, t.b.c = y as whole columns. DEFAULT becomes the column's. `inserts`: of new rows.
Result<AssignedValues> ResolveAssignments(const ChangedTable& table,
                                          const std::vector<sql::Assignment>& assignments,
                                          bool inserts = false);
/// Whether a clause may give `field` a value. Errors:
/// DELTA_IDENTITY_COLUMNS_EXPLICIT_INSERT_NOT_SUPPORTED, _UPDATE_NOT_SUPPORTED.
Status CheckGivesIdentity(const types::StructField& field, bool inserts);
/// A column of the target as it was; NULL for a new one.
sql::Expression OldValue(const ChangedTable& table, const types::StructField& field);
/// Whether new rows are checked or computed from.
bool HasRules(const ChangedTable& table);

void AppendRowColumns(const ChangedTable& table, sql::Select& select);
void AppendOldColumns(const ChangedTable& table, sql::Select& select);

/// `rows` gives the clause, file and row, ids if wanted, new columns, old columns if wanted. The
/// result is a change query: generated columns computed, checks guarded.
Result<sql::Query> FinishChangeQuery(const ChangedTable& table, sql::Query rows,
                                     const std::vector<ChangeClause>& clauses);

}  // namespace inlet::ingest
