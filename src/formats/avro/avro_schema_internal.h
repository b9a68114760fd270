#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "types/data_type.h"

namespace inlet::formats::avro_internal {

enum class AvroKind : std::uint8_t {
  kNull,
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kBytes,
  kString,
  kRecord,
  kEnum,
  kArray,
  kMap,
  kUnion,
  kFixed,
};

struct AvroSchema;
using AvroSchemaPtr = std::shared_ptr<const AvroSchema>;

struct AvroField {
  std::string name;
  AvroSchemaPtr schema;
  bool has_default = false;  ///< Another one than null.
};

/// One type of an Avro schema, names resolved. Immutable.
/// Source: Avro specification 1.12, "Schema Declaration", "Logical Types".
struct AvroSchema {
  AvroKind kind = AvroKind::kNull;
  std::vector<AvroField> fields;        ///< RECORD.
  std::vector<std::string> symbols;     ///< ENUM.
  std::vector<AvroSchemaPtr> branches;  ///< UNION.
  AvroSchemaPtr items;                  ///< ARRAY; values of MAP.
  std::size_t fixed_bytes = 0;          ///< FIXED.
  /// The SQL type, as Spark reads it: unions of NULL and one other type are that type, [int, long]
  /// is BIGINT, [float, double] is DOUBLE, others are a STRUCT of member0, member1, ...
  types::DataType type;
  /// Of timestamps: how a stored number becomes microseconds.
  enum class Unit : std::uint8_t { kPlain, kMillis, kMicros, kNanos } unit = Unit::kPlain;
  std::optional<std::size_t> null_branch;  ///< UNION: which branch is NULL.
  bool is_member_struct = false;           ///< UNION that is a STRUCT of members.
  /// Leaf columns below; names may be used again, so that few bytes of JSON can say very many.
  std::uint64_t num_leaves = 1;
  std::uint64_t min_bytes = 0;  ///< The least that one value takes in a file.
};

/// Parses a schema's JSON. Errors, naming `path`: RECURSIVE_AVRO_SCHEMA, INLET_CORRUPT_FILE,
/// INLET_RESOURCE_LIMIT for nesting beyond types::kMaxNesting.
Result<AvroSchemaPtr> ParseAvroSchema(std::string_view json, const std::string& path);

}  // namespace inlet::formats::avro_internal
