#pragma once

#include <arrow/api.h>
#include <arrow/json/from_string.h>

#include <atomic>
#include <functional>
#include <mutex>

#include "base/testing.h"
#include "engine/data_file_writers.h"
#include "engine/engine.h"
#include "types/arrow.h"

namespace inlet::engine {

/// Rows in Arrow's JSON form, such as R"([{"a": 1}])", as a batch.
inline types::BatchPtr BatchOf(const types::StructType& schema, const std::string& json) {
  const auto arrow_schema = types::ToArrow(schema);
  auto array = arrow::json::ArrayFromJSONString(arrow::struct_(arrow_schema->fields()), json);
  if (!array.ok()) throw std::runtime_error(array.status().ToString());
  return *arrow::RecordBatch::FromStructArray(*array);
}

/// Hands out given batches, one list a split; fails or waits where a test says so.
class FakeSource : public SplitSource {
 public:
  using Batches = std::vector<types::BatchPtr>;

  FakeSource(types::StructType schema, std::vector<Batches> splits)
      : schema_(std::move(schema)), splits_(std::move(splits)) {}

  const types::StructType& schema() const override { return schema_; }
  std::size_t num_splits() const override { return splits_.size(); }
  std::int64_t estimated_bytes() const override { return 1000; }
  std::optional<std::int64_t> num_rows() const override { return known_rows; }

  Result<std::unique_ptr<types::BatchReader>> Open(std::size_t split,
                                                   const Projection& projection) const override {
    num_opened++;
    last_projection = projection.columns;
    return std::make_unique<Reader>(*this, split, projection);
  }

  std::shared_ptr<const SplitSource> Prune(
      std::span<const types::ColumnPredicate> predicates) const override {
    pruned_by.assign(predicates.begin(), predicates.end());
    return prune ? prune() : nullptr;
  }

  std::optional<std::int64_t> known_rows;
  std::function<Status(std::size_t split, std::size_t batch)> before_batch;
  std::function<std::shared_ptr<const SplitSource>()> prune;
  mutable std::vector<types::ColumnPredicate> pruned_by;
  mutable std::atomic<int> num_opened = 0;
  mutable std::vector<std::size_t> last_projection;

 private:
  class Reader : public types::BatchReader {
   public:
    Reader(const FakeSource& source, std::size_t split, Projection projection)
        : source_(source), split_(split), projection_(std::move(projection)) {}

    Result<types::BatchPtr> Next() override {
      if (source_.before_batch) TRY(source_.before_batch(split_, next_));
      if (next_ == source_.splits_[split_].size()) return nullptr;
      const types::BatchPtr& batch = source_.splits_[split_][next_++];
      std::vector<std::shared_ptr<arrow::Field>> fields;
      std::vector<std::shared_ptr<arrow::Array>> columns;
      for (std::size_t column : projection_.columns) {
        fields.push_back(batch->schema()->field(static_cast<int>(column)));
        columns.push_back(batch->column(static_cast<int>(column)));
      }
      return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch->num_rows(),
                                      std::move(columns));
    }

   private:
    const FakeSource& source_;
    const std::size_t split_;
    const Projection projection_;
    std::size_t next_ = 0;
  };

  types::StructType schema_;
  std::vector<Batches> splits_;
};

/// Rows in JSON, one text a split.
inline std::shared_ptr<FakeSource> SourceOf(const std::string& ddl,
                                            const std::vector<std::string>& splits) {
  types::StructType schema = Value(types::ParseDdl(ddl));
  std::vector<FakeSource::Batches> batches;
  for (const std::string& json : splits) batches.push_back({BatchOf(schema, json)});
  return std::make_shared<FakeSource>(std::move(schema), std::move(batches));
}

/// Splits of `rows` numbers each, in batches of 10,000: column a counts from 0 through all splits.
inline std::shared_ptr<FakeSource> Numbers(std::size_t splits, std::int64_t rows) {
  types::StructType schema = Value(types::ParseDdl("a BIGINT"));
  std::vector<FakeSource::Batches> all(splits);
  std::int64_t next = 0;
  for (auto& batches : all) {
    for (std::int64_t done = 0; done < rows; done += 10'000) {
      arrow::Int64Builder builder;
      for (std::int64_t i = 0; i < std::min<std::int64_t>(10'000, rows - done); ++i) {
        EXPECT_TRUE(builder.Append(next++).ok());
      }
      auto column = *builder.Finish();
      batches.push_back(
          arrow::RecordBatch::Make(types::ToArrow(schema), column->length(), {column}));
    }
  }
  return std::make_shared<FakeSource>(schema, std::move(all));
}

/// Keeps in memory what writers were given; each finished writer is one file.
struct FakeFiles {
  std::mutex mutex;
  std::vector<FakeSource::Batches> finished;  // Guarded by mutex, as all below.
  int num_opened = 0;
  int num_abandoned = 0;
  int num_deleted = 0;
  std::function<Status()> before_append;

  DataFileWriters writers() {
    return {.open = [this]() -> Result<std::unique_ptr<delta::DataFileWriter>> {
              std::lock_guard lock(mutex);
              ++num_opened;
              return std::make_unique<Writer>(*this);
            },
            .delete_staged =
                [this](const std::vector<delta::AddFile>& files) {
                  num_deleted += static_cast<int>(files.size());
                }};
  }

  std::int64_t num_rows() const {
    std::int64_t rows = 0;
    for (const auto& batches : finished) {
      for (const auto& batch : batches) rows += batch->num_rows();
    }
    return rows;
  }

  class Writer : public delta::DataFileWriter {
   public:
    explicit Writer(FakeFiles& files) : files_(files) {}
    ~Writer() override {
      std::lock_guard lock(files_.mutex);
      if (!is_finished_) ++files_.num_abandoned;
    }
    Status Append(const types::BatchPtr& batch) override {
      if (files_.before_append) TRY(files_.before_append());
      batches_.push_back(batch);
      return Ok();
    }
    Result<std::vector<delta::AddFile>> Finish() override {
      std::lock_guard lock(files_.mutex);
      files_.finished.push_back(std::move(batches_));
      is_finished_ = true;
      return std::vector<delta::AddFile>(1);
    }

   private:
    FakeFiles& files_;
    FakeSource::Batches batches_;
    bool is_finished_ = false;
  };
};

}  // namespace inlet::engine
