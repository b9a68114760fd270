#include "engine/duckdb/error_place.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "sql/walk.h"

namespace inlet::engine {
namespace {

std::string InBackticks(const std::vector<std::string>& parts) {
  std::string name;
  for (const std::string& part : parts) {
    name += name.empty() ? "`" : ".`";
    for (const char c : part) name += c == '`' ? "``" : std::string(1, c);
    name += '`';
  }
  return name;
}

bool SameName(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// The parameter that names what the error is about, as "`t`.`a`".
std::string* NameIn(Error& error) {
  for (auto& [key, value] : error.params) {
    if (key == "objectName" || key == "name" || key == "fieldName" || key == "routineName" ||
        key == "colName") {
      return &value;
    }
  }
  return nullptr;
}

/// A quoted expression such as "\"abs\"" of DATATYPE_MISMATCH and MISSING_AGGREGATION.
std::string QuotedExpressionIn(const Error& error) {
  for (const auto& [key, value] : error.params) {
    if ((key == "sqlExpr" || key == "expression") && value.size() > 2) {
      return value.substr(1, value.size() - 2);
    }
  }
  return "";
}

/// Whether `expression` is what `name` stands for; a table that was not found becomes the whole
/// column's name in the error.
bool IsNamed(const sql::Expression& expression, std::string* name, std::string_view quoted) {
  if (const auto* column = expression.As<sql::ColumnRef>()) {
    if (column->parts.empty()) return false;
    const std::string whole = InBackticks(column->parts);
    if (name != nullptr) {
      if (SameName(whole, *name) || SameName(InBackticks({column->parts.back()}), *name))
        return true;
      if (SameName(InBackticks({column->parts.front()}), *name)) {
        *name = whole;
        return true;
      }
    }
    return !quoted.empty() && SameName(column->parts.back(), quoted);
  }
  if (const auto* access = expression.As<sql::FieldAccess>()) {
    return name != nullptr && SameName(InBackticks({access->field}), *name);
  }
  if (const auto* call = expression.As<sql::FunctionCall>()) {
    if (call->name.parts.empty()) return false;
    const std::string& last = call->name.parts.back();
    return name != nullptr ? SameName(InBackticks({last}), *name) : SameName(last, quoted);
  }
  return false;
}

}  // namespace

void LocateError(const sql::Query& query, Error& error) {
  if (!error.span.empty()) return;
  std::string* name = NameIn(error);
  const std::string quoted = QuotedExpressionIn(error);
  if (name == nullptr && quoted.empty()) return;
  sql::Query copy = query;  // The walk is for changing.
  const Status walked = sql::VisitExpressions(copy, [&](sql::Expression& expression) -> Status {
    if (error.span.empty() && !expression.span.empty() && IsNamed(expression, name, quoted)) {
      error.span = expression.span;
    }
    return Ok();
  });
  if (!walked) error.span = {};
}

}  // namespace inlet::engine
