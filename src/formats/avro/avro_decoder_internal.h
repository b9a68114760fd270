#pragma once

#include <cstdint>
#include <string_view>

#include "formats/avro/avro_schema_internal.h"
#include "types/column_builder.h"

namespace inlet::formats::avro_internal {

/// Bytes of one block, read from the front. Every read is checked; after a failure the rest is
/// undefined.
class AvroCursor {
 public:
  explicit AvroCursor(std::string_view bytes) : rest_(bytes) {}

  std::size_t left() const { return rest_.size(); }
  bool ReadLong(std::int64_t& value);
  bool ReadFixed(std::size_t length, std::string_view& bytes);
  /// A length, then so many bytes.
  bool ReadBytes(std::string_view& bytes);

 private:
  std::string_view rest_;
};

/// Decodes one value into `out`, whose type is that of `schema` or, for INT and FLOAT, the wider
/// one of a union. Returns what is wrong, or nullptr.
const char* DecodeAvro(const AvroSchema& schema, AvroCursor& cursor, types::ColumnBuilder& out);

/// Passes over one value. Returns what is wrong, or nullptr.
const char* SkipAvro(const AvroSchema& schema, AvroCursor& cursor);

}  // namespace inlet::formats::avro_internal
