#include "engine/memory_source.h"

#include <arrow/api.h>

#include <utility>

namespace inlet::engine {
namespace {

class RowsInMemory final : public SplitSource {
 public:
  RowsInMemory(types::StructType schema, types::BatchPtr batch)
      : schema_(std::move(schema)), batch_(std::move(batch)) {}

  const types::StructType& schema() const override { return schema_; }
  std::size_t num_splits() const override { return batch_->num_rows() == 0 ? 0 : 1; }
  std::optional<std::int64_t> num_rows() const override { return batch_->num_rows(); }
  Result<std::unique_ptr<types::BatchReader>> Open(std::size_t,
                                                   const Projection& projection) const override {
    arrow::FieldVector fields;
    arrow::ArrayVector columns;
    for (const std::size_t column : projection.columns) {
      fields.push_back(batch_->schema()->field(static_cast<int>(column)));
      columns.push_back(batch_->column(static_cast<int>(column)));
    }
    return std::make_unique<Reader>(arrow::RecordBatch::Make(
        arrow::schema(std::move(fields)), batch_->num_rows(), std::move(columns)));
  }

 private:
  class Reader final : public types::BatchReader {
   public:
    explicit Reader(types::BatchPtr batch) : batch_(std::move(batch)) {}
    Result<types::BatchPtr> Next() override { return std::exchange(batch_, nullptr); }

   private:
    types::BatchPtr batch_;
  };

  types::StructType schema_;
  types::BatchPtr batch_;
};

}  // namespace

std::shared_ptr<const SplitSource> MemorySource(types::StructType schema, types::BatchPtr batch) {
  return std::make_shared<RowsInMemory>(std::move(schema), std::move(batch));
}

}  // namespace inlet::engine
