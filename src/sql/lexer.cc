#include <algorithm>
#include <cctype>
#include <optional>

#include "base/option_map.h"
#include "sql/token.h"

namespace inlet::sql {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void AppendUtf8(std::uint32_t code, std::string& out) {
  if (code >= 0xD800 && code <= 0xDFFF) code = 0xFFFD;
  if (code > 0x10FFFF) code = 0xFFFD;
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

/// The place of the first byte that is not UTF-8, or npos.
std::size_t FindBadUtf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
    if (byte < 0xC2 || byte > 0xF4 || i + length > text.size()) return i;
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return i;
    }
    const auto second = static_cast<unsigned char>(text[i + 1]);
    const bool is_overlong = (byte == 0xE0 && second < 0xA0) || (byte == 0xF0 && second < 0x90);
    const bool is_outside = (byte == 0xED && second > 0x9F) || (byte == 0xF4 && second > 0x8F);
    if (is_overlong || is_outside) return i;
    i += length;
  }
  return std::string_view::npos;
}

/// Four or eight hexadecimal digits at `position`, or nothing.
std::optional<std::uint32_t> HexNumber(std::string_view body, std::size_t position,
                                       std::size_t digits) {
  if (position + digits > body.size()) return std::nullopt;
  std::uint32_t code = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const int digit = HexValue(body[position + i]);
    if (digit < 0) return std::nullopt;
    code = code * 16 + static_cast<std::uint32_t>(digit);
  }
  return code;
}

/// Resolves one escape that begins at body[i], a backslash; returns the place of its last byte.
/// Source: Databricks SQL language manual, "STRING type", literals.
std::size_t ResolveEscape(std::string_view body, std::size_t i, std::string& out) {
  const char c = body[i + 1];
  if (c == 'u') {
    if (auto code = HexNumber(body, i + 2, 4)) {
      const bool is_high = *code >= 0xD800 && *code <= 0xDBFF;
      if (is_high && body.substr(i + 6, 2) == "\\u") {
        const auto low = HexNumber(body, i + 8, 4);
        if (low && *low >= 0xDC00 && *low <= 0xDFFF) {
          AppendUtf8(0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00), out);
          return i + 11;
        }
      }
      AppendUtf8(*code, out);
      return i + 5;
    }
  }
  if (c == 'U') {
    if (auto code = HexNumber(body, i + 2, 8)) {
      AppendUtf8(*code, out);
      return i + 9;
    }
  }
  const auto is_octal = [&](std::size_t k, char highest) {
    return i + k < body.size() && body[i + k] >= '0' && body[i + k] <= highest;
  };
  if (is_octal(1, '1') && is_octal(2, '7') && is_octal(3, '7')) {
    AppendUtf8(static_cast<std::uint32_t>((body[i + 1] - '0') * 64 + (body[i + 2] - '0') * 8 +
                                          (body[i + 3] - '0')),
               out);
    return i + 3;
  }
  switch (c) {
    case '0':
      out += '\0';
      break;
    case 'b':
      out += '\b';
      break;
    case 'n':
      out += '\n';
      break;
    case 'r':
      out += '\r';
      break;
    case 't':
      out += '\t';
      break;
    case 'Z':
      out += '\x1A';
      break;
    case '%':  // Kept for LIKE, which reads its own escapes.
    case '_':
      out += '\\';
      out += c;
      break;
    default:
      out += c;
  }
  return i + 1;
}

std::string UnquoteString(std::string_view body, char quote) {
  std::string value;
  value.reserve(body.size());
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] == '\\' && i + 1 < body.size()) {
      i = ResolveEscape(body, i, value);
    } else {
      if (body[i] == quote) ++i;  // Doubled.
      value += body[i];
    }
  }
  return value;
}

std::string UnquoteName(std::string_view body) {
  std::string value;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] == '`') ++i;
    value += body[i];
  }
  return value;
}

/// The end of the quoted text that begins at `position`, or npos when it is open.
std::size_t EndOfQuoted(std::string_view text, std::size_t position, bool is_raw) {
  const char quote = text[position];
  for (std::size_t i = position + 1; i < text.size(); ++i) {
    if (text[i] == '\\' && quote != '`' && !is_raw) {
      ++i;
    } else if (text[i] == quote) {
      if (is_raw || i + 1 == text.size() || text[i + 1] != quote) return i + 1;
      ++i;
    }
  }
  return std::string_view::npos;
}

std::size_t EndOfLineComment(std::string_view text, std::size_t position) {
  while (position < text.size() && text[position] != '\n') {
    const bool is_continued = text[position] == '\\' && text.substr(position + 1, 1) == "\n";
    position += is_continued ? 2 : 1;
  }
  return std::min(position, text.size());
}

/// The end of the comment that begins at `position`; comments nest. npos when it is open.
std::size_t EndOfBlockComment(std::string_view text, std::size_t position) {
  int depth = 0;
  while (position + 1 < text.size()) {
    const std::string_view two = text.substr(position, 2);
    if (two == "/*") {
      ++depth;
      position += 2;
    } else if (two == "*/") {
      position += 2;
      if (--depth == 0) return position;
    } else {
      ++position;
    }
  }
  return std::string_view::npos;
}

bool IsRawPrefix(std::string_view text, std::size_t position) {
  return (text[position] == 'r' || text[position] == 'R') && position + 1 < text.size() &&
         (text[position + 1] == '\'' || text[position + 1] == '"');
}

// Longest first.
constexpr std::string_view kOperators[] = {
    "<=>", ">>>", "?::", "<=", ">=", "<>", "!=", "==", "||", "::", "->", "=>", "|>", "<<", ">>",
    "!<",  "!>",  "+",   "-",  "*",  "/",  "%",  "&",  "|",  "^",  "~",  "=",  "<",  ">",  "!",
    "(",   ")",   "[",   "]",  "{",  "}",  ",",  ";",  ".",  ":",  "?",  "@",  "$"};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> Run() {
    if (const std::size_t bad = FindBadUtf8(text_); bad != std::string_view::npos) {
      return Bad(bad, bad + 1, "a byte that is not UTF-8");
    }
    tokens_.reserve(text_.size() / 4 + 2);
    while (true) {
      TRY(SkipBlanksAndComments());
      if (position_ == text_.size()) break;
      TRY(Next());
    }
    Add(TokenKind::kEnd, position_);
    return std::move(tokens_);
  }

 private:
  std::unexpected<Error> Bad(std::size_t begin, std::size_t end, std::string what,
                             std::string hint = "") const {
    auto failed = Fail(Condition::PARSE_SYNTAX_ERROR,
                       {{"error", std::move(what)}, {"hint", std::move(hint)}});
    failed.error().span = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
    return failed;
  }

  Token& Add(TokenKind kind, std::size_t end) {
    tokens_.push_back(
        {.kind = kind,
         .span = {static_cast<std::uint32_t>(position_), static_cast<std::uint32_t>(end)},
         .value = {}});
    position_ = end;
    return tokens_.back();
  }

  Status SkipBlanksAndComments() {
    while (position_ < text_.size()) {
      if (IsBlank(text_[position_])) {
        ++position_;
      } else if (text_.substr(position_, 2) == "--") {
        position_ = EndOfLineComment(text_, position_);
      } else if (text_.substr(position_, 2) == "/*") {
        const std::size_t end = EndOfBlockComment(text_, position_);
        if (end == std::string_view::npos) {
          return Bad(position_, position_ + 2, "'/*'", " The comment is not closed.");
        }
        if (IsHint()) {
          const std::size_t begin = position_;
          Add(TokenKind::kHint, end).value = text_.substr(begin + 3, end - begin - 5);
        } else {
          position_ = end;
        }
      } else if (text_.substr(position_, 2) == "\xC2\xA0") {
        position_ += 2;  // A no-break space, as copied from web pages.
      } else if (text_.substr(position_, 3) == "\xEF\xBB\xBF") {
        position_ += 3;  // A byte order mark.
      } else {
        break;
      }
    }
    return Ok();
  }

  bool IsHint() const {
    if (text_.substr(position_, 3) != "/*+" || tokens_.empty()) return false;
    const Token& last = tokens_.back();
    return last.kind == TokenKind::kWord && EqualsIgnoreCase(last.value, "SELECT");
  }

  Status Next() {
    const char c = text_[position_];
    if (c == '\'' || c == '"') return String(/*is_raw=*/false);
    if (IsRawPrefix(text_, position_)) return String(/*is_raw=*/true);
    const bool has_quote = text_.substr(position_ + 1, 1) == "'";
    if ((c == 'x' || c == 'X') && has_quote) return Binary();
    if (c == '`') return QuotedName();
    const bool has_digit = position_ + 1 < text_.size() && IsDigit(text_[position_ + 1]);
    if (IsDigit(c) || (c == '.' && has_digit && !FollowsName())) return Number();
    if (IsWordByte(c)) return Word();
    return Operator();
  }

  /// Whether a dot here continues a name: t.1a
  bool FollowsName() const {
    if (tokens_.empty() || tokens_.back().span.end != position_) return false;
    const Token& last = tokens_.back();
    if (last.kind == TokenKind::kWord || last.kind == TokenKind::kQuotedName) return true;
    const char byte = text_[last.span.begin];
    return last.kind == TokenKind::kOperator && (byte == ']' || byte == ')');
  }

  Status String(bool is_raw) {
    const std::size_t quote_at = position_ + (is_raw ? 1 : 0);
    const std::size_t end = EndOfQuoted(text_, quote_at, is_raw);
    if (end == std::string_view::npos) {
      return Bad(position_, quote_at + 1, "'" + std::string(1, text_[quote_at]) + "'",
                 " The quote is not closed.");
    }
    const std::string_view body = text_.substr(quote_at + 1, end - quote_at - 2);
    std::string value = is_raw ? std::string(body) : UnquoteString(body, text_[quote_at]);
    Add(TokenKind::kString, end).value = std::move(value);
    return Ok();
  }

  Status Binary() {
    const std::size_t end = EndOfQuoted(text_, position_ + 1, /*is_raw=*/true);
    if (end == std::string_view::npos) {
      return Bad(position_, position_ + 2, "'X'", " The quote is not closed.");
    }
    std::string digits(text_.substr(position_ + 2, end - position_ - 3));
    if (digits.size() % 2 != 0) digits.insert(0, "0");
    std::string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
      const int high = HexValue(digits[i]);
      const int low = HexValue(digits[i + 1]);
      if (high < 0 || low < 0) {
        return Bad(position_, end,
                   "'" + std::string(text_.substr(position_, end - position_)) + "'",
                   " A binary literal takes hexadecimal digits.");
      }
      bytes += static_cast<char>(high * 16 + low);
    }
    Add(TokenKind::kBinary, end).value = std::move(bytes);
    return Ok();
  }

  Status QuotedName() {
    const std::size_t end = EndOfQuoted(text_, position_, /*is_raw=*/false);
    if (end == std::string_view::npos) {
      return Bad(position_, position_ + 1, "'`'", " The back-tick is not closed.");
    }
    if (end == position_ + 2) return Bad(position_, end, "'``'", " A name cannot be empty.");
    const std::size_t begin = position_;
    Add(TokenKind::kQuotedName, end).value = UnquoteName(text_.substr(begin + 1, end - begin - 2));
    return Ok();
  }

  std::size_t SkipDigits(std::size_t position) const {
    while (position < text_.size() && IsDigit(text_[position])) ++position;
    return position;
  }

  /// A number with exponent and suffix; digits followed by other letters are a name: 2024_sales.
  Status Number() {
    std::size_t end = SkipDigits(position_);
    bool is_fraction = false;
    const bool continues_name = !tokens_.empty() && tokens_.back().span.end == position_ &&
                                text_[tokens_.back().span.begin] == '.';
    if (end < text_.size() && text_[end] == '.' && !continues_name) {
      // `1..2` and `1.e` are not ours to judge; a dot belongs to the number before it.
      is_fraction = true;
      end = SkipDigits(end + 1);
    }
    if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      std::size_t digits = end + 1;
      if (digits < text_.size() && (text_[digits] == '+' || text_[digits] == '-')) ++digits;
      if (SkipDigits(digits) > digits) end = SkipDigits(digits);
    }
    const std::size_t suffix = end;
    while (end < text_.size() && IsWordByte(text_[end])) ++end;
    const std::string letters = ToLower(text_.substr(suffix, end - suffix));
    const bool is_suffix = letters.empty() || letters == "l" || letters == "s" || letters == "y" ||
                           letters == "d" || letters == "f" || letters == "bd";
    if (is_suffix) {
      Add(TokenKind::kNumber, end);
      return Ok();
    }
    if (is_fraction) {
      return Bad(position_, end, "'" + std::string(text_.substr(position_, end - position_)) + "'",
                 " It is no number.");
    }
    return Word();
  }

  Status Word() {
    std::size_t end = position_;
    while (end < text_.size() && IsWordByte(text_[end]) && text_.substr(end, 2) != "\xC2\xA0") {
      ++end;
    }
    const std::size_t begin = position_;
    Add(TokenKind::kWord, end).value = text_.substr(begin, end - begin);
    return Ok();
  }

  /// `a?::int` is a try-cast, `SELECT ?::int` a cast of a parameter.
  bool IsParameterCast() const {
    if (tokens_.empty()) return true;
    const Token& last = tokens_.back();
    if (last.kind == TokenKind::kOperator) {
      const char sign = text_[last.span.begin];
      return sign != ')' && sign != ']';
    }
    return last.kind == TokenKind::kWord && last.span.end != position_;
  }

  Status Operator() {
    for (const std::string_view sign : kOperators) {
      if (sign == "?::" && IsParameterCast()) continue;
      if (text_.substr(position_, sign.size()) == sign) {
        Add(TokenKind::kOperator, position_ + sign.size());
        return Ok();
      }
    }
    return Bad(position_, position_ + 1, "'" + std::string(1, text_[position_]) + "'");
  }

  std::string_view text_;
  std::size_t position_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

bool IsWordByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

Result<std::vector<Token>> Tokenize(std::string_view text) { return Lexer(text).Run(); }

SkippedText SkipQuotedOrComment(std::string_view text, std::size_t position) {
  const auto until = [&](std::size_t end, bool is_comment) -> SkippedText {
    const bool is_closed = end != std::string_view::npos;
    return {.end = is_closed ? end : text.size(), .is_closed = is_closed, .is_comment = is_comment};
  };
  const char c = text[position];
  if (c == '\'' || c == '"' || c == '`') return until(EndOfQuoted(text, position, false), false);
  const bool starts_word = position == 0 || !IsWordByte(text[position - 1]);
  if (starts_word && IsRawPrefix(text, position)) {
    return until(EndOfQuoted(text, position + 1, true), false);
  }
  if (text.substr(position, 2) == "--") return until(EndOfLineComment(text, position), true);
  if (text.substr(position, 2) == "/*") return until(EndOfBlockComment(text, position), true);
  return {.end = position};
}

}  // namespace inlet::sql
