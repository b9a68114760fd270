#include "formats/columns/read_columns.h"

#include <arrow/api.h>

#include <utility>

#include "types/arrow.h"

namespace inlet::formats {

ReadColumns::ReadColumns(const ReadSchema& schema)
    : rescued_(schema.rescued_column), schema_(types::ToArrow(schema.columns)) {
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    if (i == schema.rescued_column || i == schema.corrupt_record_column) {
      source_.push_back(-1);
      continue;
    }
    source_.push_back(static_cast<int>(data_.size()));
    data_.fields.push_back(schema.columns.fields[i]);
  }
}

Result<types::BatchPtr> ReadColumns::Assemble(const arrow::RecordBatch& data,
                                              std::shared_ptr<arrow::Array> rescued) const {
  arrow::ArrayVector columns;
  columns.reserve(source_.size());
  for (std::size_t i = 0; i < source_.size(); ++i) {
    if (source_[i] >= 0) {
      columns.push_back(data.column(source_[i]));
    } else if (i == rescued_) {
      columns.push_back(rescued);
    } else {
      columns.push_back(ARROW_TRY(arrow::MakeArrayOfNull(arrow::utf8(), data.num_rows())));
    }
  }
  return arrow::RecordBatch::Make(schema_, data.num_rows(), std::move(columns));
}

}  // namespace inlet::formats
