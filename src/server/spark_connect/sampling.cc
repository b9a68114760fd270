#include <fmt/format.h>
#include <spark/connect/relations.pb.h>

#include <cmath>
#include <random>

#include "server/spark_connect/relations.h"
#include "server/spark_connect/sql_nodes.h"

/// df.sample() and df.randomSplit(); df.repartition(), which only spark_partition_id() sees.
namespace inlet::server {
namespace {

using sql::Expression;
using types::StructType;
using types::TypeId;

constexpr const char* kRowNumber = "inlet_row";
constexpr const char* kDraw = "inlet_draw";

Expression Number(double value) { return LiteralOf(TypeId::kDouble, fmt::format("{:e}", value)); }

/// The rows, each with a number in [0, 1) that hangs on the seed and the row's place alone, so that
/// the parts of randomSplit() have each row once. `deterministic`: the place is that after sorting.
Frame WithDraws(const Frame& input, std::int64_t seed, bool deterministic,
                const StructType& schema) {
  sql::FunctionCall number = FunctionOf("row_number", {});
  sql::WindowSpec window;
  for (std::size_t i = 0; deterministic && i < input.columns.size(); ++i) {
    const types::DataType& type = schema.fields[i].type;
    if (type.is(TypeId::kMap) || type.is(TypeId::kVariant)) continue;  // They have no order.
    window.order_by.push_back({.value = ColumnOf(input.columns[i].physical)});
  }
  if (window.order_by.empty()) window.order_by.push_back({.value = LongLiteral(1)});
  number.over = std::move(window);
  sql::Query numbered = SelectAll(input);
  std::get<sql::Select>(numbered.body)
      .items.push_back({.value = {.node = std::move(number)}, .alias = kRowNumber});
  // The upper 53 bits of a hash, as many as a DOUBLE holds.
  constexpr std::int64_t kRange = std::int64_t{1} << 53;
  Expression hash = CallOf("xxhash64", {ColumnOf(kRowNumber), LongLiteral(seed)});
  Expression draw =
      BinaryOf(sql::BinaryOperator::kDivide,
               CastTo(CallOf("pmod", {std::move(hash), LongLiteral(kRange)}), TypeId::kDouble),
               Number(static_cast<double>(kRange)));
  Frame drawn{.table = AsTable(std::move(numbered)), .columns = input.columns};
  sql::Query query = SelectAll(drawn);
  std::get<sql::Select>(query.body).items.push_back({.value = std::move(draw), .alias = kDraw});
  drawn.table = AsTable(std::move(query));
  return drawn;
}

/// How often a row comes, from its draw: Poisson's distribution with this mean.
Expression PoissonCount(double mean) {
  constexpr int kMaxCount = 200;
  Expression count = LongLiteral(0);
  double term = std::exp(-mean);
  double cumulated = term;
  for (int n = 1; n < kMaxCount && cumulated < 1 - 1e-12; ++n) {
    Expression more =
        CaseOf(BinaryOf(sql::BinaryOperator::kGreaterOrEqual, ColumnOf(kDraw), Number(cumulated)),
               LongLiteral(1), LongLiteral(0));
    count = BinaryOf(sql::BinaryOperator::kAdd, std::move(count), std::move(more));
    term *= mean / n;
    cumulated += term;
  }
  return count;
}

}  // namespace

Result<Frame> RelationTranslator::Sample(const spark::connect::Sample& message, PlanId id) {
  const Frame input = TRY(Translate(message.input()));
  constexpr double kMaxMean = 50;
  const double fraction = message.upper_bound() - message.lower_bound();
  if (!(message.lower_bound() >= 0) || !(fraction >= 0) ||
      (message.with_replacement() && fraction > kMaxMean)) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "fraction"},
                 {"functionName", "sample"},
                 {"message", fmt::format("it is {}", fraction)}});
  }
  const std::int64_t seed =
      message.has_seed() ? message.seed() : static_cast<std::int64_t>(std::random_device()());
  const StructType schema = message.deterministic_order() ? TRY(SchemaOf(input)) : StructType();
  const Frame drawn = WithDraws(input, seed, message.deterministic_order(), schema);
  const Scope scope(drawn);
  std::vector<ProjectedColumn> columns;
  for (const Scope::Entry& entry : scope.entries()) columns.push_back(PassThrough(entry));
  if (message.with_replacement()) {
    sql::Select select{.from = drawn.table};
    for (const OutputColumn& column : drawn.columns) {
      select.items.push_back({.value = ColumnOf(column.physical), .alias = column.physical});
    }
    select.items.push_back(
        {.value = CallOf("explode",
                         {CallOf("array_repeat", {LongLiteral(1), CastTo(PoissonCount(fraction),
                                                                         TypeId::kInteger)})}),
         .alias = "inlet_copy"});
    const Frame copies{.table = AsTable({.body = std::move(select)}), .columns = drawn.columns};
    return server::Project(copies, std::move(columns), id);
  }
  sql::Query query = SelectAll(drawn);
  std::get<sql::Select>(query.body).where =
      AllOf({BinaryOf(sql::BinaryOperator::kGreaterOrEqual, ColumnOf(kDraw),
                      Number(message.lower_bound())),
             BinaryOf(sql::BinaryOperator::kLess, ColumnOf(kDraw), Number(message.upper_bound()))});
  const Frame kept{.table = AsTable(std::move(query)), .columns = drawn.columns};
  return server::Project(kept, std::move(columns), id);
}

Result<Frame> RelationTranslator::Repartition(const spark::connect::Repartition& message) {
  Frame frame = TRY(Translate(message.input()));
  const std::int64_t count = message.num_partitions();
  if (count <= 1) {
    frame.partition.reset();
  } else if (message.shuffle() || !message.has_shuffle()) {
    sql::FunctionCall number = FunctionOf("row_number", {});
    number.over = sql::WindowSpec{};
    number.over->order_by.push_back({.value = LongLiteral(1)});
    frame.partition =
        CastTo(CallOf("pmod", {{.node = std::move(number)}, LongLiteral(count)}), TypeId::kInteger);
  } else if (frame.partition) {
    frame.partition = CastTo(CallOf("least", {*std::move(frame.partition), LongLiteral(count - 1)}),
                             TypeId::kInteger);
  }
  return frame;
}

Result<Frame> RelationTranslator::RepartitionBy(
    const spark::connect::RepartitionByExpression& message) {
  Frame frame = TRY(Translate(message.input()));
  frame.partition.reset();
  if (!message.has_num_partitions() || message.num_partitions() <= 1) return frame;
  const std::int64_t count = message.num_partitions();
  const Scope scope(frame);
  ExpressionTranslator translator = ExpressionsOver(frame);
  std::vector<Expression> keys;
  sql::WindowSpec order;
  for (const auto& expression : message.partition_exprs()) {
    if (expression.has_sort_order()) {
      order.order_by.push_back(TRY(translator.TranslateSort(expression)));
      TRY(scope.Resolve(order.order_by.back().value));
    } else if (expression.has_direct_shuffle_partition_id()) {
      Expression number =
          TRY(translator.Translate(expression.direct_shuffle_partition_id().child()));
      TRY(scope.Resolve(number));
      frame.partition =
          CastTo(CallOf("pmod", {std::move(number), LongLiteral(count)}), TypeId::kInteger);
      return frame;
    } else {
      keys.push_back(TRY(translator.Translate(expression)));
      TRY(scope.Resolve(keys.back()));
    }
  }
  if (!order.order_by.empty()) {
    sql::FunctionCall part = FunctionOf("ntile", {LongLiteral(count)});
    part.over = std::move(order);
    frame.partition =
        CastTo(BinaryOf(sql::BinaryOperator::kSubtract, {.node = std::move(part)}, LongLiteral(1)),
               TypeId::kInteger);
  } else if (!keys.empty()) {
    frame.partition = CastTo(CallOf("pmod", {CallOf("hash", std::move(keys)), LongLiteral(count)}),
                             TypeId::kInteger);
  }
  return frame;
}

}  // namespace inlet::server
