#include "sql/function_prints.h"

#include "sql/duckdb_printer.h"
#include "sql/printer.h"

namespace inlet::sql {
namespace {

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return upper;
}

/// A lambda that the printer has written: "lambda x, i: body".
struct PrintedLambda {
  std::vector<std::string> parameters;
  std::string body;
};

Result<PrintedLambda> LambdaAt(const PrintedCall& call, std::size_t index) {
  const Lambda* lambda = call.call != nullptr && index < call.call->arguments.size()
                             ? call.call->arguments[index].value.As<Lambda>()
                             : nullptr;
  const std::string& text = call.arguments[index];
  const std::size_t begin = text.find("lambda ");
  if (lambda == nullptr || begin == std::string::npos) {
    return Fail(Condition::DATATYPE_MISMATCH, {{"sqlExpr", std::string(call.name)},
                                               {"message", "argument " + std::to_string(index + 1) +
                                                               " must be a lambda function"}});
  }
  PrintedLambda printed;
  // The names as the printer quoted them; none holds a colon outside of quotes.
  std::size_t at = begin + 7;
  std::string name;
  bool quoted = false;
  for (; at < text.size() && (quoted || text[at] != ':'); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (!quoted && text[at] == ',') {
      printed.parameters.push_back(std::move(name));
      name.clear();
    } else if (quoted || text[at] != ' ') {
      name += text[at];
    }
  }
  printed.parameters.push_back(std::move(name));
  printed.body = text.substr(at + 1);
  if (begin > 0 && text[begin - 1] == '(' && printed.body.ends_with(')')) printed.body.pop_back();
  return printed;
}

/// `body` with `name` standing for `value`; DuckDB has no other way to name a value inside of an
/// expression.
std::string Let(const std::string& name, const std::string& value, const std::string& body) {
  return "list_transform([" + value + "], lambda " + name + ": " + body + ")[1]";
}

/// A lambda over elements. The printer has made its index count from 0.
std::string OverElements(const PrintedLambda& lambda) {
  std::string text = "lambda " + lambda.parameters[0];
  if (lambda.parameters.size() > 1) text += ", " + lambda.parameters[1];
  return text + ": " + lambda.body;
}

constexpr char kEntry[] = "inlet_entry";

/// The body of a lambda over keys and values, for an entry of a map.
std::string OverEntry(const PrintedLambda& lambda) {
  std::string body = lambda.body;
  if (lambda.parameters.size() > 1) body = Let(lambda.parameters[1], "inlet_entry.\"value\"", body);
  return Let(lambda.parameters[0], "inlet_entry.\"key\"", body);
}

std::string EntriesOf(const std::string& map) { return "map_entries(" + map + ")"; }

}  // namespace

Result<std::string> PrintTransform(const PrintedCall& call) {
  return "list_transform(" + call.arguments[0] + ", " + OverElements(TRY(LambdaAt(call, 1))) + ")";
}

Result<std::string> PrintFilter(const PrintedCall& call) {
  return "list_filter(" + call.arguments[0] + ", " + OverElements(TRY(LambdaAt(call, 1))) + ")";
}

/// exists() and forall().
Result<std::string> PrintExists(const PrintedCall& call) {
  return (call.name == "exists" ? "spark_any_true(list_transform("
                                : "spark_all_true(list_transform(") +
         call.arguments[0] + ", " + OverElements(TRY(LambdaAt(call, 1))) + "))";
}

Result<std::string> PrintAggregateArray(const PrintedCall& call) {
  const PrintedLambda merge = TRY(LambdaAt(call, 2));
  if (merge.parameters.size() != 2)
    return FailUnsupported("aggregate() with such a merge function");
  const std::string& list = call.arguments[0];
  const std::string& zero = call.arguments[1];
  // DuckDB folds elements of one type: here each is a pair of a state and a value.
  const std::string pairs = "list_transform(" + list +
                            ", lambda inlet_value: struct_pack(\"state\" := spark_null_of(" + zero +
                            "), \"value\" := inlet_value))";
  const std::string step = "struct_pack(\"state\" := spark_fold_step(" + merge.body +
                           ", spark_null_of(" + zero + ")), \"value\" := struct_extract(" +
                           merge.parameters[1] + ", 'value'))";
  const std::string first = "struct_pack(\"state\" := " + zero +
                            ", \"value\" := spark_null_of(list_extract(" + list + ", 1)))";
  std::string result = "struct_extract(list_reduce(" + pairs + ", lambda " + merge.parameters[0] +
                       ", " + merge.parameters[1] + ": " + step + ", " + first + "), 'state')";
  if (call.arguments.size() < 4) return result;
  const PrintedLambda finish = TRY(LambdaAt(call, 3));
  return "CASE WHEN " + list + " IS NOT NULL THEN " +
         Let(finish.parameters[0], result, finish.body) + " END";
}

Result<std::string> PrintZipWith(const PrintedCall& call) {
  const PrintedLambda lambda = TRY(LambdaAt(call, 2));
  if (lambda.parameters.size() != 2) return FailUnsupported("zip_with() with such a function");
  const std::string body = Let(lambda.parameters[0], "inlet_entry.\"0\"",
                               Let(lambda.parameters[1], "inlet_entry.\"1\"", lambda.body));
  return "list_transform(spark_zip(" + call.arguments[0] + ", " + call.arguments[1] + "), lambda " +
         kEntry + ": " + body + ")";
}

Result<std::string> PrintMapFilter(const PrintedCall& call) {
  return "spark_map_from_entries(list_filter(" + EntriesOf(call.arguments[0]) + ", lambda " +
         kEntry + ": " + OverEntry(TRY(LambdaAt(call, 1))) + "))";
}

/// transform_keys() and transform_values().
Result<std::string> PrintTransformMap(const PrintedCall& call) {
  const std::string body = OverEntry(TRY(LambdaAt(call, 1)));
  const bool keys = call.name == "transform_keys";
  return "spark_map_from_entries(list_transform(" + EntriesOf(call.arguments[0]) + ", lambda " +
         kEntry + ": struct_pack(\"key\" := " + (keys ? body : "inlet_entry.\"key\"") +
         ", \"value\" := " + (keys ? "inlet_entry.\"value\"" : body) + ")))";
}

Result<std::string> PrintMapZipWith(const PrintedCall& call) {
  const PrintedLambda lambda = TRY(LambdaAt(call, 2));
  if (lambda.parameters.size() != 3) return FailUnsupported("map_zip_with() with such a function");
  const std::string& a = call.arguments[0];
  const std::string& b = call.arguments[1];
  const std::string body =
      Let(lambda.parameters[0], kEntry,
          Let(lambda.parameters[1], "map_extract_value(" + a + ", inlet_entry)",
              Let(lambda.parameters[2], "map_extract_value(" + b + ", inlet_entry)", lambda.body)));
  return "spark_map_from_entries(list_transform(spark_array_union(map_keys(" + a + "), map_keys(" +
         b + ")), lambda inlet_entry: struct_pack(\"key\" := inlet_entry, \"value\" := " + body +
         ")))";
}

Result<std::string> PrintArraySort(const PrintedCall& call) {
  if (call.arguments.size() < 2) return "spark_array_sort(" + call.arguments[0] + ")";
  // Every element compared with every one, then sorted by the outcomes.
  const PrintedLambda compare = TRY(LambdaAt(call, 1));
  if (compare.parameters.size() != 2) return FailUnsupported("array_sort() with such a function");
  return Let("inlet_array", call.arguments[0],
             "spark_sort_by(inlet_array, list_transform(inlet_array, lambda " +
                 compare.parameters[0] + ": list_transform(inlet_array, lambda " +
                 compare.parameters[1] + ": " + compare.body + ")))");
}

Result<std::string> PrintSortArray(const PrintedCall& call) {
  if (call.arguments.size() < 2) return "spark_sort_array(" + call.arguments[0] + ")";
  return "CASE WHEN " + call.arguments[1] + " THEN spark_sort_array(" + call.arguments[0] +
         ") ELSE spark_sort_array_descending(" + call.arguments[0] + ") END";
}

/// struct(a, b AS x): names come from columns and aliases, else col1, col2.
Result<std::string> PrintStruct(const PrintedCall& call) {
  std::string text = "spark_named_struct(";
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    std::string name = "col" + std::to_string(i + 1);
    if (call.call != nullptr && i < call.call->arguments.size()) {
      const FunctionCall::Argument& argument = call.call->arguments[i];
      if (!argument.name.empty()) {
        name = argument.name;
      } else if (const auto* column = argument.value.As<ColumnRef>();
                 column != nullptr && !column->parts.empty()) {
        name = column->parts.back();
      } else if (const auto* field = argument.value.As<FieldAccess>()) {
        name = field->field;
      }
    }
    if (i > 0) text += ", ";
    text += LiteralForDuckDb(name) + ", " + call.arguments[i];
  }
  return text + ")";
}

/// count(a, b) counts the rows in which none is NULL.
Result<std::string> PrintCount(const PrintedCall& call) {
  const std::string distinct = call.is_distinct ? "DISTINCT " : "";
  if (call.arguments.size() < 2)
    return "count(" + distinct + call.ArgumentList() + ")" + call.Suffix();
  std::string condition;
  for (const std::string& argument : call.arguments) {
    condition += (condition.empty() ? "(" : " AND (") + argument + ") IS NOT NULL";
  }
  const std::string counted = call.is_distinct ? "DISTINCT row(" + call.ArgumentList() + ")" : "*";
  return "count(" + counted + ")" + call.Suffix(condition);
}

/// collect_list(), collect_set(): no NULLs, an empty array for no rows.
Result<std::string> PrintCollect(const PrintedCall& call) {
  const bool distinct = call.is_distinct || call.name == "collect_set";
  return "coalesce(list(" + std::string(distinct ? "DISTINCT " : "") + call.arguments[0] + ")" +
         call.Suffix("(" + call.arguments[0] + ") IS NOT NULL") + ", [])";
}

/// first(x[, ignore_nulls]) and its kin.
Result<std::string> PrintFirst(const PrintedCall& call) {
  bool ignore_nulls = call.ignore_nulls;
  if (call.arguments.size() > 1) {
    const std::string flag = Upper(call.arguments[1]);
    if (flag != "TRUE" && flag != "FALSE")
      return FailUnsupported(std::string(call.name) + "() with a flag that is no constant");
    ignore_nulls |= flag == "TRUE";
  }
  const bool last = call.name.starts_with("last");
  if (!call.over.empty()) {
    return std::string(last ? "last_value(" : "first_value(") + call.arguments[0] +
           (ignore_nulls ? " IGNORE NULLS" : "") + ")" + call.Suffix();
  }
  const std::string condition = ignore_nulls ? "(" + call.arguments[0] + ") IS NOT NULL" : "";
  return std::string(last ? "last(" : "first(") + call.arguments[0] + ")" + call.Suffix(condition);
}

Result<std::string> PrintListAgg(const PrintedCall& call) {
  PrintedCall rest = call;
  rest.within_group.clear();
  std::string order = call.within_group.empty() ? "" : " " + call.within_group;
  // Distinct values come out of a hash table in any order: better a certain one.
  if (order.empty() && call.is_distinct) order = " ORDER BY " + call.arguments[0];
  return "spark_listagg(" + std::string(call.is_distinct ? "DISTINCT " : "") + call.ArgumentList() +
         order + ")" + rest.Suffix();
}

Result<std::string> PrintPercentile(const PrintedCall& call) {
  if (call.name == "percentile_approx" || call.name == "approx_percentile") {
    return "quantile_disc(" + call.arguments[0] + ", " + call.arguments[1] + ")" + call.Suffix();
  }
  const std::string distinct = call.is_distinct ? "DISTINCT " : "";
  if (call.name == "median" || call.name == "percentile") {
    const std::string fraction = call.name == "median" ? "0.5e0" : call.arguments[1];
    return "spark_percentile(" + distinct + call.arguments[0] + ", " + fraction + ", FALSE, FALSE" +
           (call.arguments.size() > 2 ? ", " + call.arguments[2] : "") + ")" + call.Suffix();
  }
  // percentile_cont(0.5) WITHIN GROUP (ORDER BY x), and percentile_disc().
  if (call.within_group_values.size() != 1) {
    return Fail(Condition::WRONG_NUM_ARGS,
                {{"functionName", types::QuoteIdentifier(call.name) + " WITHIN GROUP"},
                 {"expectedNum", "1"},
                 {"actualNum", std::to_string(call.within_group_values.size())}});
  }
  PrintedCall rest = call;
  rest.within_group.clear();
  const bool descends = call.call != nullptr && call.call->within_group.front().descending;
  return "spark_percentile(" + distinct + call.within_group_values.front() + ", " +
         call.arguments[0] + (call.name == "percentile_disc" ? ", TRUE" : ", FALSE") +
         (descends ? ", TRUE)" : ", FALSE)") + rest.Suffix();
}

/// mode(x), mode(x, true) and mode() WITHIN GROUP (ORDER BY x): of values that are as frequent, the
/// least, and the greatest in ascending order.
Result<std::string> PrintMode(const PrintedCall& call) {
  if (call.arguments.empty() && call.within_group_values.size() == 1) {
    PrintedCall rest = call;
    rest.within_group.clear();
    const bool descends = call.call != nullptr && call.call->within_group.front().descending;
    return "mode(" + call.within_group_values.front() + " ORDER BY " +
           call.within_group_values.front() + (descends ? " ASC)" : " DESC)") + rest.Suffix();
  }
  if (call.arguments.empty()) return FailUnsupported("mode() without a value");
  const bool is_least = call.arguments.size() > 1 && Upper(call.arguments[1]) == "TRUE";
  return "mode(" + call.arguments[0] +
         (is_least ? " ORDER BY " + call.arguments[0] + " ASC)" : ")") + call.Suffix();
}

/// max_by(x, y) and min_by(), or the k values of the highest y.
Result<std::string> PrintExtremeBy(const PrintedCall& call) {
  const std::string function = call.name == "max_by" ? "arg_max" : "arg_min";
  return function + (call.arguments.size() > 2 ? "(" : "_null(") + call.ArgumentList() + ")" +
         call.Suffix();
}

/// nth_value(x, n[, ignore_nulls]).
Result<std::string> PrintNthValue(const PrintedCall& call) {
  const bool ignores_nulls =
      call.ignore_nulls || (call.arguments.size() > 2 && Upper(call.arguments[2]) == "TRUE");
  return "nth_value(" + call.arguments[0] + ", " + call.arguments[1] +
         (ignores_nulls ? " IGNORE NULLS" : "") + ")" + call.Suffix();
}

/// extract(YEAR FROM x), and extract('YEAR', x) of PySpark.
Result<std::string> PrintExtract(const PrintedCall& call) {
  if (call.arguments.size() == 2) return "spark_date_part(" + call.ArgumentList() + ")";
  std::string unit = call.keyword;
  for (char& c : unit) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return "spark_date_part(" + LiteralForDuckDb(unit) + ", " + call.arguments[0] + ")";
}

/// The message names the condition when it is not given.
Result<std::string> PrintAssertTrue(const PrintedCall& call) {
  if (call.arguments.size() > 1) return "spark_assert_true(" + call.ArgumentList() + ")";
  const std::string condition = call.call != nullptr && !call.call->arguments.empty()
                                    ? ToSparkText(call.call->arguments[0].value)
                                    : "condition";
  return "spark_assert_true(" + call.arguments[0] + ", " +
         LiteralForDuckDb("'" + condition + "' is not true!") + ")";
}

Result<std::string> PrintCollation(const PrintedCall& call) {
  const auto* collate =
      call.call != nullptr ? call.call->arguments[0].value.As<Collate>() : nullptr;
  return "spark_collation(" + call.arguments[0] + ", " +
         LiteralForDuckDb(collate != nullptr ? Upper(collate->collation) : "UTF8_BINARY") + ")";
}

Result<std::string> PrintTimeType(const PrintedCall&) {
  return Fail(Condition::UNSUPPORTED_TIME_TYPE, {});
}

/// date_add(d, n), and with a unit dateadd(DAY, n, x).
Result<std::string> PrintDateAdd(const PrintedCall& call) {
  if (call.keyword.empty() && call.arguments.size() == 2)
    return "spark_date_add(" + call.ArgumentList() + ")";
  if (call.keyword.empty()) return "spark_timestampadd(" + call.ArgumentList() + ")";
  return "spark_timestampadd(" + LiteralForDuckDb(call.keyword) + ", " + call.ArgumentList() + ")";
}

Result<std::string> PrintDateDiff(const PrintedCall& call) {
  if (call.keyword.empty() && call.arguments.size() == 2)
    return "spark_datediff(" + call.ArgumentList() + ")";
  if (call.keyword.empty()) return "spark_timestampdiff(" + call.ArgumentList() + ")";
  return "spark_timestampdiff(" + LiteralForDuckDb(call.keyword) + ", " + call.ArgumentList() + ")";
}

/// TRIM(BOTH c FROM s) and btrim() come as (s, c), trim(c, s) and its kin as they say.
Result<std::string> PrintTrim(const PrintedCall& call) {
  const bool is_left = call.keyword == "LEADING" || call.name == "ltrim";
  const bool is_right = call.keyword == "TRAILING" || call.name == "rtrim";
  const std::string function = is_left ? "spark_ltrim(" : is_right ? "spark_rtrim(" : "spark_trim(";
  if (call.arguments.size() < 2) return function + call.arguments[0] + ")";
  if (call.keyword.empty() && call.name != "btrim") return function + call.ArgumentList() + ")";
  return function + call.arguments[1] + ", " + call.arguments[0] + ")";
}

Result<std::string> PrintUnsupported(const PrintedCall& call) {
  return FailUnsupported("the function " + std::string(call.name));
}

}  // namespace inlet::sql
