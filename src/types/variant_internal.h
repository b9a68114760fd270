#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "types/json_cursor.h"
#include "types/variant.h"

namespace inlet::types {

/// Numbers of the binary form. Source: Parquet format, "Variant Binary Encoding".
namespace variant_format {

enum class Basic : std::uint8_t { kPrimitive, kShortString, kObject, kArray };

enum class Primitive : std::uint8_t {
  kNull,
  kTrue,
  kFalse,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kDouble,
  kDecimal4,
  kDecimal8,
  kDecimal16,
  kDate,
  kTimestamp,
  kTimestampNtz,
  kFloat,
  kBinary,
  kString,
  kTimeNtz,
  kTimestampNanos,
  kTimestampNtzNanos,
  kUuid,
};

inline constexpr unsigned kVersion = 1;

inline std::unexpected<Error> Malformed(std::string_view message) {
  return Fail(Condition::MALFORMED_VARIANT, {{"message", std::string(message)}});
}

/// Each value takes a byte at least, so that a sound variant has no more values than bytes. Damaged
/// ones may share the bytes of a child and have values without end.
class ValueBudget {
 public:
  explicit ValueBudget(VariantView variant) : left_(variant.value.size() + 1) {}
  Status Spend(int depth) {
    if (depth > kMaxVariantDepth) return Malformed("it nests too deep");
    if (left_-- == 0) return Malformed("its values overlap");
    return Ok();
  }

 private:
  std::size_t left_;
};

}  // namespace variant_format

/// `123e4567-e89b-12d3-a456-426614174000` of 16 bytes.
void AppendUuid(std::string_view bytes, std::string& out);
/// Without zeros at the end of the fraction, as Spark prints decimals of a variant.
void AppendStrippedDecimal(Int128 unscaled, int scale, std::string& out);

}  // namespace inlet::types
