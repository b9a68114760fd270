#include <arrow/api.h>

#include "formats/format.h"
#include "types/arrow.h"

namespace inlet::formats {
namespace {

/// Reads splits in order, each by a reader of its own.
class SplitsInOrder final : public types::BatchReader {
 public:
  SplitsInOrder(const ConfiguredFormat& format, const storage::ObjectStore& store,
                std::span<const FileSplit> splits, const ReadSchema& schema)
      : format_(format), store_(store), splits_(splits.begin(), splits.end()), schema_(schema) {
    if (!schema.split_index_column) return;
    index_column_ = *schema.split_index_column;
    index_field_ = types::ToArrow(schema.columns.fields[*index_column_]);
    schema_.columns.fields.erase(schema_.columns.fields.begin() +
                                 static_cast<std::ptrdiff_t>(*index_column_));
    schema_.split_index_column.reset();
    for (auto* column : {&schema_.rescued_column, &schema_.corrupt_record_column}) {
      if (*column && **column > *index_column_) --**column;
    }
  }

  Result<types::BatchPtr> Next() override {
    while (true) {
      if (reader_ == nullptr) {
        if (next_ == splits_.size()) return nullptr;
        reader_ = TRY(format_.Open(store_, splits_[next_++], schema_));
      }
      if (types::BatchPtr batch = TRY(reader_->Next())) return WithIndex(std::move(batch));
      reader_.reset();
    }
  }

 private:
  Result<types::BatchPtr> WithIndex(types::BatchPtr batch) const {
    if (!index_column_) return batch;
    const auto index = static_cast<std::int32_t>(next_ - 1);
    auto column =
        ARROW_TRY(arrow::MakeArrayFromScalar(arrow::Int32Scalar(index), batch->num_rows()));
    return ARROW_TRY(batch->AddColumn(static_cast<int>(*index_column_), index_field_, column));
  }

  const ConfiguredFormat& format_;     // Outlives this.
  const storage::ObjectStore& store_;  // Outlives this.
  std::vector<FileSplit> splits_;
  ReadSchema schema_;  // Without the index column.
  std::optional<std::size_t> index_column_;
  std::shared_ptr<arrow::Field> index_field_;
  std::size_t next_ = 0;
  std::unique_ptr<types::BatchReader> reader_;
};

}  // namespace

Result<std::unique_ptr<types::BatchReader>> ConfiguredFormat::OpenAll(
    const storage::ObjectStore& store, std::span<const FileSplit> splits,
    const ReadSchema& schema) const {
  return std::make_unique<SplitsInOrder>(*this, store, splits, schema);
}

}  // namespace inlet::formats
