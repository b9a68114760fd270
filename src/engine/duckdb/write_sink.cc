#include "engine/duckdb/write_sink.h"

#include <duckdb/common/types/column/column_data_collection.hpp>
#include <duckdb/execution/operator/helper/physical_result_collector.hpp>
#include <duckdb/execution/physical_plan_generator.hpp>
#include <duckdb/main/client_context.hpp>
#include <duckdb/main/materialized_query_result.hpp>
#include <duckdb/main/prepared_statement_data.hpp>
#include <optional>

#include "engine/duckdb/arrow_output.h"
#include "engine/duckdb/functions/raise.h"

namespace inlet::engine {
namespace {

struct GlobalState : duckdb::GlobalSinkState {
  GlobalState(ResultMapping result_mapping, duckdb::ClientProperties client_properties)
      : mapping(std::move(result_mapping)), properties(std::move(client_properties)) {}
  ResultMapping mapping;
  duckdb::ClientProperties properties;
};

/// One thread's way from chunks to files; the writer opens with the first row.
class LocalState : public duckdb::LocalSinkState {
 public:
  LocalState(duckdb::ClientContext& context, const GlobalState& global, WriteTarget& target)
      : mapper_(context, global.mapping), output_(global.mapping.schema()), target_(target) {}

  void Append(duckdb::DataChunk& chunk) {
    duckdb::DataChunk& mapped = mapper_.Map(chunk);
    for (std::uint64_t row = 0; row < mapped.size();) {
      row = output_.Append(mapped, row);
      if (output_.full()) Flush();
    }
  }

  void Finish() {
    if (output_.num_rows() > 0) Flush();
    if (!writer_) return;
    auto files = ValueOrRaise(writer_->Finish());
    std::lock_guard lock(target_.mutex);
    std::move(files.begin(), files.end(), std::back_inserter(target_.files));
  }

 private:
  void Flush() {
    if (!writer_) writer_ = ValueOrRaise(target_.writers.open());
    if (auto appended = writer_->Append(output_.Take()); !appended) Raise(appended.error());
  }

  ResultMapper mapper_;
  ArrowOutput output_;
  WriteTarget& target_;
  std::unique_ptr<delta::DataFileWriter> writer_;
};

class WriteSink : public duckdb::PhysicalResultCollector {
 public:
  WriteSink(duckdb::PreparedStatementData& statement, WriteTarget& target)
      : PhysicalResultCollector(*statement.physical_plan, statement),
        column_types_(statement.types),
        target_(target) {}

  duckdb::unique_ptr<duckdb::GlobalSinkState> GetGlobalSinkState(
      duckdb::ClientContext& context) const override {
    return duckdb::make_uniq<GlobalState>(
        ResultMapping::ForTable(context, target_.columns, target_.schema),
        context.GetClientProperties());
  }

  duckdb::unique_ptr<duckdb::LocalSinkState> GetLocalSinkState(
      duckdb::ExecutionContext& context) const override {
    return duckdb::make_uniq<LocalState>(context.client, sink_state->Cast<GlobalState>(), target_);
  }

  duckdb::SinkResultType Sink(duckdb::ExecutionContext&, duckdb::DataChunk& chunk,
                              duckdb::OperatorSinkInput& input) const override {
    input.local_state.Cast<LocalState>().Append(chunk);
    return duckdb::SinkResultType::NEED_MORE_INPUT;
  }

  duckdb::SinkCombineResultType Combine(duckdb::ExecutionContext&,
                                        duckdb::OperatorSinkCombineInput& input) const override {
    input.local_state.Cast<LocalState>().Finish();
    return duckdb::SinkCombineResultType::FINISHED;
  }

  duckdb::unique_ptr<duckdb::QueryResult> GetResult(duckdb::GlobalSinkState& state) const override {
    auto no_rows = duckdb::make_uniq<duckdb::ColumnDataCollection>(
        duckdb::Allocator::DefaultAllocator(), column_types_);
    return duckdb::make_uniq<duckdb::MaterializedQueryResult>(statement_type, properties, names,
                                                              std::move(no_rows),
                                                              state.Cast<GlobalState>().properties);
  }

  bool ParallelSink() const override { return !target_.ordered; }
  bool SinkOrderDependent() const override { return target_.ordered; }

 private:
  const duckdb::vector<duckdb::LogicalType> column_types_;
  WriteTarget& target_;
};

}  // namespace

duckdb::get_result_collector_t CollectInto(WriteTarget& target) {
  return [&target](duckdb::ClientContext&, duckdb::PreparedStatementData& statement)
             -> duckdb::unique_ptr<duckdb::PhysicalOperator> {
    return duckdb::make_uniq<WriteSink>(statement, target);
  };
}

}  // namespace inlet::engine
