#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Text as UTF-8, by code points. Bytes that are no UTF-8 count as one character each or as their
/// lead byte says; nothing here reads beyond the end.
namespace inlet::engine::functions {

std::size_t CharBytes(std::string_view text, std::size_t position);
std::int32_t CountChars(std::string_view text);
/// The byte where the n-th character (from 0) begins; the size when there are fewer.
std::size_t CharOffset(std::string_view text, std::int64_t index);
/// The code point at `position`, which moves behind it.
char32_t NextChar(std::string_view text, std::size_t& position);
void AppendChar(char32_t character, std::string& out);
bool IsValidUtf8(std::string_view text);

std::string ToUpperText(std::string_view text);
std::string ToLowerText(std::string_view text);

}  // namespace inlet::engine::functions
