#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace inlet {

/// Writes every byte but letters, digits and "-._~" (RFC 3986, "unreserved") and those of `keep`
/// as %XX with capital digits: PercentEncode("a b/c", "/") is "a%20b/c".
std::string PercentEncode(std::string_view text, std::string_view keep = "");

/// "a=1&b=%2F": names and values encoded, in the given order.
std::string EncodedQuery(const std::vector<std::pair<std::string, std::string>>& query);

/// The reverse of PercentEncode(); "+" stays. Errors: CANNOT_DECODE_URL when a % has no two digits
/// behind it.
Result<std::string> PercentDecode(std::string_view text);

}  // namespace inlet
