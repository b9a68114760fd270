#pragma once

#include <string>

#include "ingest/stream/stream_sink.h"
#include "server/spark_connect/connect_session.h"
#include "server/spark_connect/show_string.h"

/// Sinks that are no tables. The session outlives what they give.
namespace inlet::server {

/// `format("memory")`: rows are kept, and seen under the stream's name as a temporary view, which
/// is there at once. `replaces`: those of a batch take the place of those before.
/// Errors: those of CREATE TEMPORARY VIEW.
Result<ingest::BatchFunction> MemorySink(ConnectSession& session, const std::string& name,
                                         types::StructType schema, bool replaces);

/// `format("console")`: each batch as show() draws it, on the server's standard output.
ingest::BatchFunction ConsoleSink(ConnectSession& session, const ShowOptions& options);

/// foreachBatch: the function gets each batch as a DataFrame of the session, which runs anew at
/// each use. Errors: those of PythonBatchFunction.
Result<ingest::BatchFunction> ForeachBatchSink(ConnectSession& session,
                                               const PythonDefinition& definition,
                                               types::StructType schema,
                                               const std::stop_token& start_stop);
/// foreach: the function gets each batch as rows.
ingest::BatchFunction ForeachSink(ConnectSession& session, PythonDefinition definition);

/// `format("noop")`: rows are computed and let go.
ingest::BatchFunction NoopSink(ConnectSession& session);

}  // namespace inlet::server
