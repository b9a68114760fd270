#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "catalog/catalog.h"
#include "delta/snapshot.h"
#include "engine/engine.h"
#include "ingest/stream/streaming_query.h"
#include "ingest/write_table.h"
#include "sql/query.h"

namespace inlet::pipelines {

/// What the short names and the functions of a stored query mean.
struct Scope {
  std::string catalog;
  std::string schema;
  std::string user;
  std::string time_zone = "UTC";
};

/// A flow that reads streams, in terms of names and paths.
struct FlowStream {
  sql::Query query;
  std::string name;
  std::string checkpoint;  ///< The path of a directory.
  std::unique_ptr<ingest::StreamSink> sink;
  ingest::StreamTrigger trigger{.kind = ingest::StreamTrigger::Kind::kAvailableNow};
  std::function<ingest::BatchRewrite(ingest::BatchId)> make_rewrite;
  std::function<void(const ingest::StreamProgress&)> on_progress;
};

/// What this layer asks of the one above it, which knows names and sessions. Thread-safe.
class Host {
 public:
  virtual ~Host() = default;
  virtual catalog::Catalog& catalog() = 0;
  virtual engine::Engine& engine() = 0;
  virtual delta::SnapshotCache& snapshots() = 0;

  /// A query without streams, its tables bound to what is in them now. Errors: those of Bind().
  virtual Result<ingest::BoundQuery> Bind(const Scope& scope, const sql::Query& query,
                                          std::stop_token stop) = 0;
  /// A stream that is ready to start; new columns of its sources are taken in at once.
  /// Errors: those of workspace::OpenStream().
  virtual Result<std::unique_ptr<ingest::StreamingQuery>> OpenStream(const Scope& scope,
                                                                     FlowStream stream) = 0;
  /// The columns that the flow's query gives; its sink is not looked at.
  virtual Result<types::StructType> DescribeStream(const Scope& scope, FlowStream stream) = 0;
};

}  // namespace inlet::pipelines
