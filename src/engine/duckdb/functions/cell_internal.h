#pragma once

#include <duckdb.hpp>
#include <string>

#include "types/text_cast.h"
#include "types/time_zone.h"

namespace inlet::engine::functions {

using types::Int128;

Int128 ToInt128(const duckdb::hugeint_t& value);
duckdb::hugeint_t ToHugeint(Int128 value);
/// Unscaled digits of a DECIMAL cell, whatever width it is stored in, and back.
Int128 ReadDecimal(const duckdb::UnifiedVectorFormat& format, duckdb::idx_t index,
                   duckdb::PhysicalType storage);
void WriteDecimal(duckdb::Vector& result, duckdb::idx_t row, Int128 value);
bool FitsPrecision(Int128 value, int precision);
Int128 PowerOfTen(int exponent);

/// One value of a column of any type, for code that walks nested values. Borrowed.
class Cell {
 public:
  Cell(const duckdb::RecursiveUnifiedVectorFormat& format, duckdb::idx_t row)
      : format_(&format), index_(format.unified.sel->get_index(row)) {}

  const duckdb::LogicalType& type() const { return format_->logical_type; }
  bool is_null() const { return !format_->unified.validity.RowIsValid(index_); }
  template <class T>
  const T& As() const {
    return duckdb::UnifiedVectorFormat::GetData<T>(format_->unified)[index_];
  }
  std::string_view text() const {
    const auto& value = As<duckdb::string_t>();
    return {value.GetData(), value.GetSize()};
  }
  Int128 unscaled() const { return ReadDecimal(format_->unified, index_, type().InternalType()); }

  /// LIST and MAP: the elements; a MAP's are STRUCTs of key and value.
  duckdb::idx_t size() const { return As<duckdb::list_entry_t>().length; }
  Cell element(duckdb::idx_t i) const {
    return {format_->children[0], As<duckdb::list_entry_t>().offset + i};
  }
  /// STRUCT.
  duckdb::idx_t num_fields() const { return format_->children.size(); }
  Cell field(duckdb::idx_t i) const { return {format_->children[i], index_}; }

 private:
  const duckdb::RecursiveUnifiedVectorFormat* format_;
  duckdb::idx_t index_;
};

/// The column that cells are taken from.
class Cells {
 public:
  Cells(duckdb::Vector& vector, duckdb::idx_t count) {
    duckdb::Vector::RecursiveToUnifiedFormat(vector, count, format_);
  }
  Cell operator[](duckdb::idx_t row) const { return {format_, row}; }

 private:
  duckdb::RecursiveUnifiedVectorFormat format_;
};

/// CAST(value AS STRING) as Spark prints it; a NULL gives `null`, as inside of nested values.
void AppendText(const Cell& cell, const types::TimeZone& zone, std::string& out);
/// INTERVAL '1 02:00:00' DAY TO SECOND, INTERVAL '1-2' YEAR TO MONTH.
std::string IntervalText(const duckdb::LogicalType& type, const duckdb::interval_t& value);

}  // namespace inlet::engine::functions
