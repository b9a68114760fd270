#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "storage/object_store.h"
#include "types/batch.h"
#include "types/data_type.h"

namespace inlet::formats {

struct ParquetWriteOptions {
  std::string compression = "snappy";  ///< none, snappy, gzip, zstd, lz4, brotli.
  std::int64_t row_group_rows = 1 << 20;
  std::int64_t row_group_bytes = 128 << 20;  ///< About, before encoding.
  std::map<std::string, std::string> metadata;
};

/// A value of Parquet's statistics. Integers, dates and times are int64 (microseconds), unscaled
/// decimals 128 bits, text and binary their bytes; nothing when unknown.
__extension__ using StatisticsInt128 = __int128;
using StatisticsValue =
    std::variant<std::monostate, std::int64_t, double, StatisticsInt128, std::string>;

/// What a file's footer says of one leaf column, merged over its row groups.
struct LeafStatistics {
  std::int64_t num_values = 0;             ///< With NULLs; for columns inside of lists not rows.
  std::optional<std::int64_t> null_count;  ///< NULL parents count.
  StatisticsValue min;                     ///< NaN is left out, as Parquet does.
  StatisticsValue max;
};

struct WrittenParquetFile {
  storage::ObjectInfo object;
  std::int64_t num_rows = 0;
  std::vector<LeafStatistics> leaves;  ///< Depth first, in the order of the schema.
};

/// Writes one Parquet file as Delta and Spark want it: three-level lists, timestamps as INT64
/// microseconds, decimals as integers where they fit, statistics, page checksums. Destroying an
/// unfinished one leaves no trace. Not thread-safe.
class ParquetFileWriter {
 public:
  virtual ~ParquetFileWriter() = default;

  /// A field's `delta.columnMapping.id` or `parquet.field.id` becomes its Parquet field id.
  /// Errors: INVALID_PARAMETER_VALUE for an unknown compression;
  /// UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE for VOID and intervals; errors of storage.
  static Result<std::unique_ptr<ParquetFileWriter>> Open(const storage::Location& location,
                                                         const types::StructType& schema,
                                                         const ParquetWriteOptions& options);

  /// `batch` has the columns of the schema by position, in the types of types/arrow.h; names inside
  /// of nested types may differ.
  virtual Status Append(const arrow::RecordBatch& batch) = 0;
  virtual std::int64_t num_rows() const = 0;
  /// About how large the file would be if it were finished now.
  virtual std::int64_t EstimatedBytes() const = 0;
  /// Whether the row group is full: the best moment to finish the file.
  virtual bool AtRowGroupEnd() const = 0;
  virtual Result<WrittenParquetFile> Finish() = 0;
};

/// The part of a file name that tells the compression: ".snappy", ".zstd", "" for none.
Result<std::string> ParquetCompressionSuffix(const std::string& compression);

}  // namespace inlet::formats
