#pragma once

#include <duckdb/common/types/data_chunk.hpp>
#include <duckdb/common/unique_ptr.hpp>
#include <duckdb/common/vector.hpp>
#include <duckdb/execution/expression_executor.hpp>
#include <vector>

#include "base/result.h"
#include "types/data_type.h"

namespace inlet::engine {

/// The columns of a result with Spark's types. Types that only DuckDB has become those that hold
/// their values: HUGEINT is BIGINT (what Spark's sums of integers are), UBIGINT DECIMAL(20,0), UUID
/// STRING.
types::StructType ResultColumns(const duckdb::vector<duckdb::string>& names,
                                const duckdb::vector<duckdb::LogicalType>& types);

/// Casts the columns of a result, by position, to those of a schema: the identity for most.
/// Thread-safe.
class ResultMapping {
 public:
  /// For a client: overflow of a type that only DuckDB has is ARITHMETIC_OVERFLOW.
  static ResultMapping ForClient(duckdb::ClientContext& context,
                                 const duckdb::vector<duckdb::LogicalType>& types,
                                 const types::StructType& schema);
  /// For a table, by Spark's store assignment as Delta has it: ANSI casts, structs by position.
  /// Errors: CAST_OVERFLOW_IN_TABLE_INSERT for numbers, else those of the cast.
  static ResultMapping ForTable(duckdb::ClientContext& context,
                                const duckdb::vector<duckdb::LogicalType>& types,
                                const types::StructType& schema);

  const types::StructType& schema() const { return schema_; }

 private:
  friend class ResultMapper;
  struct Column {
    duckdb::unique_ptr<duckdb::Expression> cast;  ///< Null: as it is.
    duckdb::LogicalType source;
    duckdb::LogicalType target;
  };

  types::StructType schema_;
  std::vector<Column> columns_;
  bool for_table_ = false;
};

/// Applies a mapping on one thread. Throws DuckDB's exceptions and what Raise() throws.
class ResultMapper {
 public:
  ResultMapper(duckdb::ClientContext& context, const ResultMapping& mapping);

  /// `chunk` with the types of the schema; valid until the next call.
  duckdb::DataChunk& Map(duckdb::DataChunk& chunk);

 private:
  void MapColumn(std::size_t column);

  const ResultMapping& mapping_;  // Outlives this.
  duckdb::vector<duckdb::unique_ptr<duckdb::ExpressionExecutor>> executors_;
  duckdb::DataChunk sources_;  ///< The chunk under the source types of the mapping.
  duckdb::DataChunk mapped_;
  bool is_identity_ = true;
};

}  // namespace inlet::engine
