#include <cmath>
#include <duckdb/catalog/catalog.hpp>
#include <duckdb/catalog/catalog_entry/aggregate_function_catalog_entry.hpp>
#include <duckdb/function/aggregate_function.hpp>

#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/functions/wide_decimal_internal.h"

// Aggregates whose result type or overflow differs from DuckDB's: sum, avg, skewness.
namespace inlet::engine::functions {

using duckdb::AggregateFinalizeData;
using duckdb::AggregateFunction;
using duckdb::AggregateInputData;
using duckdb::AggregateUnaryInput;
using duckdb::DecimalType;

namespace {

// ---- Exact sums of whole numbers and DECIMALs

/// DuckDB aligns the states of a group to 8 bytes only.
using StateInt128 = Int128 __attribute__((aligned(8)));

struct SumState {
  StateInt128 sum;
  std::int64_t count;
  bool overflow;
};
static_assert(alignof(SumState) == 8);

template <class Input>
Int128 WholeOf(const Input& input) {
  if constexpr (std::is_same_v<Input, duckdb::hugeint_t>) {
    return ToInt128(input);
  } else {
    return input;
  }
}

struct SumSteps {
  template <class State>
  static void Initialize(State& state) {
    state = {};
  }
  template <class Input, class State, class Op>
  static void Operation(State& state, const Input& input, AggregateUnaryInput&) {
    state.overflow |= __builtin_add_overflow(state.sum, WholeOf(input), &state.sum);
    ++state.count;
  }
  template <class Input, class State, class Op>
  static void ConstantOperation(State& state, const Input& input, AggregateUnaryInput&,
                                idx_t count) {
    Int128 product = 0;
    state.overflow |= __builtin_mul_overflow(WholeOf(input), static_cast<Int128>(count), &product);
    state.overflow |= __builtin_add_overflow(state.sum, product, &state.sum);
    state.count += static_cast<std::int64_t>(count);
  }
  template <class State, class Op>
  static void Combine(const State& source, State& target, AggregateInputData&) {
    target.overflow |=
        source.overflow | __builtin_add_overflow(target.sum, source.sum, &target.sum);
    target.count += source.count;
  }
  static bool IgnoreNull() { return true; }
};

template <class Result>
void Store(Int128 value, Result& target) {
  if constexpr (std::is_same_v<Result, duckdb::hugeint_t>) {
    target = ToHugeint(value);
  } else {
    target = static_cast<Result>(value);
  }
}

[[noreturn]] void RaiseSumOverflow() {
  Raise(Condition::ARITHMETIC_OVERFLOW, {{"message", "Overflow in sum"}, {"functionName", "sum"}});
}

/// BIGINT when `kDecimal` is false.
template <bool kDecimal, bool kTry>
struct Sum : SumSteps {
  template <class Result, class State>
  static void Finalize(State& state, Result& target, AggregateFinalizeData& data) {
    if (state.count == 0) return data.ReturnNull();
    const bool fits = kDecimal
                          ? FitsPrecision(state.sum, DecimalType::GetWidth(data.result.GetType()))
                          : state.sum == static_cast<std::int64_t>(state.sum);
    if (!state.overflow && fits) return Store(state.sum, target);
    if (!kTry) RaiseSumOverflow();
    data.ReturnNull();
  }
};

/// The bind data of avg: by how many digits the result is finer than the values.
struct AverageData final : duckdb::FunctionData {
  int more_digits = 4;
  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override {
    auto copy = duckdb::make_uniq<AverageData>();
    copy->more_digits = more_digits;
    return copy;
  }
  bool Equals(const duckdb::FunctionData& other) const override {
    return more_digits == other.Cast<AverageData>().more_digits;
  }
};

template <bool kTry>
struct Average : SumSteps {
  template <class Result, class State>
  static void Finalize(State& state, Result& target, AggregateFinalizeData& data) {
    if (state.count == 0) return data.ReturnNull();
    const int digits = data.input.bind_data->template Cast<AverageData>().more_digits;
    const auto value = WideInteger(state.sum)
                           .TimesPowerOfTen(digits)
                           .Divide(state.count, /*half_up=*/true)
                           .ToInt128();
    if (!state.overflow && value &&
        FitsPrecision(*value, DecimalType::GetWidth(data.result.GetType()))) {
      return Store(*value, target);
    }
    if (!kTry) RaiseSumOverflow();
    data.ReturnNull();
  }
};

template <class Op, class Result>
AggregateFunction OfStorage(const LogicalType& input, const LogicalType& result) {
  switch (input.InternalType()) {
    case duckdb::PhysicalType::INT16:
      return AggregateFunction::UnaryAggregate<SumState, std::int16_t, Result, Op>(input, result);
    case duckdb::PhysicalType::INT32:
      return AggregateFunction::UnaryAggregate<SumState, std::int32_t, Result, Op>(input, result);
    case duckdb::PhysicalType::INT64:
      return AggregateFunction::UnaryAggregate<SumState, std::int64_t, Result, Op>(input, result);
    default:
      return AggregateFunction::UnaryAggregate<SumState, duckdb::hugeint_t, Result, Op>(input,
                                                                                        result);
  }
}

template <class Op>
AggregateFunction OverDecimal(const LogicalType& input, int precision, int scale) {
  const LogicalType result =
      LogicalType::DECIMAL(static_cast<std::uint8_t>(std::min(precision, 38)),
                           static_cast<std::uint8_t>(std::min(scale, 38)));
  switch (result.InternalType()) {
    case duckdb::PhysicalType::INT16:
      return OfStorage<Op, std::int16_t>(input, result);
    case duckdb::PhysicalType::INT32:
      return OfStorage<Op, std::int32_t>(input, result);
    case duckdb::PhysicalType::INT64:
      return OfStorage<Op, std::int64_t>(input, result);
    default:
      return OfStorage<Op, duckdb::hugeint_t>(input, result);
  }
}

/// DuckDB's own aggregate over DOUBLE.
AggregateFunction OverDouble(ClientContext& context, const char* name) {
  auto& entry =
      duckdb::Catalog::GetSystemCatalog(context).GetEntry<duckdb::AggregateFunctionCatalogEntry>(
          context, DEFAULT_SCHEMA, name);
  return entry.functions.GetFunctionByArguments(context, {LogicalType::DOUBLE});
}

void Become(AggregateFunction& function, AggregateFunction chosen) {
  const std::string name = function.name;
  function = std::move(chosen);
  function.name = name;
}

using AggregateBind = duckdb::unique_ptr<duckdb::FunctionData> (*)(ClientContext&,
                                                                   AggregateFunction&, Arguments&);

template <bool kTry>
duckdb::unique_ptr<duckdb::FunctionData> BindSum(ClientContext& context,
                                                 AggregateFunction& function,
                                                 Arguments& arguments) {
  const LogicalType type = arguments[0]->return_type;
  switch (type.id()) {
    case LogicalTypeId::DECIMAL:
      Become(function, OverDecimal<Sum<true, kTry>>(type, DecimalType::GetWidth(type) + 10,
                                                    DecimalType::GetScale(type)));
      break;
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT: {
      const LogicalType input = type.id() == LogicalTypeId::TINYINT ? LogicalType::SMALLINT : type;
      arguments[0] = CastTo(context, std::move(arguments[0]), input);
      Become(function, OfStorage<Sum<false, kTry>, std::int64_t>(input, LogicalType::BIGINT));
      break;
    }
    case LogicalTypeId::INTERVAL: {
      auto& entry =
          duckdb::Catalog::GetSystemCatalog(context)
              .GetEntry<duckdb::AggregateFunctionCatalogEntry>(context, DEFAULT_SCHEMA, "sum");
      Become(function, entry.functions.GetFunctionByArguments(context, {type}));
      break;
    }
    default:
      arguments[0] = CastTo(context, std::move(arguments[0]), LogicalType::DOUBLE);
      Become(function, OverDouble(context, "sum"));
  }
  return nullptr;
}

template <bool kTry>
duckdb::unique_ptr<duckdb::FunctionData> BindAverage(ClientContext& context,
                                                     AggregateFunction& function,
                                                     Arguments& arguments) {
  const LogicalType type = arguments[0]->return_type;
  if (type.id() != LogicalTypeId::DECIMAL) {
    arguments[0] = CastTo(context, std::move(arguments[0]), LogicalType::DOUBLE);
    Become(function, OverDouble(context, "avg"));
    return nullptr;
  }
  const int scale = DecimalType::GetScale(type);
  auto data = duckdb::make_uniq<AverageData>();
  data->more_digits = std::min(scale + 4, 38) - scale;
  Become(function, OverDecimal<Average<kTry>>(type, DecimalType::GetWidth(type) + 4, scale + 4));
  return data;
}

// ---- Skewness of a population, by running central moments

struct MomentState {
  double count, mean, m2, m3;
};

struct Skewness {
  template <class State>
  static void Initialize(State& state) {
    state = {};
  }
  template <class Input, class State, class Op>
  static void Operation(State& state, const Input& input, AggregateUnaryInput&) {
    const MomentState one{1, input, 0, 0};
    Merge(state, one);
  }
  template <class Input, class State, class Op>
  static void ConstantOperation(State& state, const Input& input, AggregateUnaryInput&,
                                idx_t count) {
    const MomentState many{static_cast<double>(count), input, 0, 0};
    Merge(state, many);
  }
  template <class State, class Op>
  static void Combine(const State& source, State& target, AggregateInputData&) {
    if (source.count > 0) Merge(target, source);
  }
  static void Merge(MomentState& a, const MomentState& b) {
    const double n = a.count + b.count;
    const double delta = b.mean - a.mean;
    const double step = delta / n;
    a.m3 += b.m3 + delta * step * step * a.count * b.count * (a.count - b.count) +
            3 * step * (a.count * b.m2 - b.count * a.m2);
    a.m2 += b.m2 + delta * step * a.count * b.count;
    a.mean += step * b.count;
    a.count = n;
  }
  template <class Result, class State>
  static void Finalize(State& state, Result& target, AggregateFinalizeData& data) {
    if (state.count == 0) return data.ReturnNull();
    if (state.m2 == 0) {
      target = std::nan("");
      return;
    }
    target = std::sqrt(state.count) * state.m3 / std::sqrt(state.m2 * state.m2 * state.m2);
  }
  static bool IgnoreNull() { return true; }
};

duckdb::AggregateFunctionSet BoundByType(const char* name, AggregateBind bind) {
  AggregateFunction function =
      AggregateFunction::UnaryAggregate<SumState, std::int64_t, std::int64_t, Sum<false, false>>(
          LogicalType::BIGINT, LogicalType::BIGINT);
  function.name = name;
  function.arguments = {LogicalType::ANY};
  function.return_type = LogicalType::ANY;
  function.SetBindCallback(bind);
  duckdb::AggregateFunctionSet set(name);
  set.AddFunction(std::move(function));
  return set;
}

}  // namespace

void AddAggregates(Registry& registry) {
  registry.AddAggregate(BoundByType("spark_sum", BindSum<false>));
  registry.AddAggregate(BoundByType("spark_try_sum", BindSum<true>));
  registry.AddAggregate(BoundByType("spark_avg", BindAverage<false>));
  registry.AddAggregate(BoundByType("spark_try_avg", BindAverage<true>));
  duckdb::AggregateFunctionSet skewness("spark_skewness");
  skewness.AddFunction(AggregateFunction::UnaryAggregate<MomentState, double, double, Skewness>(
      LogicalType::DOUBLE, LogicalType::DOUBLE));
  registry.AddAggregate(std::move(skewness));
}

}  // namespace inlet::engine::functions
