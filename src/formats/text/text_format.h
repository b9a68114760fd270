#pragma once

#include "formats/format.h"

namespace inlet::formats {

/// Plain text: one column `value STRING`, a row for each line, or for each file with `wholeText`.
const Format& TextFormat();

}  // namespace inlet::formats
