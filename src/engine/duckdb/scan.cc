#include "engine/duckdb/scan.h"

#include <arrow/array/data.h>
#include <arrow/record_batch.h>

#include <duckdb/catalog/catalog.hpp>
#include <duckdb/function/function_set.hpp>
#include <duckdb/function/table_function.hpp>
#include <duckdb/main/client_context.hpp>
#include <duckdb/main/database.hpp>
#include <duckdb/main/extension/extension_loader.hpp>
#include <duckdb/planner/operator/logical_get.hpp>

#include "engine/duckdb/arrow_input.h"
#include "engine/duckdb/functions/raise.h"
#include "engine/duckdb/logical_types.h"
#include "engine/duckdb/predicates.h"
#include "engine/duckdb/query_state.h"
#include "engine/engine.h"
#include "types/arrow.h"

namespace inlet::engine {
namespace {

struct ScanBindData : duckdb::TableFunctionData {
  std::string name;
  std::shared_ptr<const SplitSource> source;
  std::size_t num_splits_before_pruning = 0;
  QueryState* state = nullptr;  // Lives as long as the connection.
};

/// Hands out the splits, one after the other.
struct ScanGlobalState : duckdb::GlobalTableFunctionState {
  std::shared_ptr<const SplitSource> source;
  Projection projection;
  /// For each output column its place in the projection; kNoColumn for DuckDB's "any column".
  std::vector<std::size_t> places;
  std::vector<std::shared_ptr<arrow::DataType>> arrow_types;  // Of the projection.
  std::int64_t bytes_a_split = 0;
  std::atomic<std::size_t> next_split = 0;

  static constexpr std::size_t kNoColumn = static_cast<std::size_t>(-1);

  duckdb::idx_t MaxThreads() const override { return source->num_splits(); }
};

/// The reader of one thread.
struct ScanLocalState : duckdb::LocalTableFunctionState {
  std::unique_ptr<types::BatchReader> reader;
  std::size_t split = 0;
  types::BatchPtr batch;
  std::vector<std::shared_ptr<arrow::ArrayData>> columns;
  std::int64_t next_row = 0;
};

duckdb::unique_ptr<duckdb::FunctionData> Bind(duckdb::ClientContext& context,
                                              duckdb::TableFunctionBindInput& input,
                                              duckdb::vector<duckdb::LogicalType>& types,
                                              duckdb::vector<duckdb::string>& names) {
  auto data = duckdb::make_uniq<ScanBindData>();
  data->name = input.inputs[0].GetValue<std::string>();
  data->state = &QueryState::Of(context);
  data->source = data->state->Find(data->name);
  if (!data->source) throw duckdb::InternalException("The query has no input " + data->name);
  data->num_splits_before_pruning = data->source->num_splits();
  for (const types::StructField& field : data->source->schema().fields) {
    names.push_back(field.name);
    types.push_back(ToDuckDbType(field.type));
  }
  return data;
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> InitGlobal(
    duckdb::ClientContext&, duckdb::TableFunctionInitInput& input) {
  const auto& data = input.bind_data->Cast<ScanBindData>();
  auto state = duckdb::make_uniq<ScanGlobalState>();
  state->source = data.source;
  for (duckdb::column_t column : input.column_ids) {
    if (duckdb::IsVirtualColumn(column)) {
      state->places.push_back(ScanGlobalState::kNoColumn);
      continue;
    }
    state->places.push_back(state->projection.columns.size());
    state->projection.columns.push_back(column);
    state->arrow_types.push_back(types::ToArrow(data.source->schema().fields[column].type));
  }
  const auto splits = static_cast<std::int64_t>(data.source->num_splits());
  state->bytes_a_split = splits == 0 ? 0 : data.source->estimated_bytes() / splits;
  return state;
}

duckdb::unique_ptr<duckdb::LocalTableFunctionState> InitLocal(duckdb::ExecutionContext&,
                                                              duckdb::TableFunctionInitInput&,
                                                              duckdb::GlobalTableFunctionState*) {
  return duckdb::make_uniq<ScanLocalState>();
}

/// A batch that breaks the contract of types/arrow.h would be misread, not refused, further down.
void CheckBatch(const arrow::RecordBatch& batch, const ScanGlobalState& global) {
  const bool same = static_cast<std::size_t>(batch.num_columns()) == global.arrow_types.size();
  for (std::size_t i = 0; same && i < global.arrow_types.size(); ++i) {
    const auto& type = batch.schema()->field(static_cast<int>(i))->type();
    if (type.get() != global.arrow_types[i].get() && !type->Equals(*global.arrow_types[i])) {
      throw duckdb::InternalException("A batch has " + type->ToString() + " where " +
                                      global.arrow_types[i]->ToString() + " is due");
    }
  }
  if (!same) throw duckdb::InternalException("A batch does not have the projected columns");
}

/// Makes local.batch the next one with rows; false at the end of all splits.
bool LoadBatch(duckdb::ClientContext& context, const ScanBindData& data, ScanGlobalState& global,
               ScanLocalState& local) {
  while (true) {
    if (context.IsInterrupted()) throw duckdb::InterruptException();
    if (!local.reader) {
      local.split = global.next_split.fetch_add(1);
      if (local.split >= global.source->num_splits()) return false;
      local.reader = ValueOrRaise(global.source->Open(local.split, global.projection));
    }
    local.batch = ValueOrRaise(local.reader->Next());
    if (!local.batch) {
      local.reader.reset();
      data.state->AddProgress(0, global.bytes_a_split);
      continue;
    }
    CheckBatch(*local.batch, global);
    local.columns = local.batch->column_data();
    local.next_row = 0;
    data.state->AddProgress(local.batch->num_rows(), 0);
    if (local.batch->num_rows() > 0) return true;
  }
}

void Scan(duckdb::ClientContext& context, duckdb::TableFunctionInput& input,
          duckdb::DataChunk& output) {
  auto& global = input.global_state->Cast<ScanGlobalState>();
  auto& local = input.local_state->Cast<ScanLocalState>();
  if (!local.batch || local.next_row == local.batch->num_rows()) {
    local.batch.reset();
    if (!LoadBatch(context, input.bind_data->Cast<ScanBindData>(), global, local)) return;
  }
  const std::int64_t rows =
      std::min<std::int64_t>(STANDARD_VECTOR_SIZE, local.batch->num_rows() - local.next_row);
  for (std::size_t i = 0; i < global.places.size(); ++i) {
    if (global.places[i] == ScanGlobalState::kNoColumn) {
      output.data[i].Reference(duckdb::Value(output.data[i].GetType()));
    } else {
      ShowArrowArray(local.columns[global.places[i]], local.next_row, rows, output.data[i]);
    }
  }
  output.SetCardinality(static_cast<duckdb::idx_t>(rows));
  local.next_row += rows;
}

/// Leaves out the splits that the filters rule out; the filters themselves stay in the plan.
void PushDownFilters(duckdb::ClientContext&, duckdb::LogicalGet& get,
                     duckdb::FunctionData* bind_data,
                     duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters) {
  auto& data = bind_data->Cast<ScanBindData>();
  const auto predicates = FindPredicates(filters, get, data.source->schema());
  if (predicates.empty()) return;
  if (auto pruned = data.source->Prune(predicates)) data.source = std::move(pruned);
}

duckdb::unique_ptr<duckdb::NodeStatistics> Cardinality(duckdb::ClientContext&,
                                                       const duckdb::FunctionData* bind_data) {
  const auto& data = bind_data->Cast<ScanBindData>();
  if (auto rows = data.source->num_rows()) {
    const auto count = static_cast<duckdb::idx_t>(*rows);
    return duckdb::make_uniq<duckdb::NodeStatistics>(count, count);
  }
  constexpr std::int64_t kBytesAColumn = 10;
  const auto columns = static_cast<std::int64_t>(data.source->schema().size()) + 1;
  return duckdb::make_uniq<duckdb::NodeStatistics>(
      static_cast<duckdb::idx_t>(data.source->estimated_bytes() / (columns * kBytesAColumn) + 1));
}

/// With these count(*) over a source that knows its size reads nothing.
duckdb::vector<duckdb::PartitionStatistics> PartitionStats(duckdb::ClientContext&,
                                                           duckdb::GetPartitionStatsInput& input) {
  duckdb::vector<duckdb::PartitionStatistics> all;
  if (auto rows = input.bind_data->Cast<ScanBindData>().source->num_rows()) {
    duckdb::PartitionStatistics stats;
    stats.row_start = 0;
    stats.count = static_cast<duckdb::idx_t>(*rows);
    stats.count_type = duckdb::CountType::COUNT_EXACT;
    all.push_back(std::move(stats));
  }
  return all;
}

/// Keeps the order of splits where the plan needs the order of its input.
duckdb::OperatorPartitionData PartitionData(duckdb::ClientContext&,
                                            duckdb::TableFunctionGetPartitionInput& input) {
  if (input.partition_info.RequiresPartitionColumns()) {
    throw duckdb::InternalException("inlet_scan has no partition columns");
  }
  return duckdb::OperatorPartitionData(input.local_state->Cast<ScanLocalState>().split);
}

/// What count(*) asks for: any column, which then costs nothing.
duckdb::virtual_column_map_t VirtualColumns(duckdb::ClientContext&,
                                            duckdb::optional_ptr<duckdb::FunctionData>) {
  duckdb::virtual_column_map_t columns;
  columns.insert(
      {duckdb::COLUMN_IDENTIFIER_EMPTY, duckdb::TableColumn("", duckdb::LogicalType::BOOLEAN)});
  return columns;
}

duckdb::InsertionOrderPreservingMap<duckdb::string> ToText(
    duckdb::TableFunctionToStringInput& input) {
  const auto& data = input.bind_data->Cast<ScanBindData>();
  duckdb::InsertionOrderPreservingMap<duckdb::string> lines;
  lines["Input"] = data.name;
  lines["Splits"] = std::to_string(data.source->num_splits()) + " of " +
                    std::to_string(data.num_splits_before_pruning);
  lines["Bytes"] = std::to_string(data.source->estimated_bytes());
  return lines;
}

}  // namespace

void RegisterScan(duckdb::DatabaseInstance& database) {
  duckdb::TableFunction scan("inlet_scan", {duckdb::LogicalType::VARCHAR}, Scan, Bind, InitGlobal,
                             InitLocal);
  scan.projection_pushdown = true;
  scan.pushdown_complex_filter = PushDownFilters;
  scan.cardinality = Cardinality;
  scan.get_partition_stats = PartitionStats;
  scan.get_partition_data = PartitionData;
  scan.get_virtual_columns = VirtualColumns;
  scan.to_string = ToText;
  duckdb::ExtensionLoader loader(database, "inlet");
  loader.RegisterFunction(std::move(scan));
}

}  // namespace inlet::engine
