#include "sql/walk.h"

#include <algorithm>

#include "sql/children_internal.h"
#include "sql/parser.h"

namespace inlet::sql {
namespace {

/// Runs `visit` on children until one fails.
template <class Node, class Visit>
Status TryChildren(Node& node, Visit visit) {
  Status status = Ok();
  auto on_child = [&](auto& child) {
    if (status) status = visit(child);
  };
  internal::VisitChildren(node, on_child);
  return status;
}

/// SELECT * FROM table, for TABLE t.
Select SelectStar(NamedTable table) {
  Select select;
  select.items.emplace_back().value.node = Star{};
  TableRef from;
  from.span = table.name.span;
  from.node = std::move(table);
  select.from = std::move(from);
  return select;
}

/// Finds the tables that are no CTE where they stand.
class TableWalk {
 public:
  explicit TableWalk(const TableBinder& bind) : bind_(bind) {}

  Status Visit(Query& query) {
    const std::size_t outer = ctes_.size();
    for (CommonTable& table : query.with) {
      if (query.is_recursive) ctes_.push_back(table.name);
      TRY(Visit(table.query));
      if (!query.is_recursive) ctes_.push_back(table.name);
    }
    if (auto* table = std::get_if<TableQuery>(&query.body)) {
      query.body = SelectStar(std::move(table->table));
    }
    // The CTEs have been visited, each in its own scope.
    std::vector<CommonTable> visited;
    std::swap(visited, query.with);
    const Status status = TryChildren(query, [this](auto& child) { return Visit(child); });
    std::swap(visited, query.with);
    ctes_.resize(outer);
    return status;
  }

  Status Visit(Expression& expression) {
    return TryChildren(expression, [this](auto& child) { return Visit(child); });
  }

  Status Visit(TableRef& table) {
    std::string name;
    if (const auto* named = table.As<NamedTable>()) {
      if (IsCte(*named)) return Ok();
      if (!named->name.parts.empty()) name = named->name.parts.back();
    } else if (const auto* function = table.As<TableFunction>()) {
      if (!function->call.name.parts.empty()) name = function->call.name.parts.back();
    } else {
      return TryChildren(table, [this](auto& child) { return Visit(child); });
    }
    TRY(bind_(table));
    // Such as the argument of explode((SELECT ...)).
    if (table.As<TableFunction>() != nullptr) {
      TRY(TryChildren(table, [this](auto& child) { return Visit(child); }));
    }
    // What was a table keeps its name: SELECT t.a FROM s.t
    if (table.alias.empty()) table.alias = std::move(name);
    return Ok();
  }

 private:
  bool IsCte(const NamedTable& table) const {
    if (table.name.parts.size() != 1 || table.time_travel) return false;
    return std::any_of(ctes_.begin(), ctes_.end(), [&](const std::string& name) {
      return EqualsIgnoreCase(name, table.name.parts.front());
    });
  }

  const TableBinder& bind_;  // Outlives this.
  std::vector<std::string> ctes_;
};

class ExpressionWalk {
 public:
  explicit ExpressionWalk(const std::function<Status(Expression&)>& visit) : visit_(visit) {}

  Status Visit(Expression& expression) {
    TRY(visit_(expression));
    return TryChildren(expression, [this](auto& child) { return Visit(child); });
  }
  Status Visit(Query& query) {
    return TryChildren(query, [this](auto& child) { return Visit(child); });
  }
  Status Visit(TableRef& table) {
    return TryChildren(table, [this](auto& child) { return Visit(child); });
  }

 private:
  const std::function<Status(Expression&)>& visit_;  // Outlives this.
};

/// Calls `on_expression` for every expression and `on_table` for every table, at any depth.
template <class OnExpression, class OnTable>
class Look {
 public:
  Look(OnExpression on_expression, OnTable on_table)
      : on_expression_(std::move(on_expression)), on_table_(std::move(on_table)) {}

  void operator()(const Expression& expression) {
    on_expression_(expression);
    internal::VisitChildren(expression, *this);
  }
  void operator()(const Query& query) { internal::VisitChildren(query, *this); }
  void operator()(const TableRef& table) {
    on_table_(table);
    internal::VisitChildren(table, *this);
  }

 private:
  OnExpression on_expression_;
  OnTable on_table_;
};

void IgnoreTable(const TableRef&) {}

void AddFunction(const FunctionCall& call, std::set<std::string>& names) {
  if (!call.name.parts.empty()) names.insert(ToLower(call.name.parts.back()));
}

template <class Node>
std::set<std::string> CollectFunctions(const Node& node) {
  std::set<std::string> names;
  Look look(
      [&](const Expression& expression) {
        if (const auto* call = expression.As<FunctionCall>()) AddFunction(*call, names);
      },
      [&](const TableRef& table) {
        if (const auto* function = table.As<TableFunction>()) AddFunction(function->call, names);
        if (const auto* view = table.As<LateralView>()) AddFunction(view->generator, names);
      });
  look(node);
  return names;
}

template <class Node>
std::vector<const ColumnRef*> CollectColumns(const Node& node) {
  std::vector<const ColumnRef*> columns;
  Look look(
      [&](const Expression& expression) {
        if (const auto* column = expression.As<ColumnRef>()) columns.push_back(column);
      },
      IgnoreTable);
  look(node);
  return columns;
}

/// The text of a constant: 'a', 'a' || 'b'.
std::optional<std::string> ConstantText(const Expression& expression) {
  if (const auto* literal = expression.As<Literal>()) {
    if (literal->type.is(types::TypeId::kString)) return literal->text;
    return std::nullopt;
  }
  const auto* binary = expression.As<Binary>();
  if (binary == nullptr || binary->op != BinaryOperator::kConcat) return std::nullopt;
  const auto left = ConstantText(*binary->left);
  const auto right = ConstantText(*binary->right);
  if (!left || !right) return std::nullopt;
  return *left + *right;
}

/// Replaces IDENTIFIER(text) by the name that the text is.
Status ResolveName(std::vector<std::string>& parts, Box<Expression>& computed) {
  if (!computed) return Ok();
  const std::optional<std::string> text = ConstantText(*computed);
  if (!text) {
    return Status(
               Fail(Condition::PARSE_SYNTAX_ERROR,
                    {{"error", "IDENTIFIER"}, {"hint", " Its argument must be a constant text."}}))
        .At(computed->span);
  }
  parts = TRY(ParseObjectName(*text).At(computed->span)).parts;
  computed = {};
  return Ok();
}

Status ResolveName(ObjectName& name) { return ResolveName(name.parts, name.computed); }

/// Parameters of expressions, and names that were computed from them.
class ParameterBinder {
 public:
  explicit ParameterBinder(const Parameters& parameters) : parameters_(parameters) {}

  Status Visit(Expression& expression) {
    TRY(Replace(expression));
    TRY(TryChildren(expression, [this](auto& child) { return Visit(child); }));
    if (auto* column = expression.As<ColumnRef>()) {
      return ResolveName(column->parts, column->computed);
    }
    if (auto* call = expression.As<FunctionCall>()) return ResolveName(call->name);
    return Ok();
  }

  Status Visit(Query& query) {
    TRY(TryChildren(query, [this](auto& child) { return Visit(child); }));
    if (auto* table = std::get_if<TableQuery>(&query.body)) return ResolveName(table->table.name);
    return Ok();
  }

  Status Visit(TableRef& table) {
    TRY(TryChildren(table, [this](auto& child) { return Visit(child); }));
    if (auto* named = table.As<NamedTable>()) return ResolveName(named->name);
    if (auto* function = table.As<TableFunction>()) return ResolveName(function->call.name);
    return Ok();
  }

 private:
  Status Replace(Expression& expression) {
    const auto* parameter = expression.As<Parameter>();
    if (parameter == nullptr) return Ok();
    const TextSpan span = expression.span;
    const Expression* value = nullptr;
    if (!parameter->name.empty()) {
      const auto found = parameters_.named.find(parameter->name);
      if (found != parameters_.named.end()) value = &found->second;
    } else if (parameter->position < parameters_.positional.size()) {
      value = &parameters_.positional[parameter->position];
    }
    if (value == nullptr) {
      const std::string name =
          parameter->name.empty() ? "_" + std::to_string(parameter->position) : parameter->name;
      return Status(
                 Fail(Condition::UNBOUND_SQL_PARAMETER, {{"name", types::QuoteIdentifier(name)}}))
          .At(span);
    }
    expression.node = value->node;
    return Ok();
  }

  const Parameters& parameters_;  // Outlives this.
};

}  // namespace

void ForEachChild(const Expression& expression,
                  const std::function<void(const Expression&)>& on_expression,
                  const std::function<void(const Query&)>& on_query) {
  auto visit =
      internal::Overloaded{[&](const Expression& child) { on_expression(child); },
                           [&](const Query& child) { on_query(child); }, [](const TableRef&) {}};
  internal::VisitChildren(expression, visit);
}

void ForEachChild(Expression& expression, const std::function<void(Expression&)>& on_expression,
                  const std::function<void(Query&)>& on_query) {
  auto visit = internal::Overloaded{[&](Expression& child) { on_expression(child); },
                                    [&](Query& child) { on_query(child); }, [](TableRef&) {}};
  internal::VisitChildren(expression, visit);
}

Status BindTables(Query& query, const TableBinder& bind) { return TableWalk(bind).Visit(query); }
Status BindTables(Expression& expression, const TableBinder& bind) {
  return TableWalk(bind).Visit(expression);
}
Status BindTables(TableRef& table, const TableBinder& bind) { return TableWalk(bind).Visit(table); }

Status VisitExpressions(Query& query, const std::function<Status(Expression&)>& visit) {
  return ExpressionWalk(visit).Visit(query);
}

Status VisitExpressions(Expression& expression, const std::function<Status(Expression&)>& visit) {
  return ExpressionWalk(visit).Visit(expression);
}

std::set<std::string> FunctionsOf(const Query& query) { return CollectFunctions(query); }
std::set<std::string> FunctionsOf(const Expression& expression) {
  return CollectFunctions(expression);
}

std::vector<const ColumnRef*> ColumnsOf(const Expression& expression) {
  return CollectColumns(expression);
}
std::vector<const ColumnRef*> ColumnsOf(const Query& query) { return CollectColumns(query); }

Status BindParameters(Query& query, const Parameters& parameters) {
  return ParameterBinder(parameters).Visit(query);
}

Status BindParameters(Expression& expression, const Parameters& parameters) {
  return ParameterBinder(parameters).Visit(expression);
}

bool HasStream(const Query& query) {
  bool found = false;
  Look look([](const Expression&) {},
            [&](const TableRef& table) {
              const auto* named = table.As<NamedTable>();
              const auto* function = table.As<TableFunction>();
              found = found || (named != nullptr && named->is_stream) ||
                      (function != nullptr && function->is_stream);
            });
  look(query);
  return found;
}

}  // namespace inlet::sql
