#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "types/column_builder.h"
#include "types/data_type.h"
#include "types/time_zone.h"

namespace inlet::types {

/// VARIANT: a value that brings its own type, in the binary form that Parquet and Delta store.
///
/// Source: Parquet format, "Variant Binary Encoding", "Variant Shredding"; the meaning of casts and
/// texts was measured on Apache Spark 4.1. All functions are thread-safe. Bytes may be hostile:
/// each access is checked, damage is MALFORMED_VARIANT.

/// The largest metadata and value, 128 MiB each; beyond it VARIANT_SIZE_LIMIT.
inline constexpr std::size_t kMaxVariantBytes = std::size_t{128} << 20;
/// How deep a variant may nest, as JSON may in Spark; beyond it INLET_RESOURCE_LIMIT.
inline constexpr int kMaxVariantDepth = 1000;

namespace variant_format {
class ValueBudget;
}

/// The two parts, borrowed.
struct VariantView {
  std::string_view metadata;  ///< The dictionary of field names.
  std::string_view value;
};

struct Variant {
  std::string metadata;
  std::string value;
  operator VariantView() const { return {metadata, value}; }  // NOLINT(google-explicit-constructor)
};

enum class VariantKind : std::uint8_t {
  kNull,
  kBoolean,
  kLong,  ///< Any integer of 1, 2, 4 or 8 bytes.
  kDouble,
  kDecimal,
  kDate,
  kTimestamp,
  kTimestampNtz,
  kTime,  ///< Microseconds of the day; only from other writers.
  kFloat,
  kBinary,
  kString,
  kUuid,
  kObject,
  kArray,
};

/// Makes one variant from the inside out. Not thread-safe; may be used again after Finish().
class VariantBuilder {
 public:
  void AppendNull();
  void AppendBoolean(bool value);
  /// In the fewest bytes that hold it.
  void AppendLong(std::int64_t value);
  void AppendDouble(double value);
  void AppendFloat(float value);
  /// In the fewest bytes; `scale` from 0 to 38.
  void AppendDecimal(Int128 unscaled, int scale);
  void AppendDate(std::int32_t days);
  void AppendTimestamp(std::int64_t instant_us);
  void AppendTimestampNtz(std::int64_t local_us);
  void AppendString(std::string_view text);
  void AppendBinary(std::string_view bytes);
  /// A whole variant of another builder, its names taken over. Errors: MALFORMED_VARIANT.
  Status Append(VariantView variant);

  /// Each Begin has its End; between them in an object each value is preceded by Key().
  void BeginObject();
  void Key(std::string_view name);
  enum class DuplicateKeys : std::uint8_t { kFail, kLastWins };
  /// Errors: MALFORMED_RECORD_IN_PARSING for the same key twice (kFail), VARIANT_SIZE_LIMIT.
  Status EndObject(DuplicateKeys duplicates = DuplicateKeys::kFail);
  void BeginArray();
  Status EndArray();

  /// Forgets what was begun.
  void Reset();
  /// Errors: VARIANT_SIZE_LIMIT.
  Result<Variant> Finish();
  /// The same without a copy: appends to a VARIANT column.
  Status FinishTo(ColumnBuilder& out);

 private:
  struct Open {
    bool is_object = false;
    std::size_t value_begin = 0;    // Where the elements start in value_.
    std::size_t entries_begin = 0;  // In entries_.
  };
  struct Entry {
    std::uint32_t key_id = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  void StartValue();
  std::uint32_t KeyId(std::string_view name);
  std::string MetadataBytes() const;
  Status AppendValue(VariantView variant, int depth, variant_format::ValueBudget& budget);
  Status CheckSize() const;

  std::string value_;
  std::string names_;                      // The field names, one after the other.
  std::vector<std::uint32_t> name_ends_;   // In names_, by id.
  std::vector<std::uint32_t> name_table_;  // Open addressing, id + 1; 0 is free.
  std::vector<Open> open_;
  std::vector<Entry> entries_;
};

/// One value inside of a variant, decoded one level. Views live as long as the variant's bytes.
class VariantNode {
 public:
  /// Errors: MALFORMED_VARIANT.
  static Result<VariantNode> Root(VariantView variant);

  VariantKind kind() const { return kind_; }
  bool boolean() const { return integer_ != 0; }
  std::int64_t integer() const { return integer_; }  ///< kLong, and days or microseconds of times.
  double real() const { return real_; }              ///< kDouble, kFloat.
  Int128 unscaled() const { return unscaled_; }      ///< kDecimal.
  int scale() const { return scale_; }               ///< kDecimal.
  std::string_view text() const { return text_; }    ///< kString, kBinary, kUuid (16 bytes).

  /// Of an object or array.
  std::uint32_t size() const { return size_; }
  Result<std::string_view> KeyAt(std::uint32_t index) const;  ///< Object only; sorted by bytes.
  Result<VariantNode> ChildAt(std::uint32_t index) const;
  /// By exact name; nothing when it is not there. Errors: MALFORMED_VARIANT.
  Result<std::optional<VariantNode>> Find(std::string_view key) const;

  /// As a variant of its own that shares the metadata.
  VariantView view() const { return {metadata_, value_}; }

 private:
  static Result<VariantNode> At(std::string_view metadata, std::string_view value);
  Status ReadPrimitive(unsigned type);
  Status ReadContainer(unsigned header);

  VariantKind kind_ = VariantKind::kNull;
  std::string_view metadata_;
  std::string_view value_;
  std::int64_t integer_ = 0;
  double real_ = 0;
  Int128 unscaled_ = 0;
  int scale_ = 0;
  std::string_view text_;
  std::uint32_t size_ = 0;
  std::uint32_t id_width_ = 0;
  std::uint32_t offset_width_ = 0;
  std::size_t ids_begin_ = 0;
  std::size_t offsets_begin_ = 0;
  std::size_t data_begin_ = 0;
};

/// `json` as a variant: objects sorted by key, integers in the fewest bytes, other numbers as exact
/// decimals up to 38 digits and DOUBLE beyond. What follows the first value is not looked at.
/// Errors: MALFORMED_RECORD_IN_PARSING (also for the same key twice), VARIANT_SIZE_LIMIT.
Result<Variant> ParseJson(std::string_view json);

/// The JSON text, as to_json() and a client print it: no blanks, keys as they lie. Timestamps are
/// of `zone`. Appends to `out`.
Status AppendJson(VariantView variant, const TimeZone& zone, std::string& out);

/// A path into a variant: `$`, `$.a[0].b`, `$["a b"]`, `$['x']`.
class VariantPath {
 public:
  /// Errors: INVALID_VARIANT_GET_PATH.
  static Result<VariantPath> Parse(std::string_view text);

  using Step = std::variant<std::string, std::uint32_t>;  ///< A key, or an index from 0.
  const std::vector<Step>& steps() const { return steps_; }

 private:
  std::vector<Step> steps_;
};

/// What lies at `path`; nothing when there is no such place. Errors: MALFORMED_VARIANT.
Result<std::optional<VariantNode>> Find(VariantView variant, const VariantPath& path);

/// Appends `variant` cast to out.type() by Spark's rules (`"7"` to 7, 1.9 to 1, an object to STRUCT
/// or MAP, anything to STRING); a JSON null is NULL. False when some part did not fit: that part is
/// NULL then, as try_variant_get wants it. Errors: MALFORMED_VARIANT; INVALID_VARIANT_CAST for a
/// type that no variant casts to, such as an interval.
Result<bool> CastTo(VariantView variant, const TimeZone& zone, ColumnBuilder& out);

/// schema_of_variant: `OBJECT<a: BIGINT, b: ARRAY<VARIANT>>`.
Result<std::string> SchemaOfVariant(VariantView variant);

/// Merges what schema_of_variant says of many values, for schema_of_variant_agg. Not thread-safe.
class VariantSchemaMerger {
 public:
  VariantSchemaMerger();
  ~VariantSchemaMerger();
  VariantSchemaMerger(VariantSchemaMerger&&) noexcept;
  VariantSchemaMerger& operator=(VariantSchemaMerger&&) noexcept;

  Status Add(VariantView variant);
  void Merge(const VariantSchemaMerger& other);
  std::string ToString() const;  ///< `VOID` before the first value.

 private:
  struct Shape;
  std::unique_ptr<Shape> shape_;
};

/// One cell as a variant, for to_variant_object and casts to VARIANT. STRUCTs and MAPs with text
/// keys become objects. Errors: DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION.
Status AppendCellAsVariant(const arrow::Array& array, std::int64_t row, const DataType& type,
                           VariantBuilder& out);

/// Puts a shredded VARIANT column together again. `shredded` is the STRUCT that Parquet stores:
/// `metadata`, `value` and `typed_value`, the latter in any form that the shredding rules allow.
/// The result is a VARIANT column as ToArrow(DataType) describes it.
/// Errors: MALFORMED_VARIANT for a STRUCT that breaks those rules.
Result<std::shared_ptr<arrow::Array>> UnshredVariants(const arrow::Array& shredded);

}  // namespace inlet::types
