#include <arrow/api.h>

#include <duckdb/planner/expression/bound_cast_expression.hpp>

#include "engine/duckdb/arrow_input.h"
#include "engine/duckdb/arrow_output.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/logical_types.h"
#include "engine/external_function.h"
#include "types/arrow.h"

namespace inlet::engine::functions {
namespace {

using FunctionPtr = std::shared_ptr<ExternalFunction>;

/// The values of one chunk of arguments.
Result<std::shared_ptr<arrow::Array>> CallOn(ExternalFunction& function, std::string_view call,
                                             const types::StructType& schema, DataChunk& arguments,
                                             const std::function<bool()>& is_interrupted) {
  if (schema.empty()) {
    const auto no_columns =
        arrow::RecordBatch::Make(arrow::schema(arrow::FieldVector()),
                                 static_cast<std::int64_t>(arguments.size()), arrow::ArrayVector());
    return function.Call(call, no_columns, is_interrupted);
  }
  ArrowOutput output(schema);
  arrow::ArrayVector parts;
  for (idx_t row = 0; row < arguments.size();) {
    row = output.Append(arguments, row);
    if (!output.full() && row < arguments.size()) continue;
    parts.push_back(TRY(function.Call(call, output.Take(), is_interrupted)));
  }
  if (parts.size() == 1) return parts[0];
  return ARROW_TRY(arrow::Concatenate(parts));
}

/// inlet_external('<id>#<call>', arguments...)
Bound BindExternal(ClientContext& context, Arguments& arguments) {
  const auto named = ConstantOf(context, *arguments.at(0));
  const std::string name = named && !named->IsNull() ? named->ToString() : "";
  const std::size_t end = name.find('#');
  const FunctionPtr function = FindExternalFunction(std::string_view(name).substr(0, end));
  if (function == nullptr) {
    Raise(Condition::UNRESOLVED_ROUTINE,
          {{"routineName", "`" + name.substr(name.rfind('#') + 1) + "`"},
           {"suggestion", " The session that it belonged to has ended."}});
  }
  types::StructType schema;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const types::DataType type = FromDuckDbType(arguments[i]->return_type);
    const LogicalType stored = ToDuckDbType(type);
    if (arguments[i]->return_type != stored) {
      arguments[i] =
          duckdb::BoundCastExpression::AddCastToType(context, Take(arguments[i]), stored);
    }
    schema.fields.push_back({.name = "_" + std::to_string(i - 1), .type = type});
  }
  const LogicalType result_type = ToDuckDbType(function->type());
  return {.type = result_type,
          .execute = [function, schema, call = name](DataChunk& chunk, ExpressionState& state,
                                                     Vector& result) {
            if (chunk.size() == 0) return;
            DataChunk rows;
            duckdb::vector<LogicalType> types;
            for (idx_t i = 1; i < chunk.ColumnCount(); ++i) {
              types.push_back(chunk.data[i].GetType());
            }
            rows.InitializeEmpty(types);
            for (idx_t i = 1; i < chunk.ColumnCount(); ++i) {
              rows.data[i - 1].Reference(chunk.data[i]);
            }
            rows.SetCardinality(chunk.size());
            rows.Flatten();
            const ClientContext& running = state.GetContext();
            const auto values = ValueOrRaise(CallOn(*function, call, schema, rows, [&running] {
              return running.interrupted.load(std::memory_order_relaxed);
            }));
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            ShowArrowArray(values->data(), 0, static_cast<std::int64_t>(chunk.size()), result);
          }};
}

}  // namespace

void AddExternalFunctions(Registry& registry) {
  registry.AddVolatile("spark_external", BindExternal);
}

}  // namespace inlet::engine::functions
