#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "ingest/read_files.h"
#include "ingest/stream/rate_stream_source.h"
#include "ingest/write_table.h"
#include "sql/query.h"
#include "workspace/session.h"

namespace inlet::workspace {

/// What a statement that changes a table says to the binder.
struct BindOptions {
  std::vector<engine::Input> inputs;  ///< Bound already: InputRefs of the query name them.
  delta::SnapshotPtr pinned;          ///< Other references to this table read this version.
  bool* reads_pinned = nullptr;       ///< Becomes true when there are any.
  bool hides_metadata = false;        ///< An input has `_metadata`, which stays out of every `*`.
};

/// Binds every table of `query`: catalog tables and paths become inputs, views their queries,
/// session variables their values.
///
/// Errors: TABLE_OR_VIEW_NOT_FOUND with the nearest name; those of read_files and of Delta;
/// UNRESOLVABLE_TABLE_VALUED_FUNCTION; all with their place.
Result<ingest::BoundQuery> Bind(const Call& call, sql::Query query,
                                const BindOptions& options = {});

/// A table of a query that is read as a stream.
struct StreamTable {
  /// Files: STREAM read_files(...), STREAM cloud_files(...), STREAM json.`/path`.
  std::optional<ingest::ReadFilesRequest> files;
  /// Rows from nowhere: STREAM rate(...), STREAM rate_micro_batch(...); the state is left open.
  std::optional<ingest::RateStreamRequest> rate;
  /// Else a Delta table, with the options of `STREAM t WITH (...)`.
  std::optional<TableTarget> table;
  OptionMap options;
  TextSpan span;
};

/// The streams of a query, in the order in which BindStreams() wants their inputs.
/// Errors: those of Bind() for names and paths.
Result<std::vector<StreamTable>> FindStreams(const Call& call, sql::Query query);

/// As Bind(), with `inputs` in the places of the streams.
Result<ingest::BoundQuery> BindStreams(
    const Call& call, sql::Query query,
    const std::vector<std::shared_ptr<const engine::SplitSource>>& inputs);

/// Whether some column of the query is `_metadata` or part of it.
bool MentionsMetadata(const sql::Query& query);

}  // namespace inlet::workspace
