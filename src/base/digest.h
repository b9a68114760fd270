#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace inlet {

/// Raw bytes, 32 and 16 of them.
std::string Sha256(std::string_view bytes);
std::string HmacSha256(std::string_view key, std::string_view bytes);
std::string Md5(std::string_view bytes);

/// In lower case.
std::string HexEncode(std::string_view bytes);

/// RFC 4648 with padding.
std::string Base64Encode(std::string_view bytes);
/// "-" and "_" in place of "+" and "/", without padding.
std::string Base64UrlEncode(std::string_view bytes);
/// Nothing when `text` is not what Base64Encode() writes.
std::optional<std::string> Base64Decode(std::string_view text);

}  // namespace inlet
