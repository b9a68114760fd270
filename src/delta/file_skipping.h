#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "delta/column_mapping.h"
#include "types/data_type.h"
#include "types/predicate.h"
#include "types/time_zone.h"

namespace inlet::delta {

/// Tells which files cannot have a row that matches all predicates, by partition values and
/// statistics. In doubt a file is kept. Not thread-safe.
/// Source: Delta protocol, "Per-file Statistics".
class FileSkipper {
 public:
  /// The predicates' columns index `schema`. All parameters outlive this.
  FileSkipper(const types::StructType& schema, const std::vector<std::string>& partition_columns,
              ColumnMappingMode mode, std::span<const types::ColumnPredicate> predicates,
              const types::TimeZone& zone);
  FileSkipper(FileSkipper&&) noexcept;
  ~FileSkipper();

  bool CanMatch(const AddFile& file);
  /// The same by partition values alone.
  bool CanMatchPartition(const PartitionValues& values) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// `numRecords` of the statistics less the deleted rows; nothing when it is not known.
std::optional<std::int64_t> LiveRowsOf(const AddFile& file);
/// `numRecords` of the statistics.
std::optional<std::int64_t> NumRecordsOf(std::string_view stats);

}  // namespace inlet::delta
