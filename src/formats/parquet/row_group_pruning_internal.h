#pragma once

#include <parquet/metadata.h>

#include "formats/columns/file_column.h"
#include "types/data_type.h"
#include "types/predicate.h"

namespace inlet::formats::parquet_internal {

/// Whether a row group may have a row for which `predicate` holds, by the statistics of the leaf
/// column that `column` is. "Yes" where the statistics do not tell. `type` is the requested type,
/// which the values of the predicate have.
bool MayMatch(const parquet::RowGroupMetaData& row_group, const FileColumn& column,
              const types::DataType& type, const types::ColumnPredicate& predicate);

}  // namespace inlet::formats::parquet_internal
