#pragma once

#include <duckdb/function/create_sort_key.hpp>

#include "engine/duckdb/functions/function_internal.h"

namespace inlet::engine::functions {

/// Runs array functions of any element type: arguments are arrays, single elements or whole
/// numbers; elements are told apart and ordered by DuckDB's sort keys, so one piece of code serves
/// all types.
class ListRows {
 public:
  enum class Kind : std::uint8_t { kList, kElement, kInteger };
  enum class Gives : std::uint8_t { kList, kElement, kBoolean, kLong };

  ListRows(DataChunk& chunk, const std::vector<Kind>& kinds, Gives gives, Vector& result,
           bool with_keys);

  idx_t num_rows() const { return num_rows_; }
  void Begin(idx_t row);
  void End();

  // The arguments of the current row.
  bool is_null(std::size_t argument) const;
  std::int64_t integer(std::size_t argument) const;
  std::int64_t size(std::size_t argument) const;
  /// The i-th element of an array; of an element argument only i = 0. Usable with the calls below.
  std::int64_t at(std::size_t argument, std::int64_t i) const;
  bool element_is_null(std::int64_t element) const;
  /// Equal for equal elements and ordered as they are; without keys not to be called.
  std::string_view key(std::int64_t element) const;

  // The result of the current row.
  void SetNull();
  void Emit(std::int64_t element);
  void EmitNull() { Emit(num_elements_); }
  void Set(bool value);
  void Set(std::int64_t value);

  void Finish();

 private:
  struct Argument {
    Kind kind = Kind::kList;
    UnifiedVectorFormat format;
    std::int64_t first_element = 0;  // Of its elements among all.
  };
  void AddElements(Vector& elements, idx_t count, Argument& argument);

  std::vector<Argument> arguments_;
  Gives gives_;
  Vector& result_;
  bool constant_ = false;
  idx_t num_rows_ = 0;
  idx_t row_ = 0;
  std::int64_t num_elements_ = 0;
  std::optional<Vector> elements_;  // Of all arguments, then one NULL.
  std::optional<Vector> keys_;
  UnifiedVectorFormat elements_format_;
  std::vector<std::uint32_t> emitted_;
  std::size_t list_begin_ = 0;
};

}  // namespace inlet::engine::functions
