#include <fmt/format.h>
#include <spark/connect/relations.pb.h>

#include <algorithm>
#include <charconv>

#include "server/spark_connect/cells.h"
#include "server/spark_connect/literals.h"
#include "server/spark_connect/relations.h"
#include "server/spark_connect/sql_nodes.h"

/// df.describe(), df.stat and df.na.
namespace inlet::server {
namespace {

using sql::BinaryOperator;
using sql::Expression;
using types::TypeId;

Expression Double(double value) { return LiteralOf(TypeId::kDouble, fmt::format("{:e}", value)); }

/// Whether describe() has something to say about a type.
bool IsDescribed(const types::DataType& type) {
  return type.is_numeric() || type.is(TypeId::kString);
}

Result<const OutputColumn*> FindByName(const Frame& frame, const std::string& name) {
  const Expression column = ColumnOf(TRY(ParseNameParts(name)));
  const OutputColumn* found = TRY(Scope(frame).FindColumn(column));
  if (found == nullptr) {
    return Fail(Condition::UNRESOLVED_COLUMN_WITHOUT_SUGGESTION,
                {{"objectName", types::QuoteIdentifier(name)}});
  }
  return found;
}

bool IsNamed(const google::protobuf::RepeatedPtrField<std::string>& names,
             const std::string& column) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return EqualsIgnoreCase(name, column); });
}

/// Which literals may replace values of a column.
bool IsFor(const types::DataType& value, const types::DataType& column) {
  if (value.is(TypeId::kVoid)) return true;
  if (value.is_numeric()) return column.is_numeric();
  return value == column;
}

types::DataType TypeOfLiteral(const Expression& value) {
  if (const auto* literal = value.As<sql::Literal>()) return literal->type;
  if (const auto* cast = value.As<sql::Cast>()) return cast->type;
  return {};
}

/// One row of `df.summary()`: a function of each column. Errors: INVALID_PARAMETER_VALUE.
Result<Expression> Statistic(const std::string& name, const OutputColumn& column,
                             const types::DataType& type) {
  const Expression value = ColumnOf(column.physical);
  const Expression number = CastTo(value, TypeId::kDouble);
  const auto text = [](Expression expression) {
    return CastTo(std::move(expression), TypeId::kString);
  };
  Expression try_number{.node =
                            sql::Cast{.operand = value, .type = TypeId::kDouble, .is_try = true}};
  if (name == "count") return text(CallOf("count", {value}));
  if (name == "min" || name == "max") return text(CallOf(name, {value}));
  if (name == "mean") return text(CallOf("avg", {std::move(try_number)}));
  if (name == "stddev") return text(CallOf("stddev_samp", {std::move(try_number)}));
  if (name == "count_distinct") {
    sql::FunctionCall count = FunctionOf("count", {value});
    count.is_distinct = true;
    return text({.node = std::move(count)});
  }
  if (name == "approx_count_distinct") return text(CallOf("approx_count_distinct", {value}));
  double percentile = 0;
  if (name.ends_with('%') &&
      std::from_chars(name.data(), name.data() + name.size() - 1, percentile).ec == std::errc()) {
    Expression quantile =
        CallOf("percentile_approx", {type.is(TypeId::kString) ? std::move(try_number) : value,
                                     CastTo(Double(percentile / 100), TypeId::kDouble)});
    return text(std::move(quantile));
  }
  return Fail(Condition::INVALID_PARAMETER_VALUE,
              {{"parameter", "statistics"},
               {"functionName", "summary"},
               {"message", name + " is no statistic that is known"}});
}

/// One row with an aggregate of two columns of `input`.
Result<Frame> OfTwoColumns(const Frame& input, const std::string& function,
                           const std::string& first, const std::string& second,
                           const std::string& name) {
  sql::Select select{.from = input.table};
  select.items.push_back(
      {.value = CallOf(function, {ColumnOf(TRY(FindByName(input, first))->physical),
                                  ColumnOf(TRY(FindByName(input, second))->physical)}),
       .alias = name});
  return FrameOf({.body = std::move(select)}, {{.name = name, .physical = name}}, std::nullopt);
}

}  // namespace

Result<Frame> RelationTranslator::Summary(const Frame& input, std::vector<std::string> names,
                                          std::vector<std::string> statistics) {
  const types::StructType schema = TRY(SchemaOf(input));
  std::vector<std::size_t> described;
  for (const std::string& name : names) {
    const OutputColumn* column = TRY(FindByName(input, name));
    described.push_back(static_cast<std::size_t>(column - input.columns.data()));
  }
  for (std::size_t i = 0; names.empty() && i < schema.size(); ++i) {
    if (IsDescribed(schema.fields[i].type)) described.push_back(i);
  }
  // SELECT 'count', count(a), count(b) UNION ALL SELECT 'mean', ...
  sql::SetOperation rows{.op = sql::SetOperator::kUnion, .is_all = true};
  std::vector<OutputColumn> columns = {{.name = "summary", .physical = "summary"}};
  UniqueNames unique;
  unique.Add("summary");
  for (const std::size_t index : described) {
    columns.push_back(
        {.name = input.columns[index].name, .physical = unique.Add(input.columns[index].name)});
  }
  for (const std::string& statistic : statistics) {
    sql::Select select{.from = input.table};
    select.items.push_back({.value = TextLiteral(statistic), .alias = "summary"});
    for (std::size_t i = 0; i < described.size(); ++i) {
      const std::size_t index = described[i];
      select.items.push_back(
          {.value = TRY(Statistic(statistic, input.columns[index], schema.fields[index].type)),
           .alias = columns[i + 1].physical});
    }
    if (described.empty()) {  // Without an aggregate it would be a row for each row.
      select.having = BinaryOf(BinaryOperator::kGreaterOrEqual, CallOf("count", {LongLiteral(1)}),
                               LongLiteral(0));
    }
    rows.operands.push_back({.body = std::move(select)});
  }
  if (rows.operands.size() == 1)
    return FrameOf(std::move(rows.operands[0]), std::move(columns), {});
  return FrameOf({.body = std::move(rows)}, std::move(columns), std::nullopt);
}

Result<Frame> RelationTranslator::Crosstab(const spark::connect::StatCrosstab& message) {
  const Frame input = TRY(Translate(message.input()));
  const auto text_of = [](const OutputColumn* column) {
    return CallOf("coalesce",
                  {CastTo(ColumnOf(column->physical), TypeId::kString), TextLiteral("null")});
  };
  const Expression row = text_of(TRY(FindByName(input, message.col1())));
  const Expression key = text_of(TRY(FindByName(input, message.col2())));
  sql::Select distinct{.is_distinct = true, .from = input.table};
  distinct.items.push_back({.value = key, .alias = "k"});
  sql::Query keys{.body = std::move(distinct)};
  keys.order_by.push_back({.value = ColumnOf("k")});
  constexpr std::int64_t kMaxColumns = 10000;
  keys.limit = LongLiteral(kMaxColumns);
  const auto batches =
      TRY(Collect(FrameOf(std::move(keys), {{.name = "k", .physical = "k"}}, std::nullopt)));
  const std::string first = message.col1() + "_" + message.col2();
  std::vector<OutputColumn> columns = {{.name = first, .physical = first}};
  UniqueNames unique;
  unique.Add(first);
  sql::Select select{.from = input.table};
  select.items.push_back({.value = row, .alias = first});
  for (const auto& name : TextsOf(batches, 0)) {
    columns.push_back({.name = *name, .physical = unique.Add(*name)});
    sql::FunctionCall count = FunctionOf("count", {LongLiteral(1)});
    count.filter = BinaryOf(BinaryOperator::kEqual, key, TextLiteral(*name));
    select.items.push_back({.value = {.node = std::move(count)}, .alias = columns.back().physical});
  }
  select.group_by = sql::GroupBy{.items = {{.sets = {{row}}}}};
  return FrameOf({.body = std::move(select)}, std::move(columns), std::nullopt);
}

Result<Frame> RelationTranslator::Covariance(const spark::connect::StatCov& message) {
  return OfTwoColumns(TRY(Translate(message.input())), "covar_samp", message.col1(), message.col2(),
                      "cov");
}

Result<Frame> RelationTranslator::Correlation(const spark::connect::StatCorr& message) {
  return OfTwoColumns(TRY(Translate(message.input())), "corr", message.col1(), message.col2(),
                      "corr");
}

/// One row with an array of arrays of DOUBLE: a quantile for each probability, for each column.
Result<Frame> RelationTranslator::Quantiles(const spark::connect::StatApproxQuantile& message) {
  const Frame input = TRY(Translate(message.input()));
  std::vector<Expression> of_columns;
  for (const std::string& name : message.cols()) {
    const Expression column =
        CastTo(ColumnOf(TRY(FindByName(input, name))->physical), TypeId::kDouble);
    std::vector<Expression> quantiles;
    for (const double probability : message.probabilities()) {
      quantiles.push_back(
          CallOf("percentile_approx", {column, CastTo(Double(probability), TypeId::kDouble)}));
    }
    of_columns.push_back(CallOf("array", std::move(quantiles)));
  }
  sql::Select select{.from = input.table};
  select.items.push_back(
      {.value = CallOf("array", std::move(of_columns)), .alias = "approx_quantile"});
  return FrameOf({.body = std::move(select)},
                 {{.name = "approx_quantile", .physical = "approx_quantile"}}, std::nullopt);
}

Result<Frame> RelationTranslator::FrequentItems(const spark::connect::StatFreqItems& message) {
  const Frame input = TRY(Translate(message.input()));
  constexpr double kDefaultSupport = 0.01;
  const double support = message.has_support() ? message.support() : kDefaultSupport;
  sql::Select select;
  std::vector<OutputColumn> columns;
  for (const std::string& name : message.cols()) {
    const OutputColumn* column = TRY(FindByName(input, name));
    // The values of each column that make up more than the share of all rows.
    sql::FunctionCall all = FunctionOf("sum", {CallOf("count", {LongLiteral(1)})});
    all.over = sql::WindowSpec{};
    sql::Select counted{.from = input.table};
    counted.items.push_back({.value = ColumnOf(column->physical), .alias = "v"});
    counted.items.push_back({.value = CallOf("count", {LongLiteral(1)}), .alias = "n"});
    counted.items.push_back({.value = {.node = std::move(all)}, .alias = "total"});
    counted.group_by = sql::GroupBy{.items = {{.sets = {{ColumnOf(column->physical)}}}}};
    sql::Select frequent{.from = AsTable({.body = std::move(counted)}, "t")};
    frequent.where =
        BinaryOf(BinaryOperator::kGreater, ColumnOf("n"),
                 BinaryOf(BinaryOperator::kMultiply, ColumnOf("total"), Double(support)));
    frequent.items.push_back({.value = CallOf("collect_list", {ColumnOf("v")}), .alias = "items"});
    columns.push_back(
        {.name = column->name + "_freqItems", .physical = column->name + "_freqItems"});
    select.items.push_back(
        {.value = {.node = sql::ScalarSubquery{.query = sql::Query{.body = std::move(frequent)}}},
         .alias = columns.back().physical});
  }
  return FrameOf({.body = std::move(select)}, std::move(columns), std::nullopt);
}

Result<Frame> RelationTranslator::SampleBy(const spark::connect::StatSampleBy& message, PlanId id) {
  const Frame input = TRY(Translate(message.input()));
  const Expression column = TRY(TranslateOver(input, message.col()));
  sql::Case share;
  for (const auto& fraction : message.fractions()) {
    share.whens.push_back({.condition = BinaryOf(BinaryOperator::kEqual, column,
                                                 TRY(FromLiteral(fraction.stratum()))),
                           .result = Double(fraction.fraction())});
  }
  share.otherwise = Double(0);
  sql::Query query = SelectAll(input);
  std::get<sql::Select>(query.body).where =
      BinaryOf(BinaryOperator::kLess, CallOf("rand", {LongLiteral(message.seed())}),
               {.node = std::move(share)});
  return FrameOf(std::move(query), input.columns, id);
}

Result<Frame> RelationTranslator::FillNulls(const spark::connect::NAFill& message, PlanId id) {
  const Frame input = TRY(Translate(message.input()));
  const types::StructType schema = TRY(SchemaOf(input));
  std::vector<Expression> values;
  for (const auto& value : message.values()) values.push_back(TRY(FromLiteral(value)));
  for (const std::string& name : message.cols()) TRY(FindByName(input, name));
  const Scope scope(input);
  std::vector<ProjectedColumn> columns;
  for (std::size_t i = 0; i < input.columns.size(); ++i) {
    ProjectedColumn column = PassThrough(scope.entries()[i]);
    const types::DataType& type = schema.fields[i].type;
    const Expression* value = nullptr;
    if (values.size() == 1 &&
        (message.cols().empty() || IsNamed(message.cols(), input.columns[i].name))) {
      value = &values[0];
    } else if (values.size() > 1) {
      for (int j = 0; j < message.cols_size() && static_cast<std::size_t>(j) < values.size(); ++j) {
        if (EqualsIgnoreCase(message.cols(j), input.columns[i].name)) {
          value = &values[static_cast<std::size_t>(j)];
        }
      }
    }
    if (value != nullptr && IsFor(TypeOfLiteral(*value), type)) {
      // NaN counts as missing.
      Expression own = column.value;
      if (type.is(TypeId::kDouble) || type.is(TypeId::kFloat)) {
        own = CallOf("nanvl", {own, CastTo(NullLiteral(), type)});
      }
      column = {.value = CallOf("coalesce", {std::move(own), CastTo(*value, type)}),
                .column = {.name = input.columns[i].name,
                           .qualifier = input.columns[i].qualifier,
                           .plan_ids = input.columns[i].plan_ids}};
    }
    columns.push_back(std::move(column));
  }
  return server::Project(input, std::move(columns), id);
}

Result<Frame> RelationTranslator::DropNulls(const spark::connect::NADrop& message, PlanId id) {
  const Frame input = TRY(Translate(message.input()));
  const types::StructType schema = TRY(SchemaOf(input));
  for (const std::string& name : message.cols()) TRY(FindByName(input, name));
  std::vector<Expression> present;
  for (std::size_t i = 0; i < input.columns.size(); ++i) {
    if (!message.cols().empty() && !IsNamed(message.cols(), input.columns[i].name)) continue;
    const Expression column = ColumnOf(input.columns[i].physical);
    const types::DataType& type = schema.fields[i].type;
    const bool may_be_nan = type.is(TypeId::kDouble) || type.is(TypeId::kFloat);
    Expression is_there = IsNullOf(column, /*negated=*/true);
    if (may_be_nan) is_there = AllOf({std::move(is_there), NotOf(CallOf("isnan", {column}))});
    present.push_back(std::move(is_there));
  }
  if (present.empty()) return input;
  sql::Query query = SelectAll(input);
  auto& select = std::get<sql::Select>(query.body);
  if (message.has_min_non_nulls()) {
    Expression sum = CaseOf(present[0], LongLiteral(1), LongLiteral(0));
    for (std::size_t i = 1; i < present.size(); ++i) {
      sum = BinaryOf(BinaryOperator::kAdd, std::move(sum),
                     CaseOf(present[i], LongLiteral(1), LongLiteral(0)));
    }
    select.where = BinaryOf(BinaryOperator::kGreaterOrEqual, std::move(sum),
                            LongLiteral(message.min_non_nulls()));
  } else {
    select.where = AllOf(std::move(present));
  }
  return FrameOf(std::move(query), input.columns, id);
}

Result<Frame> RelationTranslator::Replace(const spark::connect::NAReplace& message, PlanId id) {
  const Frame input = TRY(Translate(message.input()));
  const types::StructType schema = TRY(SchemaOf(input));
  for (const std::string& name : message.cols()) TRY(FindByName(input, name));
  const Scope scope(input);
  std::vector<ProjectedColumn> columns;
  for (std::size_t i = 0; i < input.columns.size(); ++i) {
    ProjectedColumn column = PassThrough(scope.entries()[i]);
    const types::DataType& type = schema.fields[i].type;
    const bool is_meant = message.cols().empty() || IsNamed(message.cols(), input.columns[i].name);
    sql::Case changed;
    for (const auto& replacement : message.replacements()) {
      const Expression from = TRY(FromLiteral(replacement.old_value()));
      const Expression to = TRY(FromLiteral(replacement.new_value()));
      if (!is_meant || !IsFor(TypeOfLiteral(from), type) || !IsFor(TypeOfLiteral(to), type)) {
        continue;
      }
      changed.whens.push_back({.condition = BinaryOf(BinaryOperator::kEqual, column.value, from),
                               .result = CastTo(to, type)});
    }
    if (!changed.whens.empty()) {
      changed.otherwise = column.value;
      column.value = Expression{.node = std::move(changed)};
    }
    columns.push_back(std::move(column));
  }
  return server::Project(input, std::move(columns), id);
}

}  // namespace inlet::server
