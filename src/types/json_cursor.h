#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "types/column_builder.h"

namespace inlet::types {

/// What of JSON's grammar is relaxed, as the options of Spark's JSON reader say.
struct JsonSyntax {
  bool single_quotes = false;
  bool comments = false;
  bool unquoted_names = false;
  bool leading_zeros = false;
  bool non_numeric = false;  ///< NaN, Infinity, -INF ... as bare words.
  bool backslash_any = false;
  bool control_characters = false;
};

/// Limits of Jackson, which Spark reads JSON with; beyond them a record is malformed.
inline constexpr int kMaxJsonDepth = 1000;
inline constexpr std::size_t kMaxJsonNameBytes = 50000;
inline constexpr std::size_t kMaxJsonNumberBytes = 1000;

enum class JsonKind : std::uint8_t {
  kObject,
  kArray,
  kString,
  kNumber,
  kTrue,
  kFalse,
  kNull,
  kEnd,    ///< The text is over.
  kError,  ///< No value starts here.
};

/// What stands between the quotes, escapes and all.
struct JsonString {
  std::string_view raw;
};

/// A number as it is written. The exact value is its text: mantissa and exponent are a help for
/// those that are short.
struct JsonNumber {
  std::string_view text;
  std::uint64_t mantissa = 0;  ///< All digits, when is_short.
  std::int32_t exponent = 0;   ///< Of ten.
  bool negative = false;
  bool is_integer = true;  ///< Neither fraction nor exponent.
  bool is_short = true;    ///< At most 19 digits, so that mantissa has them all.
  bool is_word = false;    ///< NaN or an infinity.

  /// No value for a fraction or beyond 64 bits.
  std::optional<std::int64_t> AsLong() const {
    if (!is_integer || !is_short || is_word) return std::nullopt;
    if (negative) {
      if (mantissa > std::uint64_t{1} << 63) return std::nullopt;
      return static_cast<std::int64_t>(~mantissa + 1);
    }
    if (mantissa >> 63 != 0) return std::nullopt;
    return static_cast<std::int64_t>(mantissa);
  }
  /// Correctly rounded; infinite beyond the range.
  double AsDouble() const {
    if (is_short && mantissa <= (std::uint64_t{1} << 53) && exponent >= -22 && exponent <= 22) {
      const auto exact = static_cast<double>(mantissa);
      const double value = exponent < 0 ? exact / kPowers[static_cast<std::size_t>(-exponent)]
                                        : exact * kPowers[static_cast<std::size_t>(exponent)];
      return negative ? -value : value;
    }
    return SlowDouble();
  }
  float AsFloat() const;

 private:
  static constexpr std::array<double, 23> kPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  double SlowDouble() const;
};

/// Appends the text of a string literal to `out`; false for a broken escape. A lone surrogate
/// becomes `?`, as in Java.
bool AppendUnescaped(std::string_view raw, const JsonSyntax& syntax, std::string& out);
bool AppendUnescaped(std::string_view raw, const JsonSyntax& syntax, GrowingBuffer& out);

/// Reads a number at `begin`, where a digit or a minus stands; some byte beyond it is neither
/// digit, letter, point nor sign. Returns its end, or null when it is no number.
const char* ScanJsonNumber(const char* begin, bool leading_zeros, JsonNumber& number);
/// The same for NaN and the infinities.
const char* ScanJsonWord(const char* begin, const char* end, JsonNumber& number);

/// Finds where the tokens of a text start, many at a time. Not thread-safe; used again and again.
class JsonIndexer {
 public:
  JsonIndexer();
  ~JsonIndexer();
  JsonIndexer(JsonIndexer&&) noexcept;
  JsonIndexer& operator=(JsonIndexer&&) noexcept;

  /// False when `text` has an unclosed string, a control character in a string, or bytes that are
  /// not UTF-8: then nothing can be said of any token. `text` may hold many values; at most 4 GB.
  bool Index(std::string_view text);
  /// Places in the text of the last Index() where tokens start, in order; then twice its size.
  const std::uint32_t* tokens() const { return tokens_; }
  std::size_t num_tokens() const { return num_tokens_; }

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
  const std::uint32_t* tokens_ = nullptr;
  std::size_t num_tokens_ = 0;
};

enum class JsonStep : std::uint8_t { kItem, kEnd, kError };

/// Walks over standard JSON by the tokens of a JsonIndexer. A value is first looked at with Peek()
/// and then taken by the call for its kind, or by Skip(). After a false or kError the cursor is of
/// no more use. Cheap to copy.
///
/// The text is followed by a byte 0, and by 16 more bytes that may be read.
class JsonCursor {
 public:
  static constexpr bool kStrict = true;

  JsonCursor(const char* text, const std::uint32_t* tokens, const JsonSyntax& syntax)
      : text_(text), next_(tokens), syntax_(&syntax) {}

  const JsonSyntax& syntax() const { return *syntax_; }
  /// Where the next token stands.
  const char* position() const { return text_ + *next_; }
  const std::uint32_t* tokens() const { return next_; }
  /// Where the value taken last ends: blanks before the next token are not part of it.
  const char* value_end() const {
    const char* end = position();
    while (IsBlank(end[-1])) --end;
    return end;
  }

  JsonKind Peek() const { return KindOf(*position()); }

  bool BeginObject() { return Enter(); }
  bool BeginArray() { return Enter(); }
  JsonStep FirstField(JsonString& key) {
    if (*position() == '}') return Leave();
    return ReadKey(key);
  }
  JsonStep NextField(JsonString& key) {
    const char c = *position();
    if (c == ',') {
      ++next_;
      return ReadKey(key);
    }
    return c == '}' ? Leave() : JsonStep::kError;
  }
  JsonStep FirstElement() { return *position() == ']' ? Leave() : JsonStep::kItem; }
  JsonStep NextElement() {
    const char c = *position();
    if (c == ',') {
      ++next_;
      return JsonStep::kItem;
    }
    return c == ']' ? Leave() : JsonStep::kError;
  }

  bool ReadString(JsonString& string) {
    const char* begin = position() + 1;
    const char* end = text_ + next_[1] - 1;
    while (IsBlank(*end)) --end;
    if (*end != '"' || end < begin) return false;
    string.raw = {begin, static_cast<std::size_t>(end - begin)};
    ++next_;
    return true;
  }
  bool ReadNumber(JsonNumber& number) {
    const char* end = syntax_->non_numeric && IsWord(position())
                          ? ScanJsonWord(position(), text_ + next_[1], number)
                          : ScanJsonNumber(position(), false, number);
    if (end == nullptr || !EndsScalar(*end)) return false;
    ++next_;
    return true;
  }
  /// true, false and null.
  bool ReadLiteral() {
    const char* begin = position();
    const std::size_t length = *begin == 'f' ? 5 : 4;
    const char* word = *begin == 't' ? "true" : *begin == 'f' ? "false" : "null";
    if (std::memcmp(begin, word, length) != 0 || !EndsScalar(begin[length])) return false;
    ++next_;
    return true;
  }
  /// Over one value of any kind, checking that it is well-formed.
  bool Skip();

 private:
  static bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  static bool EndsScalar(char c) {
    return c == ',' || c == '}' || c == ']' || c == '\0' || IsBlank(c);
  }
  static bool IsWord(const char* at) {
    const char c = *at == '-' || *at == '+' ? at[1] : *at;
    return c == 'N' || c == 'I';
  }
  JsonKind KindOf(char c) const {
    switch (c) {
      case '{':
        return JsonKind::kObject;
      case '[':
        return JsonKind::kArray;
      case '"':
        return JsonKind::kString;
      case 't':
        return JsonKind::kTrue;
      case 'f':
        return JsonKind::kFalse;
      case 'n':
        return JsonKind::kNull;
      case '\0':
        return JsonKind::kEnd;
      case 'N':
      case 'I':
      case '+':
        return syntax_->non_numeric ? JsonKind::kNumber : JsonKind::kError;
      default:
        return c == '-' || (c >= '0' && c <= '9') ? JsonKind::kNumber : JsonKind::kError;
    }
  }
  bool Enter() {
    ++next_;
    return ++depth_ <= kMaxJsonDepth;
  }
  JsonStep Leave() {
    ++next_;
    --depth_;
    return JsonStep::kEnd;
  }
  JsonStep ReadKey(JsonString& key) {
    if (*position() != '"' || text_[next_[1]] != ':') return JsonStep::kError;
    if (!ReadString(key) || key.raw.size() > kMaxJsonNameBytes) return JsonStep::kError;
    ++next_;
    return JsonStep::kItem;
  }
  bool SkipScalar();

  const char* text_;
  const std::uint32_t* next_;
  const JsonSyntax* syntax_;
  int depth_ = 0;
};

/// The same over the bytes of one text, with Jackson's relaxed grammar. Slower; for what JsonCursor
/// refuses.
///
/// The text is followed by a byte 0.
class RelaxedJsonCursor {
 public:
  static constexpr bool kStrict = false;

  RelaxedJsonCursor(std::string_view text, const JsonSyntax& syntax)
      : next_(text.data()), end_(text.data() + text.size()), last_end_(next_), syntax_(&syntax) {}

  const JsonSyntax& syntax() const { return *syntax_; }
  const char* position() {
    SkipBlanks();
    return next_;
  }
  const char* value_end() const { return last_end_; }

  JsonKind Peek();
  bool BeginObject() { return Enter(); }
  bool BeginArray() { return Enter(); }
  JsonStep FirstField(JsonString& key);
  JsonStep NextField(JsonString& key);
  JsonStep FirstElement();
  JsonStep NextElement();
  bool ReadString(JsonString& string);
  bool ReadNumber(JsonNumber& number);
  bool ReadLiteral();
  bool Skip();
  /// Skip(), and the value in standard JSON appended to `out`.
  bool Copy(std::string& out);

 private:
  bool SkipBlanks();
  bool Enter();
  JsonStep Leave();
  JsonStep ReadKey(JsonString& key);
  bool CopyScalar(JsonKind kind, std::string& out);
  bool Fail() {
    failed_ = true;
    return false;
  }

  const char* next_;
  const char* end_;
  const char* last_end_;
  const JsonSyntax* syntax_;
  int depth_ = 0;
  bool failed_ = false;
};

}  // namespace inlet::types
