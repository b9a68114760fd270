#pragma once

#include <type_traits>
#include <variant>

#include "sql/ast.h"

/// The direct children of a node, in the order of the text, given to a visitor that takes
/// Expression&, Query& and TableRef&, const where the node is. The one place that knows where
/// children are.
namespace inlet::sql::internal {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

template <class Child, class Visitor>
void VisitBox(Child& box, Visitor& visit) {
  if (box) visit(*box);
}

template <class List, class Visitor>
void VisitList(List& list, Visitor& visit) {
  for (auto& item : list) visit(item);
}

template <class List, class Visitor>
void VisitSortItems(List& items, Visitor& visit) {
  for (auto& item : items) visit(item.value);
}

template <class Spec, class Visitor>
void VisitWindow(Spec& spec, Visitor& visit) {
  VisitList(spec.partition_by, visit);
  VisitSortItems(spec.order_by, visit);
  if (spec.frame) {
    VisitBox(spec.frame->start.offset, visit);
    VisitBox(spec.frame->end.offset, visit);
  }
}

template <class Call, class Visitor>
void VisitCall(Call& call, Visitor& visit) {
  VisitBox(call.name.computed, visit);
  for (auto& argument : call.arguments) visit(argument.value);
  VisitSortItems(call.within_group, visit);
  VisitBox(call.filter, visit);
  if (call.over) VisitWindow(*call.over, visit);
}

template <class Rows, class Visitor>
void VisitRows(Rows& rows, Visitor& visit) {
  for (auto& row : rows) VisitList(row, visit);
}

/// `Node` is Expression or const Expression.
template <class Node, class Visitor>
void VisitChildren(Node& expression,
                   Visitor& visit) requires std::is_same_v<std::remove_const_t<Node>, Expression> {
  std::visit(
      [&](auto& node) {
        using T = std::remove_cvref_t<decltype(node)>;
        if constexpr (std::is_same_v<T, ColumnRef>) {
          VisitBox(node.computed, visit);
        } else if constexpr (std::is_same_v<T, Star>) {
          for (auto& replacement : node.replace) visit(replacement.value);
        } else if constexpr (std::is_same_v<T, FieldAccess> || std::is_same_v<T, JsonPath>) {
          VisitBox(node.base, visit);
        } else if constexpr (std::is_same_v<T, Subscript>) {
          VisitBox(node.base, visit);
          VisitBox(node.index, visit);
        } else if constexpr (std::is_same_v<T, Unary> || std::is_same_v<T, Is> ||
                             std::is_same_v<T, Cast> || std::is_same_v<T, Collate>) {
          VisitBox(node.operand, visit);
        } else if constexpr (std::is_same_v<T, Binary> || std::is_same_v<T, IsDistinctFrom>) {
          VisitBox(node.left, visit);
          VisitBox(node.right, visit);
        } else if constexpr (std::is_same_v<T, Logical>) {
          VisitList(node.operands, visit);
        } else if constexpr (std::is_same_v<T, Between>) {
          VisitBox(node.operand, visit);
          VisitBox(node.low, visit);
          VisitBox(node.high, visit);
        } else if constexpr (std::is_same_v<T, InList>) {
          VisitBox(node.operand, visit);
          VisitList(node.values, visit);
        } else if constexpr (std::is_same_v<T, InSubquery>) {
          VisitBox(node.operand, visit);
          VisitBox(node.query, visit);
        } else if constexpr (std::is_same_v<T, Exists> || std::is_same_v<T, ScalarSubquery>) {
          VisitBox(node.query, visit);
        } else if constexpr (std::is_same_v<T, Like>) {
          VisitBox(node.operand, visit);
          VisitList(node.patterns, visit);
        } else if constexpr (std::is_same_v<T, Case>) {
          VisitBox(node.operand, visit);
          for (auto& when : node.whens) {
            visit(when.condition);
            visit(when.result);
          }
          VisitBox(node.otherwise, visit);
        } else if constexpr (std::is_same_v<T, Tuple>) {
          VisitList(node.items, visit);
        } else if constexpr (std::is_same_v<T, Lambda>) {
          VisitBox(node.body, visit);
        } else if constexpr (std::is_same_v<T, FunctionCall>) {
          VisitCall(node, visit);
        } else {
          static_assert(std::is_same_v<T, Literal> || std::is_same_v<T, IntervalLiteral> ||
                            std::is_same_v<T, Parameter> || std::is_same_v<T, DefaultValue>,
                        "a node without a case here");
        }
      },
      expression.node);
}

template <class Named, class Visitor>
void VisitNamedTable(Named& table, Visitor& visit) {
  VisitBox(table.name.computed, visit);
  if (table.time_travel) VisitBox(table.time_travel->timestamp, visit);
}

/// `Node` is TableRef or const TableRef.
template <class Node, class Visitor>
void VisitChildren(Node& table,
                   Visitor& visit) requires std::is_same_v<std::remove_const_t<Node>, TableRef> {
  std::visit(
      [&](auto& node) {
        using T = std::remove_cvref_t<decltype(node)>;
        if constexpr (std::is_same_v<T, NamedTable>) {
          VisitNamedTable(node, visit);
        } else if constexpr (std::is_same_v<T, TableFunction>) {
          VisitCall(node.call, visit);
        } else if constexpr (std::is_same_v<T, SubqueryTable>) {
          VisitBox(node.query, visit);
        } else if constexpr (std::is_same_v<T, ValuesTable>) {
          VisitRows(node.rows, visit);
        } else if constexpr (std::is_same_v<T, JoinTable>) {
          VisitBox(node.left, visit);
          VisitBox(node.right, visit);
          VisitBox(node.condition, visit);
        } else if constexpr (std::is_same_v<T, LateralView>) {
          VisitBox(node.input, visit);
          VisitCall(node.generator, visit);
        } else if constexpr (std::is_same_v<T, PivotTable>) {
          VisitBox(node.input, visit);
          for (auto& aggregate : node.aggregates) visit(aggregate.value);
          VisitList(node.columns, visit);
          for (auto& value : node.values) VisitList(value.items, visit);
        } else if constexpr (std::is_same_v<T, UnpivotTable>) {
          VisitBox(node.input, visit);
          for (auto& source : node.sources) VisitList(source.columns, visit);
        } else {
          static_assert(std::is_same_v<T, InputRef>, "a node without a case here");
        }
      },
      table.node);
}

template <class Body, class Visitor>
void VisitSelect(Body& select, Visitor& visit) {
  for (auto& item : select.items) visit(item.value);
  VisitBox(select.from, visit);
  VisitBox(select.where, visit);
  if (select.group_by) {
    for (auto& item : select.group_by->items) VisitRows(item.sets, visit);
  }
  VisitBox(select.having, visit);
  VisitBox(select.qualify, visit);
  for (auto& window : select.windows) VisitWindow(window.spec, visit);
}

/// `Node` is Query or const Query.
template <class Node, class Visitor>
void VisitChildren(Node& query,
                   Visitor& visit) requires std::is_same_v<std::remove_const_t<Node>, Query> {
  for (auto& table : query.with) visit(table.query);
  std::visit(
      [&](auto& body) {
        using T = std::remove_cvref_t<decltype(body)>;
        if constexpr (std::is_same_v<T, Select>) {
          VisitSelect(body, visit);
        } else if constexpr (std::is_same_v<T, SetOperation>) {
          VisitList(body.operands, visit);
        } else if constexpr (std::is_same_v<T, ValuesQuery>) {
          VisitRows(body.rows, visit);
        } else {
          static_assert(std::is_same_v<T, TableQuery>, "a body without a case here");
          VisitNamedTable(body.table, visit);
        }
      },
      query.body);
  VisitSortItems(query.order_by, visit);
  VisitSortItems(query.sort_by, visit);
  VisitList(query.cluster_by, visit);
  VisitList(query.distribute_by, visit);
  VisitBox(query.limit, visit);
  VisitBox(query.offset, visit);
}

}  // namespace inlet::sql::internal
