#include "pipelines/definition.h"

#include <simdjson.h>

#include <algorithm>

#include "base/option_map.h"
#include "pipelines/json_object.h"

namespace inlet::pipelines {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

std::string TextList(const std::vector<std::string>& values) {
  std::vector<std::string> texts;
  for (const std::string& value : values) texts.push_back(types::JsonQuote(value));
  return JsonArray(texts);
}

std::string ToJson(const ChangeRules& rules) {
  JsonObject json;
  json.AddJson("keys", TextList(rules.keys))
      .Add("scdType", std::int64_t{rules.scd_type})
      .Add("hasTruncate", rules.has_truncate)
      .Add("ignoresNulls", rules.ignores_nulls)
      .AddJson("nullColumns", TextList(rules.null_columns))
      .AddJson("nullExcept", TextList(rules.null_except))
      .Add("tracksSome", rules.tracks_some)
      .AddJson("trackColumns", TextList(rules.track_columns))
      .AddJson("trackExcept", TextList(rules.track_except));
  return json.Text();
}

std::string ToJson(const Flow& flow) {
  JsonObject json;
  json.Add("name", flow.name)
      .Add("query", flow.query)
      .Add("catalog", flow.catalog)
      .Add("schema", flow.schema)
      .Add("once", flow.is_once)
      .Add("byName", flow.by_name);
  if (flow.comment) json.Add("comment", *flow.comment);
  if (flow.changes) json.AddJson("changes", ToJson(*flow.changes));
  return json.Text();
}

std::string ToJson(const DeclaredColumn& column) {
  JsonObject json;
  json.Add("name", column.name);
  if (column.type) json.Add("type", types::ToSql(*column.type));
  if (!column.is_nullable) json.Add("nullable", false);
  if (column.comment) json.Add("comment", *column.comment);
  return json.Text();
}

std::string ToJson(const Expectation& expectation) {
  JsonObject json;
  json.Add("name", expectation.name)
      .Add("condition", expectation.condition)
      .Add("onViolation", std::int64_t{std::to_underlying(expectation.on_violation)});
  return json.Text();
}

std::string ToJson(const Schedule& schedule) {
  JsonObject json;
  json.Add("kind", std::int64_t{std::to_underlying(schedule.kind)});
  if (schedule.every_count != 0) json.Add("count", schedule.every_count);
  if (!schedule.every_unit.empty()) json.Add("unit", schedule.every_unit);
  if (!schedule.cron.empty()) json.Add("cron", schedule.cron);
  if (!schedule.time_zone.empty()) json.Add("timeZone", schedule.time_zone);
  if (schedule.at_most_every_ms != 0) json.Add("atMostEveryMs", schedule.at_most_every_ms);
  return json.Text();
}

template <class T>
std::string ListOf(const std::vector<T>& values) {
  std::vector<std::string> texts;
  for (const T& value : values) texts.push_back(ToJson(value));
  return JsonArray(texts);
}

std::string Text(const object& json, std::string_view name) {
  std::string_view text;
  if (json[name].get(text) != simdjson::SUCCESS) return "";
  return std::string(text);
}

std::optional<std::string> OptionalText(const object& json, std::string_view name) {
  std::string_view text;
  if (json[name].get(text) != simdjson::SUCCESS) return std::nullopt;
  return std::string(text);
}

std::int64_t Number(const object& json, std::string_view name) {
  std::int64_t number = 0;
  if (json[name].get(number) != simdjson::SUCCESS) return 0;
  return number;
}

bool Flag(const object& json, std::string_view name, bool when_absent) {
  bool flag = when_absent;
  if (json[name].get(flag) != simdjson::SUCCESS) return when_absent;
  return flag;
}

/// Calls `take` for each object of a list.
template <class Take>
Status ForEachObject(const object& json, std::string_view name, const Take& take) {
  simdjson::dom::array list;
  if (json[name].get(list) != simdjson::SUCCESS) return Ok();
  for (const element item : list) {
    object member;
    if (item.get(member) == simdjson::SUCCESS) TRY(take(member));
  }
  return Ok();
}

std::vector<std::string> Texts(const object& json, std::string_view name) {
  std::vector<std::string> texts;
  simdjson::dom::array list;
  if (json[name].get(list) != simdjson::SUCCESS) return texts;
  for (const element item : list) {
    std::string_view text;
    if (item.get(text) == simdjson::SUCCESS) texts.emplace_back(text);
  }
  return texts;
}

Result<DeclaredColumn> ReadColumn(const object& json) {
  DeclaredColumn column{.name = Text(json, "name"),
                        .is_nullable = Flag(json, "nullable", true),
                        .comment = OptionalText(json, "comment")};
  if (const auto type = OptionalText(json, "type")) column.type = TRY(types::ParseType(*type));
  return column;
}

ChangeRules ReadChangeRules(const object& json) {
  return {.keys = Texts(json, "keys"),
          .scd_type = static_cast<int>(Number(json, "scdType")),
          .has_truncate = Flag(json, "hasTruncate", false),
          .ignores_nulls = Flag(json, "ignoresNulls", false),
          .null_columns = Texts(json, "nullColumns"),
          .null_except = Texts(json, "nullExcept"),
          .tracks_some = Flag(json, "tracksSome", false),
          .track_columns = Texts(json, "trackColumns"),
          .track_except = Texts(json, "trackExcept")};
}

Schedule ReadSchedule(const object& json) {
  return {.kind = static_cast<Schedule::Kind>(Number(json, "kind")),
          .every_count = Number(json, "count"),
          .every_unit = Text(json, "unit"),
          .cron = Text(json, "cron"),
          .time_zone = Text(json, "timeZone"),
          .at_most_every_ms = Number(json, "atMostEveryMs")};
}

}  // namespace

const std::string* Definition::FindProperty(std::string_view key) const {
  for (const auto& [name, value] : properties) {
    if (EqualsIgnoreCase(name, key)) return &value;
  }
  return nullptr;
}

const Flow* Definition::FindFlow(std::string_view name) const {
  const auto found = std::find_if(flows.begin(), flows.end(), [&](const Flow& flow) {
    return EqualsIgnoreCase(flow.name, name);
  });
  return found == flows.end() ? nullptr : &*found;
}

std::string ToJson(const Definition& definition) {
  JsonObject properties;
  for (const auto& [key, value] : definition.properties) properties.Add(key, value);
  JsonObject json;
  json.AddJson("flows", ListOf(definition.flows))
      .AddJson("columns", ListOf(definition.columns))
      .AddJson("expectations", ListOf(definition.expectations))
      .AddJson("partitionColumns", TextList(definition.partition_columns))
      .AddJson("clusteringColumns", TextList(definition.clustering_columns))
      .AddJson("properties", properties.Text());
  if (definition.schedule) json.AddJson("schedule", ToJson(*definition.schedule));
  json.Add("timeZone", definition.time_zone)
      .Add("user", definition.user)
      .Add("refreshPolicy", definition.refresh_policy)
      .Add("generation", definition.generation);
  return json.Text();
}

Result<Definition> ParseDefinition(const std::string& json) {
  simdjson::dom::parser parser;
  object root;
  if (parser.parse(json).get(root) != simdjson::SUCCESS) {
    return Fail(Condition::INLET_CORRUPT_FILE,
                {{"path", "catalog.db"}, {"message", "a definition is not JSON"}});
  }
  Definition definition{.partition_columns = Texts(root, "partitionColumns"),
                        .clustering_columns = Texts(root, "clusteringColumns"),
                        .time_zone = Text(root, "timeZone"),
                        .user = Text(root, "user"),
                        .refresh_policy = Text(root, "refreshPolicy"),
                        .generation = Number(root, "generation")};
  TRY(ForEachObject(root, "flows", [&](const object& flow) -> Status {
    definition.flows.push_back({.name = Text(flow, "name"),
                                .query = Text(flow, "query"),
                                .catalog = Text(flow, "catalog"),
                                .schema = Text(flow, "schema"),
                                .is_once = Flag(flow, "once", false),
                                .by_name = Flag(flow, "byName", true),
                                .comment = OptionalText(flow, "comment")});
    object changes;
    if (flow["changes"].get(changes) == simdjson::SUCCESS) {
      definition.flows.back().changes = ReadChangeRules(changes);
    }
    return Ok();
  }));
  TRY(ForEachObject(root, "columns", [&](const object& column) -> Status {
    definition.columns.push_back(TRY(ReadColumn(column)));
    return Ok();
  }));
  TRY(ForEachObject(root, "expectations", [&](const object& expectation) -> Status {
    definition.expectations.push_back({.name = Text(expectation, "name"),
                                       .condition = Text(expectation, "condition"),
                                       .on_violation = static_cast<Expectation::OnViolation>(
                                           Number(expectation, "onViolation"))});
    return Ok();
  }));
  object properties;
  if (root["properties"].get(properties) == simdjson::SUCCESS) {
    for (const auto [key, value] : properties) {
      std::string_view text;
      if (value.get(text) == simdjson::SUCCESS) definition.properties.emplace_back(key, text);
    }
  }
  object schedule;
  if (root["schedule"].get(schedule) == simdjson::SUCCESS) {
    definition.schedule = ReadSchedule(schedule);
  }
  return definition;
}

}  // namespace inlet::pipelines
