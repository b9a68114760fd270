#include <algorithm>

#include "base/option_map.h"
#include "sql/parser_internal.h"

namespace inlet::sql {
namespace {

// How tightly operators bind, loosest first. Predicates (IS, IN, LIKE, BETWEEN) stand between NOT
// and comparisons, as in Spark's grammar: a = b IS NULL is (a = b) IS NULL.
constexpr int kOrLevel = 1;
constexpr int kAndLevel = 2;
constexpr int kNotLevel = 3;
constexpr int kPredicateLevel = 4;
constexpr int kComparisonLevel = 5;
constexpr int kUnaryLevel = 12;

struct InfixOperator {
  std::string_view sign;
  BinaryOperator op;
  int level;
};

constexpr InfixOperator kInfixOperators[] = {
    {"=", BinaryOperator::kEqual, kComparisonLevel},
    {"==", BinaryOperator::kEqual, kComparisonLevel},
    {"<>", BinaryOperator::kNotEqual, kComparisonLevel},
    {"!=", BinaryOperator::kNotEqual, kComparisonLevel},
    {"<", BinaryOperator::kLess, kComparisonLevel},
    {"<=", BinaryOperator::kLessOrEqual, kComparisonLevel},
    {"!>", BinaryOperator::kLessOrEqual, kComparisonLevel},
    {">", BinaryOperator::kGreater, kComparisonLevel},
    {">=", BinaryOperator::kGreaterOrEqual, kComparisonLevel},
    {"!<", BinaryOperator::kGreaterOrEqual, kComparisonLevel},
    {"<=>", BinaryOperator::kNullSafeEqual, kComparisonLevel},
    {"|", BinaryOperator::kBitwiseOr, 6},
    {"^", BinaryOperator::kBitwiseXor, 7},
    {"&", BinaryOperator::kBitwiseAnd, 8},
    {"<<", BinaryOperator::kShiftLeft, 9},
    {">>", BinaryOperator::kShiftRight, 9},
    {">>>", BinaryOperator::kShiftRightUnsigned, 9},
    {"+", BinaryOperator::kAdd, 10},
    {"-", BinaryOperator::kSubtract, 10},
    {"||", BinaryOperator::kConcat, 10},
    {"*", BinaryOperator::kMultiply, 11},
    {"/", BinaryOperator::kDivide, 11},
    {"%", BinaryOperator::kModulo, 11},
    {"DIV", BinaryOperator::kIntegerDivide, 11},
};

const InfixOperator* FindInfix(std::string_view sign) {
  for (const InfixOperator& infix : kInfixOperators) {
    if (EqualsIgnoreCase(infix.sign, sign)) return &infix;
  }
  return nullptr;
}

// Words that begin or continue a clause. As the first word of an operand they are a name only where
// what follows them shows it: SELECT end FROM t, but not SELECT FROM t.
constexpr std::string_view kClauseWords[] = {
    "AND",   "AS",      "BETWEEN",   "BY",   "ELSE", "EXCEPT", "FROM",  "FULL",   "GROUP", "HAVING",
    "IN",    "INNER",   "INTERSECT", "INTO", "IS",   "JOIN",   "LIKE",  "LIMIT",  "ON",    "OR",
    "ORDER", "QUALIFY", "SELECT",    "SET",  "THEN", "UNION",  "USING", "VALUES", "WHEN",  "WHERE"};

constexpr std::string_view kFunctionsWithoutBrackets[] = {"current_date", "current_timestamp",
                                                          "current_time", "current_user",
                                                          "session_user", "localtimestamp"};

template <std::size_t N>
bool Contains(const std::string_view (&words)[N], std::string_view word) {
  return std::any_of(std::begin(words), std::end(words),
                     [&](std::string_view candidate) { return EqualsIgnoreCase(candidate, word); });
}

}  // namespace

Result<Expression> Parser::ParseExpression() { return ParseBinding(kOrLevel); }

Result<Expression> Parser::ParseValue() { return ParseBinding(kComparisonLevel); }

/// An operand, then every operator that binds at least as tightly as `lowest`.
Result<Expression> Parser::ParseBinding(int lowest) {
  const Level level = TRY(Enter());
  const std::size_t begin = position();
  Result<Expression> left = ParsePrefix();
  while (left && InfixLevel() >= lowest) left = ParseInfix(*std::move(left), begin);
  return left;
}

/// The level of the operator that stands `ahead` tokens further on, 0 when none does.
int Parser::InfixLevel(std::size_t ahead) const {
  const Token& token = Peek(ahead);
  if (token.kind == TokenKind::kOperator) {
    const InfixOperator* infix = FindInfix(TextOf(token));
    return infix == nullptr ? 0 : infix->level;
  }
  if (token.kind != TokenKind::kWord) return 0;
  if (Sees("OR", ahead)) return kOrLevel;
  if (Sees("AND", ahead)) return kAndLevel;
  if (Sees("DIV", ahead)) return FindInfix("DIV")->level;
  const std::size_t word = Sees("NOT", ahead) ? ahead + 1 : ahead;
  const bool is_predicate =
      SeesAny({"IN", "LIKE", "ILIKE", "RLIKE", "REGEXP", "BETWEEN"}, word) || Sees("IS", ahead);
  return is_predicate ? kPredicateLevel : 0;
}

Result<Expression> Parser::ParseInfix(Expression left, std::size_t begin) {
  const int level = InfixLevel();
  if (level == kOrLevel) return ParseLogical(std::move(left), LogicalOperator::kOr, begin);
  if (level == kAndLevel) return ParseLogical(std::move(left), LogicalOperator::kAnd, begin);
  if (level == kPredicateLevel) return ParsePredicate(std::move(left), begin);
  const BinaryOperator op = FindInfix(TextOf(Peek()))->op;
  Skip();
  Expression right = TRY(ParseBinding(level + 1));
  return Make(Binary{.op = op, .left = std::move(left), .right = std::move(right)}, begin);
}

Result<Expression> Parser::ParseLogical(Expression first, LogicalOperator op, std::size_t begin) {
  const std::string_view word = op == LogicalOperator::kOr ? "OR" : "AND";
  const int operand_level = op == LogicalOperator::kOr ? kAndLevel : kNotLevel;
  Logical logical{.op = op, .operands = {}};
  logical.operands.push_back(std::move(first));
  while (Accept(word)) logical.operands.push_back(TRY(ParseBinding(operand_level)));
  return Make(std::move(logical), begin);
}

Result<Expression> Parser::ParsePredicate(Expression left, std::size_t begin) {
  if (Accept("IS")) return ParseIs(std::move(left), begin);
  const bool negated = Accept("NOT");
  if (Accept("BETWEEN")) return ParseBetween(std::move(left), negated, begin);
  if (Accept("IN")) return ParseIn(std::move(left), negated, begin);
  return ParseLike(std::move(left), negated, begin);
}

Result<Expression> Parser::ParseIs(Expression left, std::size_t begin) {
  const bool negated = Accept("NOT");
  if (AcceptAll({"DISTINCT", "FROM"})) {
    Expression right = TRY(ParseValue());
    return Make(
        IsDistinctFrom{.left = std::move(left), .right = std::move(right), .negated = negated},
        begin);
  }
  TruthTest test = TruthTest::kNull;
  if (Accept("TRUE")) {
    test = TruthTest::kTrue;
  } else if (Accept("FALSE")) {
    test = TruthTest::kFalse;
  } else if (Accept("UNKNOWN")) {
    test = TruthTest::kUnknown;
  } else {
    TRY(Expect("NULL"));
  }
  return Make(Is{.operand = std::move(left), .test = test, .negated = negated}, begin);
}

Result<Expression> Parser::ParseBetween(Expression left, bool negated, std::size_t begin) {
  Between between{.operand = std::move(left), .low = {}, .high = {}, .negated = negated};
  between.low = TRY(ParseValue());
  TRY(Expect("AND"));
  between.high = TRY(ParseValue());
  return Make(std::move(between), begin);
}

Result<Expression> Parser::ParseIn(Expression left, bool negated, std::size_t begin) {
  if (!Sees("(")) return Unexpected("'('");
  if (SeesQuery()) {
    Skip();
    Query query = TRY(ParseQuery());
    TRY(Expect(")"));
    return Make(
        InSubquery{.operand = std::move(left), .query = std::move(query), .negated = negated},
        begin);
  }
  std::vector<Expression> values = TRY(BracketedExpressions());
  return Make(InList{.operand = std::move(left), .values = std::move(values), .negated = negated},
              begin);
}

Result<Expression> Parser::ParseLike(Expression left, bool negated, std::size_t begin) {
  Like like{.operand = std::move(left), .negated = negated};
  if (Accept("LIKE")) {
    like.kind = LikeKind::kLike;
  } else if (Accept("ILIKE")) {
    like.kind = LikeKind::kILike;
  } else {
    Skip();  // RLIKE or REGEXP, as InfixLevel() has seen.
    like.kind = LikeKind::kRLike;
  }
  if (SeesAny({"ANY", "SOME", "ALL"}) && Sees("(", 1)) {
    like.quantifier = Sees("ALL") ? LikeQuantifier::kAll : LikeQuantifier::kAny;
    Skip();
    like.patterns = TRY(BracketedExpressions());
    return Make(std::move(like), begin);
  }
  like.patterns.push_back(TRY(ParseValue()));
  if (Accept("ESCAPE")) {
    const TextSpan span = Peek().span;
    like.escape = TRY(Text());
    if (like.escape->size() != 1) {
      auto failed = Fail(Condition::INVALID_ESC, {{"invalidEscape", "'" + *like.escape + "'"}});
      failed.error().span = span;
      return failed;
    }
  }
  return Make(std::move(like), begin);
}

Result<Expression> Parser::ParsePrefix() {
  if (Sees("NOT") && SeesOperand()) return ParseNot();
  if (Peek().kind != TokenKind::kOperator) return ParsePrimary();
  if (Sees("!")) return ParseNot();
  if (Sees("-")) {
    if (Peek(1).kind != TokenKind::kNumber) return ParseUnary(UnaryOperator::kMinus);
    const std::size_t begin = position();
    Skip();
    return ParsePostfix(TRY(ParseNumber(/*is_negative=*/true, begin)), begin);
  }
  if (Sees("+")) return ParseUnary(UnaryOperator::kPlus);
  if (Sees("~")) return ParseUnary(UnaryOperator::kBitwiseNot);
  return ParsePrimary();
}

Result<Expression> Parser::ParseNot() {
  const std::size_t begin = position();
  Skip();
  Expression operand = TRY(ParseBinding(kNotLevel));
  return Make(Unary{.op = UnaryOperator::kNot, .operand = std::move(operand)}, begin);
}

Result<Expression> Parser::ParseUnary(UnaryOperator op) {
  const std::size_t begin = position();
  Skip();
  Expression operand = TRY(ParseBinding(kUnaryLevel));
  return Make(Unary{.op = op, .operand = std::move(operand)}, begin);
}

/// Whether the word NOT, EXISTS, ... that stands next has an operand, so that it is no name.
bool Parser::SeesOperand() const {
  const Token& next = Peek(1);
  if (next.kind == TokenKind::kEnd) return false;
  if (next.kind == TokenKind::kWord) {
    return SeesAny({"NULL", "TRUE", "FALSE", "NOT", "EXISTS", "CASE", "CAST", "INTERVAL"}, 1) ||
           (FindInfix(next.value) == nullptr && !Contains(kClauseWords, next.value));
  }
  return next.kind != TokenKind::kOperator || SeesAny({"(", "-", "+", "~", "!", ":", "?"}, 1);
}

Result<Expression> Parser::ParsePrimary() {
  const std::size_t begin = position();
  switch (Peek().kind) {
    case TokenKind::kNumber:
      return ParsePostfix(TRY(ParseNumber(/*is_negative=*/false, begin)), begin);
    case TokenKind::kString:
      return ParsePostfix(TRY(ParseText()), begin);
    case TokenKind::kBinary:
      return ParsePostfix(TRY(ParseBinary()), begin);
    case TokenKind::kWord:
    case TokenKind::kQuotedName:
      return ParsePostfix(TRY(ParseWord()), begin);
    case TokenKind::kOperator:
      break;
    case TokenKind::kHint:
    case TokenKind::kEnd:
      return Unexpected("an expression");
  }
  if (Sees("(")) {
    if (SeesLambda()) return ParseLambda();
    return ParsePostfix(TRY(ParseBracket()), begin);
  }
  if (Sees(":") || Sees("?")) return ParsePostfix(TRY(ParseParameter()), begin);
  return Unexpected("an expression");
}

Result<Expression> Parser::ParsePostfix(Expression base, std::size_t begin) {
  while (true) {
    if (Sees(".") && !Sees("*", 1)) {
      Skip();
      std::string field = TRY(Name());
      base = TRY(Make(FieldAccess{.base = std::move(base), .field = std::move(field)}, begin));
    } else if (Accept("[")) {
      base = TRY(ParseSubscript(std::move(base), begin));
    } else if (Accept("::")) {
      base = TRY(ParseCastOperator(std::move(base), /*is_try=*/false, begin));
    } else if (Accept("?::")) {
      base = TRY(ParseCastOperator(std::move(base), /*is_try=*/true, begin));
    } else if (Sees(":")) {
      base = TRY(ParseJsonPath(std::move(base), begin));
    } else if (Sees("COLLATE") && SeesName(1)) {
      Skip();
      std::string collation = TRY(Name());
      while (Accept(".")) collation += "." + TRY(Name());
      base =
          TRY(Make(Collate{.operand = std::move(base), .collation = std::move(collation)}, begin));
    } else {
      return base;
    }
  }
}

Result<Expression> Parser::ParseSubscript(Expression base, std::size_t begin) {
  Expression index = TRY(ParseExpression());
  TRY(Expect("]"));
  return Make(Subscript{.base = std::move(base), .index = std::move(index)}, begin);
}

Result<Expression> Parser::ParseCastOperator(Expression base, bool is_try, std::size_t begin) {
  types::DataType type = TRY(Type());
  return Make(Cast{.operand = std::move(base),
                   .type = std::move(type),
                   .is_try = is_try,
                   .syntax = CastSyntax::kOperator},
              begin);
}

/// base:a.b[0]['c'][*]
Result<Expression> Parser::ParseJsonPath(Expression base, std::size_t begin) {
  using Kind = JsonPath::Step::Kind;
  JsonPath path{.base = std::move(base), .steps = {}};
  TRY(Expect(":"));
  if (!Sees("[")) {
    const Kind kind = Peek().kind == TokenKind::kQuotedName ? Kind::kQuotedField : Kind::kField;
    path.steps.push_back({.kind = kind, .field = TRY(Name())});
  }
  while (true) {
    if (Accept(".")) {
      const Kind kind = Peek().kind == TokenKind::kQuotedName ? Kind::kQuotedField : Kind::kField;
      path.steps.push_back({.kind = kind, .field = TRY(Name())});
    } else if (Accept("[")) {
      if (Accept("*")) {
        path.steps.push_back({.kind = Kind::kWildcard, .field = {}});
      } else if (SeesText()) {
        path.steps.push_back({.kind = Kind::kQuotedField, .field = TRY(Text())});
      } else {
        path.steps.push_back({.kind = Kind::kIndex, .field = {}, .index = TRY(Integer())});
      }
      TRY(Expect("]"));
    } else {
      return Make(std::move(path), begin);
    }
  }
}

Result<Expression> Parser::ParseParameter() {
  const std::size_t begin = position();
  if (Accept("?")) return Make(Parameter{.name = {}, .position = num_parameters_++}, begin);
  Skip();
  return Make(Parameter{.name = TRY(Name()), .position = 0}, begin);
}

/// Whether a query begins behind the bracket that opens `ahead` tokens further on.
bool Parser::SeesQuery(std::size_t ahead) const {
  return Sees("(", ahead) && query_brackets_[position() + ahead];
}

/// Marks the brackets that hold a query, from the last to the first: ((SELECT 1) UNION (SELECT 2))
/// is a query, ((SELECT 1) + 1) is not.
void Parser::FindQueryBrackets(std::size_t num_tokens) {
  query_brackets_.assign(num_tokens, false);
  for (std::size_t i = num_tokens; i-- > 0;) {
    if (!Sees("(", i)) continue;
    const std::size_t first = i + 1;
    if (Sees("(", first)) {
      const std::size_t behind = ClosingBracket(first) + 1;
      query_brackets_[i] = query_brackets_[first] &&
                           SeesAny({"UNION", "INTERSECT", "EXCEPT", "MINUS", "ORDER", "LIMIT",
                                    "OFFSET", "SORT", "CLUSTER", "DISTRIBUTE", ")", "|>"},
                                   behind);
      continue;
    }
    const bool is_values = Sees("VALUES", first) && !SeesAny({")", ",", "."}, first + 1);
    query_brackets_[i] = Sees("SELECT", first) || is_values ||
                         (SeesAny({"FROM", "TABLE", "WITH"}, first) && SeesName(first + 1));
  }
}

/// (x, y) -> e
bool Parser::SeesLambda() const {
  if (!Sees("->", ClosingBracket() + 1)) return false;
  return SeesName(1) || Sees(")", 1);
}

Result<Expression> Parser::ParseLambda() {
  const std::size_t begin = position();
  Lambda lambda;
  if (Sees("(")) {
    if (!AcceptAll({"(", ")"})) lambda.parameters = TRY(BracketedNames());
  } else {
    lambda.parameters.push_back(TRY(Name()));
  }
  TRY(Expect("->"));
  lambda.body = TRY(ParseExpression());
  return Make(std::move(lambda), begin);
}

/// (a), (a, b), (SELECT ...)
Result<Expression> Parser::ParseBracket() {
  const std::size_t begin = position();
  if (SeesQuery()) {
    Skip();
    Query query = TRY(ParseQuery());
    TRY(Expect(")"));
    return Make(ScalarSubquery{.query = std::move(query)}, begin);
  }
  std::vector<Expression> items = TRY(BracketedExpressions());
  if (items.size() == 1) return std::move(items.front());
  return Make(Tuple{.items = std::move(items)}, begin);
}

Result<std::vector<Expression>> Parser::ExpressionList() {
  std::vector<Expression> items;
  do {
    items.push_back(TRY(ParseExpression()));
  } while (Accept(","));
  return items;
}

Result<std::vector<Expression>> Parser::BracketedExpressions() {
  TRY(Expect("("));
  std::vector<Expression> items = TRY(ExpressionList());
  TRY(Expect(")"));
  return items;
}

/// (1, 'a'), (2, 'b'); a row of one value needs no brackets.
Result<std::vector<std::vector<Expression>>> Parser::ValuesRows() {
  std::vector<std::vector<Expression>> rows;
  do {
    rows.push_back(TRY(ValuesRow()));
  } while (Accept(","));
  return rows;
}

Result<std::vector<Expression>> Parser::ValuesRow() {
  const std::size_t behind = Sees("(") ? ClosingBracket() + 1 : 0;
  const bool is_row = behind > 0 && !SeesQuery() && InfixLevel(behind) == 0 &&
                      !SeesAny({"::", "[", ".", "?::", ":", "->"}, behind);
  std::vector<Expression> row;
  if (!is_row) {
    row.push_back(TRY(ParseValueOrDefault()));
    return row;
  }
  TRY(Expect("("));
  do {
    row.push_back(TRY(ParseValueOrDefault()));
  } while (Accept(","));
  TRY(Expect(")"));
  return row;
}

/// A name, or one of the forms that begin with a word.
Result<Expression> Parser::ParseWord() {
  const std::size_t begin = position();
  const Token& token = Peek();
  if (token.kind == TokenKind::kQuotedName) return ParseReference();
  if (Sees("->", 1)) return ParseLambda();
  if (Sees("CASE") && (Sees("WHEN", 1) || SeesOperand())) return ParseCase();
  if (Sees("EXISTS") && SeesQuery(1)) {
    Skip(2);
    Query query = TRY(ParseQuery());
    TRY(Expect(")"));
    return Make(Exists{.query = std::move(query)}, begin);
  }
  if (Sees("NULL")) {
    Skip();
    return Make(Literal{.type = types::TypeId::kVoid, .text = {}}, begin);
  }
  if (Sees("TRUE") || Sees("FALSE")) {
    std::string text = ToLower(token.value);
    Skip();
    return Make(Literal{.type = types::TypeId::kBoolean, .text = std::move(text)}, begin);
  }
  if (Peek(1).kind == TokenKind::kString) {
    if (Sees("DATE")) return ParseTypedLiteral(types::TypeId::kDate);
    if (Sees("TIMESTAMP") || Sees("TIMESTAMP_LTZ")) {
      return ParseTypedLiteral(types::TypeId::kTimestamp);
    }
    if (Sees("TIMESTAMP_NTZ")) return ParseTypedLiteral(types::TypeId::kTimestampNtz);
  }
  if (SeesInterval()) return ParseInterval();
  if (Sees("(", 1)) {
    if (auto special = TRY(ParseSpecialCall())) return *std::move(special);
  }
  const bool stands_alone = !Sees("(", 1) && !Sees(".", 1);
  if (stands_alone && Contains(kFunctionsWithoutBrackets, token.value)) {
    FunctionCall call;
    call.name.parts.push_back(ToLower(token.value));
    call.without_parentheses = true;
    Skip();
    return Make(std::move(call), begin);
  }
  return ParseReference();
}

/// a.b.c, or a call a.f(...)
Result<Expression> Parser::ParseReference() {
  const std::size_t begin = position();
  const Token& token = Peek();
  if (token.kind == TokenKind::kWord && Contains(kClauseWords, token.value) && !Sees("(", 1) &&
      !Sees(".", 1)) {
    const bool ends_operand =
        AtEnd() || Peek(1).kind == TokenKind::kEnd || SeesAny({"FROM", "AS"}, 1) ||
        (Peek(1).kind == TokenKind::kOperator && !SeesAny({"*", "-", "+", "(", "~", ":"}, 1));
    if (!ends_operand) return Unexpected("an expression");
  }
  ObjectName name = TRY(Object());
  // f (SELECT ...) is no call: REPLACE ON t.a = s.a (SELECT ...)
  if (Sees("(") && !Sees("SELECT", 1)) return ParseCall(std::move(name), begin);
  return Make(ColumnRef{.parts = std::move(name.parts), .computed = std::move(name.computed)},
              begin);
}

Result<Expression> Parser::ParseCase() {
  const std::size_t begin = position();
  Case result;
  Skip();
  if (!Sees("WHEN")) result.operand = TRY(ParseExpression());
  TRY(Expect("WHEN"));
  do {
    Expression condition = TRY(ParseExpression());
    TRY(Expect("THEN"));
    Expression value = TRY(ParseExpression());
    result.whens.push_back({.condition = std::move(condition), .result = std::move(value)});
  } while (Accept("WHEN"));
  if (Accept("ELSE")) result.otherwise = TRY(ParseExpression());
  TRY(Expect("END"));
  return Make(std::move(result), begin);
}

/// *, t.* with EXCEPT and REPLACE; nothing when no star stands here.
Result<std::optional<Expression>> Parser::ParseStar() {
  std::size_t length = 0;
  while (SeesName(length) && Sees(".", length + 1)) length += 2;
  if (!Sees("*", length)) return std::nullopt;
  const std::size_t begin = position();
  Star star;
  for (; length > 0; length -= 2) {
    star.qualifier.push_back(TRY(Name()));
    TRY(Expect("."));
  }
  TRY(Expect("*"));
  if (SeesAny({"EXCEPT", "EXCLUDE"}) && Sees("(", 1) && !SeesQuery(1)) {
    Skip();
    star.except = TRY(BracketedPaths());
  }
  if (AcceptAll({"REPLACE", "("})) {
    do {
      Star::Replacement& replacement = star.replace.emplace_back();
      replacement.value = TRY(ParseExpression());
      TRY(Expect("AS"));
      replacement.column = TRY(Name());
    } while (Accept(","));
    TRY(Expect(")"));
  }
  return TRY(Make(std::move(star), begin));
}

Result<Expression> Parser::ParseStarOrExpression() {
  if (auto star = TRY(ParseStar())) return *std::move(star);
  return ParseExpression();
}

Result<Expression> Parser::ParseValueOrDefault() {
  const bool ends = SeesAny({",", ")", ";", "WHERE", "WHEN"}, 1) || Peek(1).kind == TokenKind::kEnd;
  if (Sees("DEFAULT") && ends) {
    const std::size_t begin = position();
    Skip();
    return Make(DefaultValue{}, begin);
  }
  return ParseExpression();
}

}  // namespace inlet::sql
