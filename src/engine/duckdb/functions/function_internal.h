#pragma once

#include <duckdb.hpp>
#include <duckdb/execution/expression_executor_state.hpp>
#include <duckdb/function/scalar_function.hpp>
#include <duckdb/planner/expression/bound_function_expression.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/duckdb/functions/raise.h"
#include "engine/duckdb/functions/register.h"

/// How this folder writes a function for DuckDB: a C++ lambda over one row, or a binder that looks
/// at the types of the arguments first.
namespace inlet::engine::functions {

using duckdb::ClientContext;
using duckdb::DataChunk;
using duckdb::Expression;
using duckdb::ExpressionState;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::UnifiedVectorFormat;
using duckdb::Vector;

using ExpressionPtr = duckdb::unique_ptr<Expression>;
using Arguments = duckdb::vector<ExpressionPtr>;

/// BINARY in a lambda's signature; std::string_view and std::string are STRING.
struct Bytes : std::string_view {};
struct OwnedBytes : std::string {};
using StringList = std::vector<std::optional<std::string>>;

FunctionSession SessionOf(ClientContext& context);

/// Makes what a function keeps from row to row, once for each thread.
using MakeState = std::function<duckdb::unique_ptr<duckdb::FunctionLocalState>()>;

/// Bind data of every function of ours.
struct CallData final : duckdb::FunctionData {
  FunctionSession session;
  MakeState make_state;
  /// The constants that the binder took out of the arguments: two calls that differ in them alone
  /// are not the same.
  std::string dropped;
  ExpressionPtr replacement;  ///< What stands in for the call, when the binder rewrote it.

  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override;
  bool Equals(const duckdb::FunctionData& other) const override;
};

/// What a binder decided for a call: an executor with its types, or another expression.
struct Bound {
  LogicalType type;
  duckdb::scalar_function_t execute;
  ExpressionPtr replacement;
  MakeState make_state = nullptr;  ///< The executor finds it by StateOf().
};
/// What `make_state` made for the thread that runs the executor.
template <class T>
T& StateOf(ExpressionState& state) {
  return duckdb::ExecuteFunctionState::GetFunctionState(state)->Cast<T>();
}
using Binder = std::function<Bound(ClientContext&, Arguments&)>;

Bound Replace(ExpressionPtr expression);

/// Casts an argument as Spark's ANSI coercion does, or raises
/// DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE.
void CoerceTo(ClientContext& context, ExpressionPtr& argument, const LogicalType& target,
              std::string_view function, std::size_t index);
enum class CastMode : std::uint8_t { kAnsi, kTry };
/// CAST or TRY_CAST as Spark does it. Raises DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION.
ExpressionPtr CastTo(ClientContext& context, ExpressionPtr argument, const LogicalType& target,
                     CastMode mode = CastMode::kAnsi);
/// The type that both are cast to where they meet (CASE, array(), coalesce()); nothing when there
/// is none.
std::optional<LogicalType> CommonTypeOf(const LogicalType& a, const LogicalType& b);
/// Of all; raises DATATYPE_MISMATCH.
LogicalType CommonTypeOf(std::span<const ExpressionPtr> arguments);
/// An argument for the expression that replaces the call; at most once each. Unlike a copy it may
/// hold a subquery.
ExpressionPtr Take(ExpressionPtr& argument);
/// Those from `first` on.
Arguments TakeAll(Arguments& arguments, std::size_t first = 0);
/// Casts all to their common type.
void CastToCommonType(ClientContext& context, std::span<ExpressionPtr> arguments);
/// `left` compared with `right` as their common type. Raises DATATYPE_MISMATCH.
ExpressionPtr Compare(ClientContext& context, duckdb::ExpressionType type, ExpressionPtr left,
                      ExpressionPtr right);
/// Calls a function of DuckDB or of ours by name.
ExpressionPtr Call(ClientContext& context, const std::string& name, Arguments arguments);
ExpressionPtr Constant(duckdb::Value value);
/// The argument's value when it is one, without casts that fail.
std::optional<duckdb::Value> ConstantOf(ClientContext& context, const Expression& argument);

template <class... Expressions>
Arguments Args(Expressions... expressions) {
  Arguments arguments;
  (arguments.push_back(std::move(expressions)), ...);
  return arguments;
}

namespace detail {

template <class T>
struct Traits;
#define INLET_FUNCTION_TYPE(cpp, logical)                      \
  template <>                                                  \
  struct Traits<cpp> {                                         \
    using Storage = cpp;                                       \
    static LogicalType type() { return LogicalType(logical); } \
    static cpp Read(const Storage& value) { return value; }    \
    static Storage Write(Vector&, cpp value) { return value; } \
  };
INLET_FUNCTION_TYPE(bool, LogicalTypeId::BOOLEAN)
INLET_FUNCTION_TYPE(std::int8_t, LogicalTypeId::TINYINT)
INLET_FUNCTION_TYPE(std::int16_t, LogicalTypeId::SMALLINT)
INLET_FUNCTION_TYPE(std::int32_t, LogicalTypeId::INTEGER)
INLET_FUNCTION_TYPE(std::int64_t, LogicalTypeId::BIGINT)
INLET_FUNCTION_TYPE(float, LogicalTypeId::FLOAT)
INLET_FUNCTION_TYPE(double, LogicalTypeId::DOUBLE)
INLET_FUNCTION_TYPE(duckdb::date_t, LogicalTypeId::DATE)
INLET_FUNCTION_TYPE(duckdb::timestamp_t, LogicalTypeId::TIMESTAMP)
INLET_FUNCTION_TYPE(duckdb::timestamp_tz_t, LogicalTypeId::TIMESTAMP_TZ)
INLET_FUNCTION_TYPE(duckdb::interval_t, LogicalTypeId::INTERVAL)
#undef INLET_FUNCTION_TYPE

template <class View, LogicalTypeId kType>
struct TextTraits {
  using Storage = duckdb::string_t;
  static LogicalType type() { return LogicalType(kType); }
  static View Read(const Storage& value) { return View{{value.GetData(), value.GetSize()}}; }
  static Storage Write(Vector& result, std::string_view value) {
    return duckdb::StringVector::AddStringOrBlob(result, value.data(), value.size());
  }
};
template <>
struct Traits<std::string_view> : TextTraits<std::string_view, LogicalTypeId::VARCHAR> {
  static std::string_view Read(const Storage& value) { return {value.GetData(), value.GetSize()}; }
};
template <>
struct Traits<std::string> : Traits<std::string_view> {};
template <>
struct Traits<Bytes> : TextTraits<Bytes, LogicalTypeId::BLOB> {};
template <>
struct Traits<OwnedBytes> : TextTraits<Bytes, LogicalTypeId::BLOB> {};

template <>
struct Traits<StringList> {
  using Storage = duckdb::list_entry_t;
  static LogicalType type() { return LogicalType::LIST(LogicalType::VARCHAR); }
  static Storage Write(Vector& result, const StringList& list);
};

template <class T>
struct Unwrap {
  using type = T;
  static constexpr bool optional = false;
};
template <class T>
struct Unwrap<std::optional<T>> {
  using type = T;
  static constexpr bool optional = true;
};

template <class Fn>
struct Signature : Signature<decltype(&Fn::operator())> {};
template <class Fn, class R, class... A>
struct Signature<R (Fn::*)(A...) const> {
  using Result = R;
  using Parameters = std::tuple<std::decay_t<A>...>;
};

inline bool AllConstant(const DataChunk& chunk) { return chunk.AllConstant(); }

/// Runs `fn` once for each row whose arguments are all there.
template <bool kWithSession, class R, class... A, std::size_t... I, class Fn>
void ExecuteRows(const Fn& fn, DataChunk& chunk, ExpressionState& state, Vector& result,
                 std::index_sequence<I...>) {
  using Value = typename Unwrap<R>::type;
  using Out = Traits<Value>;
  const bool constant = sizeof...(A) == 0 || chunk.AllConstant();
  const idx_t count = constant ? 1 : chunk.size();
  std::array<UnifiedVectorFormat, sizeof...(A) + 1> inputs;
  (chunk.data[I].ToUnifiedFormat(chunk.size(), inputs[I]), ...);

  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  auto* out = duckdb::FlatVector::GetData<typename Out::Storage>(result);
  const auto& data =
      state.expr.Cast<duckdb::BoundFunctionExpression>().bind_info->template Cast<CallData>();
  for (idx_t row = 0; row < count; ++row) {
    const std::array<idx_t, sizeof...(A) + 1> at = {inputs[I].sel->get_index(row)..., 0};
    if (!(inputs[I].validity.RowIsValid(at[I]) && ...)) {
      duckdb::FlatVector::SetNull(result, row, true);
      continue;
    }
    auto call = [&]() -> R {
      if constexpr (kWithSession) {
        return fn(data.session,
                  Traits<A>::Read(UnifiedVectorFormat::GetData<typename Traits<A>::Storage>(
                      inputs[I])[at[I]])...);
      } else {
        return fn(Traits<A>::Read(
            UnifiedVectorFormat::GetData<typename Traits<A>::Storage>(inputs[I])[at[I]])...);
      }
    };
    if constexpr (Unwrap<R>::optional) {
      R value = call();
      if (value) {
        out[row] = Out::Write(result, *std::move(value));
      } else {
        duckdb::FlatVector::SetNull(result, row, true);
      }
    } else {
      out[row] = Out::Write(result, call());
    }
  }
  if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

}  // namespace detail

/// Gathers functions and their overloads, then registers them in one go.
class Registry {
 public:
  /// A function over one row. Its parameters say the types that arguments are coerced to; a first
  /// parameter `const FunctionSession&` is not an argument; std::optional as result may be NULL.
  /// NULL in, NULL out. Called again under the same name it adds the form with another number of
  /// arguments.
  template <class Fn>
  void Add(const std::string& name, Fn fn) {
    using Signature = detail::Signature<Fn>;
    AddTuple<typename Signature::Result>(name, std::move(fn),
                                         static_cast<typename Signature::Parameters*>(nullptr));
  }
  /// A function whose types come from its arguments. Sees NULLs.
  void AddBound(const std::string& name, Binder binder);
  /// The same, for a function that gives another value at each call.
  void AddVolatile(const std::string& name, Binder binder);
  void AddAggregate(duckdb::AggregateFunctionSet set);

  void RegisterAll(duckdb::DatabaseInstance& database);

 private:
  template <class R, class Fn, class... A>
  void AddTuple(const std::string& name, Fn fn, std::tuple<FunctionSession, A...>*) {
    AddRows<true, R, A...>(name, std::move(fn));
  }
  template <class R, class Fn, class... A>
  void AddTuple(const std::string& name, Fn fn, std::tuple<A...>*) {
    AddRows<false, R, A...>(name, std::move(fn));
  }
  template <bool kWithSession, class R, class... A, class Fn>
  void AddRows(const std::string& name, Fn fn) {
    using Value = typename detail::Unwrap<R>::type;
    AddFixed(name, {detail::Traits<A>::type()...}, detail::Traits<Value>::type(),
             [fn = std::move(fn)](DataChunk& chunk, ExpressionState& state, Vector& result) {
               detail::ExecuteRows<kWithSession, R, A...>(fn, chunk, state, result,
                                                          std::index_sequence_for<A...>());
             });
  }
  void AddFixed(const std::string& name, std::vector<LogicalType> parameters, LogicalType result,
                duckdb::scalar_function_t execute);

  std::vector<duckdb::ScalarFunctionSet> scalars_;
  std::vector<duckdb::AggregateFunctionSet> aggregates_;
  duckdb::ScalarFunctionSet& SetOf(const std::string& name);
};

// The themes, one file each.
void AddAggregates(Registry& registry);
void AddArithmeticFunctions(Registry& registry);
void AddBinaryFunctions(Registry& registry);
void AddCastFunctions(Registry& registry);
void AddCollectionFunctions(Registry& registry);
void AddComparisonFunctions(Registry& registry);
void AddConditionalFunctions(Registry& registry);
void AddCsvFunctions(Registry& registry);
void AddDatetimeFunctions(Registry& registry);
void AddExternalFunctions(Registry& registry);
void AddGeoFunctions(Registry& registry);
void AddJsonFunctions(Registry& registry);
void AddMathFunctions(Registry& registry);
void AddPictureFunctions(Registry& registry);
void AddRandomFunctions(Registry& registry);
void AddReflectionFunctions(Registry& registry);
void AddRegexpFunctions(Registry& registry);
void AddSketches(Registry& registry);
void AddStatistics(Registry& registry);
void AddStringFunctions(Registry& registry);
void AddXmlFunctions(Registry& registry);

}  // namespace inlet::engine::functions
