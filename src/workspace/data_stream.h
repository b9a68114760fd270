#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/option_map.h"
#include "engine/engine.h"
#include "ingest/stream/streaming_query.h"
#include "sql/query.h"

namespace inlet::workspace {

/// What df.writeStream asks for: a query over streams, and where its rows go.
struct DataStream {
  sql::Query query;                   ///< With at least one table that is read as a stream.
  std::vector<engine::Input> inputs;  ///< What InputRefs of the query name.
  std::string name;
  std::string checkpoint;  ///< A path as users write it.
  ingest::StreamTrigger trigger;
  /// Output mode complete: the query aggregates, and each batch replaces the rows of the one
  /// before.
  bool is_complete = false;
  bool merge_schema = false;
  /// The Delta table, delta.`path` included; made when it is not there.
  sql::ObjectName table;
  std::vector<std::string> partition_columns;  ///< Of a table that is made.
  /// Files of this format below `directory` instead of a table, when set.
  std::string file_format;
  std::string directory;
  OptionMap file_options;
  /// Takes the batches instead of a table, when set: memory, console, noop.
  ingest::BatchFunction take;
  std::string sink_description;  ///< With `take`.
  std::function<void(const ingest::StreamProgress&)> on_progress;
};

struct Call;

/// The columns that the stream gives. Errors: those of DescribeStream().
Result<types::StructType> DescribeDataStream(const Call& call, const DataStream& stream);
/// Ready to start; its table is there. Errors: those of OpenStream() and of CREATE TABLE.
Result<std::unique_ptr<ingest::StreamingQuery>> OpenDataStream(const Call& call,
                                                               const DataStream& stream);

}  // namespace inlet::workspace
