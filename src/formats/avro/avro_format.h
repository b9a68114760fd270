#pragma once

#include "formats/format.h"

namespace inlet::formats {

/// Avro object container files, cut at their sync markers.
const Format& AvroFormat();

}  // namespace inlet::formats
