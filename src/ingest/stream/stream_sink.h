#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/table.h"
#include "ingest/write_table.h"
#include "storage/object_store.h"

namespace inlet::ingest {

using BatchId = std::int64_t;

struct SinkResult {
  std::int64_t num_output_rows = -1;  ///< -1: unknown.
  std::int64_t num_output_bytes = 0;
  std::optional<delta::Version> table_version;  ///< The version that holds the batch.
  bool was_there_already = false;  ///< An earlier run of the same batch had made it visible.
};

/// Where micro-batches end up.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  /// As StreamingQueryProgress shows it: "DeltaSink[file:/lake/t]".
  virtual std::string description() const = 0;

  /// Whether rows are read before they become visible; else they are shown while they are read.
  virtual bool is_transactional() const = 0;

  /// Once at the start of a run. `query_id` is the stream's id in its checkpoint; `schema` what the
  /// query gives.
  virtual Status Open(const std::string& query_id, const types::StructType& schema) = 0;

  /// Runs the query of batch `id` and makes its rows visible, all of them or none. A second call
  /// with the same id must not show rows twice where is_transactional().
  /// `before_visible` is called when all rows have been read; its error gives the batch up.
  virtual Result<SinkResult> AddBatch(BatchId id, BoundQuery query,
                                      const std::function<Status()>& before_visible,
                                      std::stop_token stop) = 0;
};

/// A Delta table that takes appended rows.
struct DeltaSinkOptions {
  storage::Location root;
  std::string table_name;  ///< For messages.
  /// New columns of the query are added to the table; else they are DELTA_METADATA_MISMATCH.
  bool merge_schema = false;
  /// Makes the table at the first batch when it is not there; its schema, when empty, is the
  /// query's. Absent: a missing table is DELTA_TABLE_NOT_FOUND.
  std::optional<delta::TableDefinition> create_if_missing;
  /// Each batch replaces the table's rows: output mode complete.
  bool overwrite = false;
  std::string user_name;
  /// The `txn` action's application; empty: the stream's id. Flows of a table and a full refresh
  /// choose their own.
  std::string transaction_app_id;
  /// Called after each commit, for catalogs and caches that follow the table. May be empty.
  std::function<void(const delta::SnapshotPtr&)> on_commit;
};
std::unique_ptr<StreamSink> MakeDeltaSink(engine::Engine& engine, DeltaSinkOptions options);

/// foreachBatch, memory, console, tests: `take` gets each batch's query and runs it as it likes, at
/// least once.
using BatchFunction =
    std::function<Result<SinkResult>(BatchId id, BoundQuery query, std::stop_token stop)>;
std::unique_ptr<StreamSink> MakeFunctionSink(std::string description, BatchFunction take);

}  // namespace inlet::ingest
