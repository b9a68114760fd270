#pragma once

#include "formats/format.h"

namespace inlet::formats {

/// CSV: README.md of this folder has the options and the rules.
const Format& CsvFormat();

}  // namespace inlet::formats
