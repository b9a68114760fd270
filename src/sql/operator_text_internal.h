#pragma once

#include <string>
#include <string_view>

#include "sql/expression.h"

namespace inlet::sql {

/// How an operator is written in Databricks SQL, and how tightly it binds (see
/// expression_parser.cc).
struct OperatorText {
  std::string_view sign;
  int level;
};

OperatorText TextOf(BinaryOperator op);

/// "0AFF"
std::string HexOf(std::string_view bytes);

}  // namespace inlet::sql
