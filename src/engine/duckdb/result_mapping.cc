#include "engine/duckdb/result_mapping.h"

#include <duckdb/common/error_data.hpp>
#include <duckdb/function/function_binder.hpp>
#include <duckdb/planner/expression/bound_cast_expression.hpp>
#include <duckdb/planner/expression/bound_constant_expression.hpp>
#include <duckdb/planner/expression/bound_reference_expression.hpp>

#include "engine/duckdb/errors.h"
#include "engine/duckdb/functions/raise.h"
#include "engine/duckdb/logical_types.h"

namespace inlet::engine {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;

types::DataType ResultType(const LogicalType& type) {
  if (type.id() == LogicalTypeId::HUGEINT) return types::TypeId::kLong;
  return FromDuckDbType(type);
}

/// `source` under the field names of `target`, where both are structs of the same width: Spark
/// assigns structs by position, DuckDB by name.
LogicalType WithFieldNamesOf(const LogicalType& target, const LogicalType& source) {
  if (source.id() != target.id() || IsVariant(source) || IsVariant(target)) return source;
  switch (source.id()) {
    case LogicalTypeId::LIST:
      return LogicalType::LIST(WithFieldNamesOf(duckdb::ListType::GetChildType(target),
                                                duckdb::ListType::GetChildType(source)));
    case LogicalTypeId::MAP:
      return LogicalType::MAP(
          WithFieldNamesOf(duckdb::MapType::KeyType(target), duckdb::MapType::KeyType(source)),
          WithFieldNamesOf(duckdb::MapType::ValueType(target), duckdb::MapType::ValueType(source)));
    case LogicalTypeId::STRUCT: {
      const auto& from = duckdb::StructType::GetChildTypes(source);
      const auto& to = duckdb::StructType::GetChildTypes(target);
      if (from.size() != to.size()) return source;
      duckdb::child_list_t<LogicalType> children;
      for (std::size_t i = 0; i < from.size(); ++i) {
        children.emplace_back(to[i].first, WithFieldNamesOf(to[i].second, from[i].second));
      }
      return LogicalType::STRUCT(std::move(children));
    }
    default:
      return source;
  }
}

duckdb::unique_ptr<duckdb::Expression> ColumnOf(const LogicalType& type, std::size_t column) {
  return duckdb::make_uniq<duckdb::BoundReferenceExpression>(type, column);
}

/// spark_cast(column, 'type'): the cast that CAST is printed as. It knows Spark's types only.
duckdb::unique_ptr<duckdb::Expression> SparkCast(duckdb::ClientContext& context,
                                                 duckdb::unique_ptr<duckdb::Expression> column,
                                                 const types::DataType& type) {
  duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> arguments;
  arguments.push_back(std::move(column));
  arguments.push_back(
      duckdb::make_uniq<duckdb::BoundConstantExpression>(duckdb::Value(types::ToSql(type))));
  duckdb::ErrorData error;
  auto cast = duckdb::FunctionBinder(context).BindScalarFunction(DEFAULT_SCHEMA, "spark_cast",
                                                                 std::move(arguments), error);
  if (error.HasError()) error.Throw();
  return cast;
}

bool IsOverflow(const Error& error) {
  return error.condition == Condition::CAST_OVERFLOW ||
         error.condition == Condition::NUMERIC_VALUE_OUT_OF_RANGE ||
         error.condition == Condition::ARITHMETIC_OVERFLOW;
}

}  // namespace

types::StructType ResultColumns(const duckdb::vector<duckdb::string>& names,
                                const duckdb::vector<LogicalType>& types) {
  types::StructType schema;
  for (std::size_t i = 0; i < names.size(); ++i) {
    schema.fields.push_back({.name = names[i], .type = ResultType(types[i])});
  }
  return schema;
}

ResultMapping ResultMapping::ForClient(duckdb::ClientContext& context,
                                       const duckdb::vector<LogicalType>& types,
                                       const types::StructType& schema) {
  ResultMapping mapping;
  mapping.schema_ = schema;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const LogicalType target = ToDuckDbType(schema.fields[i].type);
    Column column{.source = types[i], .target = target};
    const bool is_void = target.id() == LogicalTypeId::SQLNULL;  // There are no values to cast.
    if (types[i] != target && !is_void)
      column.cast =
          duckdb::BoundCastExpression::AddCastToType(context, ColumnOf(types[i], i), target);
    mapping.columns_.push_back(std::move(column));
  }
  return mapping;
}

ResultMapping ResultMapping::ForTable(duckdb::ClientContext& context,
                                      const duckdb::vector<LogicalType>& types,
                                      const types::StructType& schema) {
  ResultMapping mapping;
  mapping.schema_ = schema;
  mapping.for_table_ = true;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const LogicalType target = ToDuckDbType(schema.fields[i].type);
    Column column{.source = WithFieldNamesOf(target, types[i]), .target = target};
    if (column.source != target) {
      auto as_spark = duckdb::BoundCastExpression::AddCastToType(
          context, ColumnOf(column.source, i), ToDuckDbType(ResultType(column.source)));
      column.cast = SparkCast(context, std::move(as_spark), schema.fields[i].type);
    }
    mapping.columns_.push_back(std::move(column));
  }
  return mapping;
}

ResultMapper::ResultMapper(duckdb::ClientContext& context, const ResultMapping& mapping)
    : mapping_(mapping) {
  duckdb::vector<LogicalType> sources;
  duckdb::vector<LogicalType> targets;
  for (const ResultMapping::Column& column : mapping.columns_) {
    sources.push_back(column.source);
    targets.push_back(column.target);
    executors_.push_back(nullptr);
    if (column.cast) {
      executors_.back() = duckdb::make_uniq<duckdb::ExpressionExecutor>(context, *column.cast);
      is_identity_ = false;
    }
  }
  if (is_identity_) return;
  sources_.InitializeEmpty(sources);
  mapped_.Initialize(duckdb::Allocator::Get(context), targets);
}

duckdb::DataChunk& ResultMapper::Map(duckdb::DataChunk& chunk) {
  if (is_identity_) return chunk;
  mapped_.Reset();
  sources_.SetCardinality(chunk);
  for (std::size_t i = 0; i < executors_.size(); ++i) {
    if (executors_[i]) {
      sources_.data[i].Reinterpret(chunk.data[i]);
      MapColumn(i);
    } else {
      mapped_.data[i].Reinterpret(chunk.data[i]);
    }
  }
  mapped_.SetCardinality(chunk);
  return mapped_;
}

void ResultMapper::MapColumn(std::size_t column) {
  try {
    executors_[column]->SetChunk(sources_);
    executors_[column]->ExecuteExpression(mapped_.data[column]);
  } catch (const std::exception& thrown) {
    if (!IsOverflow(ErrorOf(thrown))) throw;
    const types::StructField& field = mapping_.schema_.fields[column];
    if (!mapping_.for_table_) {
      Raise(Condition::ARITHMETIC_OVERFLOW,
            {{"message", "The result does not fit " + types::ToSql(field.type)},
             {"functionName", "sum"}});
    }
    Raise(Condition::CAST_OVERFLOW_IN_TABLE_INSERT,
          {{"sourceType", types::ToSql(ResultType(mapping_.columns_[column].source))},
           {"targetType", types::ToSql(field.type)},
           {"columnName", types::QuoteIdentifier(field.name)}});
  }
}

}  // namespace inlet::engine
