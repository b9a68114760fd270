#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "formats/avro/avro_schema_internal.h"
#include "storage/object_store.h"

namespace inlet::formats::avro_internal {

enum class AvroCodec : std::uint8_t { kNull, kDeflate, kSnappy, kZstandard, kBzip2, kXz };

/// One block, decompressed.
struct AvroBlock {
  std::int64_t num_records = 0;
  std::string_view bytes;  ///< Until the next call of NextBlock().
};

/// An Avro object container file: its header, then its blocks. Not thread-safe.
/// Source: Avro specification 1.12, "Object Container Files".
class AvroContainer {
 public:
  /// Reads the header. Errors, all naming the file: FAILED_READ_FILE_CANNOT_READ_FILE_FOOTER for
  /// what is no Avro file; INLET_CORRUPT_FILE; INLET_UNSUPPORTED_FILE for an unknown codec; those
  /// of ParseAvroSchema() and of storage.
  static Result<std::unique_ptr<AvroContainer>> Open(const storage::ObjectStore& store,
                                                     const storage::ObjectInfo& file);

  const AvroSchema& schema() const { return *schema_; }
  const std::string& url() const { return url_; }

  /// Limits NextBlock() to the blocks whose preceding sync marker begins in [begin, end); `end` < 0
  /// is the end of the file. A `begin` of 0 stands for the first block.
  Status Seek(std::int64_t begin, std::int64_t end);

  /// The next block, or nothing at the end.
  /// Errors: INLET_CORRUPT_FILE for a wrong sync marker, count, length or checksum;
  /// INLET_RESOURCE_LIMIT for a block that is too large.
  Result<std::optional<AvroBlock>> NextBlock();

  std::unexpected<Error> Corrupt(std::string_view message) const;

 private:
  AvroContainer() = default;
  Status ReadHeader();
  /// Bytes [position, position + length), shorter at the end of the file. Valid until the next
  /// call.
  Result<std::string_view> Window(std::int64_t position, std::int64_t length);
  Result<std::string_view> Decompressed(std::string_view bytes);

  std::unique_ptr<storage::ObjectReader> object_;
  std::string url_;
  AvroSchemaPtr schema_;
  AvroCodec codec_ = AvroCodec::kNull;
  std::string sync_;
  std::int64_t first_block_ = 0;
  std::int64_t position_ = 0;  // Of the next block.
  std::int64_t end_ = -1;
  std::string window_;  // Unused where the object is mapped.
  std::int64_t window_position_ = 0;
  std::string decompressed_;
};

}  // namespace inlet::formats::avro_internal
