#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "formats/parquet/parquet_file_writer.h"
#include "types/batch.h"
#include "types/data_type.h"

namespace inlet::delta {

/// Which columns of a data file get statistics, and in what form.
struct StatisticsSpec {
  int columns = 32;                       ///< delta.dataSkippingNumIndexedCols; -1 all.
  std::vector<std::string> column_names;  ///< delta.dataSkippingStatsColumns, logical; if set.
  int string_prefix = 32;                 ///< delta.dataSkippingStringPrefixLength
};

/// Makes the `stats` text of one data file: bounds and NULL counts out of the file's own Parquet
/// statistics, and what those do not say (NULLs of arrays and maps, NaN) out of the batches.
/// Not thread-safe.
/// Source: Delta protocol, "Per-file Statistics".
class DataFileStatistics {
 public:
  /// `schema` has the columns of the file, with logical names; the names in the text are the
  /// fields' `delta.columnMapping.physicalName` where they have one.
  DataFileStatistics(const types::StructType& schema, const StatisticsSpec& spec);
  ~DataFileStatistics();
  DataFileStatistics(DataFileStatistics&&) noexcept;
  DataFileStatistics& operator=(DataFileStatistics&&) noexcept;

  void Add(const arrow::RecordBatch& batch);
  std::string ToJson(const formats::WrittenParquetFile& file) const;

 private:
  struct Column;
  std::vector<Column> columns_;
  int string_prefix_;
};

/// The lower and upper bound that stand for a long string; the upper one is nothing when there is
/// none of bearable length. `prefix` counts code points for the lower, UTF-16 units for the upper.
std::string TruncatedMin(std::string_view text, int prefix);
std::optional<std::string> TruncatedMax(std::string_view text, int prefix);

}  // namespace inlet::delta
