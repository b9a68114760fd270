#include "sql/printer.h"

#include <algorithm>

#include "base/option_map.h"
#include "sql/children_internal.h"
#include "sql/interval_internal.h"
#include "sql/operator_text_internal.h"

namespace inlet::sql {
namespace {

using types::QuoteIdentifier;
using types::TypeId;

// As in expression_parser.cc: how tightly each node binds.
constexpr int kOrLevel = 1;
constexpr int kAndLevel = 2;
constexpr int kNotLevel = 3;
constexpr int kPredicateLevel = 4;
constexpr int kValueLevel = 5;
constexpr int kUnaryLevel = 12;
constexpr int kPrimaryLevel = 13;

int LevelOf(const Expression& expression) {
  if (const auto* logical = expression.As<Logical>()) {
    return logical->op == LogicalOperator::kOr ? kOrLevel : kAndLevel;
  }
  if (const auto* unary = expression.As<Unary>()) {
    return unary->op == UnaryOperator::kNot ? kNotLevel : kUnaryLevel;
  }
  if (const auto* binary = expression.As<Binary>()) return TextOf(binary->op).level;
  if (const auto* literal = expression.As<Literal>()) {
    return literal->text.starts_with('-') && literal->type.is_numeric() ? kUnaryLevel
                                                                        : kPrimaryLevel;
  }
  const bool is_predicate =
      expression.As<Is>() != nullptr || expression.As<Between>() != nullptr ||
      expression.As<InList>() != nullptr || expression.As<Like>() != nullptr ||
      expression.As<InSubquery>() != nullptr || expression.As<IsDistinctFrom>() != nullptr;
  if (is_predicate) return kPredicateLevel;
  return expression.As<Lambda>() != nullptr ? 0 : kPrimaryLevel;
}

/// Appends to one text: no pieces are copied on the way up.
class SqlPrinter {
 public:
  std::string Take() && { return std::move(text_); }

  void Print(const Query& query) {
    PrintWith(query.with, query.is_recursive);
    PrintBody(query);
    if (query.order_by_all) {
      Word(" ORDER BY ALL");
      if (!query.order_by.empty()) PrintDirection(query.order_by.front());
    } else if (!query.order_by.empty()) {
      Word(" ORDER BY ");
      PrintSort(query.order_by);
    }
    if (!query.cluster_by.empty()) {
      Word(" CLUSTER BY ");
      PrintList(query.cluster_by);
    }
    if (!query.distribute_by.empty()) {
      Word(" DISTRIBUTE BY ");
      PrintList(query.distribute_by);
    }
    if (!query.sort_by.empty()) {
      Word(" SORT BY ");
      PrintSort(query.sort_by);
    }
    if (query.limit) {
      Word(" LIMIT ");
      Print(*query.limit);
    }
    if (query.offset) {
      Word(" OFFSET ");
      Print(*query.offset);
    }
  }

  void Print(const Expression& expression) {
    std::visit([this](const auto& node) { Node(node); }, expression.node);
  }

  void Print(const TableRef& table) {
    if (table.is_lateral) Word("LATERAL ");
    const bool is_named_join = table.As<JoinTable>() != nullptr && !table.alias.empty();
    if (is_named_join) Word("(");
    std::visit([&](const auto& node) { Table(node); }, table.node);
    if (is_named_join) Word(")");
    if (table.sample) PrintSample(*table.sample);
    if (table.As<LateralView>() != nullptr) return PrintViewAlias(table);
    if (!table.alias.empty()) Word(" AS " + QuoteIdentifier(table.alias));
    if (table.alias.empty() && !table.column_aliases.empty()) Word(" AS ");
    if (!table.column_aliases.empty()) PrintNames(table.column_aliases);
  }

 private:
  void Word(std::string_view text) { text_ += text; }

  /// In brackets when it binds more loosely than `level`.
  void Operand(const Expression& expression, int level) {
    const bool needs_brackets = LevelOf(expression) < level;
    if (needs_brackets) Word("(");
    Print(expression);
    if (needs_brackets) Word(")");
  }

  template <class List, class PrintItem>
  void Separated(const List& list, PrintItem print, std::string_view separator = ", ") {
    bool is_first = true;
    for (const auto& item : list) {
      if (!is_first) Word(separator);
      is_first = false;
      print(item);
    }
  }

  void PrintList(const std::vector<Expression>& items) {
    Separated(items, [this](const Expression& item) { Print(item); });
  }

  void PrintNames(const std::vector<std::string>& names) {
    Word("(");
    Separated(names, [this](const std::string& name) { Word(QuoteIdentifier(name)); });
    Word(")");
  }

  void PrintParts(const std::vector<std::string>& parts) {
    Separated(
        parts, [this](const std::string& part) { Word(QuoteIdentifier(part)); }, ".");
  }

  void PrintName(const ObjectName& name) {
    if (!name.computed) return PrintParts(name.parts);
    Word("IDENTIFIER(");
    Print(*name.computed);
    Word(")");
  }

  void PrintDirection(const SortItem& item) {
    if (item.descending) Word(" DESC");
    if (item.nulls == NullOrder::kFirst) Word(" NULLS FIRST");
    if (item.nulls == NullOrder::kLast) Word(" NULLS LAST");
  }

  void PrintSort(const std::vector<SortItem>& items) {
    Separated(items, [this](const SortItem& item) {
      Print(item.value);
      PrintDirection(item);
    });
  }

  // ---- Queries ----

  void PrintWith(const std::vector<CommonTable>& tables, bool is_recursive) {
    if (tables.empty()) return;
    Word(is_recursive ? "WITH RECURSIVE " : "WITH ");
    Separated(tables, [this](const CommonTable& table) {
      Word(QuoteIdentifier(table.name));
      if (!table.columns.empty()) PrintNames(table.columns);
      if (table.max_recursion_level) {
        Word(" MAX RECURSION LEVEL " + std::to_string(*table.max_recursion_level));
      }
      Word(" AS (");
      Print(table.query);
      Word(")");
    });
    Word(" ");
  }

  void PrintBody(const Query& query) {
    if (const auto* select = std::get_if<Select>(&query.body)) {
      PrintSelect(*select);
    } else if (const auto* operation = std::get_if<SetOperation>(&query.body)) {
      std::string_view word = " EXCEPT ";
      if (operation->op == SetOperator::kUnion) word = " UNION ";
      if (operation->op == SetOperator::kIntersect) word = " INTERSECT ";
      const std::string between = std::string(word) + (operation->is_all ? "ALL " : "");
      Separated(
          operation->operands,
          [this](const Query& operand) {
            // Only a plain SELECT stands without brackets.
            const bool is_plain = std::holds_alternative<Select>(operand.body) &&
                                  operand.with.empty() && operand.order_by.empty() &&
                                  operand.sort_by.empty() && !operand.limit && !operand.offset &&
                                  operand.cluster_by.empty() && operand.distribute_by.empty();
            if (!is_plain) Word("(");
            Print(operand);
            if (!is_plain) Word(")");
          },
          between);
    } else if (const auto* values = std::get_if<ValuesQuery>(&query.body)) {
      PrintRows(values->rows);
    } else {
      Word("TABLE ");
      Table(std::get<TableQuery>(query.body).table);
    }
  }

  void PrintRows(const std::vector<std::vector<Expression>>& rows) {
    Word("VALUES ");
    Separated(rows, [this](const std::vector<Expression>& row) {
      Word("(");
      PrintList(row);
      Word(")");
    });
  }

  void PrintSelect(const Select& select) {
    Word("SELECT ");
    for (const Hint& hint : select.hints) Word("/*+" + hint.text + "*/ ");
    if (select.is_distinct) Word("DISTINCT ");
    Separated(select.items, [this](const SelectItem& item) { PrintItem(item); });
    if (select.from) {
      Word(" FROM ");
      Print(*select.from);
    }
    if (select.where) {
      Word(" WHERE ");
      Print(*select.where);
    }
    if (select.group_by) PrintGroupBy(*select.group_by);
    if (select.having) {
      Word(" HAVING ");
      Print(*select.having);
    }
    if (select.qualify) {
      Word(" QUALIFY ");
      Print(*select.qualify);
    }
    if (select.windows.empty()) return;
    Word(" WINDOW ");
    Separated(select.windows, [this](const NamedWindow& window) {
      Word(QuoteIdentifier(window.name) + " AS (");
      PrintWindowSpec(window.spec);
      Word(")");
    });
  }

  void PrintItem(const SelectItem& item) {
    Print(item.value);
    if (!item.alias.empty()) Word(" AS " + QuoteIdentifier(item.alias));
    if (item.column_aliases.empty()) return;
    Word(" AS ");
    PrintNames(item.column_aliases);
  }

  void PrintGroupBy(const GroupBy& group_by) {
    Word(" GROUP BY ");
    if (group_by.is_all) return Word("ALL");
    Separated(group_by.items, [this](const GroupBy::Item& item) {
      if (item.kind == GroupBy::Kind::kExpression) return Print(item.sets.front().front());
      if (item.kind == GroupBy::Kind::kRollup) Word("ROLLUP (");
      if (item.kind == GroupBy::Kind::kCube) Word("CUBE (");
      if (item.kind == GroupBy::Kind::kGroupingSets) Word("GROUPING SETS (");
      Separated(item.sets, [this](const std::vector<Expression>& set) {
        Word("(");
        PrintList(set);
        Word(")");
      });
      Word(")");
    });
  }

  // ---- Tables ----

  void Table(const NamedTable& table) {
    if (table.is_stream) Word("STREAM ");
    PrintName(table.name);
    if (table.time_travel && table.time_travel->version) {
      Word(" VERSION AS OF " + std::to_string(*table.time_travel->version));
    } else if (table.time_travel) {
      Word(" TIMESTAMP AS OF ");
      Operand(*table.time_travel->timestamp, kValueLevel);
    }
    if (table.options.empty()) return;
    Word(" WITH (");
    Separated(table.options, [this](const auto& option) {
      Word(QuoteText(option.first) + " = " + QuoteText(option.second));
    });
    Word(")");
  }

  // An input has no place in Databricks SQL; the name says what it was.
  void Table(const InputRef& input) { Word(QuoteIdentifier(input.name)); }

  void Table(const TableFunction& function) {
    if (function.is_stream) Word("STREAM ");
    Node(function.call);
  }

  void Table(const SubqueryTable& subquery) {
    Word("(");
    Print(*subquery.query);
    Word(")");
  }

  void Table(const ValuesTable& values) {
    Word("(");
    PrintRows(values.rows);
    Word(")");
  }

  void Table(const JoinTable& join) {
    Print(*join.left);
    Word(join.is_natural ? " NATURAL" : "");
    switch (join.kind) {
      case JoinKind::kInner:
        Word(" JOIN ");
        break;
      case JoinKind::kLeft:
        Word(" LEFT JOIN ");
        break;
      case JoinKind::kRight:
        Word(" RIGHT JOIN ");
        break;
      case JoinKind::kFull:
        Word(" FULL JOIN ");
        break;
      case JoinKind::kCross:
        Word(" CROSS JOIN ");
        break;
      case JoinKind::kLeftSemi:
        Word(" LEFT SEMI JOIN ");
        break;
      case JoinKind::kLeftAnti:
        Word(" LEFT ANTI JOIN ");
        break;
    }
    const bool needs_brackets = join.right->As<JoinTable>() != nullptr && join.right->alias.empty();
    if (needs_brackets) Word("(");
    Print(*join.right);
    if (needs_brackets) Word(")");
    if (join.condition) {
      Word(" ON ");
      Print(*join.condition);
    } else if (!join.using_columns.empty()) {
      Word(" USING ");
      PrintNames(join.using_columns);
    }
  }

  void Table(const LateralView& view) {
    Print(*view.input);
    Word(view.is_outer ? " LATERAL VIEW OUTER " : " LATERAL VIEW ");
    Node(view.generator);
  }

  void PrintViewAlias(const TableRef& table) {
    if (!table.alias.empty()) Word(" " + QuoteIdentifier(table.alias));
    if (table.column_aliases.empty()) return;
    Word(" AS ");
    Separated(table.column_aliases,
              [this](const std::string& name) { Word(QuoteIdentifier(name)); });
  }

  void Table(const PivotTable& pivot) {
    Print(*pivot.input);
    Word(" PIVOT (");
    Separated(pivot.aggregates, [this](const SelectItem& item) { PrintItem(item); });
    Word(" FOR ");
    const bool is_list = pivot.columns.size() > 1;
    if (is_list) Word("(");
    PrintList(pivot.columns);
    if (is_list) Word(")");
    Word(" IN (");
    Separated(pivot.values, [&](const PivotTable::Value& value) {
      if (is_list) Word("(");
      PrintList(value.items);
      if (is_list) Word(")");
      if (!value.alias.empty()) Word(" AS " + QuoteIdentifier(value.alias));
    });
    Word("))");
  }

  void Table(const UnpivotTable& unpivot) {
    Print(*unpivot.input);
    Word(unpivot.include_nulls ? " UNPIVOT INCLUDE NULLS (" : " UNPIVOT (");
    const bool is_list = unpivot.value_columns.size() > 1;
    if (is_list) {
      PrintNames(unpivot.value_columns);
    } else {
      PrintParts(unpivot.value_columns);
    }
    Word(" FOR " + QuoteIdentifier(unpivot.name_column) + " IN (");
    Separated(unpivot.sources, [&](const UnpivotTable::Source& source) {
      if (is_list) Word("(");
      PrintList(source.columns);
      if (is_list) Word(")");
      if (!source.alias.empty()) Word(" AS " + QuoteIdentifier(source.alias));
    });
    Word("))");
  }

  void PrintSample(const TableSample& sample) {
    Word(" TABLESAMPLE (");
    if (sample.kind == TableSample::Kind::kPercent) {
      std::string digits = std::to_string(sample.percent);
      digits.erase(digits.find_last_not_of('0') + 1);
      if (digits.ends_with('.')) digits.pop_back();
      Word(digits + " PERCENT)");
    } else if (sample.kind == TableSample::Kind::kRows) {
      Word(std::to_string(sample.rows) + " ROWS)");
    } else {
      Word("BUCKET " + std::to_string(sample.bucket) + " OUT OF " + std::to_string(sample.buckets) +
           ")");
    }
    if (sample.seed) Word(" REPEATABLE (" + std::to_string(*sample.seed) + ")");
  }

  // ---- Expressions ----

  void Node(const Literal& literal) {
    switch (literal.type.id()) {
      case TypeId::kVoid:
        return Word("NULL");
      case TypeId::kBoolean:
        return Word(literal.text == "true" ? "TRUE" : "FALSE");
      case TypeId::kByte:
        return Word(literal.text + "Y");
      case TypeId::kShort:
        return Word(literal.text + "S");
      case TypeId::kLong:
        return Word(literal.text + "L");
      case TypeId::kFloat:
      case TypeId::kDouble: {
        const bool is_float = literal.type.is(TypeId::kFloat);
        // Spark Connect has literals that are no numbers, SQL has not.
        if (literal.text.contains("NaN") || literal.text.contains("Inf")) {
          return Word((is_float ? "FLOAT(" : "DOUBLE(") + QuoteText(literal.text) + ")");
        }
        return Word(literal.text + (is_float ? "F" : "D"));
      }
      case TypeId::kDecimal:
        return Word(literal.text + "BD");
      case TypeId::kInteger:
        return Word(literal.text);
      case TypeId::kBinary:
        return Word("X'" + HexOf(literal.text) + "'");
      case TypeId::kDate:
        return Word("DATE " + QuoteText(literal.text));
      case TypeId::kTimestamp:
        return Word("TIMESTAMP " + QuoteText(literal.text));
      case TypeId::kTimestampNtz:
        return Word("TIMESTAMP_NTZ " + QuoteText(literal.text));
      default:
        return Word(QuoteText(literal.text));
    }
  }

  void Node(const IntervalLiteral& interval) { Word(ToSqlText(interval)); }

  void Node(const Parameter& parameter) {
    Word(parameter.name.empty() ? "?" : ":" + QuoteIdentifier(parameter.name));
  }

  void Node(const DefaultValue&) { Word("DEFAULT"); }

  void Node(const ColumnRef& column) {
    if (!column.computed) return PrintParts(column.parts);
    Word("IDENTIFIER(");
    Print(*column.computed);
    Word(")");
  }

  void Node(const Star& star) {
    PrintParts(star.qualifier);
    Word(star.qualifier.empty() ? "*" : ".*");
    if (!star.except.empty()) {
      Word(" EXCEPT (");
      Separated(star.except, [this](const std::vector<std::string>& path) { PrintParts(path); });
      Word(")");
    }
    if (star.replace.empty()) return;
    Word(" REPLACE (");
    Separated(star.replace, [this](const Star::Replacement& replacement) {
      Print(replacement.value);
      Word(" AS " + QuoteIdentifier(replacement.column));
    });
    Word(")");
  }

  void Node(const FieldAccess& access) {
    // A name takes brackets too: (a).b is a field, a.b may be a column of a.
    const bool is_name = access.base->As<ColumnRef>() != nullptr;
    if (is_name) Word("(");
    Operand(*access.base, kPrimaryLevel);
    Word(is_name ? ")." : ".");
    Word(QuoteIdentifier(access.field));
  }

  void Node(const Subscript& subscript) {
    Operand(*subscript.base, kPrimaryLevel);
    Word("[");
    Print(*subscript.index);
    Word("]");
  }

  void Node(const JsonPath& path) {
    using Kind = JsonPath::Step::Kind;
    Operand(*path.base, kPrimaryLevel);
    Word(":");
    bool is_first = true;
    for (const JsonPath::Step& step : path.steps) {
      switch (step.kind) {
        case Kind::kField:
          Word((is_first ? "" : ".") + QuoteIdentifier(step.field));
          break;
        case Kind::kQuotedField:
          Word("[" + QuoteText(step.field) + "]");
          break;
        case Kind::kIndex:
          Word("[" + std::to_string(step.index) + "]");
          break;
        case Kind::kWildcard:
          Word("[*]");
          break;
      }
      is_first = false;
    }
  }

  void Node(const Unary& unary) {
    switch (unary.op) {
      case UnaryOperator::kNot:
        Word("NOT ");
        return Operand(*unary.operand, kNotLevel);
      case UnaryOperator::kMinus:
        Word("-");
        break;
      case UnaryOperator::kPlus:
        Word("+");
        break;
      case UnaryOperator::kBitwiseNot:
        Word("~");
        break;
    }
    // Not --a, which begins a comment, nor -1, which is a number.
    const bool is_sign =
        unary.operand->As<Unary>() != nullptr || unary.operand->As<Literal>() != nullptr;
    Operand(*unary.operand, is_sign ? kPrimaryLevel + 1 : kUnaryLevel);
  }

  void Node(const Binary& binary) {
    const OperatorText op = TextOf(binary.op);
    Operand(*binary.left, op.level);
    Word(" " + std::string(op.sign) + " ");
    Operand(*binary.right, op.level + 1);
  }

  void Node(const Logical& logical) {
    const bool is_or = logical.op == LogicalOperator::kOr;
    Separated(
        logical.operands,
        [&](const Expression& operand) { Operand(operand, is_or ? kAndLevel : kNotLevel); },
        is_or ? " OR " : " AND ");
  }

  void Node(const Is& is) {
    Operand(*is.operand, kPredicateLevel);
    Word(is.negated ? " IS NOT " : " IS ");
    if (is.test == TruthTest::kNull) Word("NULL");
    if (is.test == TruthTest::kTrue) Word("TRUE");
    if (is.test == TruthTest::kFalse) Word("FALSE");
    if (is.test == TruthTest::kUnknown) Word("UNKNOWN");
  }

  void Node(const IsDistinctFrom& distinct) {
    Operand(*distinct.left, kPredicateLevel);
    Word(distinct.negated ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ");
    Operand(*distinct.right, kValueLevel);
  }

  void Node(const Between& between) {
    Operand(*between.operand, kPredicateLevel);
    Word(between.negated ? " NOT BETWEEN " : " BETWEEN ");
    Operand(*between.low, kValueLevel);
    Word(" AND ");
    Operand(*between.high, kValueLevel);
  }

  void Node(const InList& in) {
    Operand(*in.operand, kPredicateLevel);
    Word(in.negated ? " NOT IN (" : " IN (");
    PrintList(in.values);
    Word(")");
  }

  void Node(const InSubquery& in) {
    Operand(*in.operand, kPredicateLevel);
    Word(in.negated ? " NOT IN (" : " IN (");
    Print(*in.query);
    Word(")");
  }

  void Node(const Exists& exists) {
    Word("EXISTS (");
    Print(*exists.query);
    Word(")");
  }

  void Node(const ScalarSubquery& subquery) {
    Word("(");
    Print(*subquery.query);
    Word(")");
  }

  void Node(const Like& like) {
    Operand(*like.operand, kPredicateLevel);
    Word(like.negated ? " NOT " : " ");
    if (like.kind == LikeKind::kLike) Word("LIKE ");
    if (like.kind == LikeKind::kILike) Word("ILIKE ");
    if (like.kind == LikeKind::kRLike) Word("RLIKE ");
    if (like.quantifier != LikeQuantifier::kOne) {
      Word(like.quantifier == LikeQuantifier::kAny ? "ANY (" : "ALL (");
      PrintList(like.patterns);
      return Word(")");
    }
    Operand(like.patterns.front(), kValueLevel);
    if (like.escape) Word(" ESCAPE " + QuoteText(*like.escape));
  }

  void Node(const Case& expression) {
    Word("CASE");
    if (expression.operand) {
      Word(" ");
      Print(*expression.operand);
    }
    for (const Case::When& when : expression.whens) {
      Word(" WHEN ");
      Print(when.condition);
      Word(" THEN ");
      Print(when.result);
    }
    if (expression.otherwise) {
      Word(" ELSE ");
      Print(*expression.otherwise);
    }
    Word(" END");
  }

  void Node(const Cast& cast) {
    Word(cast.is_try ? "TRY_CAST(" : "CAST(");
    Print(*cast.operand);
    Word(" AS " + types::ToSql(cast.type) + ")");
  }

  void Node(const Collate& collate) {
    Operand(*collate.operand, kPrimaryLevel);
    Word(" COLLATE " + QuoteIdentifier(collate.collation));
  }

  void Node(const Tuple& tuple) {
    Word("(");
    PrintList(tuple.items);
    Word(")");
  }

  void Node(const Lambda& lambda) {
    if (lambda.parameters.size() == 1) {
      Word(QuoteIdentifier(lambda.parameters.front()));
    } else {
      PrintNames(lambda.parameters);
    }
    Word(" -> ");
    Print(*lambda.body);
  }

  void PrintArgument(const FunctionCall::Argument& argument, bool is_struct) {
    if (!argument.name.empty() && !is_struct) Word(QuoteIdentifier(argument.name) + " => ");
    Print(argument.value);
    if (!argument.name.empty() && is_struct) Word(" AS " + QuoteIdentifier(argument.name));
  }

  void PrintArguments(const FunctionCall& call) {
    const std::string name = call.name.parts.empty() ? "" : ToLower(call.name.parts.back());
    const std::vector<FunctionCall::Argument>& arguments = call.arguments;
    if (name == "extract" && arguments.size() == 1 && !call.keyword.empty()) {
      Word(call.keyword + " FROM ");
      return Print(arguments[0].value);
    }
    if (name == "trim" && !call.keyword.empty()) {
      Word(call.keyword + " ");
      if (arguments.size() > 1) {
        Print(arguments[1].value);
        Word(" ");
      }
      Word("FROM ");
      return Print(arguments[0].value);
    }
    if (!call.keyword.empty()) Word(call.keyword + (arguments.empty() ? "" : ", "));
    if (call.is_distinct) Word("DISTINCT ");
    Separated(arguments, [&](const FunctionCall::Argument& argument) {
      PrintArgument(argument, name == "struct");
    });
  }

  void Node(const FunctionCall& call) {
    if (call.without_parentheses) return Word(call.name.parts.front());
    PrintName(call.name);
    Word("(");
    PrintArguments(call);
    Word(")");
    if (!call.within_group.empty()) {
      Word(" WITHIN GROUP (ORDER BY ");
      PrintSort(call.within_group);
      Word(")");
    }
    if (call.filter) {
      Word(" FILTER (WHERE ");
      Print(*call.filter);
      Word(")");
    }
    if (call.ignore_nulls) Word(*call.ignore_nulls ? " IGNORE NULLS" : " RESPECT NULLS");
    if (!call.over) return;
    Word(" OVER (");
    PrintWindowSpec(*call.over);
    Word(")");
  }

  void PrintWindowSpec(const WindowSpec& spec) {
    std::string_view separator = "";
    if (!spec.base_name.empty()) {
      Word(QuoteIdentifier(spec.base_name));
      separator = " ";
    }
    if (!spec.partition_by.empty()) {
      Word(std::string(separator) + "PARTITION BY ");
      PrintList(spec.partition_by);
      separator = " ";
    }
    if (!spec.order_by.empty()) {
      Word(std::string(separator) + "ORDER BY ");
      PrintSort(spec.order_by);
      separator = " ";
    }
    if (!spec.frame) return;
    Word(std::string(separator) + (spec.frame->is_rows ? "ROWS BETWEEN " : "RANGE BETWEEN "));
    PrintBound(spec.frame->start);
    Word(" AND ");
    PrintBound(spec.frame->end);
  }

  void PrintBound(const FrameBound& bound) {
    using Kind = FrameBound::Kind;
    if (bound.offset) Operand(*bound.offset, kValueLevel);
    switch (bound.kind) {
      case Kind::kUnboundedPreceding:
        return Word("UNBOUNDED PRECEDING");
      case Kind::kPreceding:
        return Word(" PRECEDING");
      case Kind::kCurrentRow:
        return Word("CURRENT ROW");
      case Kind::kFollowing:
        return Word(" FOLLOWING");
      case Kind::kUnboundedFollowing:
        return Word("UNBOUNDED FOLLOWING");
    }
  }

  std::string text_;
};

}  // namespace

std::string ToSql(const Query& query) {
  SqlPrinter printer;
  printer.Print(query);
  return std::move(printer).Take();
}

std::string ToSql(const Expression& expression) {
  SqlPrinter printer;
  printer.Print(expression);
  return std::move(printer).Take();
}

std::string ToSql(const TableRef& table) {
  SqlPrinter printer;
  printer.Print(table);
  return std::move(printer).Take();
}

std::string QuoteText(std::string_view text) {
  std::string quoted = "'";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    // \% and \_ stand for themselves in a literal; any other backslash is doubled.
    const bool is_kept =
        c == '\\' && i + 1 < text.size() && (text[i + 1] == '%' || text[i + 1] == '_');
    if (c == '\0') {
      quoted += "\\0";
    } else {
      if (c == '\'' || (c == '\\' && !is_kept)) quoted += '\\';
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace inlet::sql
