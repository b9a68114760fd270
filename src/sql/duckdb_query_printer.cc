#include <algorithm>

#include "base/option_map.h"
#include "sql/duckdb_printer_internal.h"
#include "sql/printer.h"

namespace inlet::sql {
namespace {

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += separator;
    text += parts[i];
  }
  return text;
}

std::string QuotedList(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const std::string& name : names) quoted.push_back(QuoteForDuckDb(name));
  return Join(quoted, ", ");
}

std::string_view NameOf(SetOperator op) {
  switch (op) {
    case SetOperator::kUnion:
      return "UNION";
    case SetOperator::kIntersect:
      return "INTERSECT";
    case SetOperator::kExcept:
      break;
  }
  return "EXCEPT";
}

std::string_view NameOf(JoinKind kind) {
  switch (kind) {
    case JoinKind::kInner:
      return "JOIN";
    case JoinKind::kLeft:
      return "LEFT JOIN";
    case JoinKind::kRight:
      return "RIGHT JOIN";
    case JoinKind::kFull:
      return "FULL JOIN";
    case JoinKind::kCross:
      return "CROSS JOIN";
    case JoinKind::kLeftSemi:
      return "SEMI JOIN";
    case JoinKind::kLeftAnti:
      break;
  }
  return "ANTI JOIN";
}

/// col1, col2, ... of VALUES.
std::vector<std::string> ValuesColumns(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i <= count; ++i) names.push_back("col" + std::to_string(i));
  return names;
}

/// The last part of the columns in `expression`, each once, ignoring case.
void AddColumnNames(const Expression& expression, std::vector<std::string>& names) {
  const auto add = [&](const ColumnRef& column) {
    const bool is_known = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return EqualsIgnoreCase(name, column.parts.back());
    });
    if (!is_known) names.push_back(column.parts.back());
  };
  if (const auto* column = expression.As<ColumnRef>();
      column != nullptr && !column->parts.empty()) {
    add(*column);
  }
  auto visit = internal::Overloaded{[&](const Expression& child) { AddColumnNames(child, names); },
                                    [](const Query&) {}, [](const TableRef&) {}};
  internal::VisitChildren(expression, visit);
}

/// Makes every aggregate in `expression` see only the rows of `condition`.
void FilterAggregates(Expression& expression, const Expression& condition) {
  if (auto* call = expression.As<FunctionCall>(); call != nullptr && !call->name.parts.empty()) {
    const FunctionRule* rule = FindFunction(call->name.parts.back());
    if (rule != nullptr && rule->kind == FunctionKind::kAggregate) {
      if (!call->filter) {
        call->filter = condition;
        return;
      }
      Logical both;
      both.operands.push_back(*call->filter);
      both.operands.push_back(condition);
      Expression joined;
      joined.node = std::move(both);
      call->filter = std::move(joined);
      return;
    }
  }
  auto visit = internal::Overloaded{[&](Expression& child) { FilterAggregates(child, condition); },
                                    [](Query&) {}, [](TableRef&) {}};
  internal::VisitChildren(expression, visit);
}

std::string PlainText(const Expression& value) {
  if (const auto* literal = value.As<Literal>()) {
    return literal->type.is(types::TypeId::kVoid) ? "null" : literal->text;
  }
  return OutputName(value);
}

/// Whether the cells of a column of VALUES may have different types. Only for some rows: a long
/// list is written by a program, which writes one kind.
bool HasMixedColumn(const std::vector<std::vector<Expression>>& rows) {
  constexpr std::size_t kMostRows = 500;
  if (rows.size() < 2 || rows.size() > kMostRows) return false;
  for (std::size_t column = 0; column < rows.front().size(); ++column) {
    std::optional<types::TypeId> type;
    for (const std::vector<Expression>& row : rows) {
      const Expression* cell = &row[column];
      if (const auto* unary = cell->As<Unary>()) cell = unary->operand.get();
      const auto* literal = cell->As<Literal>();
      if (literal == nullptr) return true;
      if (literal->type.is(types::TypeId::kVoid)) continue;
      if (type && *type != literal->type.id()) return true;
      type = literal->type.id();
    }
  }
  return false;
}

constexpr const char* kWindowOfRow = "\"windows of a row\".\"window\"";

/// The call of window() that a query groups by; null when there is none.
const FunctionCall* GroupingWindow(const Select& select) {
  if (!select.from || !select.group_by) return nullptr;
  for (const GroupBy::Item& item : select.group_by->items) {
    for (const std::vector<Expression>& set : item.sets) {
      for (const Expression& group : set) {
        const auto* call = group.As<FunctionCall>();
        if (call == nullptr || call->name.parts.size() != 1) continue;
        if (EqualsIgnoreCase(call->name.parts[0], "window")) return call;
      }
    }
  }
  return nullptr;
}

/// x, or {x, true} for several columns.
std::string TextOfValue(const PivotTable::Value& value) {
  if (value.items.size() == 1) return PlainText(value.items.front());
  std::string text;
  for (const Expression& item : value.items) text += (text.empty() ? "{" : ", ") + PlainText(item);
  return text + "}";
}

}  // namespace

Result<std::string> DuckDbPrinter::Print(const Query& query) {
  std::string text;
  const std::size_t outer_tables = with_tables_.size();
  const bool outer_is_recursive = with_is_recursive_;
  if (!query.with.empty()) text += TRY(PrintWith(query));
  text += TRY(PrintBody(query));
  // ORDER BY sees the tables of the SELECT.
  const auto* select = std::get_if<Select>(&query.body);
  Scope scope;
  scope.select = select;
  if (select != nullptr && select->from) AddTables(*select->from, scope);
  if (select != nullptr && GroupingWindow(*select) != nullptr) scope.window = kWindowOfRow;
  scopes_.push_back(std::move(scope));
  const auto print_rest = [&]() -> Result<std::string> {
    std::string rest;
    const auto direction = [](const SortItem& item) {
      std::string words = item.descending ? " DESC" : "";
      if (item.nulls == NullOrder::kFirst) words += " NULLS FIRST";
      if (item.nulls == NullOrder::kLast) words += " NULLS LAST";
      return words;
    };
    if (query.order_by_all) {
      rest += " ORDER BY ALL";
      if (!query.order_by.empty()) rest += direction(query.order_by.front());
    } else if (!query.order_by.empty()) {
      rest += " ORDER BY " + TRY(PrintSort(query.order_by));
    } else if (!query.sort_by.empty()) {
      rest += " ORDER BY " + TRY(PrintSort(query.sort_by));
    }
    if (query.limit) rest += " LIMIT " + TRY(Print(*query.limit));
    if (query.offset) rest += " OFFSET " + TRY(Print(*query.offset));
    return rest;
  };
  Result<std::string> rest = print_rest();
  scopes_.pop_back();
  with_tables_.resize(outer_tables);
  with_is_recursive_ = outer_is_recursive;
  text += TRY(std::move(rest));
  return text;
}

Result<std::string> DuckDbPrinter::PrintWith(const Query& query) {
  Strings tables;
  for (const CommonTable& table : query.with) {
    std::string text = QuoteForDuckDb(table.name);
    if (!table.columns.empty()) text += "(" + QuotedList(table.columns) + ")";
    tables.push_back(text + " AS (" + TRY(Print(table.query)) + ")");
    with_tables_.push_back(tables.back());
  }
  with_is_recursive_ = with_is_recursive_ || query.is_recursive;
  return (query.is_recursive ? "WITH RECURSIVE " : "WITH ") + Join(tables, ", ") + " ";
}

Result<std::string> DuckDbPrinter::PrintBody(const Query& query) {
  if (const auto* select = std::get_if<Select>(&query.body)) return PrintSelect(*select);
  if (const auto* operation = std::get_if<SetOperation>(&query.body)) {
    return PrintSetOperation(*operation);
  }
  if (const auto* values = std::get_if<ValuesQuery>(&query.body)) {
    return PrintRows(values->rows);
  }
  return FailInternal("TABLE was not bound");
}

/// Its operands are cast to their common types, which are not those of DuckDB.
Result<std::string> DuckDbPrinter::PrintSetOperation(const SetOperation& operation) {
  Strings operands;
  for (const Query& operand : operation.operands) {
    operands.push_back("(" + TRY(Print(operand)) + ")");
  }
  if (options_.common_columns) {
    std::string with;
    if (!with_tables_.empty()) {
      with = (with_is_recursive_ ? "WITH RECURSIVE " : "WITH ") + Join(with_tables_, ", ") + " ";
    }
    Strings queries;
    for (const std::string& operand : operands) queries.push_back(with + operand);
    if (const auto columns = TRY(options_.common_columns(queries))) {
      Strings items;
      for (std::size_t i = 0; i < columns->size(); ++i) {
        items.push_back("spark_cast(#" + std::to_string(i + 1) + ", " +
                        LiteralForDuckDb(types::ToSql(columns->fields[i].type)) + ") AS " +
                        QuoteForDuckDb(columns->fields[i].name));
      }
      for (std::string& operand : operands) {
        operand = "(SELECT " + Join(items, ", ") + " FROM " + operand + " AS \"operand\")";
      }
    }
  }
  std::string between = " " + std::string(NameOf(operation.op));
  if (operation.is_all) between += " ALL";
  return Join(operands, between + " ");
}

/// VALUES as a query.
Result<std::string> DuckDbPrinter::PrintRows(const std::vector<std::vector<Expression>>& rows) {
  const std::size_t width = rows.empty() ? 0 : rows.front().size();
  Strings texts;
  for (const std::vector<Expression>& row : rows) {
    if (row.size() != rows.front().size()) {
      return Result<std::string>(Fail(Condition::PARSE_SYNTAX_ERROR,
                                      {{"error", "VALUES"},
                                       {"hint", " Its rows have different numbers of columns."}}))
          .At(row.empty() ? TextSpan{} : row.front().span);
    }
    texts.push_back("(" + TRY(PrintList(row)) + ")");
  }
  if (!HasMixedColumn(rows)) {
    return "SELECT * FROM (VALUES " + Join(texts, ", ") + ") AS \"values\"(" +
           QuotedList(ValuesColumns(width)) + ")";
  }
  // As arrays, whose elements meet as those of Spark do.
  Strings columns;
  for (std::size_t column = 0; column < width; ++column) {
    Strings cells;
    for (const std::vector<Expression>& row : rows) cells.push_back(TRY(Print(row[column])));
    columns.push_back("unnest(spark_array(" + Join(cells, ", ") + ")) AS \"col" +
                      std::to_string(column + 1) + "\"");
  }
  return "SELECT " + Join(columns, ", ");
}

Result<std::string> DuckDbPrinter::PrintList(const std::vector<Expression>& items) {
  Strings texts;
  for (const Expression& item : items) texts.push_back(TRY(Print(item)));
  return Join(texts, ", ");
}

Result<std::string> DuckDbPrinter::PrintSort(const std::vector<SortItem>& items) {
  Strings texts;
  for (const SortItem& item : items) {
    std::string text = TRY(Print(item.value));
    if (item.descending) text += " DESC";
    if (item.nulls == NullOrder::kFirst) text += " NULLS FIRST";
    if (item.nulls == NullOrder::kLast) text += " NULLS LAST";
    texts.push_back(std::move(text));
  }
  return Join(texts, ", ");
}

Result<std::string> DuckDbPrinter::PrintSelect(const Select& select) {
  Scope scope;
  scope.select = &select;
  if (select.from) AddTables(*select.from, scope);
  // The tables are written outside of their own scope, the rest inside.
  std::string from;
  if (select.from) from = " FROM " + TRY(PrintTable(*select.from));
  scopes_.push_back(std::move(scope));
  const FunctionCall* const window = GroupingWindow(select);
  const auto print_rest = [&]() -> Result<std::string> {
    if (window != nullptr) {
      from += TRY(PrintWindowJoin(*window));
      scopes_.back().window = kWindowOfRow;
    }
    std::string text = select.is_distinct ? "SELECT DISTINCT " : "SELECT ";
    text += TRY(PrintItems(select));
    text += from;
    if (select.where) text += " WHERE " + TRY(Print(*select.where));
    if (select.group_by) text += TRY(PrintGroupBy(*select.group_by));
    if (select.having) text += " HAVING " + TRY(Print(*select.having));
    if (!select.windows.empty()) text += TRY(PrintWindows(select.windows));
    if (select.qualify) text += " QUALIFY " + TRY(Print(*select.qualify));
    return text;
  };
  Result<std::string> text = print_rest();
  scopes_.pop_back();
  return text;
}

/// GROUP BY window(...): each row stands once in each of its windows, a row without a moment in
/// none. Gives the join that does it.
Result<std::string> DuckDbPrinter::PrintWindowJoin(const FunctionCall& call) {
  Strings arguments;
  for (const auto& argument : call.arguments) arguments.push_back(TRY(Print(argument.value)));
  return ", LATERAL (SELECT unnest(spark_windows(" + Join(arguments, ", ") +
         ")) AS \"window\") AS \"windows of a row\"";
}

Result<std::string> DuckDbPrinter::PrintItems(const Select& select) {
  Strings items;
  for (const SelectItem& item : select.items) items.push_back(TRY(PrintItem(item)));
  return Join(items, ", ");
}

Result<std::string> DuckDbPrinter::PrintItem(const SelectItem& item) {
  if (const auto* star = item.value.As<Star>()) {
    std::string text = TRY(PrintStar(*star));
    const bool is_whole = star->qualifier.empty() && star->replace.empty() && star->except.empty();
    if (is_whole && scopes_.back().select != nullptr) {
      const std::string first = JoinColumnsFirst(*scopes_.back().select);
      if (!first.empty()) return first;
    }
    return text;
  }
  const auto* call = item.value.As<FunctionCall>();
  if (call != nullptr && IsGenerator(*call)) {
    Strings aliases = item.column_aliases;
    if (aliases.empty() && !item.alias.empty()) aliases.push_back(item.alias);
    return PrintGenerator(*call, aliases);
  }
  const std::string name = !item.alias.empty() ? item.alias : NameOfItem(item.value);
  return TRY(Print(item.value)) + " AS " + QuoteForDuckDb(name);
}

/// The output name of an item without alias, with the tables in scope known.
std::string DuckDbPrinter::NameOfItem(const Expression& expression) const {
  OutputNameOptions options;
  options.is_table = [this](std::string_view name) {
    return std::any_of(scopes_.begin(), scopes_.end(), [&](const Scope& scope) {
      return std::any_of(scope.tables.begin(), scope.tables.end(), [&](const Scope::Table& table) {
        return EqualsIgnoreCase(table.name, name);
      });
    });
  };
  return OutputName(expression, options);
}

/// Spark gives the columns of USING first, DuckDB where the left table has them.
std::string DuckDbPrinter::JoinColumnsFirst(const Select& select) const {
  Strings names;
  const TableRef* table = select.from.get();
  while (table != nullptr) {
    const auto* join = table->As<JoinTable>();
    if (join == nullptr) break;
    const bool shows_both = join->kind != JoinKind::kLeftSemi && join->kind != JoinKind::kLeftAnti;
    for (const std::string& name : join->using_columns) {
      if (shows_both) names.push_back(name);
    }
    table = join->left.get();
  }
  if (names.empty()) return "";
  Strings quoted;
  for (const std::string& name : names) {
    const std::string text = QuoteForDuckDb(name);
    if (std::find(quoted.begin(), quoted.end(), text) == quoted.end()) quoted.push_back(text);
  }
  const std::string list = Join(quoted, ", ");
  return list + ", * EXCLUDE (" + list + ")";
}

Result<std::string> DuckDbPrinter::PrintStar(const Star& star) {
  std::string text;
  for (const std::string& part : WithoutCatalog(star.qualifier)) text += QuoteForDuckDb(part) + ".";
  text += "*";
  Strings except;
  for (const std::vector<std::string>& path : star.except) {
    if (path.size() > 2) return FailUnsupported("* EXCEPT with a field of a column");
    except.push_back(QuoteForDuckDb(path.back()));
  }
  if (!except.empty()) text += " EXCLUDE (" + Join(except, ", ") + ")";
  Strings replace;
  for (const Star::Replacement& replacement : star.replace) {
    replace.push_back(TRY(Print(replacement.value)) + " AS " + QuoteForDuckDb(replacement.column));
  }
  if (!replace.empty()) text += " REPLACE (" + Join(replace, ", ") + ")";
  return text;
}

Result<std::string> DuckDbPrinter::PrintGroupBy(const GroupBy& group_by) {
  if (group_by.is_all) return std::string(" GROUP BY ALL");
  Strings items;
  for (const GroupBy::Item& item : group_by.items) {
    if (item.kind == GroupBy::Kind::kExpression) {
      items.push_back(TRY(Print(item.sets.front().front())));
      continue;
    }
    Strings sets;
    for (const std::vector<Expression>& set : item.sets) {
      sets.push_back("(" + TRY(PrintList(set)) + ")");
    }
    const std::string_view word = item.kind == GroupBy::Kind::kRollup ? "ROLLUP"
                                  : item.kind == GroupBy::Kind::kCube ? "CUBE"
                                                                      : "GROUPING SETS";
    items.push_back(std::string(word) + " (" + Join(sets, ", ") + ")");
  }
  return " GROUP BY " + Join(items, ", ");
}

Result<std::string> DuckDbPrinter::PrintWindows(const std::vector<NamedWindow>& windows) {
  Strings texts;
  for (const NamedWindow& window : windows) {
    texts.push_back(QuoteForDuckDb(window.name) + " AS (" + TRY(PrintWindowSpec(window.spec)) +
                    ")");
  }
  return " WINDOW " + Join(texts, ", ");
}

// ---- Tables
// ---------------------------------------------------------------------------------------

std::string DuckDbPrinter::AliasOf(const TableRef& table) {
  std::string text;
  if (!table.alias.empty()) {
    text = " AS " + QuoteForDuckDb(table.alias);
  } else if (!table.column_aliases.empty()) {
    text = " AS \"__columns\"";
  }
  if (!table.column_aliases.empty()) text += "(" + QuotedList(table.column_aliases) + ")";
  return text;
}

void DuckDbPrinter::AddTables(const TableRef& table, Scope& scope) const {
  const types::StructType* schema = nullptr;
  std::string name = table.alias;
  if (const auto* input = table.As<InputRef>()) {
    if (options_.schema_of_input && table.column_aliases.empty()) {
      schema = options_.schema_of_input(input->name);
    }
    if (name.empty()) name = input->name;
  } else if (const auto* named = table.As<NamedTable>()) {
    if (name.empty() && !named->name.parts.empty()) name = named->name.parts.back();
  } else if (const auto* join = table.As<JoinTable>()) {
    AddTables(*join->left, scope);
    AddTables(*join->right, scope);
    if (name.empty()) return;
  } else if (const auto* view = table.As<LateralView>()) {
    AddTables(*view->input, scope);
  } else if (const auto* pivot = table.As<PivotTable>()) {
    AddTables(*pivot->input, scope);
  } else if (const auto* unpivot = table.As<UnpivotTable>()) {
    AddTables(*unpivot->input, scope);
  }
  scope.tables.push_back({.name = std::move(name), .schema = schema});
}

Result<std::string> DuckDbPrinter::PrintTable(const TableRef& table) {
  if (const auto* view = table.As<LateralView>()) return PrintLateralView(table, *view);
  std::string text = TRY(PrintPlainTable(table));
  if (table.sample) text = PrintSample(std::move(text), *table.sample);
  const bool is_join = table.As<JoinTable>() != nullptr;
  if (is_join && table.alias.empty()) return text;
  // A join with a name of its own: (a JOIN b) AS c.
  if (is_join) text = "(SELECT * FROM " + text + ")";
  const bool is_lateral = table.is_lateral && text.starts_with('(');
  return (is_lateral ? "LATERAL " : "") + text + AliasOf(table);
}

Result<std::string> DuckDbPrinter::PrintPlainTable(const TableRef& table) {
  if (const auto* input = table.As<InputRef>()) {
    return "inlet_scan(" + LiteralForDuckDb(input->name) + ")";
  }
  if (const auto* named = table.As<NamedTable>()) {
    if (named->name.parts.size() != 1) {
      return FailInternal("the table " + ToString(named->name) + " was not bound");
    }
    return QuoteForDuckDb(named->name.parts.front());  // A CTE.
  }
  if (const auto* function = table.As<TableFunction>()) {
    return Result<std::string>(PrintTableFunction(*function)).At(table.span);
  }
  if (const auto* subquery = table.As<SubqueryTable>()) {
    return "(" + TRY(Print(*subquery->query)) + ")";
  }
  if (const auto* values = table.As<ValuesTable>()) {
    return "(" + TRY(PrintRows(values->rows)) + ")";
  }
  if (const auto* join = table.As<JoinTable>()) return PrintJoin(*join);
  if (const auto* pivot = table.As<PivotTable>()) return PrintPivot(*pivot);
  if (const auto* unpivot = table.As<UnpivotTable>()) return PrintUnpivot(*unpivot);
  return FailInternal("a table without a printer");
}

Result<std::string> DuckDbPrinter::PrintJoin(const JoinTable& join) {
  std::string text = TRY(PrintTable(*join.left));
  // What stands to the left is in scope of a lateral table and of the condition.
  Scope scope;
  AddTables(*join.left, scope);
  scopes_.push_back(scope);
  Result<std::string> right = PrintTable(*join.right);
  scopes_.pop_back();
  std::string right_text = TRY(std::move(right));
  const auto* right_join = join.right->As<JoinTable>();
  if (right_join != nullptr && join.right->alias.empty()) right_text = "(" + right_text + ")";
  const bool has_condition = join.condition || !join.using_columns.empty();
  JoinKind kind = join.kind;
  if (kind == JoinKind::kCross && has_condition) kind = JoinKind::kInner;
  if (kind == JoinKind::kInner && !has_condition && !join.is_natural) kind = JoinKind::kCross;
  text += join.is_natural ? " NATURAL " : " ";
  text += std::string(NameOf(kind)) + " " + right_text;
  if (join.condition) {
    AddTables(*join.right, scope);
    scopes_.push_back(std::move(scope));
    Result<std::string> condition = Print(*join.condition);
    scopes_.pop_back();
    text += " ON " + TRY(std::move(condition));
  } else if (!join.using_columns.empty()) {
    text += " USING (" + QuotedList(join.using_columns) + ")";
  } else if (kind != JoinKind::kCross && !join.is_natural) {
    text += " ON TRUE";
  }
  return text;
}

Result<std::string> DuckDbPrinter::PrintTableFunction(const TableFunction& function) {
  const FunctionCall& call = function.call;
  const std::string name = call.name.parts.empty() ? "" : ToLower(call.name.parts.back());
  if (name == "range") {
    if (call.arguments.empty() || call.arguments.size() > 4) {
      return Fail(Condition::WRONG_NUM_ARGS,
                  {{"functionName", "`range`"},
                   {"expectedNum", "1 to 4"},
                   {"actualNum", std::to_string(call.arguments.size())}});
    }
    Strings bounds;
    // The fourth is the number of partitions.
    for (std::size_t i = 0; i < std::min<std::size_t>(call.arguments.size(), 3); ++i) {
      bounds.push_back("CAST(" + TRY(Print(call.arguments[i].value)) + " AS BIGINT)");
    }
    return "(SELECT \"range\" AS \"id\" FROM range(" + Join(bounds, ", ") + "))";
  }
  if (IsGenerator(call)) return "(SELECT " + TRY(PrintGenerator(call, {})) + ")";
  return Fail(Condition::UNRESOLVABLE_TABLE_VALUED_FUNCTION,
              {{"name", types::QuoteIdentifier(name)}, {"suggestion", ""}});
}

/// input LATERAL VIEW generator(...) alias AS a, b
Result<std::string> DuckDbPrinter::PrintLateralView(const TableRef& table,
                                                    const LateralView& view) {
  std::string text = TRY(PrintTable(*view.input));
  Scope scope;
  AddTables(*view.input, scope);
  scopes_.push_back(std::move(scope));
  FunctionCall generator = view.generator;
  if (!generator.name.parts.empty() && view.is_outer &&
      !generator.name.parts.back().ends_with("_outer")) {
    generator.name.parts.back() += "_outer";
  }
  Result<std::string> columns =
      IsGenerator(generator)
          ? PrintGenerator(generator, table.column_aliases)
          : Result<std::string>(FailUnsupported("LATERAL VIEW " + ToString(view.generator.name)));
  scopes_.pop_back();
  text += ", LATERAL (SELECT " + TRY(std::move(columns)) + ")";
  text += " AS " + QuoteForDuckDb(table.alias.empty() ? "__lateral_view" : table.alias);
  return text;
}

std::string DuckDbPrinter::PrintSample(std::string table, const TableSample& sample) const {
  if (sample.kind == TableSample::Kind::kRows) {
    return "(SELECT * FROM " + table + " LIMIT " + std::to_string(sample.rows) + ")";
  }
  const double percent = sample.kind == TableSample::Kind::kPercent
                             ? sample.percent
                             : 100.0 * static_cast<double>(sample.bucket) /
                                   static_cast<double>(std::max<std::int64_t>(sample.buckets, 1));
  std::string text = "(SELECT * FROM " + table + " USING SAMPLE " +
                     std::to_string(std::clamp(percent, 0.0, 100.0)) + " PERCENT (bernoulli";
  if (sample.seed) text += ", " + std::to_string(*sample.seed & 0x7FFFFFFF);
  return text + "))";
}

/// One aggregate for each value, filtered by it; all other columns are groups.
Result<std::string> DuckDbPrinter::PrintPivot(const PivotTable& pivot) {
  Strings used;
  for (const Expression& column : pivot.columns) AddColumnNames(column, used);
  for (const SelectItem& aggregate : pivot.aggregates) AddColumnNames(aggregate.value, used);
  Strings items;
  items.push_back("* EXCLUDE (" + QuotedList(used) + ")");
  for (const PivotTable::Value& value : pivot.values) {
    Logical matches;
    for (std::size_t i = 0; i < pivot.columns.size() && i < value.items.size(); ++i) {
      Expression equal;
      equal.node =
          IsDistinctFrom{.left = pivot.columns[i], .right = value.items[i], .negated = true};
      matches.operands.push_back(std::move(equal));
    }
    Expression condition;
    condition.node = std::move(matches);
    const std::string value_name = value.alias.empty() ? TextOfValue(value) : value.alias;
    for (const SelectItem& aggregate : pivot.aggregates) {
      Expression filtered = aggregate.value;
      FilterAggregates(filtered, condition);
      std::string name = value_name;
      if (pivot.aggregates.size() > 1) {
        name += "_" + (aggregate.alias.empty() ? NameOfItem(aggregate.value) : aggregate.alias);
      }
      // A group without such rows has NULL, also for count().
      items.push_back("CASE WHEN count(*) FILTER (WHERE " + TRY(Print(condition)) + ") > 0 THEN " +
                      TRY(Print(filtered)) + " END AS " + QuoteForDuckDb(name));
    }
  }
  return "(SELECT " + Join(items, ", ") + " FROM " + TRY(PrintTable(*pivot.input)) +
         " GROUP BY ALL)";
}

/// One row for each source: its name, and its columns' values side by side.
Result<std::string> DuckDbPrinter::PrintUnpivot(const UnpivotTable& unpivot) {
  Strings used;
  Strings names;
  std::vector<Strings> values(unpivot.value_columns.size());
  for (const UnpivotTable::Source& source : unpivot.sources) {
    std::string name = source.alias;
    for (std::size_t i = 0; i < source.columns.size(); ++i) {
      AddColumnNames(source.columns[i], used);
      if (source.alias.empty()) {
        name += (i > 0 ? "_" : "") + NameOfItem(source.columns[i]);
      }
      if (i < values.size()) values[i].push_back(TRY(Print(source.columns[i])));
    }
    names.push_back(LiteralForDuckDb(name));
  }
  std::string text = "SELECT * EXCLUDE (" + QuotedList(used) + "), unnest([" + Join(names, ", ") +
                     "]) AS " + QuoteForDuckDb(unpivot.name_column);
  Strings present;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string column = QuoteForDuckDb(unpivot.value_columns[i]);
    text += ", unnest([" + Join(values[i], ", ") + "]) AS " + column;
    present.push_back(column + " IS NOT NULL");
  }
  text += " FROM " + TRY(PrintTable(*unpivot.input));
  if (unpivot.include_nulls) return "(" + text + ")";
  return "(SELECT * FROM (" + text + ") WHERE " + Join(present, " OR ") + ")";
}

}  // namespace inlet::sql
