#include <algorithm>

#include "base/option_map.h"
#include "sql/duckdb_printer_internal.h"
#include "sql/operator_text_internal.h"

namespace inlet::sql {
namespace {

using types::TypeId;

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += separator;
    text += parts[i];
  }
  return text;
}

/// What DuckDB has for an operator without a rule.
std::string_view DuckDbSign(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::kIntegerDivide:
      return "//";
    case BinaryOperator::kShiftRightUnsigned:
      return ">>";
    case BinaryOperator::kNullSafeEqual:
      return "IS NOT DISTINCT FROM";
    default:
      return TextOf(op).sign;
  }
}

/// $.a["b c"][0][*]
std::string PathText(const JsonPath& path) {
  using Kind = JsonPath::Step::Kind;
  std::string text = "$";
  for (const JsonPath::Step& step : path.steps) {
    switch (step.kind) {
      case Kind::kField:
        text += "." + step.field;
        break;
      case Kind::kQuotedField:
        text += "['";
        for (const char c : step.field) {
          if (c == '\'' || c == '\\') text += '\\';
          text += c;
        }
        text += "']";
        break;
      case Kind::kIndex:
        text += "[" + std::to_string(step.index) + "]";
        break;
      case Kind::kWildcard:
        text += "[*]";
        break;
    }
  }
  return text;
}

}  // namespace

Result<std::string> DuckDbPrinter::Print(const Expression& expression) {
  Result<std::string> text =
      std::visit([this](const auto& node) { return PrintNode(node); }, expression.node);
  return std::move(text).At(expression.span);
}

Result<std::string> DuckDbPrinter::PrintOperator(std::string_view sign, Strings arguments,
                                                 std::string fallback) {
  const FunctionRule* rule = FindFunction(sign);
  if (rule == nullptr) return fallback;
  PrintedCall call;
  call.name = rule->name;
  call.arguments = std::move(arguments);
  return PrintCall(*rule, call);
}

Result<std::string> DuckDbPrinter::PrintNode(const Literal& literal) {
  const std::string& text = literal.text;
  switch (literal.type.id()) {
    case TypeId::kVoid:
      return std::string("NULL");
    case TypeId::kBoolean:
      return std::string(text == "true" ? "TRUE" : "FALSE");
    case TypeId::kInteger:
      if (text == "-2147483648") return std::string("CAST(-2147483648 AS INTEGER)");
      return text.starts_with('-') ? "(" + text + ")" : text;
    case TypeId::kByte:
      return "CAST(" + text + " AS TINYINT)";
    case TypeId::kShort:
    case TypeId::kLong:
      return "spark_literal(" + text + ", " + LiteralForDuckDb(types::ToSql(literal.type)) + ")";
    case TypeId::kTimestamp:  // Its zone, and which hour is meant when clocks go back: as a cast.
      return "spark_cast(" + LiteralForDuckDb(text) + ", 'TIMESTAMP')";
    case TypeId::kDouble:
    case TypeId::kFloat:
    case TypeId::kDecimal:
    case TypeId::kDate:
    case TypeId::kTimestampNtz:
      return "CAST(" + LiteralForDuckDb(text) + " AS " + ToDuckDb(literal.type) + ")";
    case TypeId::kBinary:
      return "from_hex('" + HexOf(text) + "')";
    default:
      return LiteralForDuckDb(text);
  }
}

// Months and whole days keep a DATE a DATE; an interval with a time makes it a TIMESTAMP.
Result<std::string> DuckDbPrinter::PrintNode(const IntervalLiteral& interval) {
  if (interval.type == TypeId::kYearMonthInterval) {
    return "to_months(" + std::to_string(interval.months) + ")";
  }
  constexpr std::int64_t kDayUs = 86'400'000'000;
  if (interval.to == IntervalUnit::kDay) {
    return "to_days(" + std::to_string(interval.microseconds / kDayUs) + ")";
  }
  return "to_microseconds(" + std::to_string(interval.microseconds) + ")";
}

Result<std::string> DuckDbPrinter::PrintNode(const Parameter& parameter) {
  const std::string name =
      parameter.name.empty() ? "_" + std::to_string(parameter.position) : parameter.name;
  return Fail(Condition::UNBOUND_SQL_PARAMETER, {{"name", types::QuoteIdentifier(name)}});
}

Result<std::string> DuckDbPrinter::PrintNode(const DefaultValue&) {
  return Fail(Condition::PARSE_SYNTAX_ERROR,
              {{"error", "'DEFAULT'"}, {"hint", " It has no meaning here."}});
}

/// Drops catalog and schema from catalog.schema.table.column: a query's tables have one-part names.
DuckDbPrinter::Strings DuckDbPrinter::WithoutCatalog(const Strings& parts) const {
  const auto is_table = [this](std::string_view name) {
    return std::any_of(scopes_.begin(), scopes_.end(), [&](const Scope& scope) {
      return std::any_of(scope.tables.begin(), scope.tables.end(), [&](const Scope::Table& table) {
        return EqualsIgnoreCase(table.name, name);
      });
    });
  };
  if (parts.size() < 2 || is_table(parts.front())) return parts;
  for (std::size_t i = 1; i < std::min<std::size_t>(parts.size(), 3); ++i) {
    if (is_table(parts[i]))
      return Strings(parts.begin() + static_cast<std::ptrdiff_t>(i), parts.end());
  }
  return parts;
}

Result<std::string> DuckDbPrinter::PrintNode(const ColumnRef& column) {
  if (column.computed) {
    return Fail(Condition::PARSE_SYNTAX_ERROR,
                {{"error", "IDENTIFIER"}, {"hint", " Its argument must be a constant text."}});
  }
  const auto parameter = std::find_if(
      lambda_parameters_.rbegin(), lambda_parameters_.rend(),
      [&](const auto& known) { return EqualsIgnoreCase(known.name, column.parts.front()); });
  if (parameter != lambda_parameters_.rend() && parameter->is_index && column.parts.size() == 1) {
    return "CAST(" + QuoteForDuckDb(parameter->name) + " - 1 AS INTEGER)";
  }
  if (parameter != lambda_parameters_.rend() && !parameter->field.empty()) {
    std::string text = "struct_extract(" + QuoteForDuckDb(parameter->variable) + ", " +
                       LiteralForDuckDb(parameter->field) + ")";
    for (std::size_t i = 1; i < column.parts.size(); ++i) {
      text = "struct_extract(" + text + ", " + LiteralForDuckDb(column.parts[i]) + ")";
    }
    return text;
  }
  if (!scopes_.empty() && !scopes_.back().window.empty() &&
      EqualsIgnoreCase(column.parts.front(), "window")) {
    std::string text = scopes_.back().window;
    for (std::size_t i = 1; i < column.parts.size(); ++i) {
      text = "struct_extract(" + text + ", " + LiteralForDuckDb(column.parts[i]) + ")";
    }
    return text;
  }
  Strings parts;
  for (const std::string& part :
       parameter == lambda_parameters_.rend() ? WithoutCatalog(column.parts) : column.parts) {
    parts.push_back(QuoteForDuckDb(part));
  }
  return Join(parts, ".");
}

Result<std::string> DuckDbPrinter::PrintNode(const Star& star) { return PrintStar(star); }

Result<std::string> DuckDbPrinter::PrintNode(const FieldAccess& access) {
  const std::string base = TRY(Print(*access.base));
  return PrintOperator(".", {base, LiteralForDuckDb(access.field)},
                       "struct_extract(" + base + ", " + LiteralForDuckDb(access.field) + ")");
}

Result<std::string> DuckDbPrinter::PrintNode(const Subscript& subscript) {
  const std::string base = TRY(Print(*subscript.base));
  const std::string index = TRY(Print(*subscript.index));
  return PrintOperator("[]", {base, index}, "spark_subscript(" + base + ", " + index + ")");
}

Result<std::string> DuckDbPrinter::PrintNode(const JsonPath& path) {
  const std::string base = TRY(Print(*path.base));
  const std::string text = LiteralForDuckDb(PathText(path));
  return PrintOperator(":", {base, text}, "spark_json_path(" + base + ", " + text + ")");
}

Result<std::string> DuckDbPrinter::PrintNode(const Unary& unary) {
  const std::string operand = TRY(Print(*unary.operand));
  switch (unary.op) {
    case UnaryOperator::kNot:
      return "(NOT " + operand + ")";
    case UnaryOperator::kMinus:
      return PrintOperator("unary -", {operand}, "(-" + operand + ")");
    case UnaryOperator::kPlus:
      return PrintOperator("unary +", {operand}, operand);
    case UnaryOperator::kBitwiseNot:
      break;
  }
  return PrintOperator("~", {operand}, "(~" + operand + ")");
}

Result<std::string> DuckDbPrinter::PrintNode(const Binary& binary) {
  const std::string left = TRY(Print(*binary.left));
  const std::string right = TRY(Print(*binary.right));
  std::string fallback =
      binary.op == BinaryOperator::kBitwiseXor
          ? "xor(" + left + ", " + right + ")"
          : "(" + left + " " + std::string(DuckDbSign(binary.op)) + " " + right + ")";
  return PrintOperator(TextOf(binary.op).sign, {left, right}, std::move(fallback));
}

Result<std::string> DuckDbPrinter::PrintNode(const Logical& logical) {
  Strings operands;
  for (const Expression& operand : logical.operands) operands.push_back(TRY(Print(operand)));
  return "(" + Join(operands, logical.op == LogicalOperator::kAnd ? " AND " : " OR ") + ")";
}

Result<std::string> DuckDbPrinter::PrintNode(const Is& is) {
  std::string text = "(" + TRY(Print(*is.operand)) + " IS ";
  if (is.negated) text += "NOT ";
  switch (is.test) {
    case TruthTest::kTrue:
      return text + "TRUE)";
    case TruthTest::kFalse:
      return text + "FALSE)";
    case TruthTest::kNull:
    case TruthTest::kUnknown:
      break;
  }
  return text + "NULL)";
}

Result<std::string> DuckDbPrinter::PrintNode(const IsDistinctFrom& distinct) {
  const std::string same =
      "spark_equal_null(" + TRY(Print(*distinct.left)) + ", " + TRY(Print(*distinct.right)) + ")";
  return distinct.negated ? same : "(NOT " + same + ")";
}

Result<std::string> DuckDbPrinter::PrintNode(const Between& between) {
  const std::string inside = "spark_between(" + TRY(Print(*between.operand)) + ", " +
                             TRY(Print(*between.low)) + ", " + TRY(Print(*between.high)) + ")";
  return between.negated ? "(NOT " + inside + ")" : inside;
}

Result<std::string> DuckDbPrinter::PrintNode(const InList& in) {
  const std::string found =
      "spark_in(" + TRY(Print(*in.operand)) + ", " + TRY(PrintList(in.values)) + ")";
  return in.negated ? "(NOT " + found + ")" : found;
}

Result<std::string> DuckDbPrinter::PrintNode(const InSubquery& in) {
  std::string operand;
  if (const auto* tuple = in.operand->As<Tuple>()) {
    operand = "(" + TRY(PrintList(tuple->items)) + ")";
  } else {
    operand = TRY(Print(*in.operand));
  }
  return "(" + operand + (in.negated ? " NOT" : "") + " IN (" + TRY(Print(*in.query)) + "))";
}

Result<std::string> DuckDbPrinter::PrintNode(const Exists& exists) {
  return "EXISTS (" + TRY(Print(*exists.query)) + ")";
}

Result<std::string> DuckDbPrinter::PrintNode(const ScalarSubquery& subquery) {
  return "(" + TRY(Print(*subquery.query)) + ")";
}

Result<std::string> DuckDbPrinter::PrintOnePattern(const Like& like, const std::string& operand,
                                                   const Expression& pattern) {
  const std::string text = TRY(Print(pattern));
  std::string matches;
  if (like.kind == LikeKind::kRLike) {
    matches = TRY(
        PrintOperator("rlike", {operand, text}, "regexp_matches(" + operand + ", " + text + ")"));
  } else {
    const std::string escape = LiteralForDuckDb(like.escape.value_or("\\"));
    const std::string_view word = like.kind == LikeKind::kLike ? " LIKE " : " ILIKE ";
    matches = "(spark_like_operand(" + operand + ")" + std::string(word) + "spark_like_operand(" +
              text + ") ESCAPE " + escape + ")";
  }
  return like.negated ? "(NOT " + matches + ")" : matches;
}

Result<std::string> DuckDbPrinter::PrintNode(const Like& like) {
  const std::string operand = TRY(Print(*like.operand));
  Strings tests;
  for (const Expression& pattern : like.patterns) {
    tests.push_back(TRY(PrintOnePattern(like, operand, pattern)));
  }
  if (tests.size() == 1) return tests.front();
  return "(" + Join(tests, like.quantifier == LikeQuantifier::kAll ? " AND " : " OR ") + ")";
}

Result<std::string> DuckDbPrinter::PrintNode(const Case& expression) {
  Strings parts;
  for (const Case::When& when : expression.whens) {
    const std::string condition = TRY(Print(when.condition));
    parts.push_back(expression.operand
                        ? "spark_equal(" + TRY(Print(*expression.operand)) + ", " + condition + ")"
                        : condition);
    parts.push_back(TRY(Print(when.result)));
  }
  if (expression.otherwise) parts.push_back(TRY(Print(*expression.otherwise)));
  return "spark_case(" + Join(parts, ", ") + ")";
}

Result<std::string> DuckDbPrinter::PrintNode(const Cast& cast) {
  const std::string operand = TRY(Print(*cast.operand));
  const std::string_view word = cast.is_try ? "TRY_CAST" : "CAST";
  return PrintOperator(cast.is_try ? "try_cast" : "cast",
                       {operand, LiteralForDuckDb(types::ToSql(cast.type))},
                       std::string(word) + "(" + operand + " AS " + ToDuckDb(cast.type) + ")");
}

Result<std::string> DuckDbPrinter::PrintNode(const Collate& collate) {
  const std::string operand = TRY(Print(*collate.operand));
  if (EqualsIgnoreCase(collate.collation, "UTF8_BINARY")) return operand;
  if (EqualsIgnoreCase(collate.collation, "UTF8_LCASE")) return "(" + operand + " COLLATE NOCASE)";
  return FailUnsupported("the collation " + collate.collation);
}

/// (a, b) is a struct of col1 and col2.
Result<std::string> DuckDbPrinter::PrintNode(const Tuple& tuple) {
  Strings fields;
  for (std::size_t i = 0; i < tuple.items.size(); ++i) {
    const auto* column = tuple.items[i].As<ColumnRef>();
    const std::string name =
        column != nullptr ? column->parts.back() : "col" + std::to_string(i + 1);
    fields.push_back(QuoteForDuckDb(name) + " := " + TRY(Print(tuple.items[i])));
  }
  return "struct_pack(" + Join(fields, ", ") + ")";
}

Result<std::string> DuckDbPrinter::PrintNode(const Lambda& lambda) {
  const std::size_t outer = lambda_parameters_.size();
  Strings names;
  for (const std::string& name : lambda.parameters) {
    // Two parameters of transform() and filter() are the element and its index; those of
    // aggregate() are fields of what PrintAggregateArray() folds.
    const bool is_index = lambda_has_index_ && !names.empty();
    const std::string variable =
        lambda_folds_ ? "inlet_fold_" + std::to_string(lambda_parameters_.size()) : name;
    std::string field;
    if (lambda_folds_) field = names.empty() ? "state" : "value";
    lambda_parameters_.push_back(
        {.name = name, .is_index = is_index, .variable = variable, .field = field});
    names.push_back(QuoteForDuckDb(variable));
  }
  const bool outer_has_index = std::exchange(lambda_has_index_, false);
  lambda_folds_ = false;
  Result<std::string> body = Print(*lambda.body);
  lambda_has_index_ = outer_has_index;
  lambda_parameters_.resize(outer);
  return "lambda " + Join(names, ", ") + ": " + TRY(std::move(body));
}

Result<std::string> DuckDbPrinter::PrintNode(const FunctionCall& call) {
  const std::string name = call.name.parts.empty() ? "" : ToLower(call.name.parts.back());
  if (IsGenerator(call)) {
    return FailUnsupported("the generator " + name + " inside of an expression");
  }
  if (name == "window" && !scopes_.empty() && !scopes_.back().window.empty()) {
    return scopes_.back().window;
  }
  const FunctionRule* rule = FindFunction(name);
  if (rule == nullptr) {
    const std::vector<std::string_view> known = FunctionNames();
    return Fail(Condition::UNRESOLVED_ROUTINE, {{"routineName", types::QuoteIdentifier(name)},
                                                {"suggestion", DidYouMean(name, known)}});
  }
  PrintedCall printed;
  printed.name = rule->name;
  printed.call = &call;
  printed.keyword = call.keyword;
  printed.is_distinct = call.is_distinct;
  printed.ignore_nulls = call.ignore_nulls.value_or(false);
  Status status = Ok();
  for (const FunctionCall::Argument& argument : call.arguments) {
    if (!argument.name.empty() && name != "struct") {  // There it is the field's.
      status = FailUnsupported("named arguments of " + name);
      break;
    }
    lambda_has_index_ = name == "transform" || name == "filter";
    lambda_folds_ = (name == "aggregate" || name == "reduce") && printed.arguments.size() == 2;
    if (argument.value.As<Star>() != nullptr && name != "count") {
      printed.arguments.push_back("*COLUMNS(" + TRY(PrintStar(*argument.value.As<Star>())) + ")");
      continue;
    }
    Result<std::string> text = Print(argument.value);
    if (!text) {
      status = std::unexpected(std::move(text).error());
      break;
    }
    printed.arguments.push_back(*std::move(text));
  }
  lambda_has_index_ = false;
  lambda_folds_ = false;
  TRY(std::move(status));
  // grouping_id() speaks of all columns of GROUP BY.
  const Select* select = scopes_.empty() ? nullptr : scopes_.back().select;
  if (name == "grouping_id" && call.arguments.empty() && select != nullptr && select->group_by) {
    for (const GroupBy::Item& item : select->group_by->items) {
      for (const std::vector<Expression>& set : item.sets) {
        for (const Expression& column : set) {
          std::string text = TRY(Print(column));
          if (std::find(printed.arguments.begin(), printed.arguments.end(), text) ==
              printed.arguments.end()) {
            printed.arguments.push_back(std::move(text));
          }
        }
      }
    }
  }
  if (!call.within_group.empty()) {
    printed.within_group = "ORDER BY " + TRY(PrintSort(call.within_group));
    for (const SortItem& item : call.within_group) {
      printed.within_group_values.push_back(TRY(Print(item.value)));
    }
  }
  if (call.filter) printed.filter = TRY(Print(*call.filter));
  if (call.over) printed.over = TRY(PrintOver(*call.over));
  return PrintCall(*rule, printed);
}

Result<std::string> DuckDbPrinter::PrintOver(const WindowSpec& spec) {
  const bool is_name_only =
      !spec.base_name.empty() && spec.partition_by.empty() && spec.order_by.empty() && !spec.frame;
  if (is_name_only) return QuoteForDuckDb(spec.base_name);
  return "(" + TRY(PrintWindowSpec(spec)) + ")";
}

Result<std::string> DuckDbPrinter::PrintWindowSpec(const WindowSpec& spec) {
  Strings parts;
  if (!spec.base_name.empty()) parts.push_back(QuoteForDuckDb(spec.base_name));
  if (!spec.partition_by.empty()) {
    parts.push_back("PARTITION BY " + TRY(PrintList(spec.partition_by)));
  }
  if (!spec.order_by.empty()) parts.push_back("ORDER BY " + TRY(PrintSort(spec.order_by)));
  if (spec.frame) {
    parts.push_back(std::string(spec.frame->is_rows ? "ROWS" : "RANGE") + " BETWEEN " +
                    TRY(PrintFrameBound(spec.frame->start)) + " AND " +
                    TRY(PrintFrameBound(spec.frame->end)));
  }
  return Join(parts, " ");
}

Result<std::string> DuckDbPrinter::PrintFrameBound(const FrameBound& bound) {
  using Kind = FrameBound::Kind;
  switch (bound.kind) {
    case Kind::kUnboundedPreceding:
      return std::string("UNBOUNDED PRECEDING");
    case Kind::kPreceding:
      return TRY(Print(*bound.offset)) + " PRECEDING";
    case Kind::kCurrentRow:
      return std::string("CURRENT ROW");
    case Kind::kFollowing:
      return TRY(Print(*bound.offset)) + " FOLLOWING";
    case Kind::kUnboundedFollowing:
      break;
  }
  return std::string("UNBOUNDED FOLLOWING");
}

// ---- The public functions
// -------------------------------------------------------------------------

Result<std::string> ToDuckDb(const Query& query, const DuckDbOptions& options) {
  return DuckDbPrinter(options).Print(query);
}

Result<std::string> ToDuckDb(const Expression& expression, const DuckDbOptions& options) {
  return DuckDbPrinter(options).Print(expression);
}

std::string ToDuckDb(const types::DataType& type) {
  switch (type.id()) {
    case TypeId::kVoid:
      return "\"NULL\"";
    case TypeId::kBoolean:
      return "BOOLEAN";
    case TypeId::kByte:
      return "TINYINT";
    case TypeId::kShort:
      return "SMALLINT";
    case TypeId::kInteger:
      return "INTEGER";
    case TypeId::kLong:
      return "BIGINT";
    case TypeId::kFloat:
      return "FLOAT";
    case TypeId::kDouble:
      return "DOUBLE";
    case TypeId::kDecimal:
      return "DECIMAL(" + std::to_string(type.precision()) + "," + std::to_string(type.scale()) +
             ")";
    case TypeId::kString:
      return "VARCHAR";
    case TypeId::kBinary:
      return "BLOB";
    case TypeId::kDate:
      return "DATE";
    case TypeId::kTimestamp:
      return "TIMESTAMP WITH TIME ZONE";
    case TypeId::kTimestampNtz:
      return "TIMESTAMP";
    case TypeId::kYearMonthInterval:
    case TypeId::kDayTimeInterval:
      return "INTERVAL";
    case TypeId::kVariant:
      return "VARIANT";
    case TypeId::kArray:
      return ToDuckDb(type.element()) + "[]";
    case TypeId::kMap:
      return "MAP(" + ToDuckDb(type.key()) + ", " + ToDuckDb(type.value()) + ")";
    case TypeId::kStruct:
      break;
  }
  std::string fields;
  for (const types::StructField& field : type.fields()) {
    fields +=
        (fields.empty() ? "" : ", ") + QuoteForDuckDb(field.name) + " " + ToDuckDb(field.type);
  }
  return "STRUCT(" + fields + ")";
}

std::string QuoteForDuckDb(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + "\"";
}

std::string LiteralForDuckDb(std::string_view text) {
  std::string literal = "'";
  bool has_nul = false;
  for (const char c : text) {
    if (c == '\0') {  // DuckDB reads its text as a C string.
      literal += "' || chr(0) || '";
      has_nul = true;
      continue;
    }
    if (c == '\'') literal += '\'';
    literal += c;
  }
  literal += "'";
  return has_nul ? "(" + literal + ")" : literal;
}

}  // namespace inlet::sql
