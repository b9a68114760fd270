#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "delta/snapshot.h"
#include "engine/engine.h"

namespace inlet::ingest {

struct OptimizeRequest {
  std::string user_name;
  std::string session_time_zone = "UTC";
  int threads = 0;  ///< 0: one a core.
  std::stop_token stop;
  /// Only files of these partitions; none: of all.
  std::optional<std::set<delta::PartitionValues>> partitions;
  std::string predicate_text;           ///< For history; empty: none.
  std::vector<std::string> zorder_by;   ///< Rows near in these columns come near each other.
  std::vector<std::string> cluster_by;  ///< The same for a clustered table.
  bool is_full = false;                 ///< Also what is clustered already.
  bool only_purges = false;             ///< REORG: files with deletion vectors alone.
  bool is_auto = false;                 ///< After a write, not on demand.
};

struct FileSizes {
  std::int64_t num_files = 0;
  std::int64_t bytes = 0;
  std::int64_t min = 0;
  std::int64_t max = 0;
};

struct OptimizeResult {
  delta::SnapshotPtr snapshot;  ///< Null when there was nothing to do.
  FileSizes added;
  FileSizes removed;
  std::int64_t num_partitions = 0;
  std::int64_t num_bins = 0;
  std::int64_t num_considered = 0;
  std::int64_t num_skipped = 0;
  std::int64_t num_vectors_removed = 0;
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
};

/// Writes small files, files of which many rows are deleted, and with an order all files, again as
/// larger ones. Rows stay as they are, with their ids: the commit changes no data.
/// Errors: those of delta::Transaction::Commit().
Result<OptimizeResult> Optimize(engine::Engine& engine, const delta::SnapshotPtr& snapshot,
                                const OptimizeRequest& request);

}  // namespace inlet::ingest
