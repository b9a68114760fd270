#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/columns/column_conversion.h"
#include "formats/columns/column_plan.h"
#include "formats/columns/read_columns.h"
#include "formats/format.h"

namespace inlet::formats {

/// Turns batches of a file's own columns into batches of a ReadSchema: matched by name, converted,
/// misfits rescued. For formats whose files carry their types. Not copyable; not thread-safe.
class ColumnMapper {
 public:
  /// `file_schema` has the columns of the file; `url` names it. Names match exactly when there is a
  /// rescued column and `case_sensitive`, else ignoring case, as in Spark.
  /// Errors: FAILED_READ_FILE_PARQUET_COLUMN_DATA_TYPE_MISMATCH, COLUMN_ALREADY_EXISTS.
  static Result<std::unique_ptr<ColumnMapper>> Make(const types::StructType& file_schema,
                                                    const ReadSchema& schema, bool case_sensitive,
                                                    const std::string& url, CalendarRebase rebase);

  /// The top-level columns of the file that Map() needs, as indices.
  const std::vector<int>& wanted() const { return wanted_; }

  /// `raw` has the wanted() columns.
  Result<types::BatchPtr> Map(const arrow::RecordBatch& raw) const;

 private:
  explicit ColumnMapper(const ReadSchema& schema) : read_columns_(schema) {}

  ReadColumns read_columns_;
  std::vector<FileColumn> columns_;
  ReadPlan plan_;
  std::vector<int> wanted_;
  ConversionContext context_;
  std::string rescued_path_;
  std::shared_ptr<arrow::Schema> data_schema_;
};

}  // namespace inlet::formats
