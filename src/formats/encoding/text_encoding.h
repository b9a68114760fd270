#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "formats/compression/byte_stream.h"

namespace inlet::formats {

enum class TextEncoding : std::uint8_t {
  kUtf8,
  kAscii,
  kLatin1,
  kUtf16,  ///< By its byte order mark, big endian without one.
  kUtf16Be,
  kUtf16Le,
  kUtf32,  ///< As kUtf16.
  kUtf32Be,
  kUtf32Le,
};

/// The names that Spark takes: iso-8859-1, us-ascii, utf-16, utf-16be, utf-16le, utf-32, utf-8, and
/// Java's aliases of them (`latin1`, `UTF8`, `ascii`), ignoring case.
/// Errors: INVALID_PARAMETER_VALUE.CHARSET.
Result<TextEncoding> ParseEncoding(std::string_view name);

/// `source` as UTF-8. A sequence that the encoding does not know becomes U+FFFD, as Java decodes:
/// no byte is lost without a sign. A byte order mark at the start is dropped; one of another
/// encoding than `encoding` says (UTF-16 read as UTF-8) wins over it.
/// With UTF-8 the bytes go through as they are: use ReplaceInvalidUtf8() on the values.
std::unique_ptr<ByteStream> DecodeText(TextEncoding encoding, std::unique_ptr<ByteStream> source);

bool IsValidUtf8(std::string_view text);

/// Appends `text` with each malformed sequence replaced by U+FFFD, as many as Java's decoder puts.
void AppendValidUtf8(std::string_view text, std::string& out);

}  // namespace inlet::formats
