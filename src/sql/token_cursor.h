#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/token.h"

namespace inlet::sql {

/// A place in the tokens of one text, and what a parser asks there. Not thread-safe.
///
/// Words and signs are given as text: Accept("GROUP"), Accept("("). What was asked in vain at the
/// place of an error becomes its "did you mean".
class TokenCursor {
 public:
  TokenCursor(std::string_view text, std::vector<Token> tokens);

  const Token& Peek(std::size_t ahead = 0) const;
  std::string_view TextOf(const Token& token) const;
  std::string_view TextOf(TextSpan span) const;
  bool AtEnd() const { return Peek().kind == TokenKind::kEnd; }

  /// Whether the word or sign stands `ahead` tokens further on.
  bool Sees(std::string_view text, std::size_t ahead = 0) const;
  bool SeesAny(std::initializer_list<std::string_view> texts, std::size_t ahead = 0) const;
  /// The words or signs one after the other, from `ahead` on.
  bool SeesAll(std::initializer_list<std::string_view> texts, std::size_t ahead = 0) const;

  void Skip(std::size_t tokens = 1);
  bool Accept(std::string_view text);
  /// All of them or none.
  bool AcceptAll(std::initializer_list<std::string_view> texts);
  Status Expect(std::string_view text);
  Status ExpectAll(std::initializer_list<std::string_view> texts);

  /// A syntax error at the next token, or at `token`.
  std::unexpected<Error> Unexpected(std::string_view expected = {}) const;
  std::unexpected<Error> ErrorAt(TextSpan span, std::string_view hint) const;

  std::size_t position() const { return position_; }
  void set_position(std::size_t position) { position_ = position; }
  /// From the token at `begin` to the last one taken.
  TextSpan SpanFrom(std::size_t begin) const;

  /// How many tokens ahead the bracket closes that opens `ahead` tokens further on.
  std::size_t ClosingBracket(std::size_t ahead = 0) const;
  /// The last name that was taken as an alias without AS: perhaps a misspelt keyword.
  void NoteImplicitAlias() { implicit_alias_ = position_; }

 private:
  void Note(std::string_view text) const;
  std::string Suggestion() const;

  std::string_view text_;
  std::vector<Token> tokens_;
  std::vector<std::uint32_t> closing_;  // For each opening bracket: the token that closes it.
  std::size_t position_ = 0;
  std::size_t implicit_alias_ = static_cast<std::size_t>(-1);
  mutable std::vector<std::string_view> tried_;  // At tried_at_.
  mutable std::size_t tried_at_ = 0;
};

}  // namespace inlet::sql
