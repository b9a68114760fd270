#pragma once

#include "formats/format.h"

namespace inlet::formats {

/// JSON lines and JSON documents: README.md of this folder has the options and the rules.
const Format& JsonFormat();

}  // namespace inlet::formats
