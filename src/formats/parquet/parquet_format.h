#pragma once

#include "formats/format.h"

namespace inlet::formats {

/// Parquet, by row groups.
const Format& ParquetFormat();

}  // namespace inlet::formats
