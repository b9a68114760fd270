#pragma once

#include <string>

namespace inlet {

/// A random (version 4) UUID in lower case: "1b4e28ba-2fa1-41d2-883f-0016d3cca427".
std::string RandomUuid();

}  // namespace inlet
