#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "types/batch.h"
#include "types/data_type.h"

namespace inlet::delta {

/// The rows of a batch that belong to one partition, without the partition columns.
struct PartitionRows {
  std::size_t partition = 0;  ///< Index into PartitionSplitter::values().
  types::BatchPtr rows;
};

/// Cuts batches by the values of the partition columns. Not thread-safe.
class PartitionSplitter {
 public:
  /// Errors: DELTA_UNSUPPORTED_DATA_TYPES for partition columns of nested types and VARIANT.
  static Result<PartitionSplitter> Make(const types::StructType& schema,
                                        const std::vector<std::string>& partition_columns,
                                        const std::vector<int>& data_columns);

  Result<std::vector<PartitionRows>> Split(const types::BatchPtr& batch);

  /// For each partition seen so far the texts of its values, in the order of the partition
  /// columns; no value means NULL.
  const std::vector<std::vector<std::optional<std::string>>>& values() const { return values_; }

 private:
  PartitionSplitter() = default;
  Result<std::size_t> PartitionOf(const types::BatchPtr& batch, std::int64_t row);

  std::vector<int> columns_;  // Of the batch, that partition.
  std::vector<int> data_columns_;
  std::unordered_map<std::string, std::size_t> partitions_;  // By the concatenated texts.
  std::vector<std::vector<std::optional<std::string>>> values_;
};

/// The text of a value in `partitionValues`; nothing for NULL and for an empty string.
/// Source: Delta protocol, "Partition Value Serialization".
std::optional<std::string> PartitionValueText(const arrow::Array& array, std::int64_t row);

}  // namespace inlet::delta
