#include "workspace/session.h"

#include <arrow/api.h>

#include <chrono>

#include "storage/object_store.h"
#include "types/arrow.h"
#include "types/text_cast.h"
#include "types/time_zone.h"
#include "workspace/binder.h"
#include "workspace/file_tables.h"

namespace inlet::workspace {
namespace {

std::int64_t NowUs() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

/// `SELECT CAST(expression AS type)`, run; the one value as Arrow array of length 1.
Result<std::shared_ptr<arrow::Array>> Evaluate(const Call& call, const sql::Expression& expression,
                                               types::DataType type) {
  sql::Select select;
  sql::Expression cast{.node = sql::Cast{.operand = expression, .type = std::move(type)},
                       .span = expression.span};
  select.items.push_back({.value = std::move(cast), .alias = "value"});
  ingest::BoundQuery bound = TRY(Bind(call, {.body = std::move(select)}));
  const auto reader = TRY(call.shared.engine->Run(bound.query, std::move(bound.inputs),
                                                  bound.context, call.options.stop));
  const types::BatchPtr batch = TRY(reader->Next());
  if (batch == nullptr || batch->num_rows() != 1) return FailInternal("a constant has no value");
  return batch->column(0);
}

}  // namespace

std::string Session::time_zone() const {
  return GetString(configs, "spark.sql.session.timeZone").value_or("UTC");
}

bool Session::is_true(std::string_view key, bool when_unset) const {
  const std::optional<std::string> value = GetString(configs, key);
  return value ? EqualsIgnoreCase(*value, "true") : when_unset;
}

/// What Spark calls the catalog that it begins with is ours, too.
std::string CatalogOf(const std::string& name) {
  return EqualsIgnoreCase(name, "spark_catalog") ? "main" : name;
}

Result<catalog::FullName> Complete(const sql::ObjectName& name, const Session& session) {
  switch (name.parts.size()) {
    case 1:
      return catalog::FullName{session.catalog, session.schema, name.parts[0]};
    case 2:
      return catalog::FullName{session.catalog, name.parts[0], name.parts[1]};
    case 3:
      return catalog::FullName{CatalogOf(name.parts[0]), name.parts[1], name.parts[2]};
    default:
      return Result<catalog::FullName>(
                 Fail(Condition::PARSE_SYNTAX_ERROR,
                      {{"error", sql::ToString(name)},
                       {"hint", " A name has at most three parts: catalog.schema.object."}}))
          .At(name.span);
  }
}

std::optional<std::string> TemporaryViewKey(const sql::ObjectName& name) {
  if (name.parts.size() == 1) return name.parts[0];
  if (name.parts.size() == 2 && EqualsIgnoreCase(name.parts[0], "global_temp")) {
    return "global_temp." + name.parts[1];
  }
  return std::nullopt;
}

Result<std::pair<std::string, std::string>> CompleteSchema(const sql::ObjectName& name,
                                                           const Session& session) {
  if (name.parts.empty()) return std::pair(session.catalog, session.schema);
  if (name.parts.size() == 1) return std::pair(session.catalog, name.parts[0]);
  if (name.parts.size() == 2) return std::pair(CatalogOf(name.parts[0]), name.parts[1]);
  return Result<std::pair<std::string, std::string>>(
             Fail(Condition::PARSE_SYNTAX_ERROR,
                  {{"error", sql::ToString(name)},
                   {"hint", " A schema has at most two parts: catalog.schema."}}))
      .At(name.span);
}

engine::QueryContext ContextOf(const Call& call) {
  return {
      .session_time_zone = call.session.time_zone(),
      .current_catalog = call.session.catalog,
      .current_schema = call.session.schema,
      .current_user = call.session.user,
      .last_map_key_wins = EqualsIgnoreCase(
          GetString(call.session.configs, "spark.sql.mapKeyDedupPolicy").value_or(""), "LAST_WIN"),
      .now_us = NowUs(),
      .on_progress = {}};
}

Result<storage::Location> ResolvePath(const Call& call, std::string_view path) {
  if (path.starts_with("dbfs:/")) path.remove_prefix(5);
  constexpr std::string_view kVolumes = "/Volumes/";
  if (path.size() > kVolumes.size() &&
      EqualsIgnoreCase(path.substr(0, kVolumes.size()), kVolumes)) {
    return storage::Resolve(TRY(call.shared.catalog->VolumeUrl(path)));
  }
  return storage::Resolve(path);
}

Result<TableTarget> FindTable(const Call& call, const sql::ObjectName& name) {
  if (name.parts.size() == 2 && EqualsIgnoreCase(name.parts[0], "delta")) {
    return TableTarget{.root = TRY(ResolvePath(call, name.parts[1]).At(name.span)),
                       .entry = std::nullopt,
                       .display_name = "delta.`" + name.parts[1] + "`"};
  }
  const catalog::FullName full = TRY(Complete(name, call.session));
  catalog::TableEntry entry = TRY(call.shared.catalog->FindTable(full).At(name.span));
  if (entry.location.empty()) {
    return Result<TableTarget>(
               Fail(Condition::DELTA_CANNOT_WRITE_INTO_VIEW, {{"table", catalog::ToString(full)}}))
        .At(name.span);
  }
  if (IsFileTable(entry)) {
    return Result<TableTarget>(
               Fail(Condition::DELTA_TABLE_ONLY_OPERATION,
                    {{"tableName", catalog::ToString(full)}, {"operation", "this statement"}}))
        .At(name.span);
  }
  storage::Location root = TRY(storage::Resolve(entry.location));
  std::string display = entry.name.catalog + "." + entry.name.schema + "." + entry.name.object;
  return TableTarget{
      .root = std::move(root), .entry = std::move(entry), .display_name = std::move(display)};
}

Result<delta::SnapshotPtr> LatestOf(const Call& call, const TableTarget& target) {
  return call.shared.snapshots.Latest(target.root);
}

Result<std::optional<std::string>> ConstantText(const Call& call,
                                                const sql::Expression& expression) {
  if (const auto* literal = expression.As<sql::Literal>()) {
    if (literal->type.is(types::TypeId::kVoid)) return std::nullopt;
    return literal->text;
  }
  const auto array = TRY(Evaluate(call, expression, types::TypeId::kString));
  if (array->IsNull(0)) return std::nullopt;
  return static_cast<const arrow::StringArray&>(*array).GetString(0);
}

Result<std::int64_t> ConstantTimestampMs(const Call& call, const sql::Expression& expression) {
  const auto array = TRY(Evaluate(call, expression, types::TypeId::kTimestamp));
  if (array->IsNull(0)) {
    return Result<std::int64_t>(
               Fail(Condition::INVALID_PARAMETER_VALUE, {{"parameter", "TIMESTAMP AS OF"},
                                                         {"functionName", "time travel"},
                                                         {"message", "it is NULL"}}))
        .At(expression.span);
  }
  return static_cast<const arrow::TimestampArray&>(*array).Value(0) / 1000;
}

}  // namespace inlet::workspace
