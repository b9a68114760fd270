#pragma once

#include <vector>

#include "server/spark_connect/frame.h"
#include "sql/query.h"
#include "types/data_type.h"

namespace inlet::server {

/// What is known about NULL of an expression over the columns of a scope, before it is resolved, by
/// Spark's rules. The type is given where the form alone tells it.
struct KnownNulls {
  bool nullable = true;
  /// Of the elements of an ARRAY, the keys and values of a MAP, the fields of a STRUCT; empty:
  /// nothing is known of them.
  std::vector<KnownNulls> inside;
  std::optional<types::DataType> type;
};
KnownNulls NullsOf(const sql::Expression& expression, const Scope& scope);

/// The type with what is known about NULL inside of it.
types::DataType WithNulls(const types::DataType& type, const KnownNulls& known);

/// Fills what an OutputColumn knows.
void SetNulls(const KnownNulls& known, OutputColumn& column);

/// Whether two types differ at most in what may be NULL.
bool SameButForNulls(const types::DataType& left, const types::DataType& right);

}  // namespace inlet::server
