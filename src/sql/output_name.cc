#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "base/option_map.h"
#include "sql/children_internal.h"
#include "sql/interval_internal.h"
#include "sql/operator_text_internal.h"
#include "sql/printer.h"

// The text that Spark makes of an expression without alias. Its words were read off Apache Spark:
// output_name_test.cc holds what it answered.
namespace inlet::sql {
namespace {

using types::TypeId;

/// Java's Double.toString(): 1000.0, 1.0E10, 1.5
std::string JavaDouble(std::string_view digits, bool is_float) {
  double value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (!std::isfinite(value)) return std::string(digits);
  char buffer[64];
  const double size = std::fabs(value);
  const bool is_plain = value == 0 || (size >= 1e-3 && size < 1e7);
  const auto format = is_plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto [end, error] =
      is_float ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<float>(value), format)
               : std::to_chars(buffer, buffer + sizeof buffer, value, format);
  if (error != std::errc()) return std::string(digits);
  std::string text(buffer, end);
  const std::size_t e = text.find('e');
  std::string mantissa = text.substr(0, e);
  if (!mantissa.contains('.')) mantissa += ".0";
  if (e == std::string::npos) return mantissa;
  std::string exponent = text.substr(e + 1);
  const bool is_negative = exponent.starts_with('-');
  exponent.erase(0, exponent.find_first_not_of("+-0"));
  return mantissa + "E" + (is_negative ? "-" : "") + exponent;
}

/// 2024-1-5 as 2024-01-05; other forms stay.
std::string PadDate(const std::string& text) {
  const std::size_t first = text.find('-', 1);
  if (first == std::string::npos) return text;
  const std::size_t second = text.find('-', first + 1);
  if (second == std::string::npos) return text;
  const auto padded = [](std::string part) { return part.size() == 1 ? "0" + part : part; };
  const std::size_t day_end =
      std::min(text.find_first_not_of("0123456789", second + 1), text.size());
  return text.substr(0, first) + "-" + padded(text.substr(first + 1, second - first - 1)) + "-" +
         padded(text.substr(second + 1, day_end - second - 1)) + text.substr(day_end);
}

struct FunctionName {
  std::string_view name;
  std::string_view shown;
};

/// Functions that show another name, or the same in capitals.
constexpr FunctionName kShownNames[] = {{"acos", "ACOS"},
                                        {"acosh", "ACOSH"},
                                        {"array_agg", "collect_list"},
                                        {"asin", "ASIN"},
                                        {"asinh", "ASINH"},
                                        {"atan", "ATAN"},
                                        {"atan2", "ATAN2"},
                                        {"atanh", "ATANH"},
                                        {"cbrt", "CBRT"},
                                        {"cos", "COS"},
                                        {"cosh", "COSH"},
                                        {"cot", "COT"},
                                        {"csc", "CSC"},
                                        {"current_database", "current_schema"},
                                        {"degrees", "DEGREES"},
                                        {"dense_rank", "DENSE_RANK"},
                                        {"e", "E"},
                                        {"exp", "EXP"},
                                        {"expm1", "EXPM1"},
                                        {"hypot", "HYPOT"},
                                        {"log", "LOG"},
                                        {"log10", "LOG10"},
                                        {"log1p", "LOG1P"},
                                        {"log2", "LOG2"},
                                        {"percent_rank", "PERCENT_RANK"},
                                        {"pi", "PI"},
                                        {"power", "POWER"},
                                        {"radians", "RADIANS"},
                                        {"rank", "RANK"},
                                        {"regexp", "REGEXP"},
                                        {"regexp_like", "REGEXP_LIKE"},
                                        {"rlike", "RLIKE"},
                                        {"sec", "SEC"},
                                        {"signum", "SIGNUM"},
                                        {"sin", "SIN"},
                                        {"sinh", "SINH"},
                                        {"spark_partition_id", "SPARK_PARTITION_ID"},
                                        {"sqrt", "SQRT"},
                                        {"tan", "TAN"},
                                        {"tanh", "TANH"}};

struct DefaultArgument {
  std::string_view name;
  std::size_t written;  ///< How many arguments there are without it.
  std::string_view text;
};

constexpr DefaultArgument kDefaults[] = {{"approx_percentile", 2, "10000"},
                                         {"bround", 1, "0"},
                                         {"from_unixtime", 1, "yyyy-MM-dd HH:mm:ss"},
                                         {"hll_sketch_agg", 1, "12"},
                                         {"hll_union", 2, "false"},
                                         {"hll_union_agg", 1, "false"},
                                         {"kll_sketch_agg_bigint", 1, "NULL"},
                                         {"kll_sketch_agg_double", 1, "NULL"},
                                         {"kll_sketch_agg_float", 1, "NULL"},
                                         {"listagg", 1, "NULL"},
                                         {"locate", 2, "1"},
                                         {"lpad", 2, " "},
                                         {"overlay", 3, "-1"},
                                         {"percentile_approx", 2, "10000"},
                                         {"position", 2, "1"},
                                         {"regexp_extract", 2, "1"},
                                         {"regexp_extract_all", 2, "1"},
                                         {"regexp_instr", 2, "0"},
                                         {"regexp_replace", 3, "1"},
                                         {"round", 1, "0"},
                                         {"rpad", 2, " "},
                                         {"sentences", 1, ""},
                                         {"sentences", 2, ""},
                                         {"sort_array", 1, "true"},
                                         {"split", 2, "-1"},
                                         {"st_asbinary", 1, "NDR"},
                                         {"st_geomfromwkb", 1, "0"},
                                         {"string_agg", 1, "NULL"},
                                         {"substr", 2, "2147483647"},
                                         {"substring", 2, "2147483647"},
                                         {"theta_sketch_agg", 1, "12"},
                                         {"theta_union", 2, "12"},
                                         {"theta_union_agg", 1, "12"},
                                         {"unix_timestamp", 1, "yyyy-MM-dd HH:mm:ss"},
                                         {"to_unix_timestamp", 1, "yyyy-MM-dd HH:mm:ss"}};

class NameWriter {
 public:
  explicit NameWriter(const OutputNameOptions& options) : options_(options) {}

  /// The name of a whole item: a name keeps its last part, a cast of one too.
  std::string Item(const Expression& expression) {
    if (const auto* column = expression.As<ColumnRef>();
        column != nullptr && !column->parts.empty()) {
      return column->parts.back();
    }
    if (const auto* cast = expression.As<Cast>()) {
      if (cast->operand->As<ColumnRef>() != nullptr) return Item(*cast->operand);
    }
    if (const auto* path = expression.As<JsonPath>()) {
      for (const JsonPath::Step& step : path->steps) {
        if (!step.field.empty()) last_field_ = step.field;
      }
      if (!last_field_.empty()) return last_field_;
    }
    if (const auto* call = expression.As<FunctionCall>();
        call != nullptr && !call->name.parts.empty()) {
      const std::string name = ToLower(call->name.parts.back());
      if (name == "window" || name == "session_window") return name;
    }
    return Text(expression);
  }

  std::string Text(const Expression& expression) {
    return std::visit([this](const auto& node) { return Node(node); }, expression.node);
  }

 private:
  template <class List>
  std::string Join(const List& list) {
    std::string text;
    for (const Expression& item : list) text += (text.empty() ? "" : ", ") + Text(item);
    return text;
  }

  std::string Node(const Literal& literal) {
    switch (literal.type.id()) {
      case TypeId::kVoid:
        return "NULL";
      case TypeId::kDouble:
      case TypeId::kFloat:
        return JavaDouble(literal.text, literal.type.is(TypeId::kFloat));
      case TypeId::kBinary:
        return "X'" + HexOf(literal.text) + "'";
      case TypeId::kDate:
        return "DATE '" + PadDate(literal.text) + "'";
      case TypeId::kTimestamp:
        return "TIMESTAMP '" + PadDate(literal.text) + "'";
      case TypeId::kTimestampNtz:
        return "TIMESTAMP_NTZ '" + PadDate(literal.text) + "'";
      default:
        return literal.text;
    }
  }

  std::string Node(const IntervalLiteral& interval) { return ToSqlText(interval); }
  std::string Node(const Parameter& parameter) { return ":" + parameter.name; }
  std::string Node(const DefaultValue&) { return "DEFAULT"; }

  std::string Node(const ColumnRef& column) {
    std::size_t first = 0;
    const bool has_table = column.parts.size() > 1 && options_.is_table;
    for (std::size_t i = 0; has_table && i + 1 < std::min<std::size_t>(column.parts.size(), 4);
         ++i) {
      if (options_.is_table(column.parts[i])) {
        first = i + 1;
        break;
      }
    }
    std::string text;
    for (std::size_t i = first; i < column.parts.size(); ++i) {
      text += (text.empty() ? "" : ".") + column.parts[i];
    }
    return text;
  }

  std::string Node(const Star& star) { return star.qualifier.empty() ? "1" : "*"; }
  std::string Node(const FieldAccess& access) {
    const auto* call = access.base->As<FunctionCall>();
    const bool is_window = call != nullptr && !call->name.parts.empty() &&
                           EqualsIgnoreCase(call->name.parts.back(), "window");
    return (is_window ? "window" : Text(*access.base)) + "." + access.field;
  }
  std::string Node(const Subscript& subscript) {
    return Text(*subscript.base) + "[" + Text(*subscript.index) + "]";
  }
  std::string Node(const JsonPath& path) {
    std::string text = Text(*path.base) + ":";
    bool is_first = true;
    for (const JsonPath::Step& step : path.steps) {
      using Kind = JsonPath::Step::Kind;
      if (step.kind == Kind::kField) text += (is_first ? "" : ".") + step.field;
      if (step.kind == Kind::kQuotedField) text += "['" + step.field + "']";
      if (step.kind == Kind::kIndex) text += "[" + std::to_string(step.index) + "]";
      if (step.kind == Kind::kWildcard) text += "[*]";
      is_first = false;
    }
    return text;
  }

  std::string Node(const Unary& unary) {
    const std::string operand = Text(*unary.operand);
    switch (unary.op) {
      case UnaryOperator::kNot:
        return "(NOT " + operand + ")";
      case UnaryOperator::kMinus:
        return "(- " + operand + ")";
      case UnaryOperator::kPlus:
        return "(+ " + operand + ")";
      case UnaryOperator::kBitwiseNot:
        break;
    }
    return "~" + operand;
  }

  std::string Node(const Binary& binary) {
    const std::string left = Text(*binary.left);
    const std::string right = Text(*binary.right);
    if (binary.op == BinaryOperator::kConcat) return "concat(" + left + ", " + right + ")";
    if (binary.op == BinaryOperator::kNotEqual) return "(NOT (" + left + " = " + right + "))";
    const std::string text = left + " " + std::string(TextOf(binary.op).sign) + " " + right;
    const bool is_time =
        binary.right->As<IntervalLiteral>() != nullptr &&
        (binary.op == BinaryOperator::kAdd || binary.op == BinaryOperator::kSubtract);
    return is_time ? text : "(" + text + ")";
  }

  std::string Node(const Logical& logical) {
    const std::string_view word = logical.op == LogicalOperator::kAnd ? " AND " : " OR ";
    std::string text = Text(logical.operands.front());
    for (std::size_t i = 1; i < logical.operands.size(); ++i) {
      text = "(" + text + std::string(word) + Text(logical.operands[i]) + ")";
    }
    return text;
  }

  static std::string Negated(std::string text, bool negated) {
    return negated ? "(NOT " + text + ")" : text;
  }

  std::string Node(const Is& is) {
    const std::string operand = Text(*is.operand);
    if (is.test == TruthTest::kTrue) return Negated("(" + operand + " <=> true)", is.negated);
    if (is.test == TruthTest::kFalse) return Negated("(" + operand + " <=> false)", is.negated);
    return "(" + operand + (is.negated ? " IS NOT NULL)" : " IS NULL)");
  }

  std::string Node(const IsDistinctFrom& distinct) {
    return Negated("(" + Text(*distinct.left) + " <=> " + Text(*distinct.right) + ")",
                   !distinct.negated);
  }

  std::string Node(const Between& between) {
    return Negated("between(" + Text(*between.operand) + ", " + Text(*between.low) + ", " +
                       Text(*between.high) + ")",
                   between.negated);
  }

  std::string Node(const InList& in) {
    return Negated("(" + Text(*in.operand) + " IN (" + Join(in.values) + "))", in.negated);
  }

  std::string Node(const InSubquery& in) {
    return Negated("(" + Text(*in.operand) + " IN (listquery()))", in.negated);
  }
  std::string Node(const Exists&) { return "exists()"; }
  std::string Node(const ScalarSubquery&) { return "scalarsubquery()"; }

  std::string Node(const Like& like) {
    const std::string operand = Text(*like.operand);
    if (like.quantifier != LikeQuantifier::kOne) {
      return std::string(like.negated ? "not" : "") + "like" +
             (like.quantifier == LikeQuantifier::kAny ? "any(" : "all(") + operand + ")";
    }
    const std::string pattern = Text(like.patterns.front());
    std::string text;
    switch (like.kind) {
      case LikeKind::kLike:
        text = operand + " LIKE " + pattern;
        if (like.escape) text += " ESCAPE '" + *like.escape + "'";
        break;
      case LikeKind::kILike:
        text = "ilike(" + operand + ", " + pattern + ")";
        break;
      case LikeKind::kRLike:
        text = "RLIKE(" + operand + ", " + pattern + ")";
        break;
    }
    return Negated(std::move(text), like.negated);
  }

  std::string Node(const Case& expression) {
    std::string text = "CASE";
    for (const Case::When& when : expression.whens) {
      std::string condition = Text(when.condition);
      if (expression.operand) condition = "(" + Text(*expression.operand) + " = " + condition + ")";
      text += " WHEN " + condition + " THEN " + Text(when.result);
    }
    if (expression.otherwise) text += " ELSE " + Text(*expression.otherwise);
    return text + " END";
  }

  std::string Node(const Cast& cast) {
    return std::string(cast.is_try ? "TRY_CAST(" : "CAST(") + Text(*cast.operand) + " AS " +
           types::ToSql(cast.type) + ")";
  }

  std::string Node(const Collate& collate) {
    return "collate(" + Text(*collate.operand) + ", " + collate.collation + ")";
  }

  std::string Node(const Tuple& tuple) {
    std::string text;
    for (std::size_t i = 0; i < tuple.items.size(); ++i) {
      const bool is_name = tuple.items[i].As<ColumnRef>() != nullptr;
      const std::string name = is_name ? Item(tuple.items[i]) : "col" + std::to_string(i + 1);
      text += (i > 0 ? ", " : "") + name + ", " + Text(tuple.items[i]);
    }
    return "named_struct(" + text + ")";
  }

  std::string Node(const Lambda& lambda) {
    const std::size_t outer = lambda_names_.size();
    lambda_names_.insert(lambda_names_.end(), lambda.parameters.begin(), lambda.parameters.end());
    std::string text = "lambdafunction(" + LambdaText(*lambda.body);
    lambda_names_.resize(outer);
    for (std::size_t i = 0; i < lambda.parameters.size(); ++i) text += ", namedlambdavariable()";
    return text + ")";
  }

  /// Parameters have no names in it.
  std::string LambdaText(const Expression& body) {
    Expression renamed = body;
    RenameParameters(renamed);
    return Text(renamed);
  }

  void RenameParameters(Expression& expression) {
    if (const auto* column = expression.As<ColumnRef>();
        column != nullptr && !column->parts.empty()) {
      for (const std::string& name : lambda_names_) {
        if (!EqualsIgnoreCase(name, column->parts.front())) continue;
        ColumnRef variable = *column;
        variable.parts.front() = "namedlambdavariable()";
        expression.node = std::move(variable);
        return;
      }
    }
    auto visit = [this](auto& child) {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(child)>, Expression>) {
        RenameParameters(child);
      }
    };
    internal::VisitChildren(expression, visit);
  }

  std::string Arguments(const FunctionCall& call, const std::string& name) {
    std::vector<std::string> arguments;
    for (const FunctionCall::Argument& argument : call.arguments) {
      std::string text = Text(argument.value);
      if (name == "struct" && !argument.name.empty()) text += " AS " + argument.name;
      arguments.push_back(std::move(text));
    }
    for (const DefaultArgument& missing : kDefaults) {
      if (missing.name == name && missing.written == arguments.size())
        arguments.emplace_back(missing.text);
    }
    if (name == "lag" || name == "lead") {
      if (arguments.size() < 2) arguments.emplace_back("1");
      if (arguments.size() < 3) arguments.emplace_back("NULL");
    }
    const bool takes_flag = name == "first" || name == "last" || name == "first_value" ||
                            name == "last_value" || name == "any_value";
    if (takes_flag && arguments.size() > 1) arguments.resize(1);
    // Schemas and options are no part of the name, nor are the seeds of some.
    for (const std::string_view plain :
         {"from_csv", "from_json", "from_xml", "schema_of_csv", "schema_of_json", "schema_of_xml",
          "shuffle", "to_csv", "to_json", "to_xml"}) {
      if (name == plain && arguments.size() > 1) arguments.resize(1);
    }
    if (name == "uuid") arguments.clear();
    if (name == "try_make_timestamp" && arguments.size() == 7) arguments.pop_back();
    if (name == "assert_true" && arguments.size() == 1) {
      arguments.push_back("'" + arguments[0] + "' is not true!");
    }
    if (name == "make_interval" || name == "try_make_interval") {
      while (arguments.size() < 7) arguments.emplace_back("0");
    }
    if (name == "log" && arguments.size() == 1) arguments.insert(arguments.begin(), "E()");
    std::string text = call.is_distinct ? "DISTINCT " : "";
    for (std::size_t i = 0; i < arguments.size(); ++i) text += (i > 0 ? ", " : "") + arguments[i];
    return text;
  }

  std::string Node(const FunctionCall& call) {
    const std::string name = call.name.parts.empty() ? "" : ToLower(call.name.parts.back());
    std::string text = CallText(call, name);
    if (!call.within_group.empty()) {
      // Percentiles say only what differs from the default.
      const bool is_short = name.starts_with("percentile_");
      const std::string ascending = is_short ? "" : " ASC NULLS FIRST";
      const std::string descending = is_short ? " DESC" : " DESC NULLS LAST";
      text += " WITHIN GROUP (ORDER BY ";
      for (const SortItem& item : call.within_group) {
        text += Text(item.value) + (item.descending ? descending : ascending);
      }
      text += ")";
    }
    if (call.filter) text += " FILTER (WHERE " + Text(*call.filter) + ")";
    if (call.over) text += " OVER (" + WindowText(call, name) + ")";
    return text;
  }

  std::string CallText(const FunctionCall& call, const std::string& name) {
    const std::vector<FunctionCall::Argument>& arguments = call.arguments;
    if (!call.keyword.empty() && !arguments.empty()) {
      if (name == "extract")
        return "extract(" + call.keyword + " FROM " + Text(arguments[0].value) + ")";
      if (name == "trim") return TrimText(call);
      const bool is_difference = name.contains("diff");
      return std::string(is_difference ? "timestampdiff(" : "timestampadd(") + call.keyword + ", " +
             Arguments(call, name) + ")";
    }
    const std::string list = Arguments(call, name);
    if (name == "if" || name == "iff") return "(IF(" + list + "))";
    if (name == "positive") return "(+ " + list + ")";
    if (name == "mode" && arguments.size() == 2) {
      const auto* flag = arguments[1].value.As<Literal>();
      const std::string value = Text(arguments[0].value);
      if (flag == nullptr || flag->text != "true") return "mode(" + value + ")";
      return "mode() WITHIN GROUP (ORDER BY " + value + " DESC)";
    }
    const bool is_trim = name == "trim" || name == "ltrim" || name == "rtrim" || name == "btrim";
    if (is_trim && arguments.size() == 2) {
      const std::string_view side = name == "ltrim"   ? "LEADING"
                                    : name == "rtrim" ? "TRAILING"
                                                      : "BOTH";
      const std::size_t source = name == "btrim" ? 0 : 1;
      return "TRIM(" + std::string(side) + " " + Text(arguments[1 - source].value) + " FROM " +
             Text(arguments[source].value) + ")";
    }
    if (name == "dateadd" && arguments.size() == 2) return "date_add(" + list + ")";
    if (arguments.size() == 1) {
      if (name == "isnull") return "(" + list + " IS NULL)";
      if (name == "isnotnull") return "(" + list + " IS NOT NULL)";
      if (name == "ceil" || name == "floor")
        return (name == "ceil" ? "CEIL(" : "FLOOR(") + list + ")";
      for (const std::string_view type :
           {"int", "bigint", "smallint", "tinyint", "float", "double", "string", "date", "boolean",
            "binary", "decimal", "timestamp"}) {
        if (name == type) return list;
      }
    }
    if (name == "like" && arguments.size() == 2) {
      return Text(arguments[0].value) + " LIKE " + Text(arguments[1].value);
    }
    for (const FunctionName& known : kShownNames) {
      if (known.name == name) return std::string(known.shown) + "(" + list + ")";
    }
    return name + "(" + list + ")";
  }

  std::string TrimText(const FunctionCall& call) {
    const std::string source = Text(call.arguments[0].value);
    if (call.arguments.size() > 1) {
      return "TRIM(" + call.keyword + " " + Text(call.arguments[1].value) + " FROM " + source + ")";
    }
    if (call.keyword == "LEADING") return "ltrim(" + source + ")";
    if (call.keyword == "TRAILING") return "rtrim(" + source + ")";
    return "trim(" + source + ")";
  }

  std::string WindowText(const FunctionCall& call, const std::string& name) {
    const WindowSpec& spec = *call.over;
    std::string text;
    if (!spec.base_name.empty()) return spec.base_name;
    if (!spec.partition_by.empty()) text += "PARTITION BY " + Join(spec.partition_by) + " ";
    std::string order;
    for (const SortItem& item : spec.order_by) {
      order += (order.empty() ? "ORDER BY " : ", ") + Text(item.value);
      order += item.descending ? " DESC" : " ASC";
      const bool is_first =
          item.nulls == NullOrder::kDefault ? !item.descending : item.nulls == NullOrder::kFirst;
      order += is_first ? " NULLS FIRST" : " NULLS LAST";
    }
    if (!order.empty()) text += order + " ";
    return text + FrameText(call, name);
  }

  std::string FrameText(const FunctionCall& call, const std::string& name) {
    const WindowSpec& spec = *call.over;
    if (spec.frame) {
      return std::string(spec.frame->is_rows ? "ROWS" : "RANGE") + " BETWEEN " +
             BoundText(spec.frame->start) + " AND " + BoundText(spec.frame->end);
    }
    if (name == "lag" || name == "lead") {
      std::string distance = call.arguments.size() > 1 ? Text(call.arguments[1].value) : "1";
      if (name == "lag") distance = "-" + distance;
      return "ROWS BETWEEN " + distance + " FOLLOWING AND " + distance + " FOLLOWING";
    }
    for (const std::string_view ranking :
         {"row_number", "rank", "dense_rank", "percent_rank", "ntile", "cume_dist"}) {
      if (name == ranking) return "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW";
    }
    if (spec.order_by.empty()) return "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING";
    return "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW";
  }

  std::string BoundText(const FrameBound& bound) {
    using Kind = FrameBound::Kind;
    switch (bound.kind) {
      case Kind::kUnboundedPreceding:
        return "UNBOUNDED PRECEDING";
      case Kind::kPreceding:
        return Text(*bound.offset) + " PRECEDING";
      case Kind::kCurrentRow:
        return "CURRENT ROW";
      case Kind::kFollowing:
        return Text(*bound.offset) + " FOLLOWING";
      case Kind::kUnboundedFollowing:
        break;
    }
    return "UNBOUNDED FOLLOWING";
  }

  const OutputNameOptions& options_;  // Outlives this.
  std::vector<std::string> lambda_names_;
  std::string last_field_;
};

}  // namespace

std::string OutputName(const Expression& expression, const OutputNameOptions& options) {
  return NameWriter(options).Item(expression);
}

std::string ToSparkText(const Expression& expression) {
  const OutputNameOptions options;
  return NameWriter(options).Text(expression);
}

}  // namespace inlet::sql
