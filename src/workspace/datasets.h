#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "pipelines/definition.h"
#include "sql/statement.h"
#include "workspace/row_table.h"
#include "workspace/session.h"

/// Streaming tables and materialized views as the other statements see them.
namespace inlet::workspace {

/// Whether the entry is kept up to date by refreshes.
inline bool IsDataset(const catalog::TableEntry& entry) {
  return entry.kind == catalog::TableKind::kStreamingTable ||
         entry.kind == catalog::TableKind::kMaterializedView;
}

/// Refuses what users may not do to a dataset by hand; other tables are let through.
/// Errors: STREAMING_TABLE_OPERATION_NOT_ALLOWED, MATERIALIZED_VIEW_OPERATION_NOT_ALLOWED.
Status RefuseForDatasets(const std::optional<catalog::TableEntry>& entry,
                         std::string_view operation);
/// The same for materialized views alone: rows of a streaming table may be changed.
Status RefuseForMaterializedViews(const std::optional<catalog::TableEntry>& entry,
                                  std::string_view operation);

Result<pipelines::DeclaredColumn> DeclaredColumnOf(const sql::ColumnDefinition& column);
/// A stream for a flow that goes on, none for one that runs once.
/// Errors: INVALID_FLOW_QUERY_TYPE_*.
Status CheckFlowQuery(const sql::Query& query, bool is_once, const std::string& flow);

/// Fills the members of `entry` that hold the definition.
void StoreDataset(const pipelines::Definition& definition, catalog::TableEntry& entry);
/// Deletes checkpoints, events and counts of a dataset that is dropped; its rows stay for UNDROP.
void ForgetDataset(const Call& call, const catalog::TableEntry& entry);

/// The rows that DESCRIBE EXTENDED adds.
Result<std::vector<Row>> RefreshInformation(const Call& call, const catalog::TableEntry& entry);
/// SHOW CREATE TABLE.
Result<std::string> CreateDatasetText(const catalog::TableEntry& entry);

}  // namespace inlet::workspace
