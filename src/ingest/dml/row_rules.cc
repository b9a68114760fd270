#include "ingest/dml/row_rules.h"

#include <cstdlib>

#include "ingest/dml/sql_parts.h"
#include "sql/parser.h"
#include "sql/walk.h"
#include "types/json_text.h"

namespace inlet::ingest {
namespace {

using sql::Expression;
using types::StructField;
using types::StructType;

constexpr std::string_view kMark = "inlet-check:";

std::optional<std::string> TextOf(const StructField& field, const std::string& key) {
  const auto found = field.metadata.find(key);
  if (found == field.metadata.end()) return std::nullopt;
  return types::JsonStringValue(found->second);
}

/// " - id : -1" for each column that the condition names.
std::vector<Expression> ValuesIn(const RowCheck& check, const StructType& schema) {
  std::vector<Expression> texts;
  std::set<std::string> seen;
  for (const sql::ColumnRef* column : sql::ColumnsOf(check.condition)) {
    if (column->parts.empty()) continue;
    const StructField* field = schema.Find(column->parts[0]);
    if (field == nullptr || field->type.is_nested() || !seen.insert(field->name).second) continue;
    texts.push_back(parts::Text("\n - " + field->name + " : "));
    texts.push_back(parts::Call(
        "coalesce",
        {parts::CastTo(parts::Column(field->name), types::TypeId::kString), parts::Text("null")}));
  }
  return texts;
}

}  // namespace

std::optional<std::string> GenerationOf(const StructField& field) {
  return TextOf(field, "delta.generationExpression");
}

std::optional<IdentityColumn> IdentityOf(const StructField& field) {
  const auto number = [&](const char* key) -> std::optional<std::int64_t> {
    const auto found = field.metadata.find(key);
    if (found == field.metadata.end()) return std::nullopt;
    return std::strtoll(found->second.c_str(), nullptr, 10);
  };
  const std::optional<std::int64_t> start = number("delta.identity.start");
  if (!start) return std::nullopt;
  const auto allows = field.metadata.find("delta.identity.allowExplicitInsert");
  return IdentityColumn{
      .start = *start,
      .step = number("delta.identity.step").value_or(1),
      .allows_given_values = allows != field.metadata.end() && allows->second == "true",
      .high_water_mark = number("delta.identity.highWaterMark")};
}

Expression NextIdentity(const IdentityColumn& identity, sql::WindowSpec window) {
  const auto number = [](std::int64_t value) {
    return Expression{
        .node = sql::Literal{.type = types::TypeId::kLong, .text = std::to_string(value)}};
  };
  sql::FunctionCall row_number{.name = {.parts = {"row_number"}}};
  row_number.over = std::move(window);
  Expression steps = parts::Binary(
      sql::BinaryOperator::kMultiply,
      parts::CastTo({.node = std::move(row_number)}, types::TypeId::kLong), number(identity.step));
  return parts::Binary(sql::BinaryOperator::kAdd, std::move(steps), number(identity.base()));
}

IdentityColumn PastValue(IdentityColumn identity, std::int64_t value) {
  const bool grows = identity.step > 0;
  const bool is_before_start = grows ? value < identity.start : value > identity.start;
  if (is_before_start) return identity;
  std::int64_t distance = 0;
  std::int64_t mark = value;
  if (__builtin_sub_overflow(value, identity.start, &distance)) return identity;
  const std::int64_t beyond = distance % identity.step;
  // On to the next value of the sequence, unless it is one.
  if (beyond != 0 && __builtin_add_overflow(value, identity.step - beyond, &mark)) return identity;
  const bool is_new = !identity.high_water_mark ||
                      (grows ? mark > *identity.high_water_mark : mark < *identity.high_water_mark);
  if (is_new) identity.high_water_mark = mark;
  return identity;
}

StructType WithIdentitiesGiven(StructType schema, std::int64_t num_rows) {
  for (StructField& field : schema.fields) {
    const std::optional<IdentityColumn> identity = IdentityOf(field);
    if (!identity || num_rows == 0) continue;
    field.metadata["delta.identity.highWaterMark"] =
        std::to_string(identity->base() + identity->step * num_rows);
  }
  return schema;
}

Result<Expression> DefaultOf(const StructField& field) {
  const std::optional<std::string> text = TextOf(field, "CURRENT_DEFAULT");
  if (!text) return parts::Null();
  return sql::ParseExpression(*text);
}

Result<std::vector<RowCheck>> ChecksOf(const delta::Properties& properties) {
  std::vector<RowCheck> checks;
  constexpr std::string_view kPrefix = "delta.constraints.";
  for (const auto& [key, value] : properties) {
    if (!key.starts_with(kPrefix)) continue;
    Expression condition = TRY(sql::ParseExpression(value));
    checks.push_back(
        {.name = key.substr(kPrefix.size()), .text = value, .condition = std::move(condition)});
  }
  return checks;
}

Result<RowCheck> GenerationCheck(const StructField& field) {
  const std::string text =
      types::QuoteIdentifier(field.name) + " <=> " + GenerationOf(field).value_or("NULL");
  Expression condition = TRY(sql::ParseExpression(text));
  return RowCheck{.name = "Generated Column", .text = text, .condition = std::move(condition)};
}

Expression GuardOf(const RowCheck& check, const StructType& schema) {
  std::vector<Expression> message;
  message.push_back(parts::Text(std::string(kMark) + check.name + "\n" + check.text));
  for (Expression& value : ValuesIn(check, schema)) message.push_back(std::move(value));
  sql::Case guard;
  guard.whens.push_back({.condition = check.condition, .result = parts::Bool(true)});
  // Without a cast around it, which would be folded to NULL and leave the row out in silence.
  guard.otherwise = parts::Call("raise_error", {parts::Call("concat", std::move(message))});
  return {.node = std::move(guard)};
}

Error WithConstraintName(Error error) {
  if (error.condition != Condition::USER_RAISED_EXCEPTION || error.params.empty()) return error;
  const std::string message = error.params[0].second;
  if (!message.starts_with(kMark)) return error;
  const std::size_t name_end = message.find('\n');
  std::size_t text_end = message.find("\n - ", name_end);
  if (text_end == std::string::npos) text_end = message.size();
  return Fail(Condition::DELTA_VIOLATE_CONSTRAINT_WITH_VALUES,
              {{"constraintName", message.substr(kMark.size(), name_end - kMark.size())},
               {"expression", message.substr(name_end + 1, text_end - name_end - 1)},
               {"values", message.substr(text_end)}})
      .error();
}

}  // namespace inlet::ingest
