#include "base/error.h"

#include <algorithm>
#include <cstddef>

namespace inlet {
namespace {

constexpr ConditionInfo kConditions[] = {
#define INLET_CONDITION(id, name, kind, sqlstate, text) {name, ErrorKind::kind, sqlstate, text},
#include "base/error_conditions.inc"
#undef INLET_CONDITION
};

struct LineOfText {
  std::size_t number;  // From 1.
  std::size_t column;  // From 0, in bytes.
  std::string_view text;
};

LineOfText FindLine(std::string_view sql, std::size_t position) {
  position = std::min(position, sql.size());
  std::size_t begin = sql.substr(0, position).rfind('\n');
  begin = begin == std::string_view::npos ? 0 : begin + 1;
  std::size_t end = sql.find('\n', position);
  if (end == std::string_view::npos) end = sql.size();
  const auto before = sql.substr(0, begin);
  return {.number = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1,
          .column = position - begin,
          .text = sql.substr(begin, end - begin)};
}

}  // namespace

const ConditionInfo& InfoOf(Condition condition) {
  return kConditions[static_cast<std::size_t>(condition)];
}

std::string MessageOf(const Error& error) {
  std::string message;
  std::string_view text = error.info().text;
  while (!text.empty()) {
    const std::size_t open = text.find('<');
    const std::size_t close = open == std::string_view::npos ? open : text.find('>', open);
    if (close == std::string_view::npos) break;
    message += text.substr(0, open);
    const std::string_view name = text.substr(open + 1, close - open - 1);
    const auto found = std::find_if(error.params.begin(), error.params.end(),
                                    [&](const auto& param) { return param.first == name; });
    if (found != error.params.end()) message += found->second;
    text.remove_prefix(close + 1);
  }
  message += text;
  return message;
}

std::string ToString(const Error& error) {
  std::string text = "[" + std::string(error.info().name) + "] " + MessageOf(error);
  if (!error.hint.empty()) text += " " + error.hint;
  if (!error.context.empty()) text += " (" + error.context + ")";
  return text + " SQLSTATE: " + std::string(error.info().sqlstate);
}

std::string ToString(const Error& error, std::string_view sql) {
  std::string text = ToString(error);
  if (error.span.empty() || error.span.begin > sql.size()) return text;
  const LineOfText line = FindLine(sql, error.span.begin);
  const std::size_t width =
      std::clamp<std::size_t>(error.span.end - error.span.begin, 1,
                              std::max<std::size_t>(line.text.size() - line.column, 1));
  text += " (line " + std::to_string(line.number) + ", pos " + std::to_string(line.column) + ")\n";
  text += std::string(line.text) + "\n" + std::string(line.column, ' ') + std::string(width, '^');
  return text;
}

}  // namespace inlet
