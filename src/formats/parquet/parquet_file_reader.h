#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/columns/matching.h"
#include "storage/object_store.h"
#include "types/batch.h"
#include "types/data_type.h"
#include "types/predicate.h"

namespace inlet::formats {

struct ParquetReadOptions {
  FieldMatching matching = FieldMatching::kByName;
  CalendarRebase datetime_rebase = CalendarRebase::kCorrected;
  CalendarRebase int96_rebase = CalendarRebase::kCorrected;
  std::string session_time_zone = "UTC";        ///< For the local times of the legacy calendar.
  std::int64_t batch_rows = 16384;              ///< A batch has at most this many rows
  std::int64_t batch_bytes = 16 << 20;          ///< and about this many bytes.
  std::int64_t memory_limit_bytes = 512 << 20;  ///< Beyond it: INLET_RESOURCE_LIMIT.
  /// When set, the reader makes one more STRING column after the requested ones. Without it a
  /// column whose type does not fit is an error, and unknown columns are ignored.
  std::optional<Rescue> rescue;
};

struct ParquetRowGroup {
  std::int64_t first_row = 0;  ///< Position of its first row in the file.
  std::int64_t num_rows = 0;
  std::int64_t position =
      0;  ///< Byte position of its first page; decides to which split it belongs.
  std::int64_t compressed_bytes = 0;
  std::int64_t uncompressed_bytes = 0;
};

/// Batches of chosen row groups. Not thread-safe. A batch is a run of rows of one row group.
class ParquetBatchReader : public types::BatchReader {
 public:
  /// Errors: INLET_CORRUPT_FILE for damaged pages, wrong checksums and row counts that do not agree
  /// with the footer; INLET_RESOURCE_LIMIT.
  Result<types::BatchPtr> Next() override = 0;
  /// Position in the file of the first row of the batch that Next() returned last.
  virtual std::int64_t batch_first_row() const = 0;
};

/// One Parquet file, its footer read and checked. Thread-safe; several threads may each Read()
/// other row groups of it.
class ParquetFile {
 public:
  virtual ~ParquetFile() = default;

  /// Reads the footer. `file` is the whole object.
  /// Errors, all naming the file: FAILED_READ_FILE_CANNOT_READ_FILE_FOOTER for what is no Parquet
  /// file or has a damaged footer; INLET_CORRUPT_FILE for a footer that contradicts the file;
  /// INLET_UNSUPPORTED_FILE for encrypted files; INLET_RESOURCE_LIMIT; errors of storage.
  static Result<std::shared_ptr<const ParquetFile>> Open(const storage::ObjectStore& store,
                                                         const storage::ObjectInfo& file);

  virtual const storage::ObjectInfo& info() const = 0;
  virtual const std::string& url() const = 0;
  /// The columns as SQL types, with `parquet.field.id` in the metadata of fields that have one.
  /// Errors: PARQUET_TYPE_ILLEGAL.
  virtual Result<types::StructType> Schema() const = 0;
  virtual std::int64_t num_rows() const = 0;
  virtual std::span<const ParquetRowGroup> row_groups() const = 0;
  /// The footer's key-value pairs.
  virtual const std::map<std::string, std::string>& metadata() const = 0;

  /// The row groups that may have a row for which all of `predicates` hold, by the statistics of
  /// the footer. ColumnPredicate::column is an index into `columns`.
  virtual std::vector<int> MatchingRowGroups(const types::StructType& columns,
                                             std::span<const types::ColumnPredicate> predicates,
                                             const ParquetReadOptions& options) const = 0;

  /// Reads `row_groups` in the given order, as `columns` says: in their order, with exactly their
  /// types. A column that the file lacks is NULL, also inside of structs; a type that only widened
  /// (Delta's type widening and Spark's own conversions) is converted. With no columns the batches
  /// have only a number of rows. The reader keeps the file open.
  /// Errors: FAILED_READ_FILE_PARQUET_COLUMN_DATA_TYPE_MISMATCH; COLUMN_ALREADY_EXISTS.
  virtual Result<std::unique_ptr<ParquetBatchReader>> Read(
      const types::StructType& columns, std::span<const int> row_groups,
      const ParquetReadOptions& options) const = 0;
};

}  // namespace inlet::formats
