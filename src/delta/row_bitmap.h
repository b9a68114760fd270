#pragma once

#include <cstdint>
#include <vector>

#include "delta/deletion_vector.h"

namespace inlet::delta {

/// Rows of one data file by position, a bit each. Not thread-safe.
class RowBitmap {
 public:
  /// False when the row was there already.
  bool Add(std::uint64_t row);
  void Add(const DeletedRows& rows);
  std::uint64_t cardinality() const { return cardinality_; }
  DeletedRows ToRanges() const;

 private:
  void AddRange(std::uint64_t begin, std::uint64_t end);

  std::vector<std::uint64_t> words_;
  std::uint64_t cardinality_ = 0;
};

}  // namespace inlet::delta
