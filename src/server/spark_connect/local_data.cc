#include "server/spark_connect/local_data.h"

#include <arrow/api.h>
#include <arrow/compute/cast.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/util/byte_size.h>

#include "types/arrow.h"

namespace inlet::server {
namespace {

using types::BatchPtr;
using types::StructType;

constexpr std::int64_t kMaxBatchRows = 65536;

std::unexpected<Error> BadData(const std::string& message) {
  return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE,
              {{"errorMsg", "the rows of a local relation: " + message}});
}

class LocalBatches final : public engine::SplitSource {
 public:
  LocalBatches(StructType schema, std::vector<BatchPtr> batches)
      : schema_(std::move(schema)), batches_(std::move(batches)) {
    for (const BatchPtr& batch : batches_) {
      num_rows_ += batch->num_rows();
      num_bytes_ += arrow::util::TotalBufferSize(*batch);
    }
  }

  const StructType& schema() const override { return schema_; }
  // One split keeps the rows in the order in which the client gave them.
  std::size_t num_splits() const override { return 1; }
  std::optional<std::int64_t> num_rows() const override { return num_rows_; }
  std::int64_t estimated_bytes() const override { return num_bytes_; }

  Result<std::unique_ptr<types::BatchReader>> Open(
      std::size_t, const engine::Projection& projection) const override {
    return std::make_unique<Reader>(*this, projection.columns);
  }

 private:
  class Reader final : public types::BatchReader {
   public:
    Reader(const LocalBatches& source, std::vector<std::size_t> columns)
        : batches_(source.batches_), columns_(columns.begin(), columns.end()) {}

    Result<BatchPtr> Next() override {
      if (next_ == batches_.size()) return nullptr;
      return ARROW_TRY(batches_[next_++]->SelectColumns(columns_));
    }

   private:
    const std::vector<BatchPtr> batches_;
    const std::vector<int> columns_;
    std::size_t next_ = 0;
  };

  StructType schema_;
  std::vector<BatchPtr> batches_;
  std::int64_t num_rows_ = 0;
  std::int64_t num_bytes_ = 0;
};

/// Columns in the layout that the engine reads.
Result<BatchPtr> InLayout(const arrow::RecordBatch& batch, const StructType& schema) {
  const std::shared_ptr<arrow::Schema> target = types::ToArrow(schema);
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (int i = 0; i < batch.num_columns(); ++i) {
    std::shared_ptr<arrow::Array> column = batch.column(i);
    const auto& type = target->field(i)->type();
    if (!column->type()->Equals(*type)) {
      // Wall clocks and instants are both counts of microseconds; a cast would shift them.
      if (column->type()->id() == arrow::Type::TIMESTAMP && type->id() == arrow::Type::TIMESTAMP) {
        const auto& from = static_cast<const arrow::TimestampType&>(*column->type());
        column = ARROW_TRY(arrow::compute::Cast(
            *column, arrow::timestamp(arrow::TimeUnit::MICRO, from.timezone())));
        column = ARROW_TRY(column->View(type));
      } else {
        auto cast = arrow::compute::Cast(*column, type);
        if (!cast.ok()) return BadData(cast.status().message());
        column = *std::move(cast);
      }
    }
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(target, batch.num_rows(), std::move(columns));
}

}  // namespace

Result<std::shared_ptr<const engine::SplitSource>> LocalSource(
    std::string_view ipc_stream, const std::optional<StructType>& schema) {
  // The batches keep pointers into the text, which must outlive them.
  auto buffer = arrow::Buffer::FromString(std::string(ipc_stream));
  auto opened = arrow::ipc::RecordBatchStreamReader::Open(
      std::make_shared<arrow::io::BufferReader>(std::move(buffer)));
  if (!opened.ok()) return BadData(opened.status().message());
  const auto& reader = *opened;
  StructType columns = TRY(types::FromArrow(*reader->schema()));
  if (schema) {
    if (schema->size() != columns.size()) return BadData("their schema has another width");
    columns = *schema;
  }
  std::vector<BatchPtr> batches;
  while (true) {
    BatchPtr batch;
    if (const auto status = reader->ReadNext(&batch); !status.ok())
      return BadData(status.message());
    if (batch == nullptr) break;
    if (const auto status = batch->ValidateFull(); !status.ok()) return BadData(status.message());
    const BatchPtr laid_out = TRY(InLayout(*batch, columns));
    for (std::int64_t at = 0; at < laid_out->num_rows(); at += kMaxBatchRows) {
      batches.push_back(laid_out->Slice(at, kMaxBatchRows));
    }
  }
  return LocalSource(std::move(columns), std::move(batches));
}

std::shared_ptr<const engine::SplitSource> LocalSource(StructType schema,
                                                       std::vector<BatchPtr> batches) {
  return std::make_shared<LocalBatches>(std::move(schema), std::move(batches));
}

}  // namespace inlet::server
