#pragma once

#include <string>

#include "ingest/stream/stream_sink.h"
#include "server/spark_connect/connect_session.h"
#include "server/spark_connect/show_string.h"

/// Sinks that are no tables. The session outlives what they give.
namespace inlet::server {

/// `format("memory")`: rows are kept, and seen under the stream's name as a temporary view, which
/// is there at once. Errors: those of CREATE TEMPORARY VIEW.
Result<ingest::BatchFunction> MemorySink(ConnectSession& session, const std::string& name,
                                         types::StructType schema);

/// `format("console")`: each batch as show() draws it, on the server's standard output.
ingest::BatchFunction ConsoleSink(ConnectSession& session, const ShowOptions& options);

/// `format("noop")`: rows are computed and let go.
ingest::BatchFunction NoopSink(ConnectSession& session);

}  // namespace inlet::server
