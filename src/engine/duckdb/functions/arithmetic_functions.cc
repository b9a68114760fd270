#include <cmath>
#include <duckdb/planner/expression/bound_constant_expression.hpp>

#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/functions/moments_internal.h"
#include "engine/duckdb/functions/wide_decimal_internal.h"
#include "engine/duckdb/logical_types.h"

// The operators + - * / % div and unary minus, typed and checked as Spark's ANSI mode does.
namespace inlet::engine::functions {

using duckdb::BinaryExecutor;
using duckdb::DecimalType;
using duckdb::UnaryExecutor;
using duckdb::ValidityMask;

namespace {

enum class Operator : std::uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kPositiveModulo,
  kIntegerDivide
};

struct Shape {
  int precision = 0;
  int scale = 0;
};

constexpr std::string_view NameOf(Operator op) {
  switch (op) {
    case Operator::kAdd:
      return "add";
    case Operator::kSubtract:
      return "subtract";
    case Operator::kMultiply:
      return "multiply";
    case Operator::kModulo:
    case Operator::kPositiveModulo:
      return "mod";
    default:
      return "divide";
  }
}

[[noreturn]] void RaiseOverflow(Operator op, std::string_view type) {
  Raise(Condition::ARITHMETIC_OVERFLOW,
        {{"message", std::string(type) + " overflow"}, {"functionName", std::string(NameOf(op))}});
}

[[noreturn]] void RaiseZero(Operator op) {
  Raise(op == Operator::kModulo || op == Operator::kPositiveModulo ? Condition::REMAINDER_BY_ZERO
                                                                   : Condition::DIVIDE_BY_ZERO,
        {});
}

bool IsInteger(const LogicalType& type) {
  return type.id() == LogicalTypeId::TINYINT || type.id() == LogicalTypeId::SMALLINT ||
         type.id() == LogicalTypeId::INTEGER || type.id() == LogicalTypeId::BIGINT;
}
bool IsReal(const LogicalType& type) {
  return type.id() == LogicalTypeId::FLOAT || type.id() == LogicalTypeId::DOUBLE;
}
bool IsDecimal(const LogicalType& type) { return type.id() == LogicalTypeId::DECIMAL; }

// ---- DECIMAL's types. Source: Spark, DecimalPrecision and DecimalType.adjustPrecisionScale.

LogicalType Adjusted(int precision, int scale) {
  if (precision > 38) {
    const int whole = precision - scale;
    scale = std::max(38 - whole, std::min(scale, 6));
    precision = 38;
  }
  return LogicalType::DECIMAL(static_cast<std::uint8_t>(precision),
                              static_cast<std::uint8_t>(scale));
}

LogicalType DecimalResult(Operator op, Shape a, Shape b) {
  switch (op) {
    case Operator::kAdd:
    case Operator::kSubtract: {
      const int scale = std::max(a.scale, b.scale);
      return Adjusted(std::max(a.precision - a.scale, b.precision - b.scale) + scale + 1, scale);
    }
    case Operator::kMultiply:
      return Adjusted(a.precision + b.precision + 1, a.scale + b.scale);
    case Operator::kDivide: {
      const int scale = std::max(6, a.scale + b.precision + 1);
      return Adjusted(a.precision - a.scale + b.scale + scale, scale);
    }
    case Operator::kIntegerDivide:
      return LogicalType::BIGINT;
    case Operator::kModulo:
    case Operator::kPositiveModulo: {
      const int scale = std::max(a.scale, b.scale);
      return Adjusted(std::min(a.precision - a.scale, b.precision - b.scale) + scale, scale);
    }
  }
  return LogicalType::SQLNULL;
}

int DigitsOf(std::int64_t value) {
  int digits = 1;
  while ((value /= 10) != 0) ++digits;
  return digits;
}

/// The DECIMAL that an operand stands for beside another DECIMAL: a literal is as narrow as it is
/// written.
Shape ShapeOf(const Expression& operand) {
  const LogicalType& type = operand.return_type;
  switch (type.id()) {
    case LogicalTypeId::DECIMAL:
      return {DecimalType::GetWidth(type), DecimalType::GetScale(type)};
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
      break;
    default:
      return {38, 18};
  }
  if (operand.GetExpressionClass() == duckdb::ExpressionClass::BOUND_CONSTANT) {
    const duckdb::Value& value = operand.Cast<duckdb::BoundConstantExpression>().value;
    if (!value.IsNull()) return {DigitsOf(value.GetValue<std::int64_t>()), 0};
  }
  switch (type.id()) {
    case LogicalTypeId::TINYINT:
      return {3, 0};
    case LogicalTypeId::SMALLINT:
      return {5, 0};
    case LogicalTypeId::INTEGER:
      return {10, 0};
    default:
      return {20, 0};
  }
}

std::optional<Int128> DecimalValue(Operator op, Int128 a, Shape left, Int128 b, Shape right,
                                   int scale) {
  const int common = std::max(left.scale, right.scale);
  const WideInteger x = WideInteger(a).TimesPowerOfTen(common - left.scale);
  const WideInteger y = WideInteger(b).TimesPowerOfTen(common - right.scale);
  auto rounded = [](const WideInteger& value, int from, int to) {
    return to >= from ? value.TimesPowerOfTen(to - from)
                      : value.Divide(WideInteger(1).TimesPowerOfTen(from - to), /*half_up=*/true);
  };
  switch (op) {
    case Operator::kAdd:
      return rounded(x + y, common, scale).ToInt128();
    case Operator::kSubtract:
      return rounded(x + -y, common, scale).ToInt128();
    case Operator::kMultiply:
      return rounded(WideInteger(a) * WideInteger(b), left.scale + right.scale, scale).ToInt128();
    case Operator::kDivide:
      return x.TimesPowerOfTen(scale).Divide(y, /*half_up=*/true).ToInt128();
    case Operator::kIntegerDivide:
      return x.Divide(y, /*half_up=*/false).ToInt128();
    case Operator::kModulo:
      return rounded(x.Remainder(y), common, scale).ToInt128();
    case Operator::kPositiveModulo: {
      WideInteger rest = x.Remainder(y);
      if (rest.ToInt128().value_or(0) < 0) rest = (rest + y).Remainder(y);
      return rounded(rest, common, scale).ToInt128();
    }
  }
  return std::nullopt;
}

bool Divides(Operator op) { return op >= Operator::kDivide; }

void RaiseDecimalRange(const LogicalType& type) {
  Raise(Condition::NUMERIC_VALUE_OUT_OF_RANGE,
        {{"value", "of the result"},
         {"precision", std::to_string(DecimalType::GetWidth(type))},
         {"scale", std::to_string(DecimalType::GetScale(type))}});
}

Bound DecimalOperation(Operator op, bool is_try, Shape left, Shape right) {
  const LogicalType type = DecimalResult(op, left, right);
  auto execute = [=](DataChunk& chunk, ExpressionState&, Vector& result) {
    UnifiedVectorFormat a;
    UnifiedVectorFormat b;
    chunk.data[0].ToUnifiedFormat(chunk.size(), a);
    chunk.data[1].ToUnifiedFormat(chunk.size(), b);
    const auto a_storage = chunk.data[0].GetType().InternalType();
    const auto b_storage = chunk.data[1].GetType().InternalType();
    const bool constant = chunk.AllConstant();
    const bool to_decimal = IsDecimal(type);
    result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
    for (idx_t row = 0; row < (constant ? 1 : chunk.size()); ++row) {
      const idx_t at_a = a.sel->get_index(row);
      const idx_t at_b = b.sel->get_index(row);
      if (!a.validity.RowIsValid(at_a) || !b.validity.RowIsValid(at_b)) {
        duckdb::FlatVector::SetNull(result, row, true);
        continue;
      }
      const Int128 divisor = ReadDecimal(b, at_b, b_storage);
      if (Divides(op) && divisor == 0) {
        if (!is_try) RaiseZero(op);
        duckdb::FlatVector::SetNull(result, row, true);
        continue;
      }
      const auto value = DecimalValue(op, ReadDecimal(a, at_a, a_storage), left, divisor, right,
                                      to_decimal ? DecimalType::GetScale(type) : 0);
      if (value && to_decimal && FitsPrecision(*value, DecimalType::GetWidth(type))) {
        WriteDecimal(result, row, *value);
      } else if (value && !to_decimal && *value == static_cast<std::int64_t>(*value)) {
        duckdb::FlatVector::GetData<std::int64_t>(result)[row] = static_cast<std::int64_t>(*value);
      } else if (is_try) {
        duckdb::FlatVector::SetNull(result, row, true);
      } else if (to_decimal) {
        RaiseDecimalRange(type);
      } else {
        RaiseOverflow(op, "long");
      }
    }
    if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  };
  return {.type = type, .execute = execute};
}

// ---- Integers and reals

template <class T>
constexpr std::string_view IntegerName() {
  return sizeof(T) == 8 ? "long" : "integer";
}

/// No value: overflow, or division by zero.
template <Operator kOp, class T>
std::optional<T> IntegerValue(T a, T b) {
  T value{};
  if constexpr (kOp == Operator::kAdd) {
    if (__builtin_add_overflow(a, b, &value)) return std::nullopt;
  } else if constexpr (kOp == Operator::kSubtract) {
    if (__builtin_sub_overflow(a, b, &value)) return std::nullopt;
  } else if constexpr (kOp == Operator::kMultiply) {
    if (__builtin_mul_overflow(a, b, &value)) return std::nullopt;
  } else if constexpr (kOp == Operator::kIntegerDivide) {
    if (b == -1 && a == std::numeric_limits<T>::min()) return std::nullopt;
    value = static_cast<T>(a / b);
  } else {
    value = b == -1 ? T{0} : static_cast<T>(a % b);
    if (kOp == Operator::kPositiveModulo && value < 0) value = static_cast<T>((value + b) % b);
  }
  return value;
}

template <Operator kOp, class T>
Bound IntegerOperation(const LogicalType& type, bool is_try) {
  auto execute = [is_try](DataChunk& chunk, ExpressionState&, Vector& result) {
    BinaryExecutor::ExecuteWithNulls<T, T, T>(
        chunk.data[0], chunk.data[1], result, chunk.size(),
        [is_try](T a, T b, ValidityMask& mask, idx_t row) -> T {
          std::optional<T> value;
          if (Divides(kOp) && b == 0) {
            if (!is_try) RaiseZero(kOp);
          } else {
            value = IntegerValue<kOp, T>(a, b);
            if (value) return *value;
            if (!is_try) {
              if (sizeof(T) < 4) {
                Raise(Condition::BINARY_ARITHMETIC_OVERFLOW, {{"value1", std::to_string(a)},
                                                              {"symbol", std::string(NameOf(kOp))},
                                                              {"value2", std::to_string(b)}});
              }
              RaiseOverflow(kOp, IntegerName<T>());
            }
          }
          mask.SetInvalid(row);
          return T{0};
        });
  };
  return {.type = type, .execute = execute};
}

template <Operator kOp, class T>
Bound RealOperation(const LogicalType& type, bool is_try) {
  auto execute = [is_try](DataChunk& chunk, ExpressionState&, Vector& result) {
    BinaryExecutor::ExecuteWithNulls<T, T, T>(
        chunk.data[0], chunk.data[1], result, chunk.size(),
        [is_try](T a, T b, ValidityMask& mask, idx_t row) -> T {
          if (Divides(kOp) && b == 0) {
            if (!is_try) RaiseZero(kOp);
            mask.SetInvalid(row);
            return T{0};
          }
          if constexpr (kOp == Operator::kAdd) return a + b;
          if constexpr (kOp == Operator::kSubtract) return a - b;
          if constexpr (kOp == Operator::kMultiply) return a * b;
          if constexpr (kOp == Operator::kDivide) return a / b;
          if constexpr (kOp == Operator::kModulo) return std::fmod(a, b);
          const T rest = std::fmod(a, b);
          return rest < 0 ? std::fmod(rest + b, b) : rest;
        });
  };
  return {.type = type, .execute = execute};
}

template <Operator kOp>
Bound NumericOperation(const LogicalType& type, bool is_try) {
  switch (type.id()) {
    case LogicalTypeId::FLOAT:
      return RealOperation<kOp, float>(type, is_try);
    case LogicalTypeId::DOUBLE:
      return RealOperation<kOp, double>(type, is_try);
    default:
      break;
  }
  if constexpr (kOp != Operator::kDivide) {
    switch (type.id()) {
      case LogicalTypeId::TINYINT:
        return IntegerOperation<kOp, std::int8_t>(type, is_try);
      case LogicalTypeId::SMALLINT:
        return IntegerOperation<kOp, std::int16_t>(type, is_try);
      case LogicalTypeId::INTEGER:
        return IntegerOperation<kOp, std::int32_t>(type, is_try);
      default:
        return IntegerOperation<kOp, std::int64_t>(type, is_try);
    }
  }
  return {};
}

Bound NumericOperation(Operator op, const LogicalType& type, bool is_try) {
  switch (op) {
    case Operator::kAdd:
      return NumericOperation<Operator::kAdd>(type, is_try);
    case Operator::kSubtract:
      return NumericOperation<Operator::kSubtract>(type, is_try);
    case Operator::kMultiply:
      return NumericOperation<Operator::kMultiply>(type, is_try);
    case Operator::kDivide:
      return NumericOperation<Operator::kDivide>(type, is_try);
    case Operator::kModulo:
      return NumericOperation<Operator::kModulo>(type, is_try);
    case Operator::kPositiveModulo:
      return NumericOperation<Operator::kPositiveModulo>(type, is_try);
    case Operator::kIntegerDivide:
      return NumericOperation<Operator::kIntegerDivide>(type, is_try);
  }
  return {};
}

/// The type that two operands, none a DECIMAL, are cast to. Source: Spark, AnsiTypeCoercion.
LogicalType CommonType(const LogicalType& a, const LogicalType& b) {
  using enum LogicalTypeId;
  if (a.id() == SQLNULL) return b.id() == SQLNULL || b.id() == VARCHAR ? LogicalType::DOUBLE : b;
  if (b.id() == SQLNULL) return a.id() == VARCHAR ? LogicalType::DOUBLE : a;
  if (a.id() == VARCHAR || b.id() == VARCHAR) {
    const LogicalType& other = a.id() == VARCHAR ? b : a;
    return IsInteger(other) ? LogicalType::BIGINT : LogicalType::DOUBLE;
  }
  if (IsInteger(a) && IsInteger(b)) return a.id() < b.id() ? b : a;
  if (a.id() == FLOAT && b.id() == FLOAT) return LogicalType::FLOAT;
  return LogicalType::DOUBLE;
}

[[noreturn]] void RaiseOperandTypes(Operator op, const Arguments& arguments) {
  Raise(Condition::DATATYPE_MISMATCH,
        {{"sqlExpr", std::string(NameOf(op))},
         {"message", "the operands are " + types::ToSql(FromDuckDbType(arguments[0]->return_type)) +
                         " and " + types::ToSql(FromDuckDbType(arguments[1]->return_type))}});
}

Bound BindArithmetic(ClientContext& context, Arguments& arguments, Operator op, bool is_try) {
  if (auto bound =
          BindMomentArithmetic(context, arguments, op == Operator::kAdd, op == Operator::kSubtract,
                               op == Operator::kMultiply, op == Operator::kDivide, is_try)) {
    return *std::move(bound);
  }
  auto numeric = [](const LogicalType& type) {
    return type.IsNumeric() || type.id() == LogicalTypeId::SQLNULL ||
           type.id() == LogicalTypeId::VARCHAR;
  };
  const LogicalType a = arguments[0]->return_type;
  const LogicalType b = arguments[1]->return_type;
  if (!numeric(a) || !numeric(b)) RaiseOperandTypes(op, arguments);
  const bool decimals = (IsDecimal(a) || IsDecimal(b)) && !IsReal(a) && !IsReal(b) &&
                        a.id() != LogicalTypeId::VARCHAR && b.id() != LogicalTypeId::VARCHAR;
  if (decimals) {
    Shape shapes[2];
    for (std::size_t i = 0; i < 2; ++i) {
      const bool is_null = arguments[i]->return_type.id() == LogicalTypeId::SQLNULL;
      shapes[i] = ShapeOf(*arguments[is_null ? 1 - i : i]);
      arguments[i] =
          CastTo(context, std::move(arguments[i]), Adjusted(shapes[i].precision, shapes[i].scale));
    }
    return DecimalOperation(op, is_try, shapes[0], shapes[1]);
  }
  LogicalType type = CommonType(a, b);
  if (op == Operator::kDivide && type.id() != LogicalTypeId::DOUBLE) type = LogicalType::DOUBLE;
  if (op == Operator::kIntegerDivide) type = LogicalType::BIGINT;
  for (ExpressionPtr& argument : arguments) argument = CastTo(context, std::move(argument), type);
  return NumericOperation(op, type, is_try);
}

// ---- One operand

template <class T>
Bound NegateInteger(const LogicalType& type, bool absolute) {
  return {.type = type, .execute = [absolute](DataChunk& chunk, ExpressionState&, Vector& result) {
            UnaryExecutor::Execute<T, T>(chunk.data[0], result, chunk.size(),
                                         [absolute](T value) -> T {
                                           if (absolute && value >= 0) return value;
                                           if (value == std::numeric_limits<T>::min()) {
                                             RaiseOverflow(Operator::kSubtract, IntegerName<T>());
                                           }
                                           return static_cast<T>(-value);
                                         });
          }};
}

template <class T>
Bound NegateReal(const LogicalType& type, bool absolute) {
  return {.type = type, .execute = [absolute](DataChunk& chunk, ExpressionState&, Vector& result) {
            UnaryExecutor::Execute<T, T>(chunk.data[0], result, chunk.size(), [absolute](T value) {
              return absolute ? std::fabs(value) : -value;
            });
          }};
}

Bound NegateHugeint(const LogicalType& type, bool absolute) {
  return {.type = type, .execute = [absolute](DataChunk& chunk, ExpressionState&, Vector& result) {
            UnaryExecutor::Execute<duckdb::hugeint_t, duckdb::hugeint_t>(
                chunk.data[0], result, chunk.size(), [absolute](duckdb::hugeint_t value) {
                  const Int128 number = ToInt128(value);
                  return absolute && number >= 0 ? value : ToHugeint(-number);
                });
          }};
}

Bound NegateInterval(const LogicalType& type) {
  return {.type = type, .execute = [](DataChunk& chunk, ExpressionState&, Vector& result) {
            UnaryExecutor::Execute<duckdb::interval_t, duckdb::interval_t>(
                chunk.data[0], result, chunk.size(), [](duckdb::interval_t value) {
                  return duckdb::interval_t{-value.months, -value.days, -value.micros};
                });
          }};
}

Bound BindNegate(ClientContext& context, Arguments& arguments, bool absolute) {
  LogicalType type = arguments[0]->return_type;
  if (type.id() == LogicalTypeId::VARCHAR || type.id() == LogicalTypeId::SQLNULL) {
    type = LogicalType::DOUBLE;
    arguments[0] = CastTo(context, std::move(arguments[0]), type);
  }
  if (type.id() == LogicalTypeId::INTERVAL) return NegateInterval(type);
  if (!type.IsNumeric()) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", absolute ? "abs" : "negative"},
           {"message", "the operand is " + types::ToSql(FromDuckDbType(type))}});
  }
  switch (type.InternalType()) {
    case duckdb::PhysicalType::INT8:
      return NegateInteger<std::int8_t>(type, absolute);
    case duckdb::PhysicalType::INT16:
      return NegateInteger<std::int16_t>(type, absolute);
    case duckdb::PhysicalType::INT32:
      return NegateInteger<std::int32_t>(type, absolute);
    case duckdb::PhysicalType::INT64:
      return NegateInteger<std::int64_t>(type, absolute);
    case duckdb::PhysicalType::FLOAT:
      return NegateReal<float>(type, absolute);
    case duckdb::PhysicalType::DOUBLE:
      return NegateReal<double>(type, absolute);
    default:
      return NegateHugeint(type, absolute);
  }
}

}  // namespace

void AddArithmeticFunctions(Registry& registry) {
  using enum Operator;
  const std::pair<const char*, Operator> operators[] = {
      {"spark_add", kAdd},
      {"spark_subtract", kSubtract},
      {"spark_multiply", kMultiply},
      {"spark_divide", kDivide},
      {"spark_mod", kModulo},
      {"spark_pmod", kPositiveModulo},
      {"spark_int_divide", kIntegerDivide},
  };
  for (const auto& [name, op] : operators) {
    registry.AddBound(name, [op](ClientContext& context, Arguments& arguments) {
      return BindArithmetic(context, arguments, op, /*is_try=*/false);
    });
    registry.AddBound(std::string("spark_try_") + (name + 6),
                      [op](ClientContext& context, Arguments& arguments) {
                        return BindArithmetic(context, arguments, op, /*is_try=*/true);
                      });
  }
  registry.AddBound("spark_negate", [](ClientContext& context, Arguments& arguments) {
    return BindNegate(context, arguments, /*absolute=*/false);
  });
  registry.AddBound("spark_abs", [](ClientContext& context, Arguments& arguments) {
    return BindNegate(context, arguments, /*absolute=*/true);
  });
}

}  // namespace inlet::engine::functions
