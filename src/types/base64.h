#pragma once

#include <string>
#include <string_view>

namespace inlet::types {

/// Standard alphabet with padding. Appends to `out`.
void AppendBase64(std::string_view bytes, std::string& out);
/// False for text that is not padded base64 of the standard alphabet.
bool AppendBase64Decoded(std::string_view text, std::string& out);

}  // namespace inlet::types
