#pragma once

#include <memory>

#include "engine/engine.h"
#include "sql/query.h"
#include "workspace/session.h"

namespace inlet::workspace {

/// event_log(TABLE(name)) or event_log('id'): the events of one dataset, oldest first.
/// Source: Databricks SQL language manual, "event_log table-valued function".
Result<std::shared_ptr<const engine::SplitSource>> OpenEventLog(const Call& call,
                                                                const sql::FunctionCall& function);

/// cloud_files_state('checkpoint') or cloud_files_state(TABLE(name)): the files that the streams
/// have found. Source: Databricks SQL language manual, "cloud_files_state table-valued function".
Result<std::shared_ptr<const engine::SplitSource>> OpenCloudFilesState(
    const Call& call, const sql::FunctionCall& function);

/// stream_metrics(): what every flow has done in all, and its backlog; ours.
Result<std::shared_ptr<const engine::SplitSource>> OpenStreamMetrics(const Call& call);

}  // namespace inlet::workspace
