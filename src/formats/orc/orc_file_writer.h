#pragma once

#include <memory>
#include <string>

#include "storage/object_store.h"
#include "types/batch.h"
#include "types/data_type.h"

namespace inlet::formats {

/// Writes one ORC file as Spark does: TIMESTAMP is ORC's timestamp with GMT as the writer's zone.
/// Destroying an unfinished one leaves no trace. Not thread-safe.
class OrcFileWriter {
 public:
  virtual ~OrcFileWriter() = default;

  /// `compression`: zstd, snappy, zlib, lz4, none.
  /// Errors: INVALID_PARAMETER_VALUE for an unknown compression;
  /// UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE for VOID, VARIANT and intervals; errors of storage.
  static Result<std::unique_ptr<OrcFileWriter>> Open(const storage::Location& location,
                                                     const types::StructType& schema,
                                                     const std::string& compression);

  /// `batch` has the columns of the schema by position, in the types of types/arrow.h.
  virtual Status Append(const arrow::RecordBatch& batch) = 0;
  virtual Result<storage::ObjectInfo> Finish() = 0;
};

/// The part of a file name that tells the compression: ".zstd", "" for none.
Result<std::string> OrcCompressionSuffix(const std::string& compression);

}  // namespace inlet::formats
