#pragma once

#include "formats/format.h"

namespace inlet::formats {

/// Apache ORC, by stripes, through Arrow's adapter.
const Format& OrcFormat();

}  // namespace inlet::formats
