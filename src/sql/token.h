#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace inlet::sql {

enum class TokenKind : std::uint8_t {
  kWord,        ///< A keyword or a plain name.
  kQuotedName,  ///< `name`
  kString,      ///< '...', "...", r'...'
  kBinary,      ///< X'0A'
  kNumber,      ///< 1, 1.5, 1e3, 5L, 1.5BD
  kOperator,    ///< One of the signs, the longest that fits.
  kHint,        ///< /*+ ... */ behind SELECT
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  TextSpan span;
  /// The value of a name, a string (escapes resolved) or a hint; the bytes of a kBinary; else
  /// empty.
  std::string value;
};

/// The tokens of `text`, comments left out; the last is a kEnd.
///
/// Errors, with their place: PARSE_SYNTAX_ERROR for an open quote or comment, for X'..' that is not
/// hexadecimal and for bytes that begin no token or are not UTF-8.
Result<std::vector<Token>> Tokenize(std::string_view text);

/// Where a string, quoted name or comment that begins at `position` ends, or `position` itself when
/// none does. An open one ends at the end of the text. Shared with SplitStatements().
struct SkippedText {
  std::size_t end = 0;
  bool is_closed = true;
  bool is_comment = false;
};
SkippedText SkipQuotedOrComment(std::string_view text, std::size_t position);

bool IsWordByte(char c);

}  // namespace inlet::sql
