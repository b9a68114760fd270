#include "types/number_picture.h"

#include <algorithm>

#include "base/option_map.h"

namespace inlet::types {
namespace {

using std::size_t;

std::unexpected<Error> Bad(std::string_view picture, std::string_view why) {
  return Fail(Condition::INVALID_FORMAT_MISMATCH_INPUT,
              {{"input", "'" + std::string(picture) + "' (" + std::string(why) + ")"},
               {"format", "[MI|S] [$] digits 0 or 9 with , and . [$] [PR|MI|S]"}});
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Appends `mark`; blanks before it go behind the number's end, not between.
void AppendMark(char mark, std::string& out) {
  size_t at = out.size();
  while (at > 0 && out[at - 1] == ' ') --at;
  out.insert(at, 1, mark);
}

}  // namespace

Result<std::vector<NumberPicture::Token>> NumberPicture::Tokens(std::string_view picture) {
  using Kind = Token::Kind;
  std::vector<Token> tokens;
  for (size_t i = 0; i < picture.size();) {
    const char c = picture[i];
    if (c == '0' || c == '9') {
      size_t end = i;
      while (end < picture.size() && (picture[end] == '0' || picture[end] == '9')) ++end;
      tokens.push_back(
          {.kind = Kind::kDigits, .count = static_cast<int>(end - i), .exact = c == '0'});
      i = end;
      continue;
    }
    const std::string_view two = picture.substr(i, 2);
    if (two == "MI") {
      tokens.push_back({.kind = Kind::kMinus});
    } else if (two == "PR") {
      tokens.insert(tokens.begin(), {.kind = Kind::kOpen});
      tokens.push_back({.kind = Kind::kClose});
    } else if (c == ',' || c == 'G') {
      tokens.push_back({.kind = Kind::kSeparator});
    } else if (c == '.' || c == 'D') {
      tokens.push_back({.kind = Kind::kPoint});
    } else if (c == '$') {
      tokens.push_back({.kind = Kind::kDollar});
    } else if (c == 'S') {
      tokens.push_back({.kind = Kind::kSign});
    } else {
      return Bad(picture, "'" + std::string(1, c) + "' has no meaning in it");
    }
    i += two == "MI" || two == "PR" ? 2 : 1;
  }
  return tokens;
}

Status NumberPicture::CheckOrder() const {
  using Kind = Token::Kind;
  const auto count = [&](Kind kind) {
    return std::count_if(tokens_.begin(), tokens_.end(),
                         [&](const Token& token) { return token.kind == kind; });
  };
  if (count(Kind::kPoint) > 1) return Bad(text_, "more than one decimal point");
  if (count(Kind::kDollar) > 1) return Bad(text_, "more than one $");
  if (count(Kind::kSign) + count(Kind::kMinus) + count(Kind::kClose) > 1) {
    return Bad(text_, "more than one sign");
  }
  bool after_point = false;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const Token& token = tokens_[i];
    const bool is_edge = i == 0 || i + 1 == tokens_.size();
    const bool is_sign = token.kind == Kind::kSign || token.kind == Kind::kMinus;
    if ((is_sign || token.kind == Kind::kClose) && !is_edge) {
      return Bad(text_, "a sign stands inside of the number");
    }
    if (token.kind == Kind::kPoint) after_point = true;
    if (token.kind != Kind::kSeparator) continue;
    if (after_point) return Bad(text_, "a thousands separator behind the decimal point");
    const auto is_digits = [&](size_t at) {
      return at < tokens_.size() && tokens_[at].kind == Kind::kDigits;
    };
    if (i == 0 || !is_digits(i - 1) || !is_digits(i + 1)) {
      return Bad(text_, "a thousands separator without digits on both sides");
    }
  }
  for (size_t i = 1; i + 1 < tokens_.size(); ++i) {
    const auto is_inside = [&](size_t at) {
      return tokens_[at].kind == Kind::kDigits || tokens_[at].kind == Kind::kPoint;
    };
    if (tokens_[i].kind == Kind::kDollar && is_inside(i - 1) && is_inside(i + 1)) {
      return Bad(text_, "a $ inside of the number");
    }
  }
  return Ok();
}

Result<NumberPicture> NumberPicture::Parse(std::string_view text) {
  std::string picture(text);
  std::transform(picture.begin(), picture.end(), picture.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  if (picture.empty()) return Bad(text, "it is empty");
  if (!picture.contains('0') && !picture.contains('9')) return Bad(text, "it has no digit");
  NumberPicture parsed;
  parsed.text_ = std::string(text);
  parsed.tokens_ = TRY(Tokens(picture));
  TRY(parsed.CheckOrder());
  int* digits = &parsed.whole_digits_;
  for (const Token& token : parsed.tokens_) {
    if (token.kind == Token::Kind::kPoint) digits = &parsed.fraction_digits_;
    if (token.kind == Token::Kind::kDigits) *digits += token.count;
  }
  return parsed;
}

Result<DataType> NumberPicture::type() const {
  const int precision = whole_digits_ + fraction_digits_;
  if (precision > 38) {
    return Fail(Condition::NUMERIC_VALUE_OUT_OF_RANGE,
                {{"value", "of the picture " + text_}, {"precision", "38"}, {"scale", "0"}});
  }
  return DataType::Decimal(precision, fraction_digits_);
}

/// Matches a text against the tokens from left to right.
class NumberPicture::Reader {
 public:
  Reader(const NumberPicture& picture, std::string_view text) : picture_(picture), rest_(text) {}

  std::optional<std::string> Read() {
    using Kind = Token::Kind;
    const std::vector<Token>& tokens = picture_.tokens_;
    for (size_t i = 0; i < tokens.size(); ++i) {
      switch (tokens[i].kind) {
        case Kind::kDigits: {
          size_t end = i;
          while (end < tokens.size() && IsGroup(tokens[end])) ++end;
          if (!ReadGroups({tokens.begin() + static_cast<std::ptrdiff_t>(i),
                           tokens.begin() + static_cast<std::ptrdiff_t>(end)})) {
            return std::nullopt;
          }
          i = end - 1;
          break;
        }
        case Kind::kSeparator:
          return std::nullopt;  // Groups take them; Parse() lets none stand alone.
        case Kind::kPoint:
          after_point_ = true;
          if (rest_.starts_with('.')) {
            rest_.remove_prefix(1);
            number_ += '.';
          }
          break;
        case Kind::kDollar:
          if (!Take('$')) return std::nullopt;
          break;
        case Kind::kSign:
          if (!Take('+')) negative_ = Take('-') || negative_;
          break;
        case Kind::kMinus:
          if (!Take(' ')) negative_ = Take('-') || negative_;
          break;
        case Kind::kOpen:
          negative_ = Take('<');
          break;
        case Kind::kClose:
          if (negative_ != Take('>')) return std::nullopt;
          break;
      }
    }
    if (!rest_.empty() || num_digits_ == 0) return std::nullopt;
    return (negative_ ? "-" : "") + number_;
  }

 private:
  static bool IsGroup(const Token& token) {
    return token.kind == Token::Kind::kDigits || token.kind == Token::Kind::kSeparator;
  }

  bool Take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// Digits with separators between them; before the point they align at the right, so the text may
  /// have fewer groups than the picture.
  bool ReadGroups(const std::vector<Token>& tokens) {
    std::vector<int> found = {0};
    for (; !rest_.empty() && (IsDigit(rest_[0]) || (rest_[0] == ',' && !after_point_));
         rest_.remove_prefix(1)) {
      if (rest_[0] == ',') {
        found.push_back(0);
        continue;
      }
      ++found.back();
      ++num_digits_;
      number_ += rest_[0];
    }
    size_t next = found.size();
    for (auto token = tokens.rbegin(); token != tokens.rend(); ++token) {
      if (token->kind == Token::Kind::kSeparator) continue;
      const int digits = next > 0 ? found[--next] : 0;
      const bool exact = token->exact && !after_point_;
      if (digits > token->count || (exact && digits != token->count)) return false;
    }
    return next == 0;
  }

  const NumberPicture& picture_;
  std::string_view rest_;
  std::string number_;
  int num_digits_ = 0;
  bool negative_ = false;
  bool after_point_ = false;
};

std::optional<std::string> NumberPicture::Read(std::string_view text) const {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return Reader(*this, text).Read();
}

std::string NumberPicture::Write(std::string_view number) const {
  const bool negative = number.starts_with('-');
  if (negative || number.starts_with('+')) number.remove_prefix(1);
  const size_t point = number.find('.');
  std::string_view whole = number.substr(0, point);
  std::string_view fraction =
      point == std::string_view::npos ? std::string_view() : number.substr(point + 1);
  while (whole.starts_with('0')) whole.remove_prefix(1);
  while (fraction.ends_with('0')) fraction.remove_suffix(1);
  if (static_cast<int>(whole.size()) <= whole_digits_ &&
      static_cast<int>(fraction.size()) <= fraction_digits_) {
    return Fill(whole, fraction, negative && !(whole.empty() && fraction.empty()));
  }
  return Fill(std::string(static_cast<size_t>(whole_digits_), '#'),
              std::string(static_cast<size_t>(fraction_digits_), '#'), negative);
}

std::string NumberPicture::Fill(std::string_view whole, std::string_view fraction,
                                bool negative) const {
  using Kind = Token::Kind;
  std::string out;
  int whole_left = whole_digits_;  // Places before the point, of which the last ones are filled.
  bool after_point = false;
  for (const Token& token : tokens_) {
    switch (token.kind) {
      case Kind::kDigits:
        for (int i = 0; i < token.count; ++i) {
          if (after_point) {
            out += fraction.empty() ? '0' : fraction.front();
            if (!fraction.empty()) fraction.remove_prefix(1);
          } else if (whole_left-- > static_cast<int>(whole.size())) {
            const char before = out.empty() ? ' ' : out.back();
            out += token.exact || IsDigit(before) || before == ',' ? '0' : ' ';
          } else {
            out += whole.front();
            whole.remove_prefix(1);
          }
        }
        break;
      case Kind::kSeparator:
        out += !out.empty() && IsDigit(out.back()) ? ',' : ' ';
        break;
      case Kind::kPoint:
        if (!out.empty() && out.back() == ' ') out.back() = '0';
        out += '.';
        after_point = true;
        break;
      case Kind::kDollar:
        out += '$';
        break;
      case Kind::kSign:
        AppendMark(negative ? '-' : '+', out);
        break;
      case Kind::kMinus:
        if (negative) {
          AppendMark('-', out);
        } else {
          out += ' ';
        }
        break;
      case Kind::kOpen:
        if (negative) out += '<';
        break;
      case Kind::kClose:
        if (negative) {
          AppendMark('>', out);
        } else {
          out += "  ";
        }
        break;
    }
  }
  return out;
}

}  // namespace inlet::types
