#include "sql/function_table.h"

#include <algorithm>
#include <array>

#include "base/option_map.h"

namespace inlet::sql {
namespace {

using enum FunctionKind;

// Functions that DuckDB has with the same name and meaning, or that differ in name only.
constexpr FunctionRule kRules[] = {
    {"abs", kScalar, 1, 1, "", nullptr},
    {"avg", kAggregate, 1, 1, "", nullptr},
    {"coalesce", kScalar, 1, -1, "", nullptr},
    {"concat", kScalar, 0, -1, "", nullptr},
    {"count", kAggregate, 1, -1, "", nullptr},
    {"dense_rank", kWindow, 0, 0, "", nullptr},
    {"explode", kGenerator, 1, 1, "", nullptr},
    {"explode_outer", kGenerator, 1, 1, "", nullptr},
    {"first", kAggregate, 1, 2, "", nullptr},
    {"inline", kGenerator, 1, 1, "", nullptr},
    {"inline_outer", kGenerator, 1, 1, "", nullptr},
    {"lag", kWindow, 1, 3, "", nullptr},
    {"last", kAggregate, 1, 2, "", nullptr},
    {"lead", kWindow, 1, 3, "", nullptr},
    {"length", kScalar, 1, 1, "", nullptr},
    {"lower", kScalar, 1, 1, "", nullptr},
    {"max", kAggregate, 1, 1, "", nullptr},
    {"min", kAggregate, 1, 1, "", nullptr},
    {"posexplode", kGenerator, 1, 1, "", nullptr},
    {"posexplode_outer", kGenerator, 1, 1, "", nullptr},
    {"rank", kWindow, 0, 0, "", nullptr},
    {"row_number", kWindow, 0, 0, "", nullptr},
    {"stack", kGenerator, 2, -1, "", nullptr},
    {"sum", kAggregate, 1, 1, "", nullptr},
    {"transform", kScalar, 2, 2, "list_transform", nullptr},
    {"upper", kScalar, 1, 1, "", nullptr},
};

}  // namespace

const FunctionRule* FindFunction(std::string_view name) {
  const std::string key = ToLower(name);
  for (const FunctionRule& rule : kRules) {
    if (rule.name == key) return &rule;
  }
  return nullptr;
}

std::vector<std::string_view> FunctionNames() {
  std::vector<std::string_view> names;
  for (const FunctionRule& rule : kRules) names.push_back(rule.name);
  return names;
}

}  // namespace inlet::sql
