#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/option_map.h"
#include "base/result.h"
#include "delta/protocol.h"
#include "ingest/dml/row_rules.h"
#include "sql/query.h"
#include "types/data_type.h"

namespace inlet::ingest {

/// What the rows of a table have to be.
struct TargetTable {
  types::StructType schema;
  delta::Properties properties;  ///< With its CHECK constraints.
  std::string display_name;      ///< For messages.
};

/// Where the columns of a table come from.
struct Alignment {
  /// For each column of the table, by position, the query's column that fills it.
  std::vector<std::optional<std::size_t>> source_of;
  /// Values of columns that the statement gives apart from the query.
  std::map<std::string, sql::Expression, CaseInsensitiveLess> fixed_values;
  /// Fields of structs find theirs by name at every level, absent ones are NULL. Else by position.
  bool structs_by_name = false;
};

/// Each column of `source` goes to the table's column of its name.
/// Errors: DELTA_METADATA_MISMATCH for a column that the table does not have;
/// COLUMN_ALREADY_EXISTS for one that comes twice.
Result<Alignment> AlignByName(const types::StructType& source, const TargetTable& table);

/// The places of `names` in the table. Errors: DELTA_MISSING_COLUMN, COLUMN_ALREADY_EXISTS.
Result<std::vector<std::size_t>> PlacesOf(const std::vector<std::string>& names,
                                          const TargetTable& table);

/// Turns `query`, which gives `source`, into one that gives the table's columns by position: what
/// it lacks comes from fixed values, defaults and generation expressions, else it is NULL. A row
/// that breaks a CHECK constraint, or gives a generated column another value, makes the query fail;
/// WithConstraintName() turns what it fails with into the documented error.
Result<sql::Query> AlignToTable(sql::Query query, const types::StructType& source,
                                const TargetTable& table, const Alignment& alignment);

/// `value` of type `from` with the struct fields of `to`, found by name at every level.
sql::Expression WithFieldsOf(sql::Expression value, const types::DataType& from,
                             const types::DataType& to);

}  // namespace inlet::ingest
