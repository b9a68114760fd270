#include <arrow/array.h>

#include "sql/printer.h"
#include "types/time_zone.h"
#include "workspace/binder.h"
#include "workspace/row_table.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

constexpr std::string_view kTimeZoneKey = "spark.sql.session.timeZone";

struct KnownConfig {
  std::string_view key;
  std::string_view default_value;
};

/// Databricks SQL's short names and the Spark settings that mean something here.
constexpr KnownConfig kConfigs[] = {
    {"spark.sql.session.timeZone", "UTC"},
    {"spark.sql.ansi.enabled", "true"},
    {"spark.sql.files.ignoreMissingFiles", "false"},
    {"spark.databricks.delta.retentionDurationCheck.enabled", "true"},
    {"spark.databricks.sql.rescuedDataColumn.filePath.enabled", "true"},
};

/// TIMEZONE is how Databricks SQL calls the session's zone.
std::string CanonicalKey(std::string_view key) {
  if (EqualsIgnoreCase(key, "timezone")) return std::string(kTimeZoneKey);
  if (EqualsIgnoreCase(key, "ansi_mode")) return "spark.sql.ansi.enabled";
  for (const KnownConfig& config : kConfigs) {
    if (EqualsIgnoreCase(config.key, key)) return std::string(config.key);
  }
  return std::string(key);
}

std::string ValueOf(const Session& session, const std::string& key) {
  if (const auto value = GetString(session.configs, key)) return *value;
  for (const KnownConfig& config : kConfigs) {
    if (config.key == key) return std::string(config.default_value);
  }
  return "<undefined>";
}

Status SetTimeZone(Session& session, const std::string& zone) {
  TRY(types::TimeZone::Find(zone));
  session.configs[std::string(kTimeZoneKey)] = zone;
  return Ok();
}

/// Runs `SELECT CAST(value AS type)` and keeps the result as a literal of that type.
Result<sql::Expression> Evaluate(const Call& call, const sql::Expression& value,
                                 const types::DataType& type) {
  sql::Expression text_value{.node = sql::Cast{.operand = value, .type = type}, .span = value.span};
  const std::optional<std::string> text = TRY(ConstantText(call, text_value));
  sql::Expression literal{.node = text
                                      ? sql::Literal{.type = types::TypeId::kString, .text = *text}
                                      : sql::Literal{.type = types::TypeId::kVoid, .text = "NULL"}};
  return sql::Expression{.node = sql::Cast{.operand = std::move(literal), .type = type}};
}

Result<types::DataType> TypeOf(const Call& call, const sql::Expression& value) {
  sql::Select select;
  select.items.push_back({.value = value, .alias = "value"});
  const ingest::BoundQuery bound = TRY(Bind(call, {.body = std::move(select)}));
  return TRY(call.shared.engine->Describe(bound.query, bound.inputs, bound.context)).fields[0].type;
}

std::unexpected<Error> NoVariable(const sql::ObjectName& name) {
  return Fail(Condition::UNRESOLVED_VARIABLE, {{"variableName", sql::ToString(name)}});
}

/// The first row of a query as text values.
Result<std::vector<sql::Expression>> RowOf(const Call& call, const sql::Query& query,
                                           std::size_t wanted) {
  ingest::BoundQuery bound = TRY(Bind(call, query));
  const types::StructType schema =
      TRY(call.shared.engine->Describe(bound.query, bound.inputs, bound.context));
  if (schema.size() != wanted) {
    return Fail(Condition::WRONG_NUM_ARGS, {{"functionName", "SET VARIABLE"},
                                            {"expectedNum", std::to_string(wanted)},
                                            {"actualNum", std::to_string(schema.size())}});
  }
  // Each value is its own scalar subquery, so that it keeps its type.
  std::vector<sql::Expression> values;
  for (std::size_t i = 0; i < wanted; ++i) {
    std::vector<std::string> names;
    for (std::size_t j = 0; j < wanted; ++j) names.push_back("v" + std::to_string(j));
    sql::Select select{.from = sql::TableRef{.node = sql::SubqueryTable{.query = query},
                                             .alias = "row",
                                             .column_aliases = names}};
    select.items.push_back({.value = {.node = sql::ColumnRef{.parts = {names[i]}}}});
    values.push_back({.node = sql::ScalarSubquery{.query = sql::Query{.body = std::move(select)}}});
  }
  return values;
}

}  // namespace

Result<QueryResult> Run(const Call& call, const sql::SetConfig& statement) {
  std::vector<Row> rows;
  if (!statement.key) {
    for (const KnownConfig& config : kConfigs) {
      rows.push_back({std::string(config.key), ValueOf(call.session, std::string(config.key))});
    }
    return MakeResult(StringColumns({"key", "value"}), rows);
  }
  const std::string key = CanonicalKey(*statement.key);
  if (statement.value) {
    if (key == kTimeZoneKey) {
      TRY(SetTimeZone(call.session, *statement.value).At(statement.span));
    } else if (key == "spark.sql.ansi.enabled" && !EqualsIgnoreCase(*statement.value, "true")) {
      return Result<QueryResult>(FailUnsupported("ANSI mode off")).At(statement.span);
    } else {
      call.session.configs[key] = *statement.value;
    }
  }
  return MakeResult(StringColumns({"key", "value"}), {{key, ValueOf(call.session, key)}});
}

Result<QueryResult> Run(const Call& call, const sql::SetTimeZone& statement) {
  TRY(SetTimeZone(call.session, statement.zone.value_or("UTC")).At(statement.span));
  return NoRows();
}

Result<QueryResult> Run(const Call& call, const sql::ResetConfig& statement) {
  if (statement.key) {
    call.session.configs.erase(CanonicalKey(*statement.key));
  } else {
    call.session.configs.clear();
  }
  return NoRows();
}

Result<QueryResult> Run(const Call& call, const sql::DeclareVariable& statement) {
  for (const sql::ObjectName& object : statement.names) {
    const std::string& name = object.parts.back();
    if (call.session.variables.contains(name) && !statement.or_replace) {
      return Result<QueryResult>(Fail(Condition::VARIABLE_ALREADY_EXISTS,
                                      {{"variableName", types::QuoteIdentifier(name)}}))
          .At(object.span);
    }
    sql::Expression value{.node = sql::Literal{.type = types::TypeId::kVoid, .text = "NULL"}};
    if (statement.default_value) value = *statement.default_value;
    const types::DataType type = statement.type ? *statement.type : TRY(TypeOf(call, value));
    value = TRY(Evaluate(call, value, type).At(statement.span));
    call.session.variables.insert_or_assign(
        name, SessionVariable{.type = type, .value = value, .default_value = value});
  }
  return NoRows();
}

Result<QueryResult> Run(const Call& call, const sql::SetVariable& statement) {
  std::vector<sql::Expression> values = statement.values;
  if (statement.query) values = TRY(RowOf(call, *statement.query, statement.names.size()));
  for (std::size_t i = 0; i < statement.names.size(); ++i) {
    const auto found = call.session.variables.find(statement.names[i].parts.back());
    if (found == call.session.variables.end()) {
      return Result<QueryResult>(NoVariable(statement.names[i])).At(statement.names[i].span);
    }
    SessionVariable& variable = found->second;
    const bool is_default = values.at(i).As<sql::DefaultValue>() != nullptr;
    variable.value = is_default ? variable.default_value
                                : TRY(Evaluate(call, values[i], variable.type).At(statement.span));
  }
  return NoRows();
}

Result<QueryResult> Run(const Call& call, const sql::DropVariable& statement) {
  if (call.session.variables.erase(statement.name.parts.back()) == 0 && !statement.if_exists) {
    return Result<QueryResult>(NoVariable(statement.name)).At(statement.name.span);
  }
  return NoRows();
}

Result<QueryResult> Run(const Call&, const sql::CacheControl&) {
  return NoRows();  // Results are never cached, so there is nothing to keep or forget.
}

}  // namespace inlet::workspace
