#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/data_file_writer.h"
#include "engine/data_file_writers.h"
#include "engine/row_checks.h"
#include "sql/ast.h"
#include "types/batch.h"
#include "types/data_type.h"
#include "types/predicate.h"

namespace inlet::engine {

/// What of an input a query needs.
struct Projection {
  std::vector<std::size_t> columns;  ///< Indexes into SplitSource::schema(), in output order; may
                                     ///< be empty (only the row count matters).
};

/// Rows that come in pieces, read on the engine's own threads: files under a path, a Delta
/// snapshot, a topic range. Immutable; thread-safe.
class SplitSource {
 public:
  virtual ~SplitSource() = default;
  virtual const types::StructType& schema() const = 0;
  virtual std::size_t num_splits() const = 0;
  /// How many rows in all, when known without reading (for count(*) and the optimizer).
  virtual std::optional<std::int64_t> num_rows() const { return std::nullopt; }
  virtual std::int64_t estimated_bytes() const { return 0; }
  /// Batches have the projected columns in order; with none, num_rows() alone is set.
  virtual Result<std::unique_ptr<types::BatchReader>> Open(std::size_t split,
                                                           const Projection& projection) const = 0;
  /// The same rows less those splits that cannot match all of `predicates`; null for "no change".
  virtual std::shared_ptr<const SplitSource> Prune(
      std::span<const types::ColumnPredicate> predicates) const {
    (void)predicates;
    return nullptr;
  }
};

/// A table of a query by the name that sql::InputRef carries.
struct Input {
  std::string name;
  std::shared_ptr<const SplitSource> source;
};

/// What functions of a query may ask, fixed for one statement.
struct QueryContext {
  std::string session_time_zone = "UTC";
  std::string current_catalog;
  std::string current_schema;
  std::string current_user;
  bool last_map_key_wins = false;  ///< Else a key that a map gets twice is an error.
  std::int64_t now_us = 0;         ///< current_timestamp(), microseconds since 1970 UTC.
  /// Rows and bytes done so far; called at times from any thread. May be empty.
  std::function<void(std::int64_t rows, std::int64_t bytes)> on_progress;
  std::shared_ptr<RowChecks> row_checks;  ///< Of inlet_expect(); null: the query has none.
};

/// Runs Databricks queries over inputs. Thread-safe.
///
/// Errors of all: the Databricks condition of what is wrong in the query (UNRESOLVED_COLUMN_*,
/// DATATYPE_MISMATCH, CAST_INVALID_INPUT, ...), with the place in its text where known.
class Engine {
 public:
  virtual ~Engine() = default;

  /// The columns that Run() would give, with Spark's types.
  virtual Result<types::StructType> Describe(const sql::Query& query, std::span<const Input> inputs,
                                             const QueryContext& context) = 0;
  /// For a client: pulls lazily; dropping the reader cancels the query.
  virtual Result<std::unique_ptr<types::BatchReader>> Run(const sql::Query& query,
                                                          std::vector<Input> inputs,
                                                          const QueryContext& context,
                                                          std::stop_token stop) = 0;
  /// For a table: scan, transform and write on all cores; nothing is visible until a commit names
  /// the files. The query's columns go to `spec.schema` by position, cast by Spark's store
  /// assignment (CAST_OVERFLOW_IN_TABLE_INSERT and its kin name the column).
  virtual Result<std::vector<delta::AddFile>> Write(const sql::Query& query,
                                                    std::vector<Input> inputs,
                                                    const QueryContext& context,
                                                    const delta::DataFileSpec& spec,
                                                    std::stop_token stop) = 0;
  /// The same with rows of `schema` that go to writers of the caller's.
  virtual Result<std::vector<delta::AddFile>> Write(
      const sql::Query& query, std::vector<Input> inputs, const QueryContext& context,
      const types::StructType& schema, const DataFileWriters& writers, std::stop_token stop) = 0;
  /// The plan as text, for EXPLAIN.
  virtual Result<std::string> Explain(const sql::Query& query, std::span<const Input> inputs,
                                      const QueryContext& context, bool analyze) = 0;
};

struct EngineOptions {
  int threads = 0;  ///< 0: one a core.
  std::int64_t memory_bytes =
      0;  ///< 0: 80 % of the machine's memory; beyond it the engine spills to `temp_directory`.
  std::string temp_directory;
};

/// DuckDB in this process. Starts nothing before the first query.
Result<std::unique_ptr<Engine>> OpenDuckDb(const EngineOptions& options);

}  // namespace inlet::engine
