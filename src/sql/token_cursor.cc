#include "sql/token_cursor.h"

#include <algorithm>
#include <cctype>

#include "base/option_map.h"

namespace inlet::sql {
namespace {

constexpr std::string_view kClauseWords[] = {"FROM",    "WHERE", "GROUP",  "ORDER",
                                             "HAVING",  "LIMIT", "JOIN",   "UNION",
                                             "QUALIFY", "USING", "VALUES", "SELECT"};

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
    const std::string suggestion = DidYouMean(token.value, tried_);
    if (!suggestion.empty()) return suggestion;
  }
  if (implicit_alias_ + 1 != position_) return "";
  const std::string& alias = tokens_[implicit_alias_].value;
  const auto nearest = NearestName(alias, kClauseWords);
  if (!nearest || alias.size() < 3) return "";
  return " Did you mean `" + std::string(*nearest) + "` instead of `" + alias + "`?";
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
