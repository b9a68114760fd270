#pragma once

#include "formats/format.h"

namespace inlet::formats {

/// XML with a row tag: README.md of this folder has the options and the rules.
const Format& XmlFormat();

}  // namespace inlet::formats
