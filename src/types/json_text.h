#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace inlet::types {

/// `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
std::string JsonQuote(std::string_view text);

/// Appends JsonQuote(text) to `out`.
void AppendJsonQuoted(std::string_view text, std::string& out);

/// The text of a JSON string literal such as `"a\nb"`; nothing when `json` is something else.
std::optional<std::string> JsonStringValue(std::string_view json);

}  // namespace inlet::types
