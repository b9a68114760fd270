#pragma once

#include <cstdint>
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

}  // namespace variant_format

}  // namespace inlet::types
