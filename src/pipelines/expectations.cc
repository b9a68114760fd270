#include "pipelines/expectations.h"

#include <arrow/api.h>

#include "base/option_map.h"
#include "sql/parser.h"
#include "sql/printer.h"
#include "sql/walk.h"
#include "types/json_text.h"

namespace inlet::pipelines {
namespace {

constexpr const char* kKeepColumn = "__inlet_keep";
constexpr const char* kRowsAlias = "__inlet_rows";

sql::TableRef Subquery(sql::Query query) {
  return {.node = sql::SubqueryTable{.query = std::move(query)}, .alias = kRowsAlias};
}

sql::Expression Call(const char* name, std::vector<sql::Expression> arguments) {
  sql::FunctionCall call{.name = {.parts = {name}}};
  for (sql::Expression& argument : arguments) {
    call.arguments.push_back({.value = std::move(argument)});
  }
  return {.node = std::move(call)};
}

sql::Expression StarExpression(std::vector<std::vector<std::string>> except = {}) {
  return {.node = sql::Star{.except = std::move(except)}};
}

bool HasSubquery(const sql::Expression& expression) {
  bool found = false;
  sql::ForEachChild(
      expression, [&](const sql::Expression& child) { found = found || HasSubquery(child); },
      [&](const sql::Query&) { found = true; });
  return found;
}

}  // namespace

Result<std::vector<Expectation>> CheckExpectations(std::span<const sql::Expectation> expectations) {
  using From = sql::Expectation::OnViolation;
  using To = Expectation::OnViolation;
  std::vector<Expectation> checked;
  for (const sql::Expectation& expectation : expectations) {
    for (const Expectation& other : checked) {
      if (!EqualsIgnoreCase(other.name, expectation.name)) continue;
      return Result<std::vector<Expectation>>(
                 Fail(Condition::INVALID_PARAMETER_VALUE,
                      {{"parameter", types::QuoteIdentifier(expectation.name)},
                       {"functionName", "CONSTRAINT ... EXPECT"},
                       {"message", "there is an expectation of this name already"}}))
          .At(expectation.span);
    }
    if (HasSubquery(expectation.condition)) {
      return Result<std::vector<Expectation>>(FailUnsupported("a subquery in an expectation"))
          .At(expectation.span);
    }
    To on_violation = To::kKeep;
    if (expectation.on_violation == From::kDropRow) on_violation = To::kDropRow;
    if (expectation.on_violation == From::kFailUpdate) on_violation = To::kFailUpdate;
    checked.push_back({.name = expectation.name,
                       .condition = sql::ToSql(expectation.condition),
                       .on_violation = on_violation});
  }
  return checked;
}

// The function stands in a list of columns of its own below the filter: a function that counts
// is moved past neither, so it sees each row of the query once.
Result<ingest::BoundQuery> ExpectationRun::Rewrite(ingest::BoundQuery query) {
  if (expectations_.empty()) return query;
  std::vector<sql::Expression> conditions;
  std::vector<bool> drops;
  for (const Expectation& expectation : expectations_) {
    conditions.push_back(TRY(sql::ParseExpression(expectation.condition)
                                 .Context("the expectation " + expectation.name)));
    drops.push_back(expectation.on_violation == Expectation::OnViolation::kDropRow);
  }
  original_ = query;
  checks_ = std::make_shared<engine::RowChecks>(std::move(drops));

  sql::Select inner{.from = Subquery(std::move(query.query))};
  inner.items.push_back({.value = StarExpression()});
  inner.items.push_back(
      {.value = Call("inlet_expect", std::move(conditions)), .alias = kKeepColumn});
  sql::Select outer{.from = Subquery({.body = std::move(inner)}),
                    .where = sql::Expression{.node = sql::ColumnRef{.parts = {kKeepColumn}}}};
  outer.items.push_back({.value = StarExpression({{kKeepColumn}})});
  query.query = {.body = std::move(outer)};
  query.context.row_checks = checks_;
  return query;
}

Status ExpectationRun::Check(engine::Engine& engine) {
  TakeTotals();
  for (std::size_t i = 0; i < expectations_.size(); ++i) {
    const Expectation& expectation = expectations_[i];
    if (expectation.on_violation != Expectation::OnViolation::kFailUpdate) continue;
    if (last_.num_failed[i] == 0) continue;
    // What the record was is a help; when it cannot be found again, the violation still stands.
    const Result<std::string> record = FindViolation(engine, expectation);
    return Fail(Condition::EXPECTATION_VIOLATION,
                {{"flowName", flow_name_},
                 {"violatedExpectations", "'" + expectation.name + "'"},
                 {"outputRecord", record.value_or("not known")}});
  }
  return Ok();
}

Result<std::string> ExpectationRun::FindViolation(engine::Engine& engine,
                                                  const Expectation& expectation) const {
  const types::StructType schema =
      TRY(engine.Describe(original_.query, original_.inputs, original_.context));
  std::vector<sql::Expression> fields;
  for (const types::StructField& field : schema.fields) {
    fields.push_back(TRY(sql::ParseExpression(sql::QuoteText(field.name))));
    fields.push_back({.node = sql::ColumnRef{.parts = {field.name}}});
  }
  std::vector<sql::Expression> record;
  record.push_back(Call("named_struct", std::move(fields)));
  sql::Expression broken =
      TRY(sql::ParseExpression("NOT coalesce(" + expectation.condition + ", false)"));
  sql::Select select{.from = Subquery(original_.query), .where = std::move(broken)};
  select.items.push_back({.value = Call("to_json", std::move(record))});
  sql::Expression one = TRY(sql::ParseExpression("1"));
  const sql::Query query{.body = std::move(select), .limit = std::move(one)};
  auto rows = TRY(engine.Run(query, original_.inputs, original_.context, {}));
  const types::BatchPtr batch = TRY(rows->Next());
  if (!batch || batch->num_rows() == 0) return FailInternal("the record is gone");
  const auto value = batch->column(0)->GetScalar(0);
  if (!value.ok()) return FailInternal(value.status().ToString());
  return (*value)->ToString();
}

void ExpectationRun::TakeTotals() {
  if (!checks_) return;
  Totals now{.num_rows = checks_->num_rows(), .num_dropped = checks_->num_dropped()};
  last_ = {.num_rows = now.num_rows - seen_.num_rows,
           .num_dropped = now.num_dropped - seen_.num_dropped};
  seen_.num_failed.resize(checks_->size());
  for (std::size_t i = 0; i < checks_->size(); ++i) {
    now.num_failed.push_back(checks_->num_failed(i));
    last_.num_failed.push_back(now.num_failed[i] - seen_.num_failed[i]);
  }
  seen_ = std::move(now);
}

std::vector<ExpectationRun::Count> ExpectationRun::counts() const {
  std::vector<Count> counts;
  for (std::size_t i = 0; i < last_.num_failed.size(); ++i) {
    const std::int64_t failed = last_.num_failed[i];
    counts.push_back({expectations_[i].name, last_.num_rows - failed, failed});
  }
  return counts;
}

}  // namespace inlet::pipelines
