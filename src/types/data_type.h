#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace inlet::types {

enum class TypeId : std::uint8_t {
  kVoid,
  kBoolean,
  kByte,
  kShort,
  kInteger,
  kLong,
  kFloat,
  kDouble,
  kDecimal,
  kString,
  kBinary,
  kDate,
  kTimestamp,     ///< An instant, microseconds since 1970 UTC.
  kTimestampNtz,  ///< A wall clock without zone, microseconds.
  kYearMonthInterval,
  kDayTimeInterval,
  kVariant,
  kArray,
  kMap,
  kStruct,
};

struct StructField;

/// A Databricks SQL type. A value: cheap to copy, immutable, safe to share.
///
/// Nested types hold fields as Arrow does: ARRAY one ("element"), MAP two
/// ("key", "value"), STRUCT its own.
/// Source: Databricks SQL language manual, "Data types"; Delta protocol, "Schema Serialization
/// Format".
class DataType {
 public:
  DataType() = default;  // VOID
  DataType(TypeId id)
      : id_(id) {}  // NOLINT(google-explicit-constructor): reads as the type itself.
  static DataType Decimal(int precision, int scale);
  static DataType Array(DataType element, bool contains_null = true);
  static DataType Map(DataType key, DataType value, bool value_contains_null = true);
  static DataType Struct(std::vector<StructField> fields);

  TypeId id() const { return id_; }
  int precision() const { return precision_; }  ///< DECIMAL only.
  int scale() const { return scale_; }          ///< DECIMAL only.
  const std::vector<StructField>& fields() const;
  const DataType& element() const;  ///< ARRAY only.
  const DataType& key() const;      ///< MAP only.
  const DataType& value() const;    ///< MAP only.

  bool is(TypeId id) const { return id_ == id; }
  bool is_nested() const { return id_ >= TypeId::kArray; }
  bool is_integer() const { return id_ >= TypeId::kByte && id_ <= TypeId::kLong; }
  bool is_numeric() const { return id_ >= TypeId::kByte && id_ <= TypeId::kDecimal; }

  /// Structural equality; field names compare exactly, field metadata counts not.
  bool operator==(const DataType& other) const;

 private:
  TypeId id_ = TypeId::kVoid;
  std::uint8_t precision_ = 0;
  std::uint8_t scale_ = 0;
  std::shared_ptr<const std::vector<StructField>> fields_;
};

/// Keys and raw JSON values of a field's metadata, such as "comment" -> "\"x\"".
/// Unknown keys survive schema changes.
using FieldMetadata = std::map<std::string, std::string>;

struct StructField {
  std::string name;
  DataType type;
  bool nullable = true;
  FieldMetadata metadata;

  bool operator==(const StructField& other) const {
    return name == other.name && type == other.type && nullable == other.nullable;
  }

  /// The metadata "comment" as plain text.
  std::optional<std::string> comment() const;
  void set_comment(std::string_view text);
};

/// Columns of a table, a file or a query, in order.
struct StructType {
  std::vector<StructField> fields;

  bool operator==(const StructType&) const = default;
  /// Ignores case, as Databricks does. Null when there is none.
  const StructField* Find(std::string_view name) const;
  std::optional<std::size_t> IndexOf(std::string_view name) const;
  bool empty() const { return fields.empty(); }
  std::size_t size() const { return fields.size(); }
};

/// Spark's simpleString: `decimal(10,2)`, `array<struct<a:int,b:string>>`.
std::string ToString(const DataType& type);
/// SQL text: `DECIMAL(10,2)`, `ARRAY<STRUCT<a: INT, b: STRING>>`; odd field names in back-ticks.
std::string ToSql(const DataType& type);
/// `a INT NOT NULL COMMENT 'x', b STRING`.
std::string ToDdl(const StructType& schema);

/// A type in SQL text, such as `array<decimal(10, 2)>`.
/// Errors: INVALID_SCHEMA with the place and what was expected.
Result<DataType> ParseType(std::string_view text);
/// Columns in SQL text, `a INT, b.c ...` not allowed. Also takes the JSON form of StructType.
/// Errors: INVALID_SCHEMA; COLUMN_ALREADY_EXISTS for names that differ only in case.
Result<StructType> ParseDdl(std::string_view text);

/// Delta's and Spark's schema JSON. Errors: INVALID_SCHEMA.
std::string ToJson(const StructType& schema);
std::string ToJson(const DataType& type);
Result<StructType> SchemaFromJson(std::string_view json);

/// The widest nesting that schemas and values may have; beyond it: INLET_RESOURCE_LIMIT.
inline constexpr int kMaxNesting = 500;

/// A back-ticked name, back-ticks inside doubled; plain when it needs none.
std::string QuoteIdentifier(std::string_view name);

}  // namespace inlet::types
