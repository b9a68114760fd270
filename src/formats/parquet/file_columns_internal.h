#pragma once

#include <parquet/arrow/schema.h>

#include <vector>

#include "formats/columns/file_column.h"

namespace inlet::formats::parquet_internal {

/// Describes the columns of a file. Never fails for odd types: they are `illegal`.
std::vector<FileColumn> DescribeColumns(const parquet::arrow::SchemaManifest& manifest);

}  // namespace inlet::formats::parquet_internal
