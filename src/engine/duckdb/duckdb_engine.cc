#include <mutex>

#include "base/option_map.h"
#include "engine/duckdb/error_place.h"
#include "engine/duckdb/query.h"
#include "engine/duckdb/set_operations.h"
#include "engine/engine.h"
#include "engine/parallel_copy.h"
#include "engine/pure_copy.h"
#include "sql/ast.h"
#include "sql/duckdb_printer.h"

namespace inlet::engine {
namespace {

/// Adds the place in the user's text to the error of a query, if there is one.
template <class T>
Result<T> Located(const sql::Query& query, Result<T> result) {
  if (!result) LocateError(query, result.error());
  return result;
}

DataFileWriters WritersOf(const delta::DataFileSpec& spec) {
  return {.open = [spec] { return delta::DataFileWriter::Open(spec); },
          .delete_staged =
              [root = spec.table_root](const std::vector<delta::AddFile>& files) {
                delta::DeleteStaged(root, files);
              }};
}

/// Gives an unknown column the names that it may have meant, where DuckDB has none.
void SuggestColumns(std::span<const Input> inputs, Error& error) {
  if (error.condition != Condition::UNRESOLVED_COLUMN_WITHOUT_SUGGESTION || error.params.empty()) {
    return;
  }
  std::string name = error.params[0].second;
  std::erase(name, '`');
  std::vector<std::string_view> columns;
  for (const Input& input : inputs) {
    for (const auto& field : input.source->schema().fields) columns.push_back(field.name);
  }
  if (columns.empty()) return;
  constexpr std::size_t kShown = 5;
  if (const auto nearest = NearestName(name, columns)) {
    columns = {*nearest};
  } else if (columns.size() > kShown) {
    columns.resize(kShown);
  }
  std::string proposal;
  for (const std::string_view column : columns) {
    proposal += (proposal.empty() ? "`" : ", `") + std::string(column) + "`";
  }
  error.condition = Condition::UNRESOLVED_COLUMN_WITH_SUGGESTION;
  error.params.emplace_back("proposal", std::move(proposal));
}

class DuckDbEngine : public Engine {
 public:
  explicit DuckDbEngine(EngineOptions options) : options_(std::move(options)) {}

  Result<types::StructType> Describe(const sql::Query& query, std::span<const Input> inputs,
                                     const QueryContext& context) override {
    DuckDbInstance& instance = *TRY(OpenInstance());
    const DuckDbQuery printed =
        TRY(Print(instance, query, {inputs.begin(), inputs.end()}, context));
    Result<types::StructType> schema = Located(query, DescribeSql(instance, printed));
    if (!schema) SuggestColumns(inputs, schema.error());
    return schema;
  }

  Result<std::unique_ptr<types::BatchReader>> Run(const sql::Query& query,
                                                  std::vector<Input> inputs,
                                                  const QueryContext& context,
                                                  std::stop_token stop) override {
    DuckDbInstance& instance = *TRY(OpenInstance());
    const DuckDbQuery printed = TRY(Print(instance, query, std::move(inputs), context));
    return Located(query, RunSql(instance, printed, std::move(stop)));
  }

  Result<std::vector<delta::AddFile>> Write(const sql::Query& query, std::vector<Input> inputs,
                                            const QueryContext& context,
                                            const delta::DataFileSpec& spec,
                                            std::stop_token stop) override {
    return Write(query, std::move(inputs), context, spec.schema, WritersOf(spec), std::move(stop));
  }

  Result<std::vector<delta::AddFile>> Write(const sql::Query& query, std::vector<Input> inputs,
                                            const QueryContext& context,
                                            const types::StructType& schema,
                                            const DataFileWriters& writers,
                                            std::stop_token stop) override {
    if (auto copy = FindPureCopy(query, inputs, schema)) {
      return ParallelCopy(*copy->source, copy->projection, writers,
                          {.threads = options_.threads, .on_progress = context.on_progress},
                          std::move(stop));
    }
    DuckDbInstance& instance = *TRY(OpenInstance());
    const DuckDbQuery printed = TRY(Print(instance, query, std::move(inputs), context));
    const bool ordered = query.order_by_all || !query.order_by.empty();
    return Located(query, WriteSql(instance, printed, schema, writers, ordered, std::move(stop)));
  }

  Result<std::string> Explain(const sql::Query& query, std::span<const Input> inputs,
                              const QueryContext& context, bool analyze) override {
    DuckDbInstance& instance = *TRY(OpenInstance());
    const DuckDbQuery printed =
        TRY(Print(instance, query, {inputs.begin(), inputs.end()}, context));
    return Located(query, ExplainSql(instance, printed, analyze));
  }

 private:
  /// Opened by the first query that needs it.
  Result<DuckDbInstance*> OpenInstance() {
    std::lock_guard lock(mutex_);
    if (!instance_) instance_ = TRY(DuckDbInstance::Open(options_));
    return instance_.get();
  }

  static Result<DuckDbQuery> Print(DuckDbInstance& instance, const sql::Query& query,
                                   std::vector<Input> inputs, const QueryContext& context) {
    DuckDbQuery printed{.inputs = std::move(inputs), .context = context};
    sql::DuckDbOptions options;
    options.schema_of_input = [&](std::string_view name) -> const types::StructType* {
      for (const Input& input : printed.inputs) {
        if (input.name == name) return &input.source->schema();
      }
      return nullptr;
    };
    options.common_columns = [&](const std::vector<std::string>& operands) {
      return CommonColumns(instance, printed, operands);
    };
    printed.sql = TRY(sql::ToDuckDb(query, options));
    return printed;
  }

  const EngineOptions options_;
  std::mutex mutex_;
  std::unique_ptr<DuckDbInstance> instance_;  // Guarded by mutex_ until it is set; then constant.
};

}  // namespace

Result<std::unique_ptr<Engine>> OpenDuckDb(const EngineOptions& options) {
  return std::make_unique<DuckDbEngine>(options);
}

}  // namespace inlet::engine
