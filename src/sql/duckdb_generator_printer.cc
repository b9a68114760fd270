#include <algorithm>
#include <charconv>

#include "base/option_map.h"
#include "sql/duckdb_printer_internal.h"

// Generators give rows and columns. DuckDB has unnest(), which may stand in a SELECT; several of
// them side by side go through their lists together.
namespace inlet::sql {
namespace {

constexpr std::string_view kGenerators[] = {
    "explode",    "explode_outer",    "posexplode",      "posexplode_outer",
    "inline",     "inline_outer",     "stack",           "stack_outer",
    "json_tuple", "json_tuple_outer", "variant_explode", "variant_explode_outer"};

std::string NameOf(const FunctionCall& call) {
  return call.name.parts.empty() ? "" : ToLower(call.name.parts.back());
}

std::unexpected<Error> WrongAliases(std::size_t columns, std::size_t aliases) {
  return Fail(Condition::UDTF_ALIAS_NUMBER_MISMATCH,
              {{"message", "there are " + std::to_string(columns) + " columns and " +
                               std::to_string(aliases) + " aliases"}});
}

std::string As(const std::string& text, std::string_view name) {
  return text + " AS " + QuoteForDuckDb(name);
}

}  // namespace

bool DuckDbPrinter::IsGenerator(const FunctionCall& call) {
  const std::string name = NameOf(call);
  return std::find(std::begin(kGenerators), std::end(kGenerators), name) != std::end(kGenerators);
}

Result<std::string> DuckDbPrinter::PrintGenerator(const FunctionCall& call,
                                                  const Strings& aliases) {
  std::string name = NameOf(call);
  const bool is_outer = name.ends_with("_outer");
  if (is_outer) name.resize(name.size() - 6);
  if (name != "stack" && name != "json_tuple" && call.arguments.size() != 1) {
    return Fail(Condition::WRONG_NUM_ARGS, {{"functionName", "`" + name + "`"},
                                            {"expectedNum", "1"},
                                            {"actualNum", std::to_string(call.arguments.size())}});
  }
  if (name == "inline" || name == "variant_explode") return PrintInline(call, aliases, is_outer);
  if (name == "stack") return PrintStack(call, aliases);
  if (name == "json_tuple") return PrintJsonTuple(call, aliases);
  return PrintExplode(call, aliases, is_outer);
}

/// explode and posexplode, of an array or a map; which of them, the aliases or the type tell.
Result<std::string> DuckDbPrinter::PrintExplode(const FunctionCall& call, const Strings& aliases,
                                                bool is_outer) {
  const bool has_position = NameOf(call).starts_with("pos");
  const std::string value = TRY(Print(call.arguments.front().value));
  const std::size_t of_array = has_position ? 2 : 1;
  const bool is_map = aliases.size() == of_array + 1;
  const std::size_t width = of_array + (is_map ? 1 : 0);
  // OUTER: an empty list and NULL give one row of NULLs.
  const auto list = [&](const std::string& text) {
    if (!is_outer) return text;
    return "CASE WHEN len(" + text + ") > 0 THEN " + text + " ELSE [NULL] END";
  };
  if (aliases.empty()) {
    // Only the type tells whether there is one column or two, and only the binder knows it.
    const std::string entries =
        (has_position ? "spark_exploded_at(" : "spark_exploded(") + value + ")";
    return "unnest(" + list(entries) + ", max_depth := 2)";
  }
  if (aliases.size() != width) return WrongAliases(width, aliases.size());
  Strings columns;
  if (has_position) {
    const std::string size = is_map ? "map_keys(" + value + ")" : value;
    const std::string positions =
        "list_transform(range(0, len(" + size + ")), lambda p: CAST(p AS INTEGER))";
    columns.push_back(As("unnest(" + list(positions) + ")", aliases[0]));
  }
  const std::size_t first = has_position ? 1 : 0;
  if (is_map) {
    columns.push_back(As("unnest(" + list("map_keys(" + value + ")") + ")", aliases[first]));
    columns.push_back(As("unnest(" + list("map_values(" + value + ")") + ")", aliases[first + 1]));
  } else {
    columns.push_back(As("unnest(" + list(value) + ")", aliases[first]));
  }
  std::string text;
  for (const std::string& column : columns) text += (text.empty() ? "" : ", ") + column;
  return text;
}

/// The fields of an array of structs: inline(), and variant_explode() of the entries of a VARIANT.
Result<std::string> DuckDbPrinter::PrintInline(const FunctionCall& call, const Strings& aliases,
                                               bool is_outer) {
  std::string value = TRY(Print(call.arguments.front().value));
  if (NameOf(call).starts_with("variant_")) value = "spark_variant_entries(" + value + ")";
  if (is_outer) value = "CASE WHEN len(" + value + ") > 0 THEN " + value + " ELSE [NULL] END";
  if (aliases.empty()) return "unnest(" + value + ", max_depth := 2)";
  std::string text;
  for (std::size_t i = 0; i < aliases.size(); ++i) {
    // By position: the fields' names are not known here.
    const std::string field = "struct_extract_at(entry, " + std::to_string(i + 1) + ")";
    text += (i > 0 ? ", " : "") +
            As("unnest(list_transform(" + value + ", lambda entry: " + field + "))", aliases[i]);
  }
  return text;
}

/// stack(n, a, b, c, d): n rows, filled row by row.
Result<std::string> DuckDbPrinter::PrintStack(const FunctionCall& call, const Strings& aliases) {
  const auto* count = call.arguments.empty() ? nullptr : call.arguments[0].value.As<Literal>();
  std::size_t rows = 0;
  if (count != nullptr) {
    std::from_chars(count->text.data(), count->text.data() + count->text.size(), rows);
  }
  if (rows == 0 || rows > 100'000) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "n"},
                 {"functionName", "`stack`"},
                 {"message", "it must be a positive whole number"}});
  }
  const std::size_t values = call.arguments.size() - 1;
  const std::size_t width = std::max<std::size_t>((values + rows - 1) / rows, 1);
  if (!aliases.empty() && aliases.size() != width) return WrongAliases(width, aliases.size());
  std::string text;
  for (std::size_t column = 0; column < width; ++column) {
    std::string list;
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t index = 1 + row * width + column;
      if (row > 0) list += ", ";
      list += index <= values ? TRY(Print(call.arguments[index].value)) : "NULL";
    }
    const std::string name = aliases.empty() ? "col" + std::to_string(column) : aliases[column];
    text += (column > 0 ? ", " : "") + As("unnest([" + list + "])", name);
  }
  return text;
}

/// json_tuple(text, 'a', 'b'): one row, a column for each key.
Result<std::string> DuckDbPrinter::PrintJsonTuple(const FunctionCall& call,
                                                  const Strings& aliases) {
  const FunctionRule* rule = FindFunction("get_json_object");
  if (rule == nullptr) return FailUnsupported("json_tuple");
  if (call.arguments.size() < 2) {
    return Fail(Condition::WRONG_NUM_ARGS, {{"functionName", "`json_tuple`"},
                                            {"expectedNum", "2 or more"},
                                            {"actualNum", std::to_string(call.arguments.size())}});
  }
  const std::size_t width = call.arguments.size() - 1;
  if (!aliases.empty() && aliases.size() != width) return WrongAliases(width, aliases.size());
  std::string text;
  for (std::size_t i = 0; i < width; ++i) {
    PrintedCall get;
    get.name = rule->name;
    get.arguments.push_back(TRY(Print(call.arguments[0].value)));
    get.arguments.push_back("('$[''' || " + TRY(Print(call.arguments[i + 1].value)) + " || ''']')");
    const std::string name = aliases.empty() ? "c" + std::to_string(i) : aliases[i];
    text += (i > 0 ? ", " : "") + As(TRY(PrintCall(*rule, get)), name);
  }
  return text;
}

}  // namespace inlet::sql
