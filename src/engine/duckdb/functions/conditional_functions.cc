#include <algorithm>
#include <cmath>
#include <duckdb/planner/expression/bound_case_expression.hpp>
#include <duckdb/planner/expression/bound_operator_expression.hpp>

#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/logical_types.h"

// Choices, NULLs, errors on demand, structs and what a query may ask of its session.
namespace inlet::engine::functions {
namespace {

ExpressionPtr IsNull(ExpressionPtr operand, bool negated = false) {
  auto test = duckdb::make_uniq<duckdb::BoundOperatorExpression>(
      negated ? duckdb::ExpressionType::OPERATOR_IS_NOT_NULL
              : duckdb::ExpressionType::OPERATOR_IS_NULL,
      LogicalType::BOOLEAN);
  test->children.push_back(std::move(operand));
  return test;
}

/// A condition is a BOOLEAN or NULL.
ExpressionPtr AsCondition(ClientContext& context, ExpressionPtr condition) {
  const LogicalType& type = condition->return_type;
  if (type.id() != LogicalTypeId::BOOLEAN && type.id() != LogicalTypeId::SQLNULL) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", "a condition"},
           {"message", "it must be BOOLEAN, not " + types::ToSql(FromDuckDbType(type))}});
  }
  return CastTo(context, std::move(condition), LogicalType::BOOLEAN);
}

ExpressionPtr Choose(ClientContext& context, ExpressionPtr condition, ExpressionPtr then,
                     ExpressionPtr otherwise) {
  Arguments branches = Args(std::move(then), std::move(otherwise));
  CastToCommonType(context, branches);
  return duckdb::make_uniq<duckdb::BoundCaseExpression>(
      AsCondition(context, std::move(condition)), std::move(branches[0]), std::move(branches[1]));
}

ExpressionPtr NullOf(const LogicalType& type) { return Constant(duckdb::Value(type)); }

Bound BindCoalesce(ClientContext& context, Arguments& arguments) {
  auto coalesce = duckdb::make_uniq<duckdb::BoundOperatorExpression>(
      duckdb::ExpressionType::OPERATOR_COALESCE, CommonTypeOf(arguments));
  Arguments children = TakeAll(arguments);
  CastToCommonType(context, children);
  for (ExpressionPtr& child : children) coalesce->children.push_back(std::move(child));
  return Replace(std::move(coalesce));
}

Bound BindExtreme(ClientContext& context, Arguments& arguments, const char* name) {
  const auto is_text = [](const ExpressionPtr& argument) {
    return argument->return_type.id() == LogicalTypeId::VARCHAR;
  };
  const auto is_null = [](const ExpressionPtr& argument) {
    return argument->return_type.id() == LogicalTypeId::SQLNULL;
  };
  const auto texts = std::count_if(arguments.begin(), arguments.end(), is_text);
  const auto nulls = std::count_if(arguments.begin(), arguments.end(), is_null);
  if (texts > 0 && texts + nulls < static_cast<std::ptrdiff_t>(arguments.size())) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", name}, {"message", "texts are not compared with other values"}});
  }
  Arguments children = TakeAll(arguments);
  CastToCommonType(context, children);
  if (children[0]->return_type.id() == LogicalTypeId::SQLNULL)
    return Replace(NullOf(LogicalType::SQLNULL));
  return Replace(Call(context, name, std::move(children)));
}

/// spark_case(condition, result, condition, result, ..., otherwise).
Bound BindCase(ClientContext& context, Arguments& arguments) {
  if (arguments.size() % 2 == 0) arguments.push_back(NullOf(LogicalType::SQLNULL));
  Arguments results;
  for (std::size_t i = 1; i < arguments.size(); i += 2) results.push_back(Take(arguments[i]));
  results.push_back(Take(arguments.back()));
  CastToCommonType(context, results);
  auto choice = duckdb::make_uniq<duckdb::BoundCaseExpression>(results.back()->return_type);
  for (std::size_t i = 0; i + 1 < results.size(); ++i) {
    duckdb::BoundCaseCheck& check = choice->case_checks.emplace_back();
    check.when_expr = AsCondition(context, Take(arguments[2 * i]));
    check.then_expr = std::move(results[i]);
  }
  choice->else_expr = std::move(results.back());
  return Replace(std::move(choice));
}

/// decode(x, a, 'one', b, 'two', 'other'): NULL equals NULL.
Bound BindDecode(ClientContext& context, Arguments& arguments) {
  if (arguments.size() == 2)
    return Replace(Call(context, "spark_decode_bytes", TakeAll(arguments)));
  ExpressionPtr result =
      arguments.size() % 2 == 0 ? Take(arguments.back()) : NullOf(LogicalType::SQLNULL);
  for (std::size_t i = (arguments.size() - 1) / 2; i-- > 0;) {
    ExpressionPtr same = Compare(context, duckdb::ExpressionType::COMPARE_NOT_DISTINCT_FROM,
                                 arguments[0]->Copy(), Take(arguments[1 + 2 * i]));
    result = Choose(context, std::move(same), Take(arguments[2 + 2 * i]), std::move(result));
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
      arguments.size() > 1 ? Take(arguments[1]) : Constant(duckdb::Value("assert_true failed"));
  ExpressionPtr checked = Choose(context, Take(arguments.at(0)), NullOf(LogicalType::SQLNULL),
                                 Call(context, "spark_raise_error", Args(std::move(message))));
  // A result of no type would not be computed at all.
  return Replace(CastTo(context, std::move(checked), LogicalType::BOOLEAN));
}

Bound BindNanvl(ClientContext& context, Arguments& arguments) {
  const bool floats = arguments.at(0)->return_type.id() == LogicalTypeId::FLOAT &&
                      arguments.at(1)->return_type.id() == LogicalTypeId::FLOAT;
  const LogicalType type = floats ? LogicalType::FLOAT : LogicalType::DOUBLE;
  ExpressionPtr value = CastTo(context, Take(arguments[0]), type);
  ExpressionPtr test = Call(context, "isnan", Args(value->Copy()));
  return Replace(Choose(context, std::move(test), CastTo(context, Take(arguments[1]), type),
                        std::move(value)));
}

void AddChoices(Registry& registry) {
  registry.AddBound("spark_coalesce", BindCoalesce);
  registry.AddBound("spark_if", [](ClientContext& context, Arguments& arguments) {
    return Replace(
        Choose(context, Take(arguments.at(0)), Take(arguments.at(1)), Take(arguments.at(2))));
  });
  registry.AddBound("spark_case", BindCase);
  registry.AddBound("spark_nvl2", [](ClientContext& context, Arguments& arguments) {
    return Replace(Choose(context, IsNull(Take(arguments.at(0)), /*negated=*/true),
                          Take(arguments.at(1)), Take(arguments.at(2))));
  });
  registry.AddBound("spark_nullif", [](ClientContext& context, Arguments& arguments) {
    const LogicalType type = arguments.at(0)->return_type;
    ExpressionPtr same = Compare(context, duckdb::ExpressionType::COMPARE_EQUAL,
                                 arguments[0]->Copy(), Take(arguments.at(1)));
    return Replace(Choose(context, std::move(same), NullOf(type), Take(arguments[0])));
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
        Call(context, "isnan", Args(CastTo(context, Take(arguments.at(0)), LogicalType::DOUBLE)));
    return Replace(Call(context, "spark_coalesce",
                        Args(std::move(test), Constant(duckdb::Value::BOOLEAN(false)))));
  });
  registry.AddBound("spark_elt", [](ClientContext& context, Arguments& arguments) {
    Arguments texts = TakeAll(arguments, 1);
    for (std::size_t i = 0; i < texts.size(); ++i)
      CoerceTo(context, texts[i], LogicalType::VARCHAR, "elt", i + 1);
    ExpressionPtr place = Call(context, "spark_subtract",
                               Args(Take(arguments.at(0)), Constant(duckdb::Value::INTEGER(1))));
    return Replace(Call(context, "spark_subscript",
                        Args(Call(context, "list_value", std::move(texts)), std::move(place))));
  });
}

// ---- Structs and types

Bound BindTypeOf(ClientContext&, Arguments& arguments) {
  return Replace(
      Constant(duckdb::Value(types::ToString(FromDuckDbType(arguments.at(0)->return_type)))));
}

/// A number of a certain type that arithmetic sees as a literal, not as a cast.
Bound BindLiteral(ClientContext& context, Arguments& arguments) {
  const auto type = ConstantOf(context, *arguments.at(1));
  const auto value = ConstantOf(context, *arguments.at(0));
  if (!type || !value) throw duckdb::InternalException("spark_literal() of something else");
  return Replace(Constant(
      value->DefaultCastAs(ToDuckDbType(ValueOrRaise(types::ParseType(type->ToString()))))));
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
    values.push_back(Take(arguments[i + 1]));
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
  registry.AddBound("spark_literal", BindLiteral);
  registry.AddBound("spark_named_struct", BindNamedStruct);
  AddSessionFunctions(registry);
}

}  // namespace inlet::engine::functions
