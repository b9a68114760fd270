#pragma once

#include <memory>

#include "delta/scan.h"
#include "engine/engine.h"

namespace inlet::ingest {

/// A version of a Delta table as an input of the engine. Immutable; thread-safe.
class DeltaSource final : public engine::SplitSource {
 public:
  static Result<std::shared_ptr<const DeltaSource>> Open(delta::SnapshotPtr snapshot,
                                                         delta::ScanOptions options);

  const types::StructType& schema() const override { return scan_->schema(); }
  std::size_t num_splits() const override { return scan_->num_splits(); }
  std::optional<std::int64_t> num_rows() const override { return scan_->num_rows(); }
  std::int64_t estimated_bytes() const override { return scan_->estimated_bytes(); }
  Result<std::unique_ptr<types::BatchReader>> Open(
      std::size_t split, const engine::Projection& projection) const override;
  std::shared_ptr<const engine::SplitSource> Prune(
      std::span<const types::ColumnPredicate> predicates) const override;

  const delta::DeltaScan& scan() const { return *scan_; }

 private:
  DeltaSource(std::shared_ptr<const delta::DeltaScan> scan, delta::ScanOptions options)
      : scan_(std::move(scan)), options_(std::move(options)) {}

  std::shared_ptr<const delta::DeltaScan> scan_;
  delta::ScanOptions options_;
};

}  // namespace inlet::ingest
