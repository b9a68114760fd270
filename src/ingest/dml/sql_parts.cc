#include "ingest/dml/sql_parts.h"

namespace inlet::ingest::parts {

using sql::Expression;
using types::TypeId;

Expression Column(std::string name) { return {.node = sql::ColumnRef{.parts = {std::move(name)}}}; }

Expression Column(std::string table, std::string name) {
  return {.node = sql::ColumnRef{.parts = {std::move(table), std::move(name)}}};
}

Expression Null() { return {.node = sql::Literal{.type = TypeId::kVoid, .text = "NULL"}}; }

Expression Text(std::string text) {
  return {.node = sql::Literal{.type = TypeId::kString, .text = std::move(text)}};
}

Expression Bool(bool value) {
  return {.node = sql::Literal{.type = TypeId::kBoolean, .text = value ? "true" : "false"}};
}

Expression Integer(std::int64_t value) {
  return {.node = sql::Literal{.type = TypeId::kInteger, .text = std::to_string(value)}};
}

Expression CastTo(Expression value, types::DataType type) {
  return {.node = sql::Cast{.operand = std::move(value), .type = std::move(type)}};
}

Expression Call(std::string function, std::vector<Expression> arguments) {
  sql::FunctionCall call{.name = {.parts = {std::move(function)}}};
  for (Expression& argument : arguments) call.arguments.push_back({.value = std::move(argument)});
  return {.node = std::move(call)};
}

Expression Not(Expression operand) {
  return {.node = sql::Unary{.op = sql::UnaryOperator::kNot, .operand = std::move(operand)}};
}

Expression IsNull(Expression operand, bool negated) {
  return {.node = sql::Is{.operand = std::move(operand), .negated = negated}};
}

Expression Binary(sql::BinaryOperator op, Expression left, Expression right) {
  return {.node = sql::Binary{.op = op, .left = std::move(left), .right = std::move(right)}};
}

Expression And(std::vector<Expression> operands) {
  if (operands.empty()) return Bool(true);
  if (operands.size() == 1) return std::move(operands.front());
  return {.node = sql::Logical{.op = sql::LogicalOperator::kAnd, .operands = std::move(operands)}};
}

Expression InNumbers(Expression operand, const std::vector<std::int64_t>& numbers) {
  if (numbers.empty()) return Bool(false);
  sql::InList list{.operand = std::move(operand)};
  for (const std::int64_t number : numbers) list.values.push_back(Integer(number));
  return {.node = std::move(list)};
}

sql::SelectItem Item(Expression value, std::string alias) {
  return {.value = std::move(value), .alias = std::move(alias)};
}

sql::TableRef AsTable(sql::Query query, std::string alias, std::vector<std::string> names) {
  return {.node = sql::SubqueryTable{.query = std::move(query)},
          .alias = std::move(alias),
          .column_aliases = std::move(names)};
}

sql::TableRef AsTable(std::string input, std::string alias) {
  return {.node = sql::InputRef{.name = std::move(input)}, .alias = std::move(alias)};
}

}  // namespace inlet::ingest::parts
