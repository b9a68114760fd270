#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/stream/streaming_query.h"
#include "sql/query.h"
#include "workspace/session.h"

namespace inlet::workspace {

/// A streaming query in terms of names and paths.
struct StreamRequest {
  /// At least one of its tables is read as a stream: STREAM t, STREAM read_files(...),
  /// STREAM cloud_files(...), STREAM json.`/path` WITH (...). Others are bound anew at each batch.
  sql::Query query;
  std::string query_text;             ///< What the places in `query` refer to; may be empty.
  std::vector<engine::Input> inputs;  ///< What InputRefs of the query name.
  std::string name;
  std::string checkpoint;  ///< A path as users write it.
  /// The sink; see ingest/stream/stream_sink.h.
  std::unique_ptr<ingest::StreamSink> sink;
  ingest::StreamTrigger trigger;
  std::function<ingest::BatchRewrite(ingest::BatchId)> make_rewrite;
  bool restart_on_schema_change = false;
  /// Output mode complete: the query aggregates, over a state in the checkpoint (stream_state.h).
  bool is_complete = false;
  std::function<void(const ingest::StreamProgress&)> on_progress;
  /// Where the schemas of sources without `schemaLocation` are kept; empty: the checkpoint.
  std::string schema_location;
};

/// A stream that is ready to start. It has a copy of the caller's session: what the session sets
/// later does not change it. The workspace must outlive it.
///
/// Errors: INVALID_FLOW_QUERY_TYPE_BATCH_RELATION_FOR_STREAMING_TABLE for a query without a
/// stream; STREAMING_OUTPUT_MODE_UNSUPPORTED_OPERATION for one that has to see all rows
/// (aggregates, DISTINCT, ORDER BY, LIMIT over a stream); those of Bind() and of the sources.
Result<std::unique_ptr<ingest::StreamingQuery>> OpenStream(const Call& call, StreamRequest request);

/// The columns that the query of a stream gives, without starting it. `checkpoint` and
/// `schema_location` as in the request; a schema that has to be inferred is kept there.
Result<types::StructType> DescribeStream(const Call& call, const StreamRequest& request);

/// What one source of a stream has that no batch has taken yet.
struct StreamBacklog {
  std::string source;
  std::map<std::string, std::string> metrics;  ///< numFilesOutstanding, numBytesOutstanding.
};

/// One for each source, as it stands now; nothing runs. The stream must not run elsewhere.
Result<std::vector<StreamBacklog>> FindBacklog(const Call& call, const StreamRequest& request);

}  // namespace inlet::workspace
