#include <cmath>
#include <duckdb/planner/expression/bound_case_expression.hpp>
#include <duckdb/planner/expression/bound_comparison_expression.hpp>
#include <duckdb/planner/expression/bound_operator_expression.hpp>

#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/logical_types.h"

// Choices, NULLs, errors on demand, structs and what a query may ask of its session.
namespace inlet::engine::functions {
namespace {

Arguments Copies(const Arguments& arguments, std::size_t from = 0) {
  Arguments copies;
  for (std::size_t i = from; i < arguments.size(); ++i) copies.push_back(arguments[i]->Copy());
  return copies;
}

void CastAll(ClientContext& context, Arguments& arguments) {
  const LogicalType type = CommonTypeOf(arguments);
  for (ExpressionPtr& argument : arguments) argument = CastTo(context, std::move(argument), type);
}

ExpressionPtr IsNull(ExpressionPtr operand, bool negated = false) {
  auto test = duckdb::make_uniq<duckdb::BoundOperatorExpression>(
      negated ? duckdb::ExpressionType::OPERATOR_IS_NOT_NULL
              : duckdb::ExpressionType::OPERATOR_IS_NULL,
      LogicalType::BOOLEAN);
  test->children.push_back(std::move(operand));
  return test;
}

ExpressionPtr Choose(ClientContext& context, ExpressionPtr condition, ExpressionPtr then,
                     ExpressionPtr otherwise) {
  Arguments branches = Args(std::move(then), std::move(otherwise));
  CastAll(context, branches);
  return duckdb::make_uniq<duckdb::BoundCaseExpression>(
      CastTo(context, std::move(condition), LogicalType::BOOLEAN), std::move(branches[0]),
      std::move(branches[1]));
}

ExpressionPtr Compare(ClientContext& context, duckdb::ExpressionType type, ExpressionPtr left,
                      ExpressionPtr right) {
  Arguments sides = Args(std::move(left), std::move(right));
  CastAll(context, sides);
  return duckdb::make_uniq<duckdb::BoundComparisonExpression>(type, std::move(sides[0]),
                                                              std::move(sides[1]));
}

ExpressionPtr NullOf(const LogicalType& type) { return Constant(duckdb::Value(type)); }

Bound BindCoalesce(ClientContext& context, Arguments& arguments) {
  auto coalesce = duckdb::make_uniq<duckdb::BoundOperatorExpression>(
      duckdb::ExpressionType::OPERATOR_COALESCE, CommonTypeOf(arguments));
  Arguments children = Copies(arguments);
  CastAll(context, children);
  for (ExpressionPtr& child : children) coalesce->children.push_back(std::move(child));
  return Replace(std::move(coalesce));
}

Bound BindExtreme(ClientContext& context, Arguments& arguments, const char* name) {
  Arguments children = Copies(arguments);
  CastAll(context, children);
  if (children[0]->return_type.id() == LogicalTypeId::SQLNULL)
    return Replace(NullOf(LogicalType::SQLNULL));
  return Replace(Call(context, name, std::move(children)));
}

/// decode(x, a, 'one', b, 'two', 'other'): NULL equals NULL.
Bound BindDecode(ClientContext& context, Arguments& arguments) {
  if (arguments.size() == 2) return Replace(Call(context, "spark_decode_bytes", Copies(arguments)));
  ExpressionPtr result =
      arguments.size() % 2 == 0 ? arguments.back()->Copy() : NullOf(LogicalType::SQLNULL);
  for (std::size_t i = (arguments.size() - 1) / 2; i-- > 0;) {
    ExpressionPtr same = Compare(context, duckdb::ExpressionType::COMPARE_NOT_DISTINCT_FROM,
                                 arguments[0]->Copy(), arguments[1 + 2 * i]->Copy());
    result = Choose(context, std::move(same), arguments[2 + 2 * i]->Copy(), std::move(result));
  }
  return Replace(std::move(result));
}

Bound BindRaise(ClientContext& context, Arguments& arguments) {
  CoerceTo(context, arguments.at(0), LogicalType::VARCHAR, "raise_error", 0);
  return {.type = LogicalType::SQLNULL,
          .execute = [](DataChunk& chunk, ExpressionState&, Vector& result) {
            const Cells messages(chunk.data[0], chunk.size());
            if (chunk.size() > 0) {
              const Cell message = messages[0];
              Raise(Condition::USER_RAISED_EXCEPTION,
                    {{"errorMessage", message.is_null() ? "null" : std::string(message.text())}});
            }
            result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
            duckdb::ConstantVector::SetNull(result, true);
          }};
}

/// inlet_expect(c0, c1, ...): counts the row, and says whether it stays.
Bound BindExpect(ClientContext& context, Arguments& arguments) {
  std::shared_ptr<RowChecks> checks = SessionOf(context).row_checks;
  if (!checks || checks->size() != arguments.size()) {
    Raise(Condition::UNRESOLVED_ROUTINE, {{"routineName", "`inlet_expect`"}, {"suggestion", ""}});
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    CoerceTo(context, arguments[i], LogicalType::BOOLEAN, "EXPECT", i);
  }
  return {.type = LogicalType::BOOLEAN,
          .execute = [checks](DataChunk& chunk, ExpressionState&, Vector& result) {
            std::vector<UnifiedVectorFormat> conditions(chunk.ColumnCount());
            for (std::size_t i = 0; i < conditions.size(); ++i) {
              chunk.data[i].ToUnifiedFormat(chunk.size(), conditions[i]);
            }
            std::vector<std::int64_t> failed(conditions.size());
            std::int64_t dropped = 0;
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            auto* keep = duckdb::FlatVector::GetData<bool>(result);
            for (idx_t row = 0; row < chunk.size(); ++row) {
              keep[row] = true;
              for (std::size_t i = 0; i < conditions.size(); ++i) {
                const idx_t at = conditions[i].sel->get_index(row);
                const bool holds = conditions[i].validity.RowIsValid(at) &&
                                   UnifiedVectorFormat::GetData<bool>(conditions[i])[at];
                if (holds) continue;
                ++failed[i];
                keep[row] = keep[row] && !checks->drops(i);
              }
              if (!keep[row]) ++dropped;
            }
            checks->Add(static_cast<std::int64_t>(chunk.size()), dropped, failed);
          }};
}

Bound BindAssert(ClientContext& context, Arguments& arguments) {
  ExpressionPtr message =
      arguments.size() > 1 ? arguments[1]->Copy() : Constant(duckdb::Value("assert_true failed"));
  ExpressionPtr checked = Choose(context, arguments.at(0)->Copy(), NullOf(LogicalType::SQLNULL),
                                 Call(context, "spark_raise_error", Args(std::move(message))));
  // A result of no type would not be computed at all.
  return Replace(CastTo(context, std::move(checked), LogicalType::BOOLEAN));
}

Bound BindNanvl(ClientContext& context, Arguments& arguments) {
  const bool floats = arguments.at(0)->return_type.id() == LogicalTypeId::FLOAT &&
                      arguments.at(1)->return_type.id() == LogicalTypeId::FLOAT;
  const LogicalType type = floats ? LogicalType::FLOAT : LogicalType::DOUBLE;
  ExpressionPtr value = CastTo(context, arguments[0]->Copy(), type);
  ExpressionPtr test = Call(context, "isnan", Args(value->Copy()));
  return Replace(Choose(context, std::move(test), CastTo(context, arguments[1]->Copy(), type),
                        std::move(value)));
}

void AddChoices(Registry& registry) {
  registry.AddBound("spark_coalesce", BindCoalesce);
  registry.AddBound("spark_if", [](ClientContext& context, Arguments& arguments) {
    return Replace(
        Choose(context, arguments.at(0)->Copy(), arguments.at(1)->Copy(), arguments.at(2)->Copy()));
  });
  registry.AddBound("spark_nvl2", [](ClientContext& context, Arguments& arguments) {
    return Replace(Choose(context, IsNull(arguments.at(0)->Copy(), /*negated=*/true),
                          arguments.at(1)->Copy(), arguments.at(2)->Copy()));
  });
  registry.AddBound("spark_nullif", [](ClientContext& context, Arguments& arguments) {
    const LogicalType type = arguments.at(0)->return_type;
    return Replace(Choose(context,
                          Compare(context, duckdb::ExpressionType::COMPARE_EQUAL,
                                  arguments[0]->Copy(), arguments.at(1)->Copy()),
                          NullOf(type), arguments[0]->Copy()));
  });
  registry.AddBound("spark_equal_null", [](ClientContext& context, Arguments& arguments) {
    return Replace(Compare(context, duckdb::ExpressionType::COMPARE_NOT_DISTINCT_FROM,
                           arguments.at(0)->Copy(), arguments.at(1)->Copy()));
  });
  registry.AddBound("spark_greatest", [](ClientContext& context, Arguments& arguments) {
    return BindExtreme(context, arguments, "greatest");
  });
  registry.AddBound("spark_least", [](ClientContext& context, Arguments& arguments) {
    return BindExtreme(context, arguments, "least");
  });
  registry.AddBound("spark_decode", BindDecode);
  registry.AddVolatile("spark_raise_error", BindRaise);
  registry.AddVolatile("spark_expect", BindExpect);
  registry.AddBound("spark_assert_true", BindAssert);
  registry.AddBound("spark_nanvl", BindNanvl);
  registry.AddBound("spark_isnan", [](ClientContext& context, Arguments& arguments) {
    ExpressionPtr test =
        Call(context, "isnan", Args(CastTo(context, arguments.at(0)->Copy(), LogicalType::DOUBLE)));
    return Replace(Choose(context, IsNull(arguments[0]->Copy()),
                          Constant(duckdb::Value::BOOLEAN(false)), std::move(test)));
  });
  registry.AddBound("spark_elt", [](ClientContext& context, Arguments& arguments) {
    Arguments texts = Copies(arguments, 1);
    for (std::size_t i = 0; i < texts.size(); ++i)
      CoerceTo(context, texts[i], LogicalType::VARCHAR, "elt", i + 1);
    ExpressionPtr place = Call(context, "spark_subtract",
                               Args(arguments.at(0)->Copy(), Constant(duckdb::Value::INTEGER(1))));
    return Replace(Call(context, "spark_subscript",
                        Args(Call(context, "list_value", std::move(texts)), std::move(place))));
  });
}

// ---- Structs and types

Bound BindTypeOf(ClientContext&, Arguments& arguments) {
  return Replace(
      Constant(duckdb::Value(types::ToString(FromDuckDbType(arguments.at(0)->return_type)))));
}

/// named_struct('a', 1, 'b', 2).
Bound BindNamedStruct(ClientContext& context, Arguments& arguments) {
  duckdb::child_list_t<LogicalType> fields;
  Arguments values;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    const auto name = ConstantOf(context, *arguments[i]);
    if (!name || name->IsNull()) {
      Raise(Condition::DATATYPE_MISMATCH,
            {{"sqlExpr", "named_struct"}, {"message", "the names must be constant texts"}});
    }
    fields.emplace_back(name->ToString(), arguments[i + 1]->return_type);
    values.push_back(arguments[i + 1]->Copy());
  }
  arguments = std::move(values);
  return {.type = LogicalType::STRUCT(std::move(fields)),
          .execute = [](DataChunk& chunk, ExpressionState&, Vector& result) {
            auto& entries = duckdb::StructVector::GetEntries(result);
            for (std::size_t i = 0; i < chunk.data.size(); ++i)
              entries[i]->Reference(chunk.data[i]);
            if (chunk.AllConstant()) {
              result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
            } else {
              result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            }
          }};
}

void AddSessionFunctions(Registry& registry) {
  const std::pair<const char*, std::string FunctionSession::*> fields[] = {
      {"spark_current_catalog", &FunctionSession::current_catalog},
      {"spark_current_schema", &FunctionSession::current_schema},
      {"spark_current_user", &FunctionSession::current_user}};
  for (const auto& [name, field] : fields) {
    registry.AddBound(name, [field](ClientContext& context, Arguments&) {
      return Replace(Constant(duckdb::Value(SessionOf(context).*field)));
    });
  }
}

}  // namespace

void AddConditionalFunctions(Registry& registry) {
  AddChoices(registry);
  registry.AddBound("spark_typeof", BindTypeOf);
  registry.AddBound("spark_named_struct", BindNamedStruct);
  AddSessionFunctions(registry);
}

}  // namespace inlet::engine::functions
