#include <cctype>

#include "base/option_map.h"
#include "sql/duckdb_printer.h"
#include "sql/function_table.h"

namespace inlet::sql {
namespace {

bool IsPlainName(std::string_view text) {
  for (const char c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  }
  return true;
}

/// Whether `text` is one call: a name, and a bracket that closes at the very end.
bool IsCall(std::string_view text) {
  std::size_t position = 0;
  while (position < text.size() && IsPlainName(text.substr(position, 1))) ++position;
  if (position == 0 || position == text.size() || text[position] != '(') return false;
  int depth = 0;
  char quote = 0;
  for (; position < text.size(); ++position) {
    const char c = text[position];
    if (quote != 0) {
      if (c == quote) quote = 0;
      continue;
    }
    if (c == '\'' || c == '"') quote = c;
    if (c == '(') ++depth;
    if (c == ')' && --depth == 0) return position + 1 == text.size();
  }
  return false;
}

std::string Argument(const PrintedCall& call, std::size_t index) {
  return index < call.arguments.size() ? call.arguments[index] : "NULL";
}

std::string Fill(std::string_view pattern, const PrintedCall& call) {
  std::string text;
  bool has_suffix = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '$' || i + 1 == pattern.size()) {
      text += pattern[i];
      continue;
    }
    const char mark = pattern[++i];
    if (mark >= '1' && mark <= '9') {
      const auto index = static_cast<std::size_t>(mark - '1');
      if (i + 1 < pattern.size() && pattern[i + 1] == '*') {
        ++i;
        text += call.ArgumentList(index);
      } else {
        text += Argument(call, index);
      }
    } else if (mark == '*') {
      text += call.ArgumentList();
    } else if (mark == '#') {
      text += std::to_string(call.arguments.size());
    } else if (mark == 'k') {
      text += LiteralForDuckDb(ToLower(call.keyword));
    } else if (mark == 'd') {
      if (call.is_distinct) text += "DISTINCT ";
    } else if (mark == 'n') {
      if (call.ignore_nulls) text += " IGNORE NULLS";
    } else if (mark == '@') {
      text += call.Suffix();
      has_suffix = true;
    } else {
      text += mark;
    }
  }
  if (!has_suffix) text += call.Suffix();
  return IsCall(text) ? text : "(" + text + ")";
}

}  // namespace

std::string PrintedCall::Suffix(std::string_view condition) const {
  std::string text;
  if (!within_group.empty()) text += " WITHIN GROUP (" + within_group + ")";
  if (!filter.empty() || !condition.empty()) {
    text += " FILTER (WHERE ";
    text += filter;
    if (!filter.empty() && !condition.empty()) text += " AND ";
    text += condition;
    text += ")";
  }
  if (!over.empty()) text += " OVER " + over;
  return text;
}

std::string PrintedCall::ArgumentList(std::size_t first) const {
  std::string text;
  for (std::size_t i = first; i < arguments.size(); ++i) {
    if (i > first) text += ", ";
    text += arguments[i];
  }
  return text;
}

Result<std::string> PrintCall(const FunctionRule& rule, const PrintedCall& call) {
  const auto actual = static_cast<int>(call.arguments.size());
  if (actual < rule.min_arguments || (rule.max_arguments >= 0 && actual > rule.max_arguments)) {
    std::string expected = std::to_string(rule.min_arguments);
    if (rule.max_arguments < 0) {
      expected += " or more";
    } else if (rule.max_arguments != rule.min_arguments) {
      expected += " to " + std::to_string(rule.max_arguments);
    }
    return Fail(Condition::WRONG_NUM_ARGS, {{"functionName", types::QuoteIdentifier(rule.name)},
                                            {"expectedNum", expected},
                                            {"actualNum", std::to_string(actual)}});
  }
  if (rule.print != nullptr) return rule.print(call);
  if (IsPlainName(rule.duckdb)) {
    const std::string name(rule.duckdb.empty() ? rule.name : rule.duckdb);
    return Fill(name + "($d$*$n)", call);
  }
  return Fill(rule.duckdb, call);
}

}  // namespace inlet::sql
