#include "server/spark_connect/query_source.h"

#include <arrow/api.h>

#include "types/arrow.h"

namespace inlet::server {
namespace {

class Reader final : public types::BatchReader {
 public:
  Reader(std::unique_ptr<types::BatchReader> rows, const engine::Projection& projection)
      : rows_(std::move(rows)), columns_(projection.columns.begin(), projection.columns.end()) {}

  Result<types::BatchPtr> Next() override {
    const types::BatchPtr batch = TRY(rows_->Next());
    if (batch == nullptr) return nullptr;
    return ARROW_TRY(batch->SelectColumns(columns_));
  }

 private:
  std::unique_ptr<types::BatchReader> rows_;
  const std::vector<int> columns_;
};

class Source final : public engine::SplitSource {
 public:
  Source(types::StructType schema, OpenRows open)
      : schema_(std::move(schema)), open_(std::move(open)) {}

  const types::StructType& schema() const override { return schema_; }
  std::size_t num_splits() const override { return 1; }
  Result<std::unique_ptr<types::BatchReader>> Open(
      std::size_t, const engine::Projection& projection) const override {
    return std::make_unique<Reader>(TRY(open_()), projection);
  }

 private:
  const types::StructType schema_;
  const OpenRows open_;
};

}  // namespace

std::shared_ptr<const engine::SplitSource> QuerySource(types::StructType schema, OpenRows open) {
  return std::make_shared<Source>(std::move(schema), std::move(open));
}

}  // namespace inlet::server
