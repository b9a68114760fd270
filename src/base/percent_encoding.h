#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace inlet {

/// Writes every byte but letters, digits and "-._~" (RFC 3986, "unreserved") and those of `keep`
/// as %XX with capital digits: PercentEncode("a b/c", "/") is "a%20b/c".
std::string PercentEncode(std::string_view text, std::string_view keep = "");

/// The reverse; "+" stays. Errors: CANNOT_DECODE_URL when a % has no two digits behind it.
Result<std::string> PercentDecode(std::string_view text);

}  // namespace inlet
