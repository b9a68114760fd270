#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "delta/protocol.h"
#include "types/data_type.h"

namespace inlet::delta {

enum class ColumnMappingMode : std::uint8_t { kNone, kName, kId };

/// Errors: DELTA_INVALID_TABLE_PROPERTY.
Result<ColumnMappingMode> ColumnMappingModeOf(const Properties& properties);

/// The name of a top-level or nested field in data files, partition values and statistics.
std::string PhysicalName(const types::StructField& field, ColumnMappingMode mode);

/// `field` and everything in it under physical names; ids stay in the metadata.
types::StructField ToPhysical(const types::StructField& field, ColumnMappingMode mode);

/// Gives every field that has none an id above `max_id`, which moves along, and a physical name:
/// its own with `keep_names`, for a table that has files already, else a new one.
/// Source: Delta protocol, "Column Mapping", "Writer Requirements for Column Mapping".
types::StructType WithColumnIds(types::StructType schema, std::int64_t& max_id, bool keep_names);
/// The schema without ids and physical names at any level.
types::StructType WithoutColumnIds(types::StructType schema);

/// `array` with the field names of `type` in place of its own; shares the data.
std::shared_ptr<arrow::Array> Relabel(const std::shared_ptr<arrow::Array>& array,
                                      const std::shared_ptr<arrow::DataType>& type);

}  // namespace inlet::delta
