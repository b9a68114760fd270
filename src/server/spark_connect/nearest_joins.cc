#include <spark/connect/relations.pb.h>

#include "server/spark_connect/relations.h"
#include "server/spark_connect/sql_nodes.h"

/// Joins in which a row's partners are the best ones by an order: as-of and nearest-by joins.
namespace inlet::server {
namespace {

using sql::BinaryOperator;
using sql::Expression;

constexpr const char* kPartner = "partner";

/// SELECT both FROM left JOIN LATERAL (SELECT right WHERE ... ORDER BY ... LIMIT n).
struct BestPartners {
  std::string left_alias;
  const Frame& left;
  const Frame& right;
  std::vector<Expression> conditions;  ///< Over both sides, resolved.
  Expression order;
  bool descending = false;
  std::int64_t limit = 1;
  bool keeps_left = false;  ///< Rows of the left side without a partner stay.
};

Frame Joined(BestPartners best, std::optional<std::int64_t> id) {
  sql::Query partners = SelectAll(best.right);
  auto& select = std::get<sql::Select>(partners.body);
  select.from = AsTable(SelectAll(best.right), "candidate");
  if (!best.conditions.empty()) select.where = AllOf(std::move(best.conditions));
  partners.order_by.push_back({.value = std::move(best.order),
                               .descending = best.descending,
                               .nulls = sql::NullOrder::kLast});
  partners.limit = LongLiteral(best.limit);
  sql::JoinTable join{.left = AsTable(SelectAll(best.left), best.left_alias),
                      .right = AsTable(std::move(partners), kPartner)};
  join.kind = best.keeps_left ? sql::JoinKind::kLeft : sql::JoinKind::kInner;
  join.condition = LiteralOf(types::TypeId::kBoolean, "true");
  join.right->is_lateral = true;
  Scope both;
  both.Add(best.left, best.left_alias);
  both.Add(best.right, kPartner);
  std::vector<ProjectedColumn> columns;
  for (const Scope::Entry& entry : both.entries()) {
    columns.push_back(PassThrough(entry));
    if (entry.alias == kPartner && best.keeps_left) columns.back().column.nullable = true;
  }
  Frame frame = Project({.table = {.node = std::move(join)}}, std::move(columns), id);
  frame.below = nullptr;
  return frame;
}

Result<bool> KeepsLeft(const std::string& join_type) {
  const std::string type = ToLower(join_type);
  if (type.empty() || type == "inner") return false;
  if (type == "left" || type == "leftouter" || type == "left_outer") return true;
  return FailUnsupported("a join of nearest rows of the type " + join_type);
}

}  // namespace

Result<Frame> RelationTranslator::AsOfJoin(const spark::connect::AsOfJoin& message, PlanId id) {
  const Frame left = TRY(Translate(message.left()));
  const Frame right = TRY(Translate(message.right()));
  BestPartners best{.left_alias = "outer_" + std::to_string(next_outer_++),
                    .left = left,
                    .right = right,
                    .keeps_left = TRY(KeepsLeft(message.join_type()))};
  Scope left_scope;
  left_scope.Add(left, best.left_alias);
  Scope right_scope;
  right_scope.Add(right, "candidate");
  Scope both;
  both.Add(left, best.left_alias);
  both.Add(right, "candidate");
  Expression own = TRY(ExpressionsOver(left).Translate(message.left_as_of()));
  TRY(left_scope.Resolve(own));
  Expression other = TRY(ExpressionsOver(right).Translate(message.right_as_of()));
  TRY(right_scope.Resolve(other));
  for (const std::string& name : message.using_columns()) {
    Expression mine = ColumnOf(TRY(ParseNameParts(name)));
    Expression theirs = mine;
    TRY(left_scope.Resolve(mine));
    TRY(right_scope.Resolve(theirs));
    best.conditions.push_back(BinaryOf(BinaryOperator::kEqual, std::move(mine), std::move(theirs)));
  }
  if (message.has_join_expr()) {
    Expression condition = TRY(ExpressionsOver(left, &right).Translate(message.join_expr()));
    TRY(both.Resolve(condition));
    best.conditions.push_back(std::move(condition));
  }
  const std::string direction = ToLower(message.direction());
  const bool exact = message.allow_exact_matches();
  Expression distance = BinaryOf(BinaryOperator::kSubtract, own, other);
  if (direction == "forward") {
    distance = BinaryOf(BinaryOperator::kSubtract, other, own);
    best.conditions.push_back(
        BinaryOf(exact ? BinaryOperator::kLessOrEqual : BinaryOperator::kLess, own, other));
  } else if (direction == "nearest") {
    distance = CaseOf(BinaryOf(BinaryOperator::kGreaterOrEqual, own, other),
                      BinaryOf(BinaryOperator::kSubtract, own, other),
                      BinaryOf(BinaryOperator::kSubtract, other, own));
    best.conditions.push_back(exact ? NotOf(IsNullOf(other))
                                    : BinaryOf(BinaryOperator::kNotEqual, own, other));
  } else {
    best.conditions.push_back(
        BinaryOf(exact ? BinaryOperator::kGreaterOrEqual : BinaryOperator::kGreater, own, other));
  }
  if (message.has_tolerance()) {
    const Expression tolerance = TRY(ExpressionsOver(left).Translate(message.tolerance()));
    best.conditions.push_back(BinaryOf(BinaryOperator::kLessOrEqual, distance, tolerance));
  }
  best.order = std::move(distance);
  return Joined(std::move(best), id);
}

Result<Frame> RelationTranslator::NearestByJoin(const spark::connect::NearestByJoin& message,
                                                PlanId id) {
  const Frame left = TRY(Translate(message.left()));
  const Frame right = TRY(Translate(message.right()));
  BestPartners best{.left_alias = "outer_" + std::to_string(next_outer_++),
                    .left = left,
                    .right = right,
                    .descending = !EqualsIgnoreCase(message.direction(), "distance"),
                    .limit = message.num_results(),
                    .keeps_left = TRY(KeepsLeft(message.join_type()))};
  Scope both;
  both.Add(left, best.left_alias);
  both.Add(right, "candidate");
  best.order = TRY(ExpressionsOver(left, &right).Translate(message.ranking_expression()));
  TRY(both.Resolve(best.order));
  return Joined(std::move(best), id);
}

}  // namespace inlet::server
