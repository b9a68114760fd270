#include "ingest/dml/change_target.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>

#include <utility>

#include "delta/column_mapping.h"
#include "delta/partition_value.h"
#include "ingest/delta_source.h"
#include "types/arrow.h"

namespace inlet::ingest {
namespace {

class ChangeTarget final : public engine::SplitSource {
 public:
  ChangeTarget(std::shared_ptr<const DeltaSource> source, std::shared_ptr<ReadRecord> record)
      : source_(std::move(source)), record_(std::move(record)) {}

  const types::StructType& schema() const override { return source_->schema(); }
  std::size_t num_splits() const override { return source_->num_splits(); }
  std::optional<std::int64_t> num_rows() const override { return source_->num_rows(); }
  std::int64_t estimated_bytes() const override { return source_->estimated_bytes(); }
  Result<std::unique_ptr<types::BatchReader>> Open(
      std::size_t split, const engine::Projection& projection) const override {
    return source_->Open(split, projection);
  }
  std::shared_ptr<const engine::SplitSource> Prune(
      std::span<const types::ColumnPredicate> predicates) const override {
    const std::size_t num_columns = source_->scan().snapshot()->schema().size();
    std::vector<types::ColumnPredicate> on_table;
    for (const types::ColumnPredicate& predicate : predicates) {
      if (predicate.column < num_columns) on_table.push_back(predicate);
    }
    if (!on_table.empty()) record_->Set(std::move(on_table));
    auto pruned = std::dynamic_pointer_cast<const DeltaSource>(source_->Prune(predicates));
    if (pruned == nullptr) return nullptr;
    return std::make_shared<ChangeTarget>(std::move(pruned), record_);
  }

 private:
  std::shared_ptr<const DeltaSource> source_;
  std::shared_ptr<ReadRecord> record_;
};

/// One batch.
class OneBatch final : public types::BatchReader {
 public:
  explicit OneBatch(types::BatchPtr batch) : batch_(std::move(batch)) {}
  Result<types::BatchPtr> Next() override { return std::exchange(batch_, nullptr); }

 private:
  types::BatchPtr batch_;
};

class Partitions final : public engine::SplitSource {
 public:
  Partitions(types::StructType schema, types::BatchPtr batch, std::vector<std::size_t> columns,
             std::shared_ptr<ReadRecord> record)
      : schema_(std::move(schema)),
        batch_(std::move(batch)),
        columns_(std::move(columns)),
        record_(std::move(record)) {}

  const types::StructType& schema() const override { return schema_; }
  std::size_t num_splits() const override { return batch_->num_rows() > 0 ? 1 : 0; }
  Result<std::unique_ptr<types::BatchReader>> Open(
      std::size_t, const engine::Projection& projection) const override {
    std::vector<int> indices(projection.columns.begin(), projection.columns.end());
    return std::make_unique<OneBatch>(ARROW_TRY(batch_->SelectColumns(indices)));
  }
  std::shared_ptr<const engine::SplitSource> Prune(
      std::span<const types::ColumnPredicate> predicates) const override {
    std::vector<types::ColumnPredicate> on_table;
    for (types::ColumnPredicate predicate : predicates) {
      if (predicate.column >= columns_.size()) continue;
      predicate.column = columns_[predicate.column];
      on_table.push_back(std::move(predicate));
    }
    if (!on_table.empty()) record_->Set(std::move(on_table));
    return nullptr;
  }

 private:
  const types::StructType schema_;
  const types::BatchPtr batch_;
  const std::vector<std::size_t> columns_;  ///< Which of the table's columns they are.
  const std::shared_ptr<ReadRecord> record_;
};

Result<std::shared_ptr<arrow::Array>> ValuesOf(const std::vector<delta::PartitionValues>& rows,
                                               const types::StructField& field,
                                               delta::ColumnMappingMode mode,
                                               const types::TimeZone& zone) {
  std::unique_ptr<arrow::ArrayBuilder> builder =
      ARROW_TRY(arrow::MakeBuilder(types::ToArrow(field.type)));
  const std::string name = delta::PhysicalName(field, mode);
  for (const delta::PartitionValues& row : rows) {
    const auto found = row.find(name);
    const std::optional<std::string> text = found == row.end() ? std::nullopt : found->second;
    const auto value = TRY(delta::ParsePartitionValue(text, field.type, zone));
    ARROW_CHECK_OK(builder->AppendScalar(*value));
  }
  return ARROW_TRY(builder->Finish());
}

}  // namespace

void ReadRecord::Set(std::vector<types::ColumnPredicate> predicates) {
  std::lock_guard lock(mutex_);
  predicates_ = std::move(predicates);
}

std::optional<std::vector<types::ColumnPredicate>> ReadRecord::Take() {
  std::lock_guard lock(mutex_);
  return std::exchange(predicates_, std::nullopt);
}

Result<std::shared_ptr<const engine::SplitSource>> OpenChangeTarget(
    delta::SnapshotPtr snapshot, std::string session_time_zone,
    std::shared_ptr<ReadRecord> record) {
  auto source =
      TRY(DeltaSource::Open(std::move(snapshot), {.session_time_zone = std::move(session_time_zone),
                                                  .with_row_columns = true}));
  return std::make_shared<ChangeTarget>(std::move(source), std::move(record));
}

std::vector<delta::PartitionValues> PartitionsOf(const delta::Snapshot& snapshot) {
  std::set<delta::PartitionValues> all;
  for (const delta::AddFile& file : snapshot.files()) all.insert(file.partition_values);
  return {all.begin(), all.end()};
}

Result<std::set<std::int64_t>> NumbersOf(engine::Engine& engine, BoundQuery query,
                                         std::stop_token stop) {
  const auto reader =
      TRY(engine.Run(query.query, std::move(query.inputs), query.context, std::move(stop)));
  std::set<std::int64_t> numbers;
  while (const types::BatchPtr batch = TRY(reader->Next())) {
    const auto& column = static_cast<const arrow::Int64Array&>(*batch->column(0));
    for (std::int64_t i = 0; i < column.length(); ++i) numbers.insert(column.Value(i));
  }
  return numbers;
}

Result<std::shared_ptr<const engine::SplitSource>> OpenPartitions(
    delta::SnapshotPtr snapshot, std::vector<delta::PartitionValues> partitions,
    const std::string& session_time_zone, std::shared_ptr<ReadRecord> record) {
  const auto mode = TRY(delta::ColumnMappingModeOf(snapshot->properties()));
  const types::TimeZone* zone = TRY(types::TimeZone::Find(session_time_zone));
  types::StructType schema;
  std::vector<std::size_t> columns;
  arrow::ArrayVector arrays;
  arrow::FieldVector fields;
  for (const std::string& name : snapshot->partition_columns()) {
    const auto index = snapshot->schema().IndexOf(name);
    if (!index) return FailInternal("a partition column is not in the schema: " + name);
    const types::StructField& field = snapshot->schema().fields[*index];
    arrays.push_back(TRY(ValuesOf(partitions, field, mode, *zone)));
    fields.push_back(types::ToArrow(field));
    schema.fields.push_back(field);
    columns.push_back(*index);
  }
  arrow::Int64Builder numbers;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    ARROW_CHECK_OK(numbers.Append(static_cast<std::int64_t>(i)));
  }
  arrays.push_back(ARROW_TRY(numbers.Finish()));
  const types::StructField number{.name = std::string(delta::kRowColumnNames[0]),
                                  .type = types::TypeId::kLong};
  fields.push_back(types::ToArrow(number));
  schema.fields.push_back(number);
  types::BatchPtr batch =
      arrow::RecordBatch::Make(arrow::schema(std::move(fields)),
                               static_cast<std::int64_t>(partitions.size()), std::move(arrays));
  return std::make_shared<Partitions>(std::move(schema), std::move(batch), std::move(columns),
                                      std::move(record));
}

}  // namespace inlet::ingest
