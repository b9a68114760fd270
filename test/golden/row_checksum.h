#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "types/batch.h"
#include "types/data_type.h"

namespace inlet::golden {

/// Number of rows and a checksum that does not depend on their order, as the README of the
/// conformance tables defines it.
class RowChecksum {
 public:
  /// Columns that have a VARIANT at any level are left out.
  explicit RowChecksum(const types::StructType& schema);

  void Add(const arrow::RecordBatch& batch);
  std::int64_t num_rows() const { return num_rows_; }
  /// 16 hex digits.
  std::string Text() const;

 private:
  types::StructType schema_;
  std::vector<std::size_t> columns_;  ///< In byte order of their names.
  std::int64_t num_rows_ = 0;
  std::uint64_t sum_ = 0;
};

/// The first 8 bytes of MD5, big-endian.
std::uint64_t HashOfText(std::string_view text);

}  // namespace inlet::golden
