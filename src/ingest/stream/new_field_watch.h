#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "engine/engine.h"

namespace inlet::ingest {

/// The same rows; notices while they are read whether the rescued data tells of fields that the
/// schema does not have, so that no second look at the files is needed when it does not.
/// Thread-safe.
class NewFieldWatch final : public engine::SplitSource {
 public:
  /// `any_rescued`: a value that does not fit its type counts, too.
  NewFieldWatch(std::shared_ptr<const engine::SplitSource> source, std::size_t rescued_column,
                bool any_rescued)
      : source_(std::move(source)), rescued_column_(rescued_column), any_rescued_(any_rescued) {}

  const types::StructType& schema() const override { return source_->schema(); }
  std::size_t num_splits() const override { return source_->num_splits(); }
  std::int64_t estimated_bytes() const override { return source_->estimated_bytes(); }
  Result<std::unique_ptr<types::BatchReader>> Open(
      std::size_t split, const engine::Projection& projection) const override;

  bool has_seen_new() const { return has_seen_new_; }
  /// Where the first one was seen; may be empty.
  std::string file_path() const;

 private:
  class Reader;
  void Inspect(std::string_view rescued_json) const;

  std::shared_ptr<const engine::SplitSource> source_;
  const std::size_t rescued_column_;
  const bool any_rescued_;
  mutable std::atomic<bool> has_seen_new_ = false;
  mutable std::mutex mutex_;
  mutable std::string file_path_;  // Guarded by mutex_.
};

}  // namespace inlet::ingest
