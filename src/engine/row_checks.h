#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace inlet::engine {

/// Conditions that the rows of one query are held against by `inlet_expect(c0, c1, ...)`, and how
/// often each failed. The function gives true for the rows that stay. Thread-safe.
class RowChecks {
 public:
  /// For each condition: whether a row that fails it is left out.
  explicit RowChecks(std::vector<bool> drops)
      : drops_(std::move(drops)), num_failed_(std::make_unique<Counter[]>(drops_.size())) {}

  /// What one thread found in some rows; `failed` has a number for each condition.
  void Add(std::int64_t rows, std::int64_t dropped, std::span<const std::int64_t> failed) {
    num_rows_.fetch_add(rows, std::memory_order_relaxed);
    num_dropped_.fetch_add(dropped, std::memory_order_relaxed);
    for (std::size_t i = 0; i < failed.size(); ++i) {
      num_failed_[i].fetch_add(failed[i], std::memory_order_relaxed);
    }
  }

  bool drops(std::size_t condition) const { return drops_[condition]; }
  std::size_t size() const { return drops_.size(); }
  std::int64_t num_rows() const { return num_rows_.load(); }
  std::int64_t num_dropped() const { return num_dropped_.load(); }
  std::int64_t num_failed(std::size_t condition) const { return num_failed_[condition].load(); }

 private:
  using Counter = std::atomic<std::int64_t>;

  const std::vector<bool> drops_;
  const std::unique_ptr<Counter[]> num_failed_;  // NOLINT(modernize-avoid-c-arrays)
  Counter num_rows_{0};
  Counter num_dropped_{0};
};

}  // namespace inlet::engine
