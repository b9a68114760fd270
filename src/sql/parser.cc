#include "sql/parser.h"

#include <algorithm>

#include "sql/children_internal.h"
#include "sql/parser_internal.h"

namespace inlet::sql {
namespace {

/// How far the descent may go, whatever its depth: frames of nested queries are large, above all in
/// builds with sanitizers. Three quarters of what a thread has.
constexpr std::ptrdiff_t kMaxStackBytes = 6 << 20;

template <class Node>
int DepthOf(const Node& node) {
  int deepest = 0;
  auto visit = [&](const auto& child) { deepest = std::max(deepest, child.depth); };
  internal::VisitChildren(node, visit);
  return deepest + 1;
}

}  // namespace

Result<Parser> Parser::Open(std::string_view text) {
  constexpr std::size_t kLongestText = std::size_t{256} << 20;
  if (text.size() > kLongestText) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", "The statement is too long"}, {"limit", "256 MiB"}});
  }
  std::vector<Token> tokens = TRY(Tokenize(text));
  const std::size_t num_tokens = tokens.size();
  Parser parser(text, std::move(tokens));
  parser.FindQueryBrackets(num_tokens);
  return parser;
}

std::unexpected<Error> Parser::TooDeep(TextSpan span) const {
  auto failed =
      Fail(Condition::INLET_RESOURCE_LIMIT, {{"message", "The statement is nested too deeply"},
                                             {"limit", std::to_string(kMaxTreeDepth)}});
  failed.error().span = span;
  return failed;
}

Result<Parser::Level> Parser::Enter() {
  const auto* here = static_cast<const char*>(__builtin_frame_address(0));
  if (depth_ >= kMaxTreeDepth || stack_begin_ - here > kMaxStackBytes) {
    return TooDeep(Peek().span);
  }
  return Level(depth_);
}

Status Parser::ExpectEnd() {
  while (Accept(";")) {
  }
  if (AtEnd()) return Ok();
  return Unexpected();
}

Result<Expression> Parser::MakeWith(ExpressionNode node, TextSpan span) const {
  Expression expression{.node = std::move(node), .span = span};
  expression.depth = DepthOf(expression);
  if (expression.depth > kMaxTreeDepth) return TooDeep(span);
  return expression;
}

Result<Expression> Parser::Make(ExpressionNode node, std::size_t begin) const {
  return MakeWith(std::move(node), SpanFrom(begin));
}

Result<TableRef> Parser::MakeTable(TableNode node, std::size_t begin) const {
  TableRef table{.node = std::move(node)};
  table.span = SpanFrom(begin);
  table.depth = DepthOf(table);
  if (table.depth > kMaxTreeDepth) return TooDeep(table.span);
  return table;
}

Result<Query> Parser::FinishQuery(Query query, std::size_t begin) const {
  query.span = SpanFrom(begin);
  query.depth = DepthOf(query);
  if (query.depth > kMaxTreeDepth) return TooDeep(query.span);
  return query;
}

Result<Statement> Parser::WholeStatement() {
  Statement statement = TRY(ParseStatement());
  TRY(ExpectEnd());
  return statement;
}

Result<Query> Parser::WholeQuery() {
  Query query = TRY(ParseQuery());
  TRY(ExpectEnd());
  return query;
}

Result<Expression> Parser::WholeExpression() {
  Expression expression = TRY(ParseExpression());
  TRY(ExpectEnd());
  return expression;
}

Result<ObjectName> Parser::WholeName() {
  ObjectName name = TRY(Object());
  TRY(ExpectEnd());
  return name;
}

Result<Statement> ParseStatement(std::string_view text) {
  Parser parser = TRY(Parser::Open(text));
  return parser.WholeStatement();
}

Result<Query> ParseQuery(std::string_view text) {
  Parser parser = TRY(Parser::Open(text));
  return parser.WholeQuery();
}

Result<Expression> ParseExpression(std::string_view text) {
  Parser parser = TRY(Parser::Open(text));
  return parser.WholeExpression();
}

Result<ObjectName> ParseObjectName(std::string_view text) {
  Parser parser = TRY(Parser::Open(text));
  return parser.WholeName();
}

}  // namespace inlet::sql
