#include "ingest/delta_source.h"

namespace inlet::ingest {

Result<std::shared_ptr<const DeltaSource>> DeltaSource::Open(delta::SnapshotPtr snapshot,
                                                             delta::ScanOptions options) {
  auto scan = TRY(delta::DeltaScan::Plan(std::move(snapshot), {}, options));
  return std::shared_ptr<const DeltaSource>(new DeltaSource(std::move(scan), std::move(options)));
}

Result<std::unique_ptr<types::BatchReader>> DeltaSource::Open(
    std::size_t split, const engine::Projection& projection) const {
  return scan_->Open(split, projection.columns);
}

std::shared_ptr<const engine::SplitSource> DeltaSource::Prune(
    std::span<const types::ColumnPredicate> predicates) const {
  auto pruned = delta::DeltaScan::Plan(scan_->snapshot(), predicates, options_);
  // Reading more than needed is right, only slower.
  if (!pruned) return nullptr;
  return std::shared_ptr<const DeltaSource>(new DeltaSource(*std::move(pruned), options_));
}

}  // namespace inlet::ingest
