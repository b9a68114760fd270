#include "engine/duckdb/errors.h"

#include <array>
#include <duckdb/common/error_data.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/duckdb/functions/raise.h"
#include "types/data_type.h"

namespace inlet::engine {
namespace {

using duckdb::ExceptionType;

/// What DuckDB says, taken apart.
struct Message {
  ExceptionType type;
  std::string
      text;  ///< Without the "LINE 1: ..." that DuckDB adds: it shows printed SQL, not the user's.
  const duckdb::unordered_map<std::string, std::string>& extra;

  bool Has(std::string_view part) const { return text.find(part) != std::string::npos; }

  /// What stands between the first `open` and the next `close`.
  std::optional<std::string> Between(std::string_view open, std::string_view close) const {
    const std::size_t begin = text.find(open);
    if (begin == std::string::npos) return std::nullopt;
    const std::size_t end = text.find(close, begin + open.size());
    if (end == std::string::npos) return std::nullopt;
    return text.substr(begin + open.size(), end - begin - open.size());
  }

  std::string Extra(const std::string& key) const {
    auto found = extra.find(key);
    return found == extra.end() ? "" : found->second;
  }
  std::string FirstLine() const { return text.substr(0, text.find('\n')); }
};

using Mapped = std::optional<Error>;

Error Make(Condition condition, std::initializer_list<Param> params) {
  return Fail(condition, params).error();
}

/// Always in back-ticks, as Spark shows names in messages.
std::string InBackticks(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) quoted += c == '`' ? "``" : std::string(1, c);
  return quoted + "`";
}

/// "t.a" or "a" of DuckDB's candidates as `t`.`a`.
std::string Candidate(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return InBackticks(name);
  return InBackticks(name.substr(0, dot)) + "." + InBackticks(name.substr(dot + 1));
}

std::string Candidates(std::string_view list) {
  std::string all;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    all += (all.empty() ? "" : ", ") + Candidate(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return all;
}

/// A type as DuckDB writes it in messages, by its SQL name.
std::string SparkType(const std::string& type) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kNames{{
      {"INT8", "TINYINT"},
      {"INT16", "SMALLINT"},
      {"INT32", "INT"},
      {"INT64", "BIGINT"},
      {"INT128", "DECIMAL(38,0)"},
      {"HUGEINT", "DECIMAL(38,0)"},
      {"INTEGER", "INT"},
      {"BOOL", "BOOLEAN"},
      {"VARCHAR", "STRING"},
      {"STRING_LITERAL", "STRING"},
      {"INTEGER_LITERAL", "INT"},
      {"BLOB", "BINARY"},
      {"TIMESTAMP WITH TIME ZONE", "TIMESTAMP"},
      {"TIMESTAMP", "TIMESTAMP_NTZ"},
      {"\"NULL\"", "VOID"},
      {"NULL", "VOID"},
  }};
  if (type.ends_with("[]")) return "ARRAY<" + SparkType(type.substr(0, type.size() - 2)) + ">";
  for (const auto& [duckdb_name, name] : kNames) {
    if (type == duckdb_name) return std::string(name);
  }
  return type;
}

Error UnresolvedColumn(const std::string& name, const std::string& candidates) {
  if (candidates.empty()) {
    return Make(Condition::UNRESOLVED_COLUMN_WITHOUT_SUGGESTION, {{"objectName", name}});
  }
  return Make(Condition::UNRESOLVED_COLUMN_WITH_SUGGESTION,
              {{"objectName", name}, {"proposal", candidates}});
}

/// `"a", "b"` at the end of a message as `a`, `b`.
std::string QuotedList(const Message& message, std::string_view after) {
  const std::size_t begin = message.text.find(after);
  if (begin == std::string::npos) return "";
  std::string list = message.text.substr(begin + after.size());
  list = list.substr(0, list.find('\n'));
  std::string names;
  for (std::size_t open = list.find('"'); open != std::string::npos;) {
    const std::size_t close = list.find('"', open + 1);
    if (close == std::string::npos) break;
    names += (names.empty() ? "" : ", ") + Candidate(list.substr(open + 1, close - open - 1));
    open = list.find('"', close + 1);
  }
  return names;
}

Mapped OfColumns(const Message& message) {
  if (message.Extra("error_subtype") == "COLUMN_NOT_FOUND") {
    return UnresolvedColumn(Candidate(message.Extra("name")),
                            Candidates(message.Extra("candidates")));
  }
  // The printed alias of the column itself: SELECT "nme" AS "nme".
  if (auto column =
          message.Between("Column \"", "\" referenced that exists in the SELECT clause")) {
    return UnresolvedColumn(InBackticks(*column), "");
  }
  if (auto table = message.Between("Referenced table \"", "\" not found")) {
    return UnresolvedColumn(InBackticks(*table), QuotedList(message, "Candidate tables: "));
  }
  if (auto column = message.Between("does not have a column named \"", "\"")) {
    const auto table = message.Between("\"", "\"");
    return UnresolvedColumn(InBackticks(table.value_or("")) + "." + InBackticks(*column),
                            QuotedList(message, "Candidate bindings: "));
  }
  // Every output has its own name as an alias, which DuckDB then finds instead of a column.
  if (auto column = message.Between("Column \"", "\" referenced that exists in the SELECT")) {
    return UnresolvedColumn(InBackticks(*column), "");
  }
  if (auto column = message.Between("Column \"", "\" in EXCLUDE list")) {
    return UnresolvedColumn(InBackticks(*column), "");
  }
  if (auto column = message.Between("Ambiguous reference to column name \"", "\"")) {
    return Make(Condition::AMBIGUOUS_REFERENCE,
                {{"name", InBackticks(*column)},
                 {"referenceNames", "[" + QuotedList(message, "(use: ") + "]"}});
  }
  if (auto field = message.Between("Could not find key \"", "\" in struct")) {
    return Make(Condition::FIELD_NOT_FOUND,
                {{"fieldName", InBackticks(*field)},
                 {"fields", QuotedList(message, "Candidate Entries: ")}});
  }
  if (auto column = message.Between("Column \"", "\" does not exist on ")) {
    return Make(Condition::UNRESOLVED_USING_COLUMN_FOR_JOIN,
                {{"colName", InBackticks(*column)},
                 {"side", message.Between("does not exist on ", " side").value_or("")},
                 {"suggestion", ""}});
  }
  return std::nullopt;
}

Mapped OfAggregates(const Message& message) {
  auto missing = message.Between("column \"", "\" must appear in the GROUP BY clause");
  if (!missing) missing = message.Between("column ", " must appear in the GROUP BY clause");
  if (missing) {
    return Make(Condition::MISSING_AGGREGATION,
                {{"expression", "\"" + *missing + "\""},
                 {"expressionAnyValue", "\"any_value(" + *missing + ")\""}});
  }
  if (message.Has("WHERE clause cannot contain")) {
    return Make(
        Condition::INVALID_WHERE_CONDITION,
        {{"message", message.Has("window") ? "a window function" : "an aggregate function"}});
  }
  if (message.Has("GROUP BY clause cannot contain aggregates")) {
    return Make(Condition::GROUP_BY_AGGREGATE, {});
  }
  if (message.Has("aggregate function calls cannot be nested")) {
    return Make(Condition::NESTED_AGGREGATE_FUNCTION, {});
  }
  if (auto window = message.Between("window \"", "\" does not exist")) {
    return Make(Condition::MISSING_WINDOW_SPECIFICATION, {{"windowName", *window}});
  }
  return std::nullopt;
}

Mapped OfShapes(const Message& message) {
  if (message.Has("Set operations can only apply to expressions with the same number")) {
    return Make(Condition::NUM_COLUMNS_MISMATCH, {});
  }
  if (message.Has("ORDER term out of range")) {
    return Make(Condition::ORDER_BY_POS_OUT_OF_RANGE,
                {{"range", message.Between("should be ", "\n")
                               .value_or(message.text.substr(message.text.find("between")))}});
  }
  if (message.Has("GROUP BY term out of range")) {
    return Make(Condition::GROUP_BY_POS_OUT_OF_RANGE,
                {{"range", message.text.substr(
                               std::min(message.text.find("between"), message.text.size()))}});
  }
  if (message.Has("LIMIT/OFFSET cannot be negative")) {
    return Make(Condition::INVALID_LIMIT_LIKE_EXPRESSION_IS_NEGATIVE, {});
  }
  if (auto columns = message.Between("Subquery returns ", " columns")) {
    return Make(
        Condition::INVALID_SUBQUERY_EXPRESSION_SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN,
        {{"number", *columns}});
  }
  if (message.Has("More than one row returned by a subquery")) {
    return Make(Condition::SCALAR_SUBQUERY_TOO_MANY_ROWS, {});
  }
  return std::nullopt;
}

/// The name of a function of ours as the user knows it.
std::string RoutineName(const std::string& name) {
  constexpr std::string_view kPrefix = "spark_";
  return InBackticks(name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name);
}

Mapped OfFunctions(const Message& message) {
  const std::string subtype = message.Extra("error_subtype");
  const std::string name = message.Extra("name");
  if (subtype == "MISSING_ENTRY") {
    const std::string kind = message.Extra("type");
    if (kind == "Table" || kind == "View") {
      return Make(Condition::TABLE_OR_VIEW_NOT_FOUND,
                  {{"relationName", InBackticks(name)}, {"suggestion", ""}});
    }
    if (kind == "Table Function") {
      return Make(Condition::UNRESOLVABLE_TABLE_VALUED_FUNCTION,
                  {{"name", RoutineName(name)}, {"suggestion", ""}});
    }
    return Make(Condition::UNRESOLVED_ROUTINE,
                {{"routineName", RoutineName(name)}, {"suggestion", ""}});
  }
  auto call = message.Between("argument types '", "'");
  if (!call) call = message.Between("the function call \"", "\"");
  if (call) {
    const std::size_t open = std::min(call->find('('), call->size());
    std::string types;
    std::string list = call->substr(std::min(open + 1, call->size()));
    if (list.ends_with(')')) list.pop_back();
    for (std::size_t begin = 0; begin < list.size();) {
      const std::size_t end = std::min(list.find(", ", begin), list.size());
      types += (types.empty() ? "" : ", ") + SparkType(list.substr(begin, end - begin));
      begin = end + 2;
    }
    const std::string function = RoutineName(call->substr(0, open));
    return Make(Condition::DATATYPE_MISMATCH,
                {{"sqlExpr", "\"" + function.substr(1, function.size() - 2) + "\""},
                 {"message", "it does not take arguments of the types (" + types + ")"}});
  }
  return std::nullopt;
}

Error InvalidCast(const std::string& value, const std::string& target) {
  return Make(
      Condition::CAST_INVALID_INPUT,
      {{"expression", "'" + value + "'"}, {"sourceType", "STRING"}, {"targetType", target}});
}

Mapped OfCasts(const Message& message) {
  if (auto value = message.Between("Could not convert string '", "' to ")) {
    const std::string line = message.FirstLine();
    return InvalidCast(*value, SparkType(line.substr(line.rfind("' to ") + 5)));
  }
  if (auto value = message.Between("date field value out of range: \"", "\"")) {
    return InvalidCast(*value, "DATE");
  }
  if (auto value = message.Between("invalid date field format: \"", "\"")) {
    return InvalidCast(*value, "DATE");
  }
  if (auto value = message.Between("timestamp field format: \"", "\"")) {
    return InvalidCast(*value, "TIMESTAMP");
  }
  if (auto value = message.Between(" with value ", " can't be cast")) {
    const auto source = message.Between("Type ", " with value");
    const std::string line = message.FirstLine();
    const std::size_t target = line.rfind("destination type ");
    return Make(
        Condition::CAST_OVERFLOW,
        {{"value", *value},
         {"sourceType", SparkType(source.value_or(""))},
         {"targetType", SparkType(target == std::string::npos ? "" : line.substr(target + 17))}});
  }
  if (auto value = message.Between("Casting value \"", "\" to type DECIMAL(")) {
    const std::string type = message.Between("to type DECIMAL(", ")").value_or("38,0");
    const std::size_t comma = type.find(',');
    return Make(Condition::NUMERIC_VALUE_OUT_OF_RANGE,
                {{"value", *value},
                 {"precision", type.substr(0, comma)},
                 {"scale", comma == std::string::npos ? "0" : type.substr(comma + 1)}});
  }
  if (auto source = message.Between("Unimplemented type for cast (", " -> ")) {
    const auto target = message.Between(" -> ", ")");
    return Make(Condition::DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION,
                {{"srcType", SparkType(*source)}, {"targetType", SparkType(target.value_or(""))}});
  }
  return std::nullopt;
}

Mapped OfArithmetic(const Message& message) {
  if (auto operation = message.Between("Overflow in ", " of ")) {
    const std::string function = *operation == "addition"         ? "add"
                                 : *operation == "subtraction"    ? "subtract"
                                 : *operation == "multiplication" ? "multiply"
                                                                  : "divide";
    return Make(Condition::ARITHMETIC_OVERFLOW,
                {{"message", "Overflow in " + *operation}, {"functionName", function}});
  }
  if (message.type == ExceptionType::DIVIDE_BY_ZERO) return Make(Condition::DIVIDE_BY_ZERO, {});
  if (message.type == ExceptionType::OUT_OF_RANGE) {
    return Make(Condition::ARITHMETIC_OVERFLOW,
                {{"message", message.FirstLine()}, {"functionName", "add"}});
  }
  return std::nullopt;
}

Mapped OfMachine(const Message& message) {
  switch (message.type) {
    case ExceptionType::INTERRUPT:
      return Make(Condition::OPERATION_CANCELED, {});
    case ExceptionType::OUT_OF_MEMORY:
      return Make(Condition::INLET_RESOURCE_LIMIT,
                  {{"message", "The statement needs more memory than it may use"},
                   {"limit", message.Between("/", " used)").value_or(message.FirstLine())}});
    case ExceptionType::IO:
      if (message.Has("No space left")) {
        return Make(
            Condition::INLET_DISK_FULL,
            {{"path", message.Between("file \"", "\"").value_or("the temporary directory")}});
      }
      return Make(Condition::STORAGE_UNAVAILABLE, {{"message", message.FirstLine()}});
    case ExceptionType::PERMISSION:
      return Make(Condition::PERMISSION_DENIED, {{"path", message.Between("\"", "\"").value_or("")},
                                                 {"message", "SQL reaches no files of its own"}});
    default:
      return std::nullopt;
  }
}

/// What none of the above knows: bugs for what cannot be the user's doing.
Error Unknown(const Message& message) {
  switch (message.type) {
    case ExceptionType::INTERNAL:
    case ExceptionType::FATAL:
    case ExceptionType::PARSER:
    case ExceptionType::SYNTAX:
      return FailInternal(message.FirstLine()).error();
    default:
      return FailUnsupported(message.FirstLine()).error();
  }
}

}  // namespace

Error ErrorOf(const std::exception& thrown) { return ErrorOf(duckdb::ErrorData(thrown)); }

Error ErrorOf(const duckdb::ErrorData& error) {
  if (auto ours = DecodeRaised(error)) return *std::move(ours);
  const std::string& raw = error.RawMessage();
  const Message message{error.Type(), raw.substr(0, raw.find("\n\nLINE ")), error.ExtraInfo()};
  for (auto* map :
       {OfMachine, OfColumns, OfAggregates, OfShapes, OfFunctions, OfCasts, OfArithmetic}) {
    if (auto mapped = map(message)) return *std::move(mapped);
  }
  return Unknown(message);
}

}  // namespace inlet::engine
