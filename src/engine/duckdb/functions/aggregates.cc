#include <duckdb/catalog/catalog.hpp>
#include <duckdb/catalog/catalog_entry/aggregate_function_catalog_entry.hpp>
#include <duckdb/function/aggregate_function.hpp>

#include "engine/duckdb/functions/aggregate_internal.h"
#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/functions/wide_decimal_internal.h"

// Aggregates whose result type or overflow differs from DuckDB's: sum and avg.
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

// ---- listagg

/// Texts or binaries one behind the other.
struct ListAggregate {
  struct Data {
    std::string separator;
    bool operator==(const Data&) const = default;
  };
  struct State {
    std::string text;
    bool has_value = false;
  };
  static constexpr bool kSkipsNulls = true;
  static constexpr std::size_t kMostBytes = std::size_t{1} << 30;

  static void Append(State& state, const Data& data, std::string_view text) {
    if (state.has_value) state.text += data.separator;
    state.text += text;
    state.has_value = true;
    if (state.text.size() > kMostBytes) {
      Raise(Condition::INLET_RESOURCE_LIMIT, {{"message", "The text of listagg is too long"},
                                              {"limit", std::to_string(kMostBytes) + " bytes"}});
    }
  }
  static void Update(State& state, const Data& data, const RowCells& row) {
    Append(state, data, row[0].text());
  }
  static void Combine(State& target, const State& source, const Data& data) {
    if (source.has_value) Append(target, data, source.text);
  }
  static void Finish(State& state, const Data&, Vector& result, idx_t row) {
    if (!state.has_value) return SetNull(result, row);
    SetBytes(result, row, state.text);
  }
};

duckdb::unique_ptr<duckdb::FunctionData> BindListAggregate(ClientContext& context,
                                                           AggregateFunction& function,
                                                           Arguments& arguments) {
  ListAggregate::Data data;
  if (arguments.size() > 1) {
    const duckdb::Value separator = TakeConstant(context, function, arguments, "listagg");
    const bool is_text = separator.type().id() == LogicalTypeId::VARCHAR ||
                         separator.type().id() == LogicalTypeId::BLOB;
    if (!separator.IsNull()) {
      data.separator = is_text ? duckdb::StringValue::Get(separator) : separator.ToString();
    }
  }
  const bool is_binary = arguments[0]->return_type.id() == LogicalTypeId::BLOB;
  const LogicalType type = is_binary ? LogicalType::BLOB : LogicalType::VARCHAR;
  arguments[0] = CastTo(context, std::move(arguments[0]), type);
  return functions::Become<ListAggregate>(function, arguments, type, std::move(data));
}

}  // namespace

void AddAggregates(Registry& registry) {
  registry.AddAggregate(BoundByType("spark_sum", BindSum<false>));
  registry.AddAggregate(BoundByType("spark_try_sum", BindSum<true>));
  registry.AddAggregate(BoundByType("spark_avg", BindAverage<false>));
  registry.AddAggregate(BoundByType("spark_try_avg", BindAverage<true>));
  registry.AddAggregate(AggregateOf("spark_listagg", 1, 2, BindListAggregate));
}

}  // namespace inlet::engine::functions
