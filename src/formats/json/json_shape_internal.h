#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/json/json_options.h"
#include "types/data_type.h"
#include "types/text_cast.h"

namespace inlet::formats {

/// What is known of the values at one place of many documents: the lattice of schema inference.
/// Source: measured on Apache Spark 4.1; reference read_files.md 4.2.
class JsonShape {
 public:
  enum class Kind : std::uint8_t {
    kNull,  ///< Nothing yet, or only nulls and empty texts.
    kBoolean,
    kLong,
    kDecimal,
    kDouble,
    kTimestamp,
    kArray,
    kObject,
    kString,  ///< Takes in all else.
  };
  struct Field;

  JsonShape();
  ~JsonShape();
  JsonShape(JsonShape&&) noexcept;
  JsonShape& operator=(JsonShape&&) noexcept;

  Kind kind() const { return kind_; }
  types::DecimalShape decimal() const { return decimal_; }

  /// Takes in one more scalar type; true when that changes the shape.
  bool AddScalar(Kind kind, types::DecimalShape decimal = {}) {
    JsonShape::State next = Joined(kind, decimal);
    if (next.kind == kind_ && next.decimal.precision == decimal_.precision &&
        next.decimal.scale == decimal_.scale) {
      return false;
    }
    Become(next);
    return true;
  }
  bool Covers(Kind kind, types::DecimalShape decimal = {}) const {
    if (kind == kind_ && kind != Kind::kDecimal) [[likely]]
      return true;
    const State next = Joined(kind, decimal);
    return next.kind == kind_ && next.decimal.precision == decimal_.precision &&
           next.decimal.scale == decimal_.scale;
  }

  const std::vector<std::unique_ptr<Field>>& fields() const { return fields_; }  ///< kObject.
  Field* Find(std::string_view name) const;
  Field& FindOrAdd(std::string_view name);
  JsonShape& element() { return *element_; }  ///< kArray.
  const JsonShape& element() const { return *element_; }

  void Merge(JsonShape other);
  /// How many fields there are in all.
  std::size_t CountFields() const;

  /// The type, or nothing where the field is left out: an empty object, and with
  /// dropFieldIfAllNull what is always null.
  std::optional<types::DataType> ToType(const JsonOptions& options) const;
  std::vector<types::StructField> ToFields(const JsonOptions& options) const;

 private:
  struct State {
    Kind kind = Kind::kNull;
    types::DecimalShape decimal;
  };
  State Joined(Kind kind, types::DecimalShape decimal) const;
  void Become(const State& state);
  static std::uint32_t Hash(std::string_view name);
  void Rehash(std::size_t size);

  Kind kind_ = Kind::kNull;
  types::DecimalShape decimal_;
  std::unique_ptr<JsonShape> element_;
  std::vector<std::unique_ptr<Field>> fields_;  // In the order in which they were first seen.
  std::vector<std::int32_t> table_;             // Open addressing; index of the field, -1 free.
};

struct JsonShape::Field {
  std::string name;
  JsonShape shape;
};

}  // namespace inlet::formats
