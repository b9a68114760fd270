#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "engine/engine.h"

namespace inlet::ingest {

/// The same rows, counted while they are read. Thread-safe.
class CountedSource final : public engine::SplitSource {
 public:
  explicit CountedSource(std::shared_ptr<const engine::SplitSource> source)
      : source_(std::move(source)) {}

  const types::StructType& schema() const override { return source_->schema(); }
  std::size_t num_splits() const override { return source_->num_splits(); }
  std::int64_t estimated_bytes() const override { return source_->estimated_bytes(); }
  Result<std::unique_ptr<types::BatchReader>> Open(
      std::size_t split, const engine::Projection& projection) const override;

  std::int64_t num_rows_read() const { return num_rows_read_; }

 private:
  std::shared_ptr<const engine::SplitSource> source_;
  mutable std::atomic<std::int64_t> num_rows_read_ = 0;
};

/// No rows with these columns: a source that has nothing for a micro-batch of others.
std::shared_ptr<const engine::SplitSource> EmptySource(types::StructType schema);

}  // namespace inlet::ingest
