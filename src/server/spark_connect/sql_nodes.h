#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sql/query.h"

/// Short ways to write the structs of src/sql.
namespace inlet::server {

inline sql::Expression LiteralOf(types::DataType type, std::string text) {
  return {.node = sql::Literal{.type = std::move(type), .text = std::move(text)}};
}
inline sql::Expression NullLiteral() { return LiteralOf(types::TypeId::kVoid, "NULL"); }
inline sql::Expression TextLiteral(std::string text) {
  return LiteralOf(types::TypeId::kString, std::move(text));
}
inline sql::Expression LongLiteral(std::int64_t value) {
  return LiteralOf(types::TypeId::kLong, std::to_string(value));
}

inline sql::Expression ColumnOf(std::vector<std::string> parts) {
  return {.node = sql::ColumnRef{.parts = std::move(parts)}};
}
inline sql::Expression ColumnOf(const std::string& name) {
  return ColumnOf(std::vector<std::string>{name});
}

inline sql::Expression CastTo(sql::Expression value, types::DataType type) {
  return {.node = sql::Cast{.operand = std::move(value), .type = std::move(type)}};
}

inline sql::FunctionCall FunctionOf(std::string name, std::vector<sql::Expression> arguments) {
  sql::FunctionCall call{.name = {.parts = {std::move(name)}}};
  for (sql::Expression& argument : arguments) {
    call.arguments.push_back({.value = std::move(argument)});
  }
  return call;
}
inline sql::Expression CallOf(std::string name, std::vector<sql::Expression> arguments) {
  return {.node = FunctionOf(std::move(name), std::move(arguments))};
}

inline sql::Expression BinaryOf(sql::BinaryOperator op, sql::Expression left,
                                sql::Expression right) {
  return {.node = sql::Binary{.op = op, .left = std::move(left), .right = std::move(right)}};
}
inline sql::Expression NotOf(sql::Expression operand) {
  return {.node = sql::Unary{.op = sql::UnaryOperator::kNot, .operand = std::move(operand)}};
}
inline sql::Expression IsNullOf(sql::Expression operand, bool negated = false) {
  return {.node = sql::Is{
              .operand = std::move(operand), .test = sql::TruthTest::kNull, .negated = negated}};
}
/// All of `operands`; TRUE when there are none.
inline sql::Expression AllOf(std::vector<sql::Expression> operands) {
  if (operands.empty()) return LiteralOf(types::TypeId::kBoolean, "true");
  if (operands.size() == 1) return std::move(operands[0]);
  return {.node = sql::Logical{.op = sql::LogicalOperator::kAnd, .operands = std::move(operands)}};
}
/// CASE WHEN condition THEN result [ELSE otherwise] END
inline sql::Expression CaseOf(sql::Expression condition, sql::Expression result,
                              sql::Box<sql::Expression> otherwise = {}) {
  sql::Case node;
  node.whens.push_back({.condition = std::move(condition), .result = std::move(result)});
  node.otherwise = std::move(otherwise);
  return {.node = std::move(node)};
}

inline sql::TableRef AsTable(sql::Query query, std::string alias = "") {
  return {.node = sql::SubqueryTable{.query = std::move(query)}, .alias = std::move(alias)};
}

}  // namespace inlet::server
