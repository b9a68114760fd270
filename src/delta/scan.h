#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "delta/snapshot.h"
#include "types/batch.h"
#include "types/predicate.h"

namespace inlet::delta {

struct ScanOptions {
  std::string session_time_zone = "UTC";  ///< For zone-less text of TIMESTAMP partition values.
  std::int64_t split_bytes = 64 << 20;  ///< Files are packed into, row groups cut into about this.
};

/// The files of a version that can have matching rows, and how to read them as logical columns:
/// partition values filled in, columns found by name or id, missing ones NULL, deleted rows left
/// out, widened types converted.
///
/// Immutable; thread-safe: splits are read on any thread.
class DeltaScan : public std::enable_shared_from_this<DeltaScan> {
 public:
  ~DeltaScan();
  /// Leaves out files that cannot match all of `predicates`, whose columns index
  /// snapshot->schema().
  static Result<std::shared_ptr<const DeltaScan>> Plan(
      SnapshotPtr snapshot, std::span<const types::ColumnPredicate> predicates = {},
      const ScanOptions& options = {});

  /// The rows of `files` alone, which may be of other versions, with the columns of `snapshot`.
  static Result<std::shared_ptr<const DeltaScan>> PlanFiles(SnapshotPtr snapshot,
                                                            std::span<const AddFile> files,
                                                            const ScanOptions& options = {});

  const SnapshotPtr& snapshot() const;
  const types::StructType& schema() const;
  std::size_t num_splits() const;
  std::int64_t num_files() const;
  std::int64_t estimated_bytes() const;
  /// Rows in all files left after skipping, when the statistics of every one tell it.
  std::optional<std::int64_t> num_rows() const;
  /// The files left after skipping, without their statistics and tags.
  const std::vector<AddFile>& files() const;

  /// Batches have the columns `columns` of schema() in this order; with none, only rows are
  /// counted. Errors name the data file.
  Result<std::unique_ptr<types::BatchReader>> Open(std::size_t split,
                                                   std::span<const std::size_t> columns) const;

 private:
  struct State;
  explicit DeltaScan(std::unique_ptr<const State> state);
  std::unique_ptr<const State> state_;
};

}  // namespace inlet::delta
