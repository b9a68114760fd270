#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "types/data_type.h"

namespace inlet::formats {

/// How a requested field finds its column in a file, at every level of nesting.
enum class FieldMatching : std::uint8_t {
  kByName,
  kByNameIgnoreCase,  ///< An exact match wins; two columns that match only so are an error.
  kByFieldId,         ///< By the number in the field's metadata `delta.columnMapping.id`.
};

/// What to do with dates and times before 1582 in a file whose writer is unknown. A file that says
/// itself which calendar it uses (Spark's footer keys) is always read by that.
enum class CalendarRebase : std::uint8_t { kCorrected, kLegacy, kException };

/// A column of what does not fit: a JSON object of the values that do not read as the requested
/// type and of the columns that are not in `known_columns`; NULL where there are none.
struct Rescue {
  types::StructType known_columns;  ///< Full data schema, before projection.
  std::string file_path;            ///< For `_file_path`; empty leaves it out.
};

/// How requested columns find those of a file.
struct ColumnMatching {
  FieldMatching fields = FieldMatching::kByName;
  /// Without it a column whose type does not fit is an error, and unknown columns are ignored.
  std::optional<Rescue> rescue;
};

}  // namespace inlet::formats
