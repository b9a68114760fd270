#include "types/json_cursor.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "types/json_text.h"

namespace inlet::types {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The four digits after \u; negative when they are none.
int CodeUnit(std::string_view digits) {
  if (digits.size() < 4) return -1;
  int unit = 0;
  for (int i = 0; i < 4; ++i) {
    const int value = HexValue(digits[static_cast<std::size_t>(i)]);
    if (value < 0) return -1;
    unit = unit << 4 | value;
  }
  return unit;
}

template <class Out>
void AppendChar(char c, Out& out) {
  out.Append(&c, 1);
}

struct StringOut {
  std::string& text;
  void Append(const char* bytes, std::size_t count) { text.append(bytes, count); }
};

template <class Out>
void AppendCodePoint(unsigned point, Out& out) {
  char bytes[4];
  std::size_t count = 0;
  const auto put = [&](unsigned byte) { bytes[count++] = static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  }
  out.Append(bytes, count);
}

/// `raw` starts behind "\u". Returns how many bytes of it were taken; 0 when it is broken.
template <class Out>
std::size_t AppendUnicodeEscape(std::string_view raw, Out& out) {
  const int unit = CodeUnit(raw);
  if (unit < 0) return 0;
  const bool high = unit >= 0xD800 && unit < 0xDC00;
  if (high && raw.size() >= 10 && raw[4] == '\\' && raw[5] == 'u') {
    const int low = CodeUnit(raw.substr(6));
    if (low >= 0xDC00 && low < 0xE000) {
      AppendCodePoint(0x10000U + ((static_cast<unsigned>(unit) - 0xD800U) << 10) +
                          (static_cast<unsigned>(low) - 0xDC00U),
                      out);
      return 10;
    }
  }
  if (unit >= 0xD800 && unit < 0xE000) {
    AppendChar('?', out);
  } else {
    AppendCodePoint(static_cast<unsigned>(unit), out);
  }
  return 4;
}

char SimpleEscape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case '"':
    case '\\':
    case '/':
      return c;
    default:
      return '\0';
  }
}

template <class Out>
bool Unescape(std::string_view raw, const JsonSyntax& syntax, Out& out) {
  while (true) {
    const std::size_t slash = raw.find('\\');
    out.Append(raw.data(), std::min(slash, raw.size()));
    if (slash == std::string_view::npos) return true;
    raw.remove_prefix(slash + 1);
    if (raw.empty()) return false;
    const char c = raw[0];
    raw.remove_prefix(1);
    if (c == 'u') {
      const std::size_t taken = AppendUnicodeEscape(raw, out);
      if (taken == 0) return false;
      raw.remove_prefix(taken);
    } else if (const char plain = SimpleEscape(c); plain != '\0') {
      AppendChar(plain, out);
    } else if (syntax.backslash_any || (c == '\'' && syntax.single_quotes)) {
      AppendChar(c, out);
    } else {
      return false;
    }
  }
}

bool IsValidRaw(std::string_view raw, const JsonSyntax& syntax) {
  if (raw.find('\\') == std::string_view::npos) return true;
  std::string sink;
  return AppendUnescaped(raw, syntax, sink);
}

/// What Java allows inside of an identifier, as far as ASCII goes.
bool IsNamePart(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

template <class Float>
Float FromText(const JsonNumber& number) {
  Float value = 0;
  const char* begin = number.text.data();
  const char* end = begin + number.text.size();
  if (number.is_word) {
    const char last = number.text.back();
    if (last == 'N') return std::numeric_limits<Float>::quiet_NaN();
    const auto infinity = std::numeric_limits<Float>::infinity();
    return number.negative ? -infinity : infinity;
  }
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc::result_out_of_range) return value;
  // Too large or too small; the decimal exponent of the first digit tells which.
  std::int64_t magnitude = number.exponent;
  bool leading = true;
  for (const char c : number.text) {
    if (c == 'e' || c == 'E') break;
    if (!IsDigit(c) || (leading && c == '0')) continue;
    leading = false;
    ++magnitude;
  }
  value = magnitude > 0 ? std::numeric_limits<Float>::infinity() : Float{0};
  return number.negative ? -value : value;
}

}  // namespace

bool AppendUnescaped(std::string_view raw, const JsonSyntax& syntax, std::string& out) {
  StringOut target{out};
  return Unescape(raw, syntax, target);
}

bool AppendUnescaped(std::string_view raw, const JsonSyntax& syntax, GrowingBuffer& out) {
  return Unescape(raw, syntax, out);
}

double JsonNumber::SlowDouble() const { return FromText<double>(*this); }
float JsonNumber::AsFloat() const { return FromText<float>(*this); }

const char* ScanJsonNumber(const char* begin, bool leading_zeros, JsonNumber& number) {
  const char* p = begin;
  number = JsonNumber{};
  if (*p == '-') {
    number.negative = true;
    ++p;
  }
  const char* digits = p;
  std::uint64_t mantissa = 0;
  while (IsDigit(*p)) mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p++ - '0');
  const auto integer_digits = p - digits;
  if (integer_digits == 0) return nullptr;
  if (*digits == '0' && integer_digits > 1 && !leading_zeros) return nullptr;
  auto num_digits = integer_digits;
  std::int64_t exponent = 0;
  if (*p == '.') {
    number.is_integer = false;
    const char* fraction = ++p;
    while (IsDigit(*p)) mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p++ - '0');
    if (p == fraction) return nullptr;
    exponent = fraction - p;
    num_digits += p - fraction;
  }
  if (*p == 'e' || *p == 'E') {
    number.is_integer = false;
    ++p;
    const bool negative = *p == '-';
    if (*p == '-' || *p == '+') ++p;
    const char* power = p;
    std::int64_t value = 0;
    while (IsDigit(*p)) {
      if (value < 1'000'000'000) value = value * 10 + (*p - '0');
      ++p;
    }
    if (p == power) return nullptr;
    exponent += negative ? -value : value;
  }
  number.text = {begin, static_cast<std::size_t>(p - begin)};
  if (number.text.size() > kMaxJsonNumberBytes) return nullptr;
  number.mantissa = mantissa;
  number.exponent = static_cast<std::int32_t>(
      std::min<std::int64_t>(std::max<std::int64_t>(exponent, -2'000'000'000), 2'000'000'000));
  // Nineteen digits always fit 64 bits; zeros in front do not count, but are rare enough.
  number.is_short = num_digits <= 19;
  return p;
}

const char* ScanJsonWord(const char* begin, const char* end, JsonNumber& number) {
  number = JsonNumber{.is_integer = false, .is_short = false, .is_word = true};
  const bool has_sign = *begin == '-' || *begin == '+';
  number.negative = *begin == '-';
  const std::string_view rest(begin + (has_sign ? 1 : 0), end);
  std::size_t length = 0;
  if (!has_sign && rest.starts_with("NaN")) {
    length = 3;
  } else if (rest.starts_with("Infinity")) {
    length = 8;
  } else if (has_sign && rest.starts_with("INF")) {
    length = 3;
  } else {
    return nullptr;
  }
  const char* stop = rest.data() + length;
  if (stop < end && IsNamePart(*stop)) return nullptr;
  number.text = {begin, static_cast<std::size_t>(stop - begin)};
  return stop;
}

bool JsonCursor::SkipScalar() {
  switch (Peek()) {
    case JsonKind::kString: {
      JsonString string;
      return ReadString(string) && IsValidRaw(string.raw, *syntax_);
    }
    case JsonKind::kNumber: {
      JsonNumber number;
      return ReadNumber(number);
    }
    case JsonKind::kTrue:
    case JsonKind::kFalse:
    case JsonKind::kNull:
      return ReadLiteral();
    default:
      return false;
  }
}

bool JsonCursor::Skip() {
  // Without recursion: hostile nesting must not use up the stack.
  std::array<bool, kMaxJsonDepth + 1> in_object;
  const int outer = depth_;
  bool first = false;
  while (true) {
    if (depth_ > outer) {
      JsonString key;
      const bool object = in_object[static_cast<std::size_t>(depth_ - outer)];
      const JsonStep step = object ? (first ? FirstField(key) : NextField(key))
                                   : (first ? FirstElement() : NextElement());
      first = false;
      if (step == JsonStep::kError) return false;
      if (step == JsonStep::kEnd) {
        if (depth_ == outer) return true;
        continue;
      }
      if (object && !IsValidRaw(key.raw, *syntax_)) return false;
    }
    const JsonKind kind = Peek();
    if (kind == JsonKind::kObject || kind == JsonKind::kArray) {
      if (!Enter()) return false;
      in_object[static_cast<std::size_t>(depth_ - outer)] = kind == JsonKind::kObject;
      first = true;
    } else if (!SkipScalar()) {
      return false;
    } else if (depth_ == outer) {
      return true;
    }
  }
}

bool RelaxedJsonCursor::SkipBlanks() {
  while (next_ < end_) {
    const char c = *next_;
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++next_;
    } else if (c == '/' && syntax_->comments && next_ + 1 < end_ && next_[1] == '/') {
      while (next_ < end_ && *next_ != '\n' && *next_ != '\r') ++next_;
    } else if (c == '/' && syntax_->comments && next_ + 1 < end_ && next_[1] == '*') {
      const std::string_view rest(next_ + 2, end_);
      const std::size_t close = rest.find("*/");
      if (close == std::string_view::npos) return Fail();
      next_ += close + 4;
    } else {
      break;
    }
  }
  return true;
}

JsonKind RelaxedJsonCursor::Peek() {
  if (!SkipBlanks() || failed_) return JsonKind::kError;
  if (next_ == end_) return JsonKind::kEnd;
  switch (*next_) {
    case '{':
      return JsonKind::kObject;
    case '[':
      return JsonKind::kArray;
    case '"':
      return JsonKind::kString;
    case '\'':
      return syntax_->single_quotes ? JsonKind::kString : JsonKind::kError;
    case 't':
      return JsonKind::kTrue;
    case 'f':
      return JsonKind::kFalse;
    case 'n':
      return JsonKind::kNull;
    case 'N':
    case 'I':
    case '+':
      return syntax_->non_numeric ? JsonKind::kNumber : JsonKind::kError;
    default:
      return *next_ == '-' || IsDigit(*next_) ? JsonKind::kNumber : JsonKind::kError;
  }
}

bool RelaxedJsonCursor::Enter() {
  ++next_;
  return ++depth_ <= kMaxJsonDepth || Fail();
}

JsonStep RelaxedJsonCursor::Leave() {
  last_end_ = ++next_;
  --depth_;
  return JsonStep::kEnd;
}

JsonStep RelaxedJsonCursor::FirstField(JsonString& key) {
  if (!SkipBlanks() || next_ == end_) return JsonStep::kError;
  return *next_ == '}' ? Leave() : ReadKey(key);
}

JsonStep RelaxedJsonCursor::NextField(JsonString& key) {
  if (!SkipBlanks() || next_ == end_) return JsonStep::kError;
  if (*next_ == '}') return Leave();
  if (*next_ != ',') return JsonStep::kError;
  ++next_;
  return ReadKey(key);
}

JsonStep RelaxedJsonCursor::FirstElement() {
  if (!SkipBlanks() || next_ == end_) return JsonStep::kError;
  return *next_ == ']' ? Leave() : JsonStep::kItem;
}

JsonStep RelaxedJsonCursor::NextElement() {
  if (!SkipBlanks() || next_ == end_) return JsonStep::kError;
  if (*next_ == ']') return Leave();
  if (*next_ != ',') return JsonStep::kError;
  ++next_;
  return JsonStep::kItem;
}

JsonStep RelaxedJsonCursor::ReadKey(JsonString& key) {
  if (!SkipBlanks() || next_ == end_) return JsonStep::kError;
  if (*next_ == '"' || (*next_ == '\'' && syntax_->single_quotes)) {
    if (!ReadString(key)) return JsonStep::kError;
  } else if (syntax_->unquoted_names) {
    const char* begin = next_;
    const std::string_view kAlso = "@#*-+";
    while (next_ < end_ && (IsNamePart(*next_) || kAlso.contains(*next_))) ++next_;
    if (next_ == begin) return JsonStep::kError;
    key.raw = {begin, static_cast<std::size_t>(next_ - begin)};
  } else {
    return JsonStep::kError;
  }
  if (key.raw.size() > kMaxJsonNameBytes || !SkipBlanks()) return JsonStep::kError;
  if (next_ == end_ || *next_ != ':') return JsonStep::kError;
  ++next_;
  return JsonStep::kItem;
}

bool RelaxedJsonCursor::ReadString(JsonString& string) {
  const char quote = *next_++;
  const char* begin = next_;
  while (next_ < end_ && *next_ != quote) {
    if (*next_ == '\\') {
      ++next_;
      if (next_ == end_) return Fail();
    } else if (static_cast<unsigned char>(*next_) < 0x20 && !syntax_->control_characters) {
      return Fail();
    }
    ++next_;
  }
  if (next_ >= end_) return Fail();
  string.raw = {begin, static_cast<std::size_t>(next_ - begin)};
  last_end_ = ++next_;
  return true;
}

bool RelaxedJsonCursor::ReadNumber(JsonNumber& number) {
  const char first = *next_ == '-' || *next_ == '+' ? next_[1] : *next_;
  const char* stop = (first == 'N' || first == 'I') && syntax_->non_numeric
                         ? ScanJsonWord(next_, end_, number)
                         : ScanJsonNumber(next_, syntax_->leading_zeros, number);
  if (stop == nullptr || stop > end_ || (stop < end_ && IsNamePart(*stop))) return Fail();
  last_end_ = next_ = stop;
  return true;
}

bool RelaxedJsonCursor::ReadLiteral() {
  const std::string_view rest(next_, end_);
  const std::string_view word = *next_ == 't' ? "true" : *next_ == 'f' ? "false" : "null";
  if (!rest.starts_with(word)) return Fail();
  if (rest.size() > word.size() && IsNamePart(rest[word.size()])) return Fail();
  next_ += word.size();
  last_end_ = next_;
  return true;
}

bool RelaxedJsonCursor::CopyScalar(JsonKind kind, std::string& out) {
  JsonString string;
  JsonNumber number;
  const char* begin = next_;
  std::string text;
  switch (kind) {
    case JsonKind::kString:
      if (!ReadString(string) || !AppendUnescaped(string.raw, *syntax_, text)) return Fail();
      AppendJsonQuoted(text, out);
      return true;
    case JsonKind::kNumber:
      if (!ReadNumber(number)) return false;
      if (number.is_word) {
        AppendJsonQuoted(number.text, out);
        return true;
      }
      if (number.negative) out += '-';
      number.text.remove_prefix(number.negative ? 1 : 0);
      while (number.text.size() > 1 && number.text[0] == '0' && IsDigit(number.text[1])) {
        number.text.remove_prefix(1);
      }
      out += number.text;
      return true;
    case JsonKind::kTrue:
    case JsonKind::kFalse:
    case JsonKind::kNull:
      if (!ReadLiteral()) return false;
      out.append(begin, next_);
      return true;
    default:
      return Fail();
  }
}

bool RelaxedJsonCursor::Skip() {
  std::string discarded;
  return Copy(discarded);
}

bool RelaxedJsonCursor::Copy(std::string& out) {
  std::array<bool, kMaxJsonDepth + 1> in_object;
  const int outer = depth_;
  bool first = false;
  while (true) {
    if (depth_ > outer) {
      JsonString key;
      const bool object = in_object[static_cast<std::size_t>(depth_ - outer)];
      const JsonStep step = object ? (first ? FirstField(key) : NextField(key))
                                   : (first ? FirstElement() : NextElement());
      if (step == JsonStep::kError) return Fail();
      if (step == JsonStep::kEnd) {
        out += object ? '}' : ']';
        first = false;
        if (depth_ == outer) return true;
        continue;
      }
      if (!first) out += ',';
      first = false;
      if (object) {
        std::string name;
        if (!AppendUnescaped(key.raw, *syntax_, name)) return Fail();
        AppendJsonQuoted(name, out);
        out += ':';
      }
    }
    const JsonKind kind = Peek();
    if (kind == JsonKind::kObject || kind == JsonKind::kArray) {
      if (!Enter()) return false;
      in_object[static_cast<std::size_t>(depth_ - outer)] = kind == JsonKind::kObject;
      out += kind == JsonKind::kObject ? '{' : '[';
      first = true;
    } else if (!CopyScalar(kind, out)) {
      return false;
    } else if (depth_ == outer) {
      return true;
    }
  }
}

}  // namespace inlet::types
