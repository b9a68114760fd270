#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>

namespace duckdb {
class Vector;
}  // namespace duckdb

namespace inlet::engine {

/// Makes `vector`, empty and of ToDuckDbType(type of array), show `num_rows` rows of `array` from
/// `first_row` on. Texts, bytes and fixed-width values of the same layout are not copied: the
/// vector keeps `array` alive. Throws DuckDB's exceptions.
void ShowArrowArray(const std::shared_ptr<arrow::ArrayData>& array, std::int64_t first_row,
                    std::int64_t num_rows, duckdb::Vector& vector);

}  // namespace inlet::engine
