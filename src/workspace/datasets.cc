#include "workspace/datasets.h"

#include <filesystem>

#include "sql/printer.h"
#include "sql/walk.h"
#include "types/text_cast.h"
#include "types/time_zone.h"
#include "workspace/pipeline_services.h"
#include "workspace/stored_view.h"

namespace inlet::workspace {
namespace {

using catalog::TableEntry;
using catalog::TableKind;
using pipelines::Definition;

std::string TimestampText(std::int64_t ms) {
  std::string text;
  types::AppendTimestamp(ms * 1000, types::TimeZone::Utc(), text);
  return text;
}

std::string JoinNames(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + types::QuoteIdentifier(name);
  }
  return text;
}

std::string ToSql(const pipelines::Expectation& expectation) {
  std::string text = "CONSTRAINT " + types::QuoteIdentifier(expectation.name) + " EXPECT (" +
                     expectation.condition + ")";
  switch (expectation.on_violation) {
    case pipelines::Expectation::OnViolation::kKeep:
      return text;
    case pipelines::Expectation::OnViolation::kDropRow:
      return text + " ON VIOLATION DROP ROW";
    case pipelines::Expectation::OnViolation::kFailUpdate:
      return text + " ON VIOLATION FAIL UPDATE";
  }
  return text;
}

std::string ToSql(const pipelines::DeclaredColumn& column) {
  std::string text = types::QuoteIdentifier(column.name);
  if (column.type) text += " " + types::ToSql(*column.type);
  if (!column.is_nullable) text += " NOT NULL";
  if (column.comment) text += " COMMENT " + sql::QuoteText(*column.comment);
  return text;
}

std::string FullNameText(const catalog::FullName& name) {
  return types::QuoteIdentifier(name.catalog) + "." + types::QuoteIdentifier(name.schema) + "." +
         types::QuoteIdentifier(name.object);
}

}  // namespace

Status RefuseForDatasets(const std::optional<TableEntry>& entry, std::string_view operation) {
  if (entry && entry->kind == TableKind::kStreamingTable) {
    return Fail(
        Condition::STREAMING_TABLE_OPERATION_NOT_ALLOWED,
        {{"tableName", catalog::ToString(entry->name)}, {"operation", std::string(operation)}});
  }
  return RefuseForMaterializedViews(entry, operation);
}

Status RefuseForMaterializedViews(const std::optional<TableEntry>& entry,
                                  std::string_view operation) {
  if (!entry || entry->kind != TableKind::kMaterializedView) return Ok();
  return Fail(
      Condition::MATERIALIZED_VIEW_OPERATION_NOT_ALLOWED,
      {{"viewName", catalog::ToString(entry->name)}, {"operation", std::string(operation)}});
}

Result<pipelines::DeclaredColumn> DeclaredColumnOf(const sql::ColumnDefinition& column) {
  const auto refuse = [&](const char* what) {
    return Result<pipelines::DeclaredColumn>(FailUnsupported(what)).At(column.span);
  };
  if (column.mask) return refuse("a column MASK");
  if (column.default_value) return refuse("a DEFAULT in a streaming table or materialized view");
  if (column.generated_as) return refuse("a generated column of a streaming table");
  if (column.identity) return refuse("an identity column of a streaming table");
  if (column.collation && !EqualsIgnoreCase(*column.collation, "UTF8_BINARY")) {
    return refuse("a collation");
  }
  return pipelines::DeclaredColumn{.name = column.name,
                                   .type = column.type,
                                   .is_nullable = column.is_nullable,
                                   .comment = column.comment};
}

Status CheckFlowQuery(const sql::Query& query, bool is_once, const std::string& flow) {
  const bool has_stream = sql::HasStream(query);
  if (is_once && has_stream) {
    return Fail(Condition::INVALID_FLOW_QUERY_TYPE_STREAMING_RELATION_FOR_ONCE_FLOW,
                {{"flowIdentifier", flow}});
  }
  if (!is_once && !has_stream) {
    return Fail(Condition::INVALID_FLOW_QUERY_TYPE_BATCH_RELATION_FOR_STREAMING_TABLE,
                {{"flowIdentifier", flow}});
  }
  return Ok();
}

void StoreDataset(const Definition& definition, TableEntry& entry) {
  entry.definition = pipelines::ToJson(definition);
  entry.view_text = definition.flows.empty() ? "" : definition.flows[0].query;
}

void ForgetDataset(const Call& call, const TableEntry& entry) {
  std::error_code ignored;
  std::filesystem::remove_all(call.shared.home + "/streams/" + entry.id, ignored);
  (void)call.shared.pipelines->events().Forget(entry.id).has_value();
}

Result<std::vector<Row>> RefreshInformation(const Call& call, const TableEntry& entry) {
  const Definition definition = TRY(pipelines::ParseDefinition(entry.definition));
  const catalog::RefreshEntry refresh = TRY(call.shared.catalog->FindRefresh(entry.id));
  std::vector<Row> rows = {{"", "", ""}, {"# Refresh Information", "", ""}};
  const bool has_ended = refresh.finished_ms >= refresh.started_ms && refresh.finished_ms > 0;
  if (has_ended) rows.push_back({"Last Refreshed", TimestampText(refresh.finished_ms), ""});
  const bool is_view = entry.kind == TableKind::kMaterializedView;
  rows.push_back({"Last Refresh Type", is_view ? "RECOMPUTED" : "INCREMENTAL", ""});
  std::string status = refresh.state;
  if (refresh.is_requested) status = "QUEUED";
  rows.push_back({"Latest Refresh Status", status.empty() ? "NONE" : status, ""});
  if (!refresh.error.empty()) rows.push_back({"Latest Refresh Error", refresh.error, ""});
  if (!refresh.update_id.empty()) rows.push_back({"Latest Refresh", refresh.update_id, ""});
  rows.push_back({"Refresh Schedule",
                  definition.schedule ? pipelines::ToSql(*definition.schedule) : "MANUAL", ""});
  if (refresh.next_run_ms) {
    rows.push_back({"Next Refresh", TimestampText(*refresh.next_run_ms), ""});
  }
  for (const pipelines::Flow& flow : definition.flows) {
    rows.push_back({"Flow " + flow.name, flow.query, ""});
  }
  for (const pipelines::Expectation& expectation : definition.expectations) {
    rows.push_back({"Expectation", ToSql(expectation), ""});
  }
  return rows;
}

Result<std::string> CreateDatasetText(const TableEntry& entry) {
  const Definition definition = TRY(pipelines::ParseDefinition(entry.definition));
  const bool is_view = entry.kind == TableKind::kMaterializedView;
  std::string text = is_view ? "CREATE MATERIALIZED VIEW " : "CREATE STREAMING TABLE ";
  text += FullNameText(entry.name);
  std::string separator = " (\n  ";
  const auto add = [&](const std::string& item) {
    text += separator + item;
    separator = ",\n  ";
  };
  for (const pipelines::DeclaredColumn& column : definition.columns) add(ToSql(column));
  for (const auto& expectation : definition.expectations) add(ToSql(expectation));
  text += separator.starts_with(",") ? ")\n" : "\n";
  if (!definition.partition_columns.empty()) {
    text += "PARTITIONED BY (" + JoinNames(definition.partition_columns) + ")\n";
  }
  if (!definition.clustering_columns.empty()) {
    text += "CLUSTER BY (" + JoinNames(definition.clustering_columns) + ")\n";
  }
  if (!entry.comment.empty()) text += "COMMENT " + sql::QuoteText(entry.comment) + "\n";
  if (!definition.properties.empty()) {
    text += "TBLPROPERTIES (";
    const char* comma = "\n  ";
    for (const auto& [key, value] : definition.properties) {
      text += comma + sql::QuoteText(key) + " = " + sql::QuoteText(value);
      comma = ",\n  ";
    }
    text += ")\n";
  }
  if (definition.schedule) text += pipelines::ToSql(*definition.schedule) + "\n";
  if (!definition.refresh_policy.empty()) {
    text += "REFRESH POLICY " + definition.refresh_policy + "\n";
  }
  if (const pipelines::Flow* flow = definition.FindFlow(entry.name.object)) {
    text += "AS " + flow->query;
  }
  return text;
}

}  // namespace inlet::workspace
