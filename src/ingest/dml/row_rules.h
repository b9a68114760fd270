#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/protocol.h"
#include "sql/query.h"
#include "types/data_type.h"

namespace inlet::ingest {

/// What a column of the table is computed from, when it is GENERATED ALWAYS AS; else nothing.
std::optional<std::string> GenerationOf(const types::StructField& field);
/// GENERATED ... AS IDENTITY. Source: Delta protocol, "Identity Columns".
struct IdentityColumn {
  std::int64_t start = 1;
  std::int64_t step = 1;
  bool allows_given_values = false;             ///< BY DEFAULT.
  std::optional<std::int64_t> high_water_mark;  ///< The last value given.

  /// The value before the next one.
  std::int64_t base() const { return high_water_mark.value_or(start - step); }
};
std::optional<IdentityColumn> IdentityOf(const types::StructField& field);
/// The next value for each row of a query, or of each part of it that `window` makes.
sql::Expression NextIdentity(const IdentityColumn& identity, sql::WindowSpec window = {});
/// `identity` with a mark that the values it gives next lie beyond `value`; never one before its
/// own.
IdentityColumn PastValue(IdentityColumn identity, std::int64_t value);
/// The schema after `num_rows` rows have got values.
types::StructType WithIdentitiesGiven(types::StructType schema, std::int64_t num_rows);

/// The DEFAULT of a column, NULL without one. Errors: those of the parser.
Result<sql::Expression> DefaultOf(const types::StructField& field);

/// A condition that every new row must hold, or the statement fails.
struct RowCheck {
  std::string name;
  std::string text;
  sql::Expression condition;
};

/// The table's CHECK constraints. Errors: those of the parser.
Result<std::vector<RowCheck>> ChecksOf(const delta::Properties& properties);
/// That a generated column has the value of its expression.
Result<RowCheck> GenerationCheck(const types::StructField& field);

/// An expression that is true for a row that holds `check`, and else fails the query by
/// raise_error with a message that WithConstraintName() understands.
sql::Expression GuardOf(const RowCheck& check, const types::StructType& schema);

/// A broken check as it comes out of the engine, as DELTA_VIOLATE_CONSTRAINT_WITH_VALUES; another
/// error as it is.
Error WithConstraintName(Error error);

}  // namespace inlet::ingest
