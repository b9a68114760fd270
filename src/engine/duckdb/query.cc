#include "engine/duckdb/query.h"

#include <duckdb/main/client_context.hpp>
#include <duckdb/main/connection.hpp>
#include <duckdb/main/materialized_query_result.hpp>
#include <duckdb/main/pending_query_result.hpp>
#include <duckdb/parser/sql_statement.hpp>
#include <duckdb/planner/binder.hpp>
#include <optional>

#include "engine/duckdb/arrow_output.h"
#include "engine/duckdb/errors.h"
#include "engine/duckdb/result_mapping.h"
#include "engine/duckdb/write_sink.h"

namespace inlet::engine {
namespace {

/// Interrupts a query when a stop is requested, also one that was requested before.
class Interrupter {
 public:
  Interrupter(duckdb::shared_ptr<duckdb::ClientContext> context, std::stop_token stop)
      : callback_(std::move(stop), [held = std::move(context)] { held->Interrupt(); }) {}

 private:
  std::stop_callback<std::function<void()>> callback_;
};

/// Pulls a streaming result. Its destructor cancels what still runs.
class StreamReader : public types::BatchReader {
 public:
  StreamReader(std::unique_ptr<duckdb::Connection> connection,
               duckdb::unique_ptr<duckdb::PendingQueryResult> pending,
               const types::StructType& schema, std::stop_token stop)
      : connection_(std::move(connection)),
        pending_(std::move(pending)),
        mapping_(ResultMapping::ForClient(*connection_->context, pending_->types, schema)),
        mapper_(*connection_->context, mapping_),
        output_(mapping_.schema()),
        interrupter_(connection_->context, std::move(stop)) {}

  ~StreamReader() override {
    connection_->Interrupt();
    result_.reset();
    pending_.reset();
  }

  Result<types::BatchPtr> Next() override {
    try {
      while (!at_end_ && output_.num_rows() < min_rows_ && !output_.full()) {
        if (auto read = ReadChunk(); !read) return std::unexpected(std::move(read).error());
      }
      min_rows_ = kLaterRows;
      return output_.num_rows() > 0 ? output_.Take() : nullptr;
    } catch (const std::exception& thrown) {
      at_end_ = true;
      return std::unexpected(ErrorOf(thrown));
    }
  }

 private:
  /// The first batch is small, so that a client sees rows early.
  static constexpr std::int64_t kLaterRows = 64 * 1024;

  Status ReadChunk() {
    if (!result_) {
      result_ = pending_->Execute();
      if (result_->HasError()) return std::unexpected(ErrorOf(result_->GetErrorObject()));
    }
    if (!chunk_ || next_row_ == chunk_->size()) {
      chunk_ = result_->FetchRaw();
      next_row_ = 0;
      if (!chunk_ || chunk_->size() == 0) {
        at_end_ = true;
        if (result_->HasError()) return std::unexpected(ErrorOf(result_->GetErrorObject()));
        return Ok();
      }
      mapped_ = &mapper_.Map(*chunk_);
    }
    next_row_ = output_.Append(*mapped_, next_row_);
    return Ok();
  }

  std::unique_ptr<duckdb::Connection> connection_;
  duckdb::unique_ptr<duckdb::PendingQueryResult> pending_;
  duckdb::unique_ptr<duckdb::QueryResult> result_;  // Null until the first Next().
  ResultMapping mapping_;
  ResultMapper mapper_;
  ArrowOutput output_;
  Interrupter interrupter_;
  duckdb::unique_ptr<duckdb::DataChunk> chunk_;
  duckdb::DataChunk* mapped_ = nullptr;
  std::uint64_t next_row_ = 0;
  std::int64_t min_rows_ = 1;
  bool at_end_ = false;
};

/// The columns of a query as they are bound: in a result VOID has become INT.
struct BoundColumns {
  duckdb::vector<duckdb::string> names;
  duckdb::vector<duckdb::LogicalType> types;
};

BoundColumns BindColumns(duckdb::Connection& connection, const std::string& sql) {
  BoundColumns columns;
  auto statements = connection.ExtractStatements(sql);
  if (statements.size() != 1) throw duckdb::InternalException("Not one statement: " + sql);
  connection.context->RunFunctionInTransaction([&] {
    auto binder = duckdb::Binder::CreateBinder(*connection.context);
    binder->SetCanContainNulls(true);
    const duckdb::BoundStatement bound = binder->Bind(*statements[0]);
    columns = {bound.names, bound.types};
  });
  return columns;
}

Error ArityMismatch(const types::StructType& schema, const duckdb::vector<duckdb::string>& names) {
  std::string table_columns;
  std::string data_columns;
  for (const types::StructField& field : schema.fields) {
    table_columns += (table_columns.empty() ? "" : ", ") + types::QuoteIdentifier(field.name);
  }
  for (const std::string& name : names) {
    data_columns += (data_columns.empty() ? "" : ", ") + types::QuoteIdentifier(name);
  }
  const Condition condition = names.size() < schema.size()
                                  ? Condition::INSERT_COLUMN_ARITY_MISMATCH_NOT_ENOUGH_DATA_COLUMNS
                                  : Condition::INSERT_COLUMN_ARITY_MISMATCH_TOO_MANY_DATA_COLUMNS;
  return Fail(condition, {{"tableName", "The table"},
                          {"tableColumns", table_columns},
                          {"dataColumns", data_columns}})
      .error();
}

std::unexpected<Error> Cancelled() { return Fail(Condition::OPERATION_CANCELED, {}); }

}  // namespace

Result<types::StructType> DescribeSql(DuckDbInstance& instance, const DuckDbQuery& query) {
  auto connection = TRY(instance.Connect(query.inputs, query.context));
  try {
    const BoundColumns columns = BindColumns(*connection, query.sql);
    return ResultColumns(columns.names, columns.types);
  } catch (const std::exception& thrown) {
    return std::unexpected(ErrorOf(thrown));
  }
}

Result<std::unique_ptr<types::BatchReader>> RunSql(DuckDbInstance& instance,
                                                   const DuckDbQuery& query, std::stop_token stop) {
  if (stop.stop_requested()) return Cancelled();
  auto connection = TRY(instance.Connect(query.inputs, query.context));
  try {
    const BoundColumns columns = BindColumns(*connection, query.sql);
    auto pending =
        connection->PendingQuery(query.sql, duckdb::QueryResultOutputType::ALLOW_STREAMING);
    if (pending->HasError()) return std::unexpected(ErrorOf(pending->GetErrorObject()));
    return std::make_unique<StreamReader>(std::move(connection), std::move(pending),
                                          ResultColumns(columns.names, columns.types),
                                          std::move(stop));
  } catch (const std::exception& thrown) {
    return std::unexpected(ErrorOf(thrown));
  }
}

Result<std::vector<delta::AddFile>> WriteSql(DuckDbInstance& instance, const DuckDbQuery& query,
                                             const types::StructType& schema,
                                             const DataFileWriters& writers, bool ordered,
                                             std::stop_token stop) {
  if (stop.stop_requested()) return Cancelled();
  auto connection = TRY(instance.Connect(query.inputs, query.context));
  WriteTarget target{.schema = schema, .writers = writers, .ordered = ordered};
  std::optional<Error> error;
  try {
    const BoundColumns columns = BindColumns(*connection, query.sql);
    if (columns.types.size() != schema.size()) {
      return std::unexpected(ArityMismatch(schema, columns.names));
    }
    target.columns = columns.types;
    connection->context->config.get_result_collector = CollectInto(target);
    auto pending = connection->PendingQuery(query.sql);  // From here on threads may write.
    if (pending->HasError()) {
      error = ErrorOf(pending->GetErrorObject());
    } else {
      Interrupter interrupter(connection->context, stop);
      auto result = pending->Execute();
      if (result->HasError()) error = ErrorOf(result->GetErrorObject());
    }
  } catch (const std::exception& thrown) {
    error = ErrorOf(thrown);
  }
  connection.reset();  // Ends all tasks and deletes what unfinished writers staged.
  if (!error) return std::move(target.files);
  writers.delete_staged(target.files);
  return std::unexpected(*std::move(error));
}

Result<std::string> ExplainSql(DuckDbInstance& instance, const DuckDbQuery& query, bool analyze) {
  auto connection = TRY(instance.Connect(query.inputs, query.context));
  try {
    auto result = connection->Query((analyze ? "EXPLAIN ANALYZE " : "EXPLAIN ") + query.sql);
    if (result->HasError()) return std::unexpected(ErrorOf(result->GetErrorObject()));
    std::string text;
    for (std::size_t row = 0; row < result->RowCount(); ++row) {
      text += result->GetValue(1, row).ToString();
    }
    return text;
  } catch (const std::exception& thrown) {
    return std::unexpected(ErrorOf(thrown));
  }
}

}  // namespace inlet::engine
