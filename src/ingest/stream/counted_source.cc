#include "ingest/stream/counted_source.h"

#include <arrow/record_batch.h>

#include "types/batch.h"

namespace inlet::ingest {
namespace {

class CountingReader final : public types::BatchReader {
 public:
  CountingReader(std::unique_ptr<types::BatchReader> reader, std::atomic<std::int64_t>& num_rows)
      : reader_(std::move(reader)), num_rows_(num_rows) {}

  Result<types::BatchPtr> Next() override {
    Result<types::BatchPtr> batch = reader_->Next();
    if (batch && *batch != nullptr) num_rows_ += (*batch)->num_rows();
    return batch;
  }

 private:
  std::unique_ptr<types::BatchReader> reader_;
  std::atomic<std::int64_t>& num_rows_;  // Of the source, which outlives its readers.
};

class NoRows final : public engine::SplitSource {
 public:
  explicit NoRows(types::StructType schema) : schema_(std::move(schema)) {}
  const types::StructType& schema() const override { return schema_; }
  std::size_t num_splits() const override { return 0; }
  std::optional<std::int64_t> num_rows() const override { return 0; }
  Result<std::unique_ptr<types::BatchReader>> Open(std::size_t,
                                                   const engine::Projection&) const override {
    return FailInternal("a source without splits was opened");
  }

 private:
  types::StructType schema_;
};

}  // namespace

Result<std::unique_ptr<types::BatchReader>> CountedSource::Open(
    std::size_t split, const engine::Projection& projection) const {
  return std::make_unique<CountingReader>(TRY(source_->Open(split, projection)), num_rows_read_);
}

std::shared_ptr<const engine::SplitSource> EmptySource(types::StructType schema) {
  return std::make_shared<NoRows>(std::move(schema));
}

}  // namespace inlet::ingest
