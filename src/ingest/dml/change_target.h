#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

#include "delta/snapshot.h"
#include "engine/engine.h"
#include "ingest/write_table.h"

namespace inlet::ingest {

/// What a statement has asked of its target, for the conflict rules. Thread-safe.
class ReadRecord {
 public:
  /// The rows that match all of `predicates`, whose columns index the table's schema.
  void Set(std::vector<types::ColumnPredicate> predicates);
  /// Nothing: all of the table.
  std::optional<std::vector<types::ColumnPredicate>> Take();

 private:
  std::mutex mutex_;
  std::optional<std::vector<types::ColumnPredicate>> predicates_;  // Guarded by mutex_.
};

/// The table that a statement changes, with the columns of delta::RowColumn behind its own.
/// Notes in `record` what the engine prunes it to.
Result<std::shared_ptr<const engine::SplitSource>> OpenChangeTarget(
    delta::SnapshotPtr snapshot, std::string session_time_zone, std::shared_ptr<ReadRecord> record);

/// The partitions that have files.
std::vector<delta::PartitionValues> PartitionsOf(const delta::Snapshot& snapshot);

/// The numbers in the only column of a query.
Result<std::set<std::int64_t>> NumbersOf(engine::Engine& engine, BoundQuery query,
                                         std::stop_token stop);

/// The partition columns of a table, one row for each partition that has files, and behind them
/// the partition's place in `partitions` as `__inlet_file`.
Result<std::shared_ptr<const engine::SplitSource>> OpenPartitions(
    delta::SnapshotPtr snapshot, std::vector<delta::PartitionValues> partitions,
    const std::string& session_time_zone, std::shared_ptr<ReadRecord> record);

}  // namespace inlet::ingest
