#include <algorithm>

#include "delta/scan.h"
#include "delta/table.h"
#include "ingest/dml/change_target.h"
#include "ingest/dml/optimize.h"
#include "ingest/dml/queries.h"
#include "ingest/dml/sql_parts.h"
#include "sql/printer.h"
#include "workspace/binder.h"
#include "workspace/change_statement.h"
#include "workspace/row_table.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

using types::StructField;
using types::TypeId;

ingest::OptimizeRequest RequestOf(const Call& call) {
  return {.user_name = call.session.user,
          .session_time_zone = call.session.time_zone(),
          .threads = call.shared.threads,
          .stop = call.options.stop};
}

/// The partitions for which `condition` holds.
Result<std::set<delta::PartitionValues>> PartitionsWhere(const Call& call,
                                                         const delta::SnapshotPtr& table,
                                                         const sql::Expression& condition) {
  if (!IsOnPartitions(*table, condition)) {
    std::string columns;
    for (const std::string& column : table->partition_columns()) {
      columns += (columns.empty() ? "" : ", ") + types::QuoteIdentifier(column);
    }
    return Fail(Condition::DELTA_MISSING_PARTITION_COLUMN,
                {{"columnName", sql::ToSparkText(condition)}, {"columnList", columns}});
  }
  namespace parts = ingest::parts;
  const std::vector<delta::PartitionValues> all = ingest::PartitionsOf(*table);
  auto source = TRY(ingest::OpenPartitions(table, all, call.session.time_zone(),
                                           std::make_shared<ingest::ReadRecord>()));
  sql::Select select{.from = parts::AsTable(std::string(ingest::kTargetInput), "partitions"),
                     .where = condition};
  select.items.push_back(parts::Item(parts::Column(std::string(delta::kRowColumnNames[0])), ""));
  BindOptions options;
  options.inputs.push_back({.name = ingest::kTargetInput, .source = std::move(source)});
  ingest::BoundQuery bound = TRY(Bind(call, {.body = std::move(select)}, options));
  std::set<delta::PartitionValues> found;
  for (const std::int64_t number :
       TRY(ingest::NumbersOf(*call.shared.engine, std::move(bound), call.options.stop))) {
    found.insert(all[static_cast<std::size_t>(number)]);
  }
  return found;
}

Status CheckOrder(const delta::Snapshot& table, const std::vector<std::string>& columns) {
  for (const std::string& column : columns) {
    if (table.schema().Find(column) == nullptr) {
      return Fail(Condition::DELTA_ZORDERING_COLUMN_DOES_NOT_EXIST, {{"columnName", column}});
    }
    const bool is_partition = std::ranges::any_of(
        table.partition_columns(),
        [&](const std::string& partition) { return EqualsIgnoreCase(partition, column); });
    if (is_partition) {
      return Fail(Condition::DELTA_ZORDERING_ON_PARTITION_COLUMN, {{"colName", column}});
    }
  }
  return Ok();
}

types::DataType SizesType() {
  return types::DataType::Struct({{.name = "min", .type = TypeId::kLong},
                                  {.name = "max", .type = TypeId::kLong},
                                  {.name = "avg", .type = TypeId::kDouble},
                                  {.name = "totalFiles", .type = TypeId::kLong},
                                  {.name = "totalSize", .type = TypeId::kLong}});
}

Cell SizesCell(const ingest::FileSizes& sizes) {
  const Cell none;
  return std::vector<Cell>{sizes.num_files == 0 ? none : Cell(sizes.min),
                           sizes.num_files == 0 ? none : Cell(sizes.max), none,
                           Cell(sizes.num_files), Cell(sizes.bytes)};
}

Result<QueryResult> ResultOf(const delta::Snapshot& table, const ingest::OptimizeResult& result) {
  const std::vector<StructField> fields = {
      {.name = "numFilesAdded", .type = TypeId::kLong},
      {.name = "numFilesRemoved", .type = TypeId::kLong},
      {.name = "filesAdded", .type = SizesType()},
      {.name = "filesRemoved", .type = SizesType()},
      {.name = "partitionsOptimized", .type = TypeId::kLong},
      {.name = "numBins", .type = TypeId::kLong},
      {.name = "totalConsideredFiles", .type = TypeId::kLong},
      {.name = "totalFilesSkipped", .type = TypeId::kLong},
      {.name = "preserveInsertionOrder", .type = TypeId::kBoolean},
      {.name = "startTimeMs", .type = TypeId::kLong},
      {.name = "endTimeMs", .type = TypeId::kLong},
      {.name = "numDeletionVectorsRemoved", .type = TypeId::kLong}};
  types::StructType schema{
      .fields = {{.name = "path", .type = TypeId::kString},
                 {.name = "metrics", .type = types::DataType::Struct(fields)}}};
  std::vector<Cell> metrics = {Cell(result.added.num_files),
                               Cell(result.removed.num_files),
                               SizesCell(result.added),
                               SizesCell(result.removed),
                               Cell(result.num_partitions),
                               Cell(result.num_bins),
                               Cell(result.num_considered),
                               Cell(result.num_skipped),
                               Cell(false),
                               Cell(result.start_ms),
                               Cell(result.end_ms),
                               Cell(result.num_vectors_removed)};
  return MakeResult(std::move(schema), {{Cell(table.table_url()), Cell(std::move(metrics))}});
}

Result<QueryResult> Optimized(const Call& call, const delta::SnapshotPtr& table,
                              const ingest::OptimizeRequest& request) {
  const ingest::OptimizeResult result = TRY(ingest::Optimize(*call.shared.engine, table, request));
  if (result.snapshot) call.shared.snapshots.Put(result.snapshot);
  return ResultOf(*table, result);
}

bool CompactsAutomatically(const delta::Properties& properties) {
  const auto found = properties.find("delta.autoOptimize.autoCompact");
  return found != properties.end() &&
         (EqualsIgnoreCase(found->second, "true") || EqualsIgnoreCase(found->second, "auto"));
}

}  // namespace

void AutoCompact(const Call& call, const delta::SnapshotPtr& table) {
  constexpr std::int64_t kSmallBytes = 64 << 20;
  constexpr std::int64_t kFewest = 50;
  if (!CompactsAutomatically(table->properties())) return;
  std::map<delta::PartitionValues, std::int64_t> num_small;
  for (const delta::AddFile& file : table->files()) {
    if (file.size < kSmallBytes) ++num_small[file.partition_values];
  }
  ingest::OptimizeRequest request = RequestOf(call);
  request.is_auto = true;
  request.partitions.emplace();
  for (const auto& [values, count] : num_small) {
    if (count >= kFewest) request.partitions->insert(values);
  }
  if (request.partitions->empty()) return;
  const auto result = ingest::Optimize(*call.shared.engine, table, request);
  if (result && result->snapshot) call.shared.snapshots.Put(result->snapshot);
}

Result<QueryResult> Run(const Call& call, const sql::Optimize& statement) {
  const TableTarget target = TRY(FindTable(call, statement.name));
  const delta::SnapshotPtr table = TRY(LatestOf(call, target).At(statement.name.span));
  ingest::OptimizeRequest request = RequestOf(call);
  request.is_full = statement.is_full;
  request.cluster_by = delta::Detail(*table).clustering_columns;
  for (const sql::ColumnPath& path : statement.zorder_by) {
    std::string name;
    for (const std::string& part : path) name += (name.empty() ? "" : ".") + part;
    request.zorder_by.push_back(std::move(name));
  }
  TRY(CheckOrder(*table, request.zorder_by).At(statement.span));
  if (!request.cluster_by.empty() && !request.zorder_by.empty()) {
    return Fail(Condition::DELTA_CLUSTERING_WITH_ZORDER_BY, {{"zOrderBy", request.zorder_by[0]}});
  }
  if (statement.where) {
    request.predicate_text = sql::ToSparkText(*statement.where);
    if (!request.cluster_by.empty()) {
      return Fail(Condition::DELTA_CLUSTERING_WITH_PARTITION_PREDICATE,
                  {{"predicates", request.predicate_text}});
    }
    request.partitions = TRY(PartitionsWhere(call, table, *statement.where).At(statement.span));
  }
  return Optimized(call, table, request);
}

Result<QueryResult> Run(const Call& call, const sql::Reorg& statement) {
  if (!statement.is_purge) return FailUnsupported("REORG TABLE ... APPLY (UPGRADE UNIFORM)");
  const TableTarget target = TRY(FindTable(call, statement.name));
  const delta::SnapshotPtr table = TRY(LatestOf(call, target).At(statement.name.span));
  ingest::OptimizeRequest request = RequestOf(call);
  request.only_purges = true;
  if (statement.where) {
    request.predicate_text = sql::ToSparkText(*statement.where);
    request.partitions = TRY(PartitionsWhere(call, table, *statement.where).At(statement.span));
  }
  return Optimized(call, table, request);
}

}  // namespace inlet::workspace
