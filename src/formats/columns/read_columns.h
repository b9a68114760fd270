#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>

#include "base/result.h"
#include "formats/format.h"
#include "types/batch.h"
#include "types/data_type.h"

namespace inlet::formats {

/// The columns of a ReadSchema that come from the data, and how to put the others among them. For
/// formats whose records are never malformed one by one: the corrupt-record column is NULL.
/// Immutable.
class ReadColumns {
 public:
  explicit ReadColumns(const ReadSchema& schema);

  const types::StructType& data() const { return data_; }
  bool rescues() const { return rescued_.has_value(); }

  /// `data` has the data columns by position; `rescued` is needed when rescues().
  Result<types::BatchPtr> Assemble(const arrow::RecordBatch& data,
                                   std::shared_ptr<arrow::Array> rescued) const;

 private:
  types::StructType data_;
  std::optional<std::size_t> rescued_;
  std::vector<int> source_;  // For each column its place in data_; -1: another column.
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace inlet::formats
