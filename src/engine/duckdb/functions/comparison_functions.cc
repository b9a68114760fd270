#include <duckdb/planner/expression/bound_between_expression.hpp>
#include <duckdb/planner/expression/bound_comparison_expression.hpp>
#include <duckdb/planner/expression/bound_conjunction_expression.hpp>
#include <duckdb/planner/expression/bound_operator_expression.hpp>
#include <duckdb/planner/expression_binder.hpp>

#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/logical_types.h"

// = < IN BETWEEN and their kin: operands of different types meet at Spark's common type, not at
// DuckDB's. What comes out are DuckDB's own expressions, which the optimizer knows.
namespace inlet::engine::functions {
namespace {

using duckdb::ExpressionType;

bool Contains(const LogicalType& type, LogicalTypeId wanted) {
  switch (type.id()) {
    case LogicalTypeId::LIST:
      return Contains(duckdb::ListType::GetChildType(type), wanted);
    case LogicalTypeId::STRUCT:
      for (const auto& [name, child] : duckdb::StructType::GetChildTypes(type)) {
        if (Contains(child, wanted)) return true;
      }
      return false;
    default:
      return type.id() == wanted;
  }
}

void CheckComparable(const LogicalType& type) {
  if (!Contains(type, LogicalTypeId::MAP) && !IsVariant(type)) return;
  Raise(Condition::DATATYPE_MISMATCH,
        {{"sqlExpr", "a comparison"},
         {"message", types::ToSql(FromDuckDbType(type)) + " values cannot be compared"}});
}

/// To the common type and, for texts, under the collation that one of them names.
void MakeComparable(ClientContext& context, std::span<ExpressionPtr> operands) {
  LogicalType collated = LogicalType::VARCHAR;
  for (const ExpressionPtr& operand : operands) {
    const LogicalType& type = operand->return_type;
    if (type.id() == LogicalTypeId::VARCHAR && !duckdb::StringType::GetCollation(type).empty()) {
      collated = type;
    }
  }
  CastToCommonType(context, operands);
  CheckComparable(operands[0]->return_type);
  if (operands[0]->return_type.id() != LogicalTypeId::VARCHAR) return;
  for (ExpressionPtr& operand : operands) {
    duckdb::ExpressionBinder::PushCollation(context, operand, collated);
  }
}

Bound BindIn(ClientContext& context, Arguments& arguments) {
  Arguments operands = TakeAll(arguments);
  MakeComparable(context, operands);
  auto in = duckdb::make_uniq<duckdb::BoundOperatorExpression>(ExpressionType::COMPARE_IN,
                                                               LogicalType::BOOLEAN);
  in->children = std::move(operands);
  return Replace(std::move(in));
}

/// Each bound meets the value at a type of their own, as in value >= low AND value <= high.
Bound BindBetween(ClientContext& context, Arguments& arguments) {
  const auto low = CommonTypeOf(arguments.at(0)->return_type, arguments.at(1)->return_type);
  const auto high = CommonTypeOf(arguments[0]->return_type, arguments.at(2)->return_type);
  if (low && low == high) {
    Arguments operands = TakeAll(arguments);
    MakeComparable(context, operands);
    return Replace(duckdb::make_uniq<duckdb::BoundBetweenExpression>(
        std::move(operands[0]), std::move(operands[1]), std::move(operands[2]),
        /*lower_inclusive=*/true, /*upper_inclusive=*/true));
  }
  ExpressionPtr above = Compare(context, ExpressionType::COMPARE_GREATERTHANOREQUALTO,
                                arguments[0]->Copy(), Take(arguments[1]));
  ExpressionPtr below = Compare(context, ExpressionType::COMPARE_LESSTHANOREQUALTO,
                                Take(arguments[0]), Take(arguments[2]));
  return Replace(duckdb::make_uniq<duckdb::BoundConjunctionExpression>(
      ExpressionType::CONJUNCTION_AND, std::move(above), std::move(below)));
}

}  // namespace

ExpressionPtr Compare(ClientContext& context, ExpressionType type, ExpressionPtr left,
                      ExpressionPtr right) {
  Arguments sides = Args(std::move(left), std::move(right));
  MakeComparable(context, sides);
  return duckdb::make_uniq<duckdb::BoundComparisonExpression>(type, std::move(sides[0]),
                                                              std::move(sides[1]));
}

void AddComparisonFunctions(Registry& registry) {
  constexpr std::pair<const char*, ExpressionType> kComparisons[] = {
      {"spark_equal", ExpressionType::COMPARE_EQUAL},
      {"spark_not_equal", ExpressionType::COMPARE_NOTEQUAL},
      {"spark_less", ExpressionType::COMPARE_LESSTHAN},
      {"spark_less_or_equal", ExpressionType::COMPARE_LESSTHANOREQUALTO},
      {"spark_greater", ExpressionType::COMPARE_GREATERTHAN},
      {"spark_greater_or_equal", ExpressionType::COMPARE_GREATERTHANOREQUALTO},
      {"spark_equal_null", ExpressionType::COMPARE_NOT_DISTINCT_FROM}};
  for (const auto& [name, type] : kComparisons) {
    registry.AddBound(name, [type](ClientContext& context, Arguments& arguments) {
      return Replace(Compare(context, type, Take(arguments.at(0)), Take(arguments.at(1))));
    });
  }
  // LIKE takes any value as text.
  registry.AddBound("spark_like_operand", [](ClientContext& context, Arguments& arguments) {
    if (arguments.at(0)->return_type.id() == LogicalTypeId::VARCHAR) {
      return Replace(Take(arguments[0]));
    }
    CoerceTo(context, arguments[0], LogicalType::VARCHAR, "like", 0);
    return Replace(Take(arguments[0]));
  });
  registry.AddBound("spark_in", BindIn);
  registry.AddBound("spark_between", BindBetween);
}

}  // namespace inlet::engine::functions
