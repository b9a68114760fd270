#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

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

/// What a refresh would take in of one source.
struct Backlog {
  std::string flow;
  std::string source;
  std::optional<std::int64_t> num_files;  ///< None where the source does not say.
  std::optional<std::int64_t> num_bytes;
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
  /// What the flow's sources have that no batch has taken yet; its sink is not looked at.
  virtual Result<std::vector<Backlog>> FindBacklog(const Scope& scope, FlowStream stream) = 0;
  /// The columns that the flow's query gives; its sink is not looked at.
  virtual Result<types::StructType> DescribeStream(const Scope& scope, FlowStream stream) = 0;
};

}  // namespace inlet::pipelines
