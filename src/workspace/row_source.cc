#include "workspace/row_source.h"

#include <arrow/api.h>

namespace inlet::workspace {
namespace {

/// Rows in memory as an input.
class MemorySource final : public engine::SplitSource {
 public:
  MemorySource(types::StructType schema, types::BatchPtr batch)
      : schema_(std::move(schema)), batch_(std::move(batch)) {}

  const types::StructType& schema() const override { return schema_; }
  std::size_t num_splits() const override { return batch_->num_rows() == 0 ? 0 : 1; }
  std::optional<std::int64_t> num_rows() const override { return batch_->num_rows(); }
  Result<std::unique_ptr<types::BatchReader>> Open(
      std::size_t, const engine::Projection& projection) const override {
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

Result<std::shared_ptr<const engine::SplitSource>> MakeRowSource(types::StructType schema,
                                                                 const std::vector<Row>& rows) {
  types::BatchPtr batch = TRY(MakeBatch(schema, rows));
  return std::make_shared<MemorySource>(std::move(schema), std::move(batch));
}

}  // namespace inlet::workspace
