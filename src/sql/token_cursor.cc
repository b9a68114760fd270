#include "sql/token_cursor.h"

#include <algorithm>
#include <cctype>

#include "base/option_map.h"

namespace inlet::sql {
namespace {

constexpr std::string_view kClauseWords[] = {"FROM",    "WHERE", "GROUP",  "ORDER",
                                             "HAVING",  "LIMIT", "JOIN",   "UNION",
                                             "QUALIFY", "USING", "VALUES", "SELECT"};

/// How many letters to change, add, drop or swap with a neighbour; `limit` + 1 for more than
/// `limit`.
std::size_t Distance(std::string_view left, std::string_view right, std::size_t limit) {
  const std::size_t longer = std::max(left.size(), right.size());
  if (longer - std::min(left.size(), right.size()) > limit || longer > 32) return limit + 1;
  std::size_t rows[33][33];
  for (std::size_t i = 0; i <= left.size(); ++i) {
    for (std::size_t j = 0; j <= right.size(); ++j) {
      if (i == 0 || j == 0) {
        rows[i][j] = i + j;
        continue;
      }
      const bool is_same = std::toupper(static_cast<unsigned char>(left[i - 1])) == right[j - 1];
      rows[i][j] = std::min(
          {rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (is_same ? 0U : 1U)});
      const bool is_swap = i > 1 && j > 1 &&
                           std::toupper(static_cast<unsigned char>(left[i - 1])) == right[j - 2] &&
                           std::toupper(static_cast<unsigned char>(left[i - 2])) == right[j - 1];
      if (is_swap) rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[left.size()][right.size()];
}

/// The keyword that `word` was perhaps meant to be; empty when none is near.
template <class Words>
std::string_view NearestKeyword(std::string_view word, const Words& words) {
  if (word.size() < 3) return {};
  std::size_t best = word.size() < 5 ? 2 : 3;  // One letter is wrong, two in long words.
  std::string_view nearest;
  for (const std::string_view candidate : words) {
    if (candidate.size() < 3 || !std::isalpha(static_cast<unsigned char>(candidate[0]))) continue;
    const std::size_t distance = Distance(word, candidate, best - 1);
    if (distance > 0 && distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string Shorten(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  if (text.size() <= kLongest) return std::string(text);
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

}  // namespace

TokenCursor::TokenCursor(std::string_view text, std::vector<Token> tokens)
    : text_(text), tokens_(std::move(tokens)) {
  closing_.assign(tokens_.size(), static_cast<std::uint32_t>(tokens_.size() - 1));
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].kind != TokenKind::kOperator) continue;
    const char sign = text_[tokens_[i].span.begin];
    if (sign == '(') open.push_back(i);
    if (sign == ')' && !open.empty()) {
      closing_[open.back()] = static_cast<std::uint32_t>(i);
      open.pop_back();
    }
  }
}

const Token& TokenCursor::Peek(std::size_t ahead) const {
  return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
}

std::string_view TokenCursor::TextOf(TextSpan span) const {
  return text_.substr(span.begin, span.end - span.begin);
}

std::string_view TokenCursor::TextOf(const Token& token) const { return TextOf(token.span); }

bool TokenCursor::Sees(std::string_view text, std::size_t ahead) const {
  const Token& token = Peek(ahead);
  if (token.kind == TokenKind::kWord) return EqualsIgnoreCase(token.value, text);
  return token.kind == TokenKind::kOperator && TextOf(token) == text;
}

bool TokenCursor::SeesAny(std::initializer_list<std::string_view> texts, std::size_t ahead) const {
  return std::any_of(texts.begin(), texts.end(),
                     [&](std::string_view text) { return Sees(text, ahead); });
}

bool TokenCursor::SeesAll(std::initializer_list<std::string_view> texts, std::size_t ahead) const {
  return std::all_of(texts.begin(), texts.end(),
                     [&](std::string_view text) { return Sees(text, ahead++); });
}

void TokenCursor::Skip(std::size_t tokens) {
  position_ = std::min(position_ + tokens, tokens_.size() - 1);
}

void TokenCursor::Note(std::string_view text) const {
  constexpr std::size_t kMostTried = 200;
  if (tried_at_ != position_) {
    tried_.clear();
    tried_at_ = position_;
  }
  if (tried_.size() < kMostTried) tried_.push_back(text);
}

bool TokenCursor::Accept(std::string_view text) {
  if (!Sees(text)) {
    Note(text);
    return false;
  }
  Skip();
  return true;
}

bool TokenCursor::AcceptAll(std::initializer_list<std::string_view> texts) {
  if (!SeesAll(texts)) {
    Note(*texts.begin());
    return false;
  }
  Skip(texts.size());
  return true;
}

Status TokenCursor::Expect(std::string_view text) {
  if (Accept(text)) return Ok();
  return Unexpected(text);
}

Status TokenCursor::ExpectAll(std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) TRY(Expect(text));
  return Ok();
}

std::string TokenCursor::Suggestion() const {
  const Token& token = Peek();
  if (token.kind == TokenKind::kWord && tried_at_ == position_) {
    const std::string_view nearest = NearestKeyword(token.value, tried_);
    if (!nearest.empty()) return " Did you mean `" + std::string(nearest) + "`?";
  }
  if (position_ == 0 || implicit_alias_ + 1 != position_) return "";
  const std::string& alias = tokens_[implicit_alias_].value;
  const std::string_view nearest = NearestKeyword(alias, kClauseWords);
  if (nearest.empty()) return "";
  return " Did you mean `" + std::string(nearest) + "` instead of `" + alias + "`?";
}

std::unexpected<Error> TokenCursor::Unexpected(std::string_view expected) const {
  const Token& token = Peek();
  std::string hint;
  if (!expected.empty()) hint = " Expected " + std::string(expected) + ".";
  hint += Suggestion();
  const std::string near =
      token.kind == TokenKind::kEnd ? "end of input" : "'" + Shorten(TextOf(token)) + "'";
  auto failed = Fail(Condition::PARSE_SYNTAX_ERROR, {{"error", near}, {"hint", hint}});
  failed.error().span = token.span;
  // The end has no width; a caret needs one byte.
  if (token.kind == TokenKind::kEnd) ++failed.error().span.end;
  return failed;
}

std::unexpected<Error> TokenCursor::ErrorAt(TextSpan span, std::string_view hint) const {
  auto failed = Fail(Condition::PARSE_SYNTAX_ERROR, {{"error", "'" + Shorten(TextOf(span)) + "'"},
                                                     {"hint", " " + std::string(hint)}});
  failed.error().span = span;
  return failed;
}

TextSpan TokenCursor::SpanFrom(std::size_t begin) const {
  const std::uint32_t from = tokens_[begin].span.begin;
  return {from, position_ > begin ? tokens_[position_ - 1].span.end : from};
}

std::size_t TokenCursor::ClosingBracket(std::size_t ahead) const {
  const std::size_t open = std::min(position_ + ahead, tokens_.size() - 1);
  return closing_[open] - position_;
}

}  // namespace inlet::sql
