#include "server/spark_connect/cells.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

namespace inlet::server {

std::int64_t FirstLong(const std::vector<types::BatchPtr>& batches) {
  if (batches.empty() || batches[0]->num_rows() == 0) return 0;
  const auto& column = static_cast<const arrow::Int64Array&>(*batches[0]->column(0));
  return column.IsNull(0) ? 0 : column.Value(0);
}

std::vector<std::optional<std::string>> TextsOf(const std::vector<types::BatchPtr>& batches,
                                                int column) {
  std::vector<std::optional<std::string>> texts;
  for (const types::BatchPtr& batch : batches) {
    const auto& values = static_cast<const arrow::StringArray&>(*batch->column(column));
    for (std::int64_t row = 0; row < values.length(); ++row) {
      texts.push_back(values.IsNull(row) ? std::nullopt : std::optional(values.GetString(row)));
    }
  }
  return texts;
}

}  // namespace inlet::server
