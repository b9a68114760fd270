#include <duckdb/execution/expression_executor.hpp>
#include <duckdb/function/function_binder.hpp>
#include <duckdb/main/client_context_state.hpp>
#include <duckdb/main/config.hpp>
#include <duckdb/main/extension/extension_loader.hpp>
#include <duckdb/planner/expression/bound_constant_expression.hpp>
#include <duckdb/transaction/meta_transaction.hpp>

#include "engine/duckdb/functions/casts_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/logical_types.h"

namespace inlet::engine {
namespace {

constexpr char kSessionKey[] = "inlet_function_session";

struct SessionState final : duckdb::ClientContextState {
  FunctionSession session;
};

}  // namespace

void SetFunctionSession(duckdb::ClientContext& context, FunctionSession session) {
  context.registered_state->GetOrCreate<SessionState>(kSessionKey)->session = std::move(session);
}

void RegisterSparkFunctions(duckdb::DatabaseInstance& database) {
  functions::Registry registry;
  functions::AddAggregates(registry);
  functions::AddArithmeticFunctions(registry);
  functions::AddBinaryFunctions(registry);
  functions::AddCastFunctions(registry);
  functions::AddCollectionFunctions(registry);
  functions::AddComparisonFunctions(registry);
  functions::AddConditionalFunctions(registry);
  functions::AddCsvFunctions(registry);
  functions::AddDatetimeFunctions(registry);
  functions::AddExternalFunctions(registry);
  functions::AddGeoFunctions(registry);
  functions::AddJsonFunctions(registry);
  functions::AddMathFunctions(registry);
  functions::AddPictureFunctions(registry);
  functions::AddRandomFunctions(registry);
  functions::AddReflectionFunctions(registry);
  functions::AddRegexpFunctions(registry);
  functions::AddSketches(registry);
  functions::AddStatistics(registry);
  functions::AddStringFunctions(registry);
  functions::AddXmlFunctions(registry);
  registry.RegisterAll(database);
  functions::RegisterImplicitCasts(duckdb::DBConfig::GetConfig(database));
}

namespace functions {
namespace {

/// Carries a binder on the function's catalog entry, for DuckDB's bind callback is a plain pointer.
struct BinderInfo final : duckdb::ScalarFunctionInfo {
  explicit BinderInfo(Binder fn) : binder(std::move(fn)) {}
  Binder binder;
};

duckdb::unique_ptr<duckdb::FunctionLocalState> MakeLocalState(
    ExpressionState&, const duckdb::BoundFunctionExpression&, duckdb::FunctionData* data) {
  return data->Cast<CallData>().make_state();
}

duckdb::unique_ptr<duckdb::FunctionData> BindTyped(ClientContext& context,
                                                   duckdb::ScalarFunction& function,
                                                   Arguments& arguments) {
  auto data = duckdb::make_uniq<CallData>();
  data->session = SessionOf(context);
  const auto info = function.function_info;
  const std::size_t num_arguments = arguments.size();
  std::string constants;
  for (const ExpressionPtr& argument : arguments) {
    if (argument->IsFoldable()) constants += argument->ToString();
    constants += '\n';
  }
  Bound bound = info->Cast<BinderInfo>().binder(context, arguments);
  if (arguments.size() != num_arguments) data->dropped = std::move(constants);
  if (bound.replacement) {
    bound.type = bound.replacement->return_type;
    data->replacement = std::move(bound.replacement);
  }
  function.arguments.clear();
  for (const ExpressionPtr& argument : arguments)
    function.arguments.push_back(argument->return_type);
  function.varargs = LogicalType(LogicalTypeId::INVALID);
  function.SetReturnType(bound.type);
  function.function = std::move(bound.execute);
  if (bound.make_state) function.SetInitStateCallback(MakeLocalState);
  data->make_state = std::move(bound.make_state);
  return data;
}

ExpressionPtr TakeReplacement(duckdb::FunctionBindExpressionInput& input) {
  return std::move(input.bind_data->Cast<CallData>().replacement);
}

duckdb::ScalarFunction TypedFunction(Binder binder) {
  duckdb::ScalarFunction function({}, LogicalType::ANY, nullptr, BindTyped);
  function.varargs = LogicalType::ANY;
  function.SetNullHandling(duckdb::FunctionNullHandling::SPECIAL_HANDLING);
  function.SetFallible();
  function.SetBindExpressionCallback(TakeReplacement);
  function.SetExtraFunctionInfo<BinderInfo>(std::move(binder));
  return function;
}

bool IsNumeric(const LogicalType& type) { return type.IsNumeric(); }

bool IsAtomic(const LogicalType& type) { return !type.IsNested() && !IsVariant(type); }

/// Spark's AnsiTypeCoercion.implicitCast.
bool CanCoerce(const LogicalType& from, const LogicalType& to) {
  if (from == to || from.id() == LogicalTypeId::SQLNULL) return true;
  if (to.id() == LogicalTypeId::VARCHAR) return IsAtomic(from);
  if (from.id() == LogicalTypeId::VARCHAR) return IsAtomic(to);
  if (IsNumeric(from) && IsNumeric(to)) {
    // Narrowing is refused, except that a BIGINT literal may stand for an INT.
    return true;
  }
  const bool to_timestamp =
      to.id() == LogicalTypeId::TIMESTAMP_TZ || to.id() == LogicalTypeId::TIMESTAMP;
  if (from.id() == LogicalTypeId::DATE) return to_timestamp;
  if (from.id() == LogicalTypeId::TIMESTAMP || from.id() == LogicalTypeId::TIMESTAMP_TZ) {
    return to_timestamp || to.id() == LogicalTypeId::DATE;
  }
  return false;
}

}  // namespace

FunctionSession SessionOf(ClientContext& context) {
  auto state = context.registered_state->Get<SessionState>(kSessionKey);
  FunctionSession session = state ? state->session : FunctionSession{};
  if (session.now_us == 0) {
    session.now_us = duckdb::MetaTransaction::Get(context).start_timestamp.value;
  }
  return session;
}

duckdb::unique_ptr<duckdb::FunctionData> CallData::Copy() const {
  auto copy = duckdb::make_uniq<CallData>();
  copy->session = session;
  copy->make_state = make_state;
  copy->dropped = dropped;
  return copy;
}

bool CallData::Equals(const duckdb::FunctionData& other) const {
  return dropped == other.Cast<CallData>().dropped;  // The session is one for the whole statement.
}

ExpressionPtr Take(ExpressionPtr& argument) {
  // DuckDB looks at the call's arguments again before it takes the replacement.
  return std::exchange(argument, Constant(duckdb::Value()));
}

Arguments TakeAll(Arguments& arguments, std::size_t first) {
  Arguments taken;
  for (std::size_t i = first; i < arguments.size(); ++i) taken.push_back(Take(arguments[i]));
  return taken;
}

Bound Replace(ExpressionPtr expression) { return {.replacement = std::move(expression)}; }

void CoerceTo(ClientContext& context, ExpressionPtr& argument, const LogicalType& target,
              std::string_view function, std::size_t index) {
  if (argument->return_type == target) return;
  if (!CanCoerce(argument->return_type, target)) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", std::string(function)},
           {"message", "argument " + std::to_string(index + 1) + " has type " +
                           types::ToSql(FromDuckDbType(argument->return_type)) + ", expected " +
                           types::ToSql(FromDuckDbType(target))}});
  }
  argument = CastTo(context, std::move(argument), target);
}

ExpressionPtr Call(ClientContext& context, const std::string& name, Arguments arguments) {
  duckdb::ErrorData error;
  ExpressionPtr bound = duckdb::FunctionBinder(context).BindScalarFunction(
      DEFAULT_SCHEMA, name, std::move(arguments), error);
  if (!bound) error.Throw();
  return bound;
}

ExpressionPtr Constant(duckdb::Value value) {
  return duckdb::make_uniq<duckdb::BoundConstantExpression>(std::move(value));
}

std::optional<duckdb::Value> ConstantOf(ClientContext& context, const Expression& argument) {
  duckdb::Value value;
  if (!argument.IsFoldable() ||
      !duckdb::ExpressionExecutor::TryEvaluateScalar(context, argument, value)) {
    return std::nullopt;
  }
  return value;
}

namespace detail {

duckdb::list_entry_t Traits<StringList>::Write(Vector& result, const StringList& list) {
  const idx_t begin = duckdb::ListVector::GetListSize(result);
  duckdb::ListVector::Reserve(result, begin + list.size());
  Vector& child = duckdb::ListVector::GetEntry(result);
  for (idx_t i = 0; i < list.size(); ++i) {
    if (list[i]) {
      duckdb::FlatVector::GetData<duckdb::string_t>(child)[begin + i] =
          duckdb::StringVector::AddString(child, *list[i]);
    } else {
      duckdb::FlatVector::SetNull(child, begin + i, true);
    }
  }
  duckdb::ListVector::SetListSize(result, begin + list.size());
  return {begin, list.size()};
}

}  // namespace detail

duckdb::ScalarFunctionSet& Registry::SetOf(const std::string& name) {
  for (duckdb::ScalarFunctionSet& set : scalars_) {
    if (set.name == name) return set;
  }
  return scalars_.emplace_back(name);
}

void Registry::AddFixed(const std::string& name, std::vector<LogicalType> parameters,
                        LogicalType result, duckdb::scalar_function_t execute) {
  const std::size_t arity = parameters.size();
  duckdb::ScalarFunction function =
      TypedFunction([name, parameters = std::move(parameters), result = std::move(result),
                     execute = std::move(execute)](ClientContext& context, Arguments& arguments) {
        for (std::size_t i = 0; i < arguments.size(); ++i) {
          CoerceTo(context, arguments[i], parameters[i], name, i);
        }
        return Bound{.type = result, .execute = execute};
      });
  function.varargs = LogicalType(LogicalTypeId::INVALID);
  function.arguments.assign(arity, LogicalType::ANY);
  SetOf(name).AddFunction(std::move(function));
}

void Registry::AddBound(const std::string& name, Binder binder) {
  SetOf(name).AddFunction(TypedFunction(std::move(binder)));
}

void Registry::AddVolatile(const std::string& name, Binder binder) {
  duckdb::ScalarFunction function = TypedFunction(std::move(binder));
  function.SetVolatile();
  SetOf(name).AddFunction(std::move(function));
}

void Registry::AddAggregate(duckdb::AggregateFunctionSet set) {
  aggregates_.push_back(std::move(set));
}

void Registry::RegisterAll(duckdb::DatabaseInstance& database) {
  duckdb::ExtensionLoader loader(database, "inlet");
  for (duckdb::ScalarFunctionSet& set : scalars_) loader.RegisterFunction(std::move(set));
  for (duckdb::AggregateFunctionSet& set : aggregates_) loader.RegisterFunction(std::move(set));
}

}  // namespace functions
}  // namespace inlet::engine
