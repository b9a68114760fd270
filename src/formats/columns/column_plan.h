#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/columns/file_column.h"
#include "formats/columns/matching.h"
#include "types/data_type.h"

namespace inlet::formats {

/// How one requested column, or a part of one, comes out of a file.
struct ColumnPlan {
  enum class Step : std::uint8_t {
    kNull,
    kLeaf,
    kStruct,
    kList,
    kMap,
    kVariant,
    kShreddedVariant  ///< All of its group is read and put together.
  };
  Step step = Step::kNull;
  types::DataType target;
  std::shared_ptr<arrow::DataType> arrow_type;  ///< Of `target`.
  const FileColumn* source = nullptr;           ///< Null for kNull.
  int array_index = -1;              ///< Which child of the array that is read for the parent.
  std::vector<ColumnPlan> children;  ///< In the order of `target`; VARIANT: metadata, value.
};

/// A part of a file that goes to the rescued column.
struct RescuePlan {
  const FileColumn* source = nullptr;
  int array_index = -1;
  bool whole = false;  ///< Else only `children`, fields of a struct.
  std::vector<RescuePlan> children;
};

struct ReadPlan {
  std::vector<ColumnPlan> columns;
  std::vector<RescuePlan> rescued;
  std::vector<int> leaves;  ///< The leaf columns to read.
};

/// Matches requested columns with those of a file. `columns` must outlive the plan.
/// `whole_columns`: of a top-level column that is read, all leaves are. Errors:
/// FAILED_READ_FILE_PARQUET_COLUMN_DATA_TYPE_MISMATCH (without rescue), COLUMN_ALREADY_EXISTS.
Result<ReadPlan> PlanColumns(const std::vector<FileColumn>& columns,
                             const types::StructType& requested, const ColumnMatching& matching,
                             const std::string& path, bool whole_columns = false);

}  // namespace inlet::formats
