#pragma once

#include "base/result.h"
#include "sql/expression.h"

namespace spark::connect {
class Expression_Literal;
}

namespace inlet::server {

/// A literal of the protocol as one of SQL: a sql::Literal, or a call of array, map and
/// named_struct around some.
///
/// Errors: INLET_UNSUPPORTED for types that have no SQL type here;
/// CONNECT_INVALID_PLAN.CANNOT_PARSE.
Result<sql::Expression> FromLiteral(const spark::connect::Expression_Literal& literal);

}  // namespace inlet::server
