#include "engine/duckdb/predicates.h"

#include <arrow/scalar.h>
#include <arrow/util/decimal.h>

#include <duckdb/planner/expression/bound_between_expression.hpp>
#include <duckdb/planner/expression/bound_columnref_expression.hpp>
#include <duckdb/planner/expression/bound_comparison_expression.hpp>
#include <duckdb/planner/expression/bound_constant_expression.hpp>
#include <duckdb/planner/expression/bound_operator_expression.hpp>
#include <duckdb/planner/operator/logical_get.hpp>
#include <optional>

#include "engine/duckdb/logical_types.h"
#include "types/arrow.h"

namespace inlet::engine {
namespace {

using duckdb::Expression;
using duckdb::ExpressionType;
using types::ColumnPredicate;
using types::TypeId;
using Op = ColumnPredicate::Op;

std::shared_ptr<arrow::Scalar> DecimalScalar(const duckdb::Value& value,
                                             const types::DataType& type) {
  auto parsed = arrow::Decimal128::FromString(value.ToString());
  if (!parsed.ok()) return nullptr;
  return std::make_shared<arrow::Decimal128Scalar>(*parsed, types::ToArrow(type));
}

/// Null for types and values that sources do not compare.
std::shared_ptr<arrow::Scalar> ToScalar(const duckdb::Value& value, const types::DataType& type) {
  if (value.IsNull() || value.type() != ToDuckDbType(type)) return nullptr;
  switch (type.id()) {
    case TypeId::kBoolean:
      return std::make_shared<arrow::BooleanScalar>(value.GetValue<bool>());
    case TypeId::kByte:
      return std::make_shared<arrow::Int8Scalar>(value.GetValue<std::int8_t>());
    case TypeId::kShort:
      return std::make_shared<arrow::Int16Scalar>(value.GetValue<std::int16_t>());
    case TypeId::kInteger:
      return std::make_shared<arrow::Int32Scalar>(value.GetValue<std::int32_t>());
    case TypeId::kLong:
      return std::make_shared<arrow::Int64Scalar>(value.GetValue<std::int64_t>());
    case TypeId::kFloat:
      return std::make_shared<arrow::FloatScalar>(value.GetValue<float>());
    case TypeId::kDouble:
      return std::make_shared<arrow::DoubleScalar>(value.GetValue<double>());
    case TypeId::kDecimal:
      return DecimalScalar(value, type);
    case TypeId::kString:
      return std::make_shared<arrow::StringScalar>(duckdb::StringValue::Get(value));
    case TypeId::kBinary:
      return std::make_shared<arrow::BinaryScalar>(duckdb::StringValue::Get(value));
    case TypeId::kDate:
      return std::make_shared<arrow::Date32Scalar>(value.GetValueUnsafe<duckdb::date_t>().days);
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return std::make_shared<arrow::TimestampScalar>(
          value.GetValueUnsafe<duckdb::timestamp_t>().value, types::ToArrow(type));
    default:
      return nullptr;
  }
}

std::optional<Op> OpOf(ExpressionType type) {
  switch (type) {
    case ExpressionType::COMPARE_EQUAL:
      return Op::kEqual;
    case ExpressionType::COMPARE_LESSTHAN:
      return Op::kLess;
    case ExpressionType::COMPARE_LESSTHANOREQUALTO:
      return Op::kLessOrEqual;
    case ExpressionType::COMPARE_GREATERTHAN:
      return Op::kGreater;
    case ExpressionType::COMPARE_GREATERTHANOREQUALTO:
      return Op::kGreaterOrEqual;
    default:
      return std::nullopt;
  }
}

/// Collects the predicates of one scan.
class Finder {
 public:
  Finder(const duckdb::LogicalGet& get, const types::StructType& schema)
      : get_(get), schema_(schema) {}

  void Visit(const Expression& filter) {
    switch (filter.GetExpressionClass()) {
      case duckdb::ExpressionClass::BOUND_COMPARISON:
        return VisitComparison(filter.Cast<duckdb::BoundComparisonExpression>());
      case duckdb::ExpressionClass::BOUND_BETWEEN: {
        const auto& between = filter.Cast<duckdb::BoundBetweenExpression>();
        Add(between.LowerComparisonType(), *between.input, *between.lower);
        Add(between.UpperComparisonType(), *between.input, *between.upper);
        return;
      }
      case duckdb::ExpressionClass::BOUND_OPERATOR:
        return VisitOperator(filter.Cast<duckdb::BoundOperatorExpression>());
      default:
        return;
    }
  }

  std::vector<ColumnPredicate> found;

 private:
  void VisitComparison(const duckdb::BoundComparisonExpression& comparison) {
    if (ColumnOf(*comparison.left)) {
      Add(comparison.GetExpressionType(), *comparison.left, *comparison.right);
    } else {
      Add(duckdb::FlipComparisonExpression(comparison.GetExpressionType()), *comparison.right,
          *comparison.left);
    }
  }

  void VisitOperator(const duckdb::BoundOperatorExpression& call) {
    const auto column = call.children.empty() ? std::nullopt : ColumnOf(*call.children[0]);
    if (!column) return;
    switch (call.GetExpressionType()) {
      case ExpressionType::OPERATOR_IS_NULL:
        found.push_back({.column = *column, .op = Op::kIsNull});
        return;
      case ExpressionType::OPERATOR_IS_NOT_NULL:
        found.push_back({.column = *column, .op = Op::kIsNotNull});
        return;
      case ExpressionType::COMPARE_IN: {
        ColumnPredicate in{.column = *column, .op = Op::kIn};
        for (std::size_t i = 1; i < call.children.size(); ++i) {
          auto value = ConstantOf(*call.children[i], *column);
          if (!value) return;
          in.values.push_back(std::move(value));
        }
        found.push_back(std::move(in));
        return;
      }
      default:
        return;
    }
  }

  void Add(ExpressionType type, const Expression& column_side, const Expression& constant_side) {
    const auto op = OpOf(type);
    const auto column = ColumnOf(column_side);
    if (!op || !column) return;
    if (auto value = ConstantOf(constant_side, *column)) {
      found.push_back({.column = *column, .op = *op, .values = {std::move(value)}});
    }
  }

  std::optional<std::size_t> ColumnOf(const Expression& expression) const {
    if (expression.GetExpressionClass() != duckdb::ExpressionClass::BOUND_COLUMN_REF) return {};
    const auto& reference = expression.Cast<duckdb::BoundColumnRefExpression>();
    const auto& columns = get_.GetColumnIds();
    if (reference.depth != 0 || reference.binding.table_index != get_.table_index ||
        reference.binding.column_index >= columns.size()) {
      return {};
    }
    const duckdb::ColumnIndex& column = columns[reference.binding.column_index];
    if (column.IsVirtualColumn() || column.HasChildren()) return {};
    return column.GetPrimaryIndex();
  }

  std::shared_ptr<arrow::Scalar> ConstantOf(const Expression& expression,
                                            std::size_t column) const {
    if (expression.GetExpressionClass() != duckdb::ExpressionClass::BOUND_CONSTANT) return nullptr;
    return ToScalar(expression.Cast<duckdb::BoundConstantExpression>().value,
                    schema_.fields[column].type);
  }

  const duckdb::LogicalGet& get_;
  const types::StructType& schema_;
};

}  // namespace

std::vector<ColumnPredicate> FindPredicates(
    const duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters,
    const duckdb::LogicalGet& get, const types::StructType& schema) {
  Finder finder(get, schema);
  for (const auto& filter : filters) finder.Visit(*filter);
  return std::move(finder.found);
}

}  // namespace inlet::engine
