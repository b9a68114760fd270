#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "types/batch.h"
#include "types/data_type.h"

namespace duckdb {
class DataChunk;
}  // namespace duckdb

namespace inlet::engine {

class ColumnOutput;

/// Gathers DuckDB chunks into Arrow batches of a schema. The columns of a chunk have the DuckDB
/// types ToDuckDbType() gives for the schema's. Not thread-safe. Throws DuckDB's exceptions.
class ArrowOutput {
 public:
  explicit ArrowOutput(const types::StructType& schema);
  ~ArrowOutput();
  ArrowOutput(ArrowOutput&&) noexcept;
  ArrowOutput& operator=(ArrowOutput&&) noexcept;

  /// Appends rows of `chunk` from `first_row` on until its end or until a batch is full; returns
  /// the row after the last one taken. Texts of one row beyond 2 GB: INLET_RESOURCE_LIMIT.
  std::uint64_t Append(duckdb::DataChunk& chunk, std::uint64_t first_row);

  std::int64_t num_rows() const { return num_rows_; }
  /// Whether it is time to Take(): enough rows or bytes for a batch.
  bool full() const;
  /// The rows gathered so far as a batch; the next ones begin a new batch.
  types::BatchPtr Take();

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::unique_ptr<ColumnOutput>> columns_;
  std::int64_t num_rows_ = 0;
};

}  // namespace inlet::engine
