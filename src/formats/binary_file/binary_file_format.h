#pragma once

#include "formats/format.h"

namespace inlet::formats {

/// Whole files as rows: `path STRING, modificationTime TIMESTAMP, length BIGINT, content BINARY`.
const Format& BinaryFileFormat();

}  // namespace inlet::formats
