#include <spark/connect/relations.pb.h>

#include <algorithm>

#include "server/spark_connect/relations.h"
#include "server/spark_connect/sql_nodes.h"

/// Relations with two inputs.
namespace inlet::server {
namespace {

using sql::Expression;
using sql::JoinKind;
using Join = spark::connect::Join;

/// What the inputs are called in the FROM of a join.
constexpr const char* kLeft = "left_side";
constexpr const char* kRight = "right_side";

JoinKind KindOf(spark::connect::Join_JoinType type) {
  switch (type) {
    case Join::JOIN_TYPE_FULL_OUTER:
      return JoinKind::kFull;
    case Join::JOIN_TYPE_LEFT_OUTER:
      return JoinKind::kLeft;
    case Join::JOIN_TYPE_RIGHT_OUTER:
      return JoinKind::kRight;
    case Join::JOIN_TYPE_LEFT_ANTI:
      return JoinKind::kLeftAnti;
    case Join::JOIN_TYPE_LEFT_SEMI:
      return JoinKind::kLeftSemi;
    case Join::JOIN_TYPE_CROSS:
      return JoinKind::kCross;
    default:
      return JoinKind::kInner;
  }
}

bool KeepsOnlyLeft(JoinKind kind) {
  return kind == JoinKind::kLeftSemi || kind == JoinKind::kLeftAnti;
}

sql::TableRef Named(const Frame& frame, const char* alias) {
  // The alias of a leaf belongs to its column aliases; a name around it is never in the way.
  if (frame.table.column_aliases.empty() && !frame.table.As<sql::JoinTable>()) {
    sql::TableRef table = frame.table;
    table.alias = alias;
    return table;
  }
  return AsTable(SelectAll(frame), alias);
}

/// The only column of this name. Errors: UNRESOLVED_USING_COLUMN_FOR_JOIN; AMBIGUOUS_REFERENCE.
Result<const Scope::Entry*> UsingColumn(const Scope& scope, const std::string& name,
                                        std::string_view side) {
  const Scope::Entry* found = nullptr;
  std::string names;
  for (const Scope::Entry& entry : scope.entries()) {
    names += (names.empty() ? "`" : ", `") + entry.column->name + "`";
    if (!EqualsIgnoreCase(entry.column->name, name)) continue;
    if (found != nullptr) {
      return Fail(
          Condition::AMBIGUOUS_REFERENCE,
          {{"name", "`" + name + "`"}, {"referenceNames", "[`" + name + "`, `" + name + "`]"}});
    }
    found = &entry;
  }
  if (found == nullptr) {
    return Fail(Condition::UNRESOLVED_USING_COLUMN_FOR_JOIN,
                {{"colName", "`" + name + "`"},
                 {"side", std::string(side)},
                 {"suggestion", " It has " + names + "."}});
  }
  return found;
}

Frame Selected(sql::TableRef joined, std::vector<ProjectedColumn> columns,
               std::optional<std::int64_t> id) {
  Frame frame = Project({.table = std::move(joined)}, std::move(columns), id);
  frame.below = nullptr;
  return frame;
}

}  // namespace

Result<Frame> RelationTranslator::Join(const spark::connect::Join& message, PlanId id) {
  const Frame left = TRY(Translate(message.left()));
  const Frame right = TRY(Translate(message.right()));
  JoinKind kind = KindOf(message.join_type());
  Scope both;
  both.Add(left, kLeft);
  both.Add(right, kRight);
  Scope left_scope;
  left_scope.Add(left, kLeft);
  Scope right_scope;
  right_scope.Add(right, kRight);

  sql::JoinTable join{.left = Named(left, kLeft), .right = Named(right, kRight)};
  std::vector<ProjectedColumn> columns;
  std::vector<const OutputColumn*> merged;
  if (!message.using_columns().empty()) {
    std::vector<Expression> equal;
    for (const std::string& name : message.using_columns()) {
      const Scope::Entry* own = TRY(UsingColumn(left_scope, name, "left"));
      const Scope::Entry* other = TRY(UsingColumn(right_scope, name, "right"));
      equal.push_back(BinaryOf(sql::BinaryOperator::kEqual, own->Reference(), other->Reference()));
      ProjectedColumn column = PassThrough(kind == JoinKind::kRight ? *other : *own);
      if (kind == JoinKind::kFull) {
        column.value = CallOf("coalesce", {own->Reference(), other->Reference()});
      }
      if (kind == JoinKind::kInner) {
        const auto& ids = other->column->plan_ids;
        column.column.plan_ids.insert(column.column.plan_ids.end(), ids.begin(), ids.end());
      }
      columns.push_back(std::move(column));
      merged.insert(merged.end(), {own->column, other->column});
    }
    if (kind == JoinKind::kCross) kind = JoinKind::kInner;
    join.condition = AllOf(std::move(equal));
  } else if (message.has_join_condition()) {
    ExpressionTranslator translator = ExpressionsOver(left, &right);
    Expression condition = TRY(translator.Translate(message.join_condition()));
    TRY(both.Resolve(condition));
    if (kind == JoinKind::kCross) kind = JoinKind::kInner;
    join.condition = std::move(condition);
  } else if (kind == JoinKind::kInner) {
    kind = JoinKind::kCross;
  } else if (kind != JoinKind::kCross) {
    join.condition = LiteralOf(types::TypeId::kBoolean, "true");
  }
  join.kind = kind;
  const auto add_rest = [&](const Scope& scope, bool may_miss) {
    for (const Scope::Entry& entry : scope.entries()) {
      if (std::find(merged.begin(), merged.end(), entry.column) != merged.end()) continue;
      columns.push_back(PassThrough(entry));
      if (may_miss) columns.back().column.nullable = true;
    }
  };
  add_rest(left_scope, kind == JoinKind::kRight || kind == JoinKind::kFull);
  if (!KeepsOnlyLeft(kind)) {
    add_rest(right_scope, kind == JoinKind::kLeft || kind == JoinKind::kFull);
  }
  return Selected({.node = std::move(join)}, std::move(columns), id);
}

Result<Frame> RelationTranslator::LateralJoin(const spark::connect::LateralJoin& message,
                                              PlanId id) {
  const Frame left = TRY(Translate(message.left()));
  const std::string alias = "outer_" + std::to_string(next_outer_++);
  outers_.push_back({.frame = &left, .alias = alias});
  const Result<Frame> translated = Translate(message.right());
  outers_.pop_back();
  if (!translated) return translated;
  const Frame& right = *translated;
  Scope both;
  both.Add(left, alias);
  both.Add(right, kRight);
  sql::JoinTable join{.left = AsTable(SelectAll(left), alias),
                      .right = AsTable(SelectAll(right), kRight)};
  join.right->is_lateral = true;
  join.kind = KindOf(message.join_type());
  if (message.has_join_condition()) {
    Expression condition = TRY(ExpressionsOver(left, &right).Translate(message.join_condition()));
    TRY(both.Resolve(condition));
    join.condition = std::move(condition);
    if (join.kind == JoinKind::kCross) join.kind = JoinKind::kInner;
  } else if (join.kind == JoinKind::kInner) {
    join.kind = JoinKind::kCross;
  } else if (join.kind != JoinKind::kCross) {
    join.condition = LiteralOf(types::TypeId::kBoolean, "true");
  }
  std::vector<ProjectedColumn> columns;
  for (const Scope::Entry& entry : both.entries()) columns.push_back(PassThrough(entry));
  return Selected({.node = std::move(join)}, std::move(columns), id);
}

Result<Frame> RelationTranslator::SetOperation(const spark::connect::SetOperation& message,
                                               PlanId id) {
  using Kind = spark::connect::SetOperation;
  Frame left = TRY(Translate(message.left_input()));
  Frame right = TRY(Translate(message.right_input()));
  if (message.by_name()) {
    // The right side in the order of the left; columns of one side alone are NULL on the other.
    const auto find = [](const Scope& scope, const std::string& name) -> const Scope::Entry* {
      for (const Scope::Entry& entry : scope.entries()) {
        if (EqualsIgnoreCase(entry.column->name, name)) return &entry;
      }
      return nullptr;
    };
    const Scope left_scope(left);
    const Scope right_scope(right);
    std::vector<ProjectedColumn> left_columns;
    std::vector<ProjectedColumn> right_columns;
    for (const Scope::Entry& entry : left_scope.entries()) {
      left_columns.push_back(PassThrough(entry));
      const Scope::Entry* other = find(right_scope, entry.column->name);
      if (other == nullptr && !message.allow_missing_columns()) {
        Expression missing = ColumnOf(entry.column->name);
        TRY(right_scope.Resolve(missing));
      }
      right_columns.push_back(
          other != nullptr
              ? PassThrough(*other)
              : ProjectedColumn{.value = NullLiteral(), .column = {.name = entry.column->name}});
    }
    for (const Scope::Entry& entry : right_scope.entries()) {
      if (find(left_scope, entry.column->name) != nullptr) continue;
      if (!message.allow_missing_columns()) {
        Expression missing = ColumnOf(entry.column->name);
        TRY(left_scope.Resolve(missing));
      }
      left_columns.push_back({.value = NullLiteral(), .column = {.name = entry.column->name}});
      right_columns.push_back(PassThrough(entry));
    }
    left = server::Project(left, std::move(left_columns), std::nullopt);
    right = server::Project(right, std::move(right_columns), std::nullopt);
  }
  if (left.columns.size() != right.columns.size()) return Fail(Condition::NUM_COLUMNS_MISMATCH, {});
  for (std::size_t i = 0; i < left.columns.size(); ++i) {
    OutputColumn& column = left.columns[i];
    const OutputColumn& other = right.columns[i];
    if (message.set_op_type() == Kind::SET_OP_TYPE_UNION) column.nullable |= other.nullable;
    if (!(column.type == other.type) || column.nulls_inside || other.nulls_inside) {
      column.type.reset();
      column.nulls_inside.reset();
    }
  }
  sql::SetOperation operation{.op = sql::SetOperator::kUnion, .is_all = message.is_all()};
  if (message.set_op_type() == Kind::SET_OP_TYPE_INTERSECT)
    operation.op = sql::SetOperator::kIntersect;
  if (message.set_op_type() == Kind::SET_OP_TYPE_EXCEPT) operation.op = sql::SetOperator::kExcept;
  sql::Query first = ToQuery(left);
  const auto* chain = std::get_if<sql::SetOperation>(&first.body);
  const bool is_same_chain = chain != nullptr && chain->op == operation.op &&
                             operation.op == sql::SetOperator::kUnion &&
                             chain->is_all == operation.is_all && first.order_by.empty() &&
                             !first.limit && !first.offset && first.with.empty();
  if (is_same_chain) {
    operation.operands = std::move(std::get<sql::SetOperation>(first.body).operands);
  } else {
    operation.operands.push_back(std::move(first));
  }
  operation.operands.push_back(ToQuery(right));
  return FrameOf({.body = std::move(operation)}, std::move(left.columns), id);
}

}  // namespace inlet::server
