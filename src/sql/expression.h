#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "sql/box.h"
#include "types/data_type.h"

/// The expressions of the Databricks dialect: plain structs that copy as values. An Expression
/// holds one of them and the place where it stands in the text. Source: Databricks SQL language
/// manual, "Expression".
namespace inlet::sql {

struct Expression;
struct Query;

/// The deepest tree that the parser builds. It keeps recursion over a tree, its destructor
/// included, inside an ordinary stack.
inline constexpr int kMaxTreeDepth = 500;

/// A name as written, each part unquoted: {"catalog", "schema", "table"}. `computed` stands for
/// IDENTIFIER(expression); BindParameters() turns it into parts.
struct ObjectName {
  std::vector<std::string> parts;
  Box<Expression> computed;
  TextSpan span;

  bool empty() const { return parts.empty() && !computed; }
};

/// `a`.`b`.`c`, each part in back-ticks where it needs them.
std::string ToString(const ObjectName& name);

// ---- Values
// ---------------------------------------------------------------------------------------

/// NULL (kVoid), TRUE, numbers, 'text', X'0A', DATE '2024-01-01', TIMESTAMP '...', TIMESTAMP_NTZ
/// '...'.
struct Literal {
  types::DataType type;
  /// As written without quotes and suffix: "true", "42", "1e3". Escapes of text are resolved; for
  /// kBinary the bytes themselves.
  std::string text;
};

enum class IntervalUnit : std::uint8_t {
  kYear,
  kQuarter,
  kMonth,
  kWeek,
  kDay,
  kHour,
  kMinute,
  kSecond,
  kMillisecond,
  kMicrosecond
};

/// INTERVAL '1-2' YEAR TO MONTH, INTERVAL 1 DAY 2 HOURS, INTERVAL '3 days'. Either months or
/// microseconds, by `type` (kYearMonthInterval, kDayTimeInterval).
struct IntervalLiteral {
  types::TypeId type = types::TypeId::kDayTimeInterval;
  IntervalUnit from = IntervalUnit::kDay;   ///< The largest unit of the type.
  IntervalUnit to = IntervalUnit::kSecond;  ///< The smallest.
  std::int64_t months = 0;
  std::int64_t microseconds = 0;
};

/// :name, or ? with its position from 0.
struct Parameter {
  std::string name;
  std::size_t position = 0;
};

/// DEFAULT in VALUES of an INSERT and in SET of an UPDATE.
struct DefaultValue {};

// ---- References
// -----------------------------------------------------------------------------------

/// a, t.a, schema.t.a, s.field: which of them it is, is known only when names are bound.
struct ColumnRef {
  std::vector<std::string> parts;
  Box<Expression> computed;  ///< IDENTIFIER(expression)
};

/// *, t.*, * EXCEPT (a, s.b), * REPLACE (a + 1 AS a). Also in count(*).
struct Star {
  struct Replacement;
  std::vector<std::string> qualifier;
  std::vector<std::vector<std::string>> except;
  std::vector<Replacement> replace;
};

/// base.field where base is not a plain name: f(x).a, m['k'].b
struct FieldAccess {
  Box<Expression> base;
  std::string field;
};

/// base[index]
struct Subscript {
  Box<Expression> base;
  Box<Expression> index;
};

/// base:a.b[0]['c'][*], into a JSON text or a VARIANT.
struct JsonPath {
  struct Step {
    enum class Kind : std::uint8_t { kField, kQuotedField, kIndex, kWildcard };
    Kind kind = Kind::kField;  ///< kField ignores case on STRING, kQuotedField does not.
    std::string field;
    std::int64_t index = 0;
  };
  Box<Expression> base;
  std::vector<Step> steps;
};

// ---- Operators
// ------------------------------------------------------------------------------------

enum class UnaryOperator : std::uint8_t { kNot, kMinus, kPlus, kBitwiseNot };

struct Unary {
  UnaryOperator op = UnaryOperator::kNot;
  Box<Expression> operand;
};

enum class BinaryOperator : std::uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kIntegerDivide,
  kModulo,
  kConcat,
  kBitwiseAnd,
  kBitwiseOr,
  kBitwiseXor,
  kShiftLeft,
  kShiftRight,
  kShiftRightUnsigned,
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kNullSafeEqual  ///< <=>
};

struct Binary {
  BinaryOperator op = BinaryOperator::kAdd;
  Box<Expression> left;
  Box<Expression> right;
};

enum class LogicalOperator : std::uint8_t { kAnd, kOr };

/// a AND b AND c: two or more operands, so that long chains stay flat.
struct Logical {
  LogicalOperator op = LogicalOperator::kAnd;
  std::vector<Expression> operands;
};

enum class TruthTest : std::uint8_t { kNull, kTrue, kFalse, kUnknown };

/// operand IS [NOT] { NULL | TRUE | FALSE | UNKNOWN }
struct Is {
  Box<Expression> operand;
  TruthTest test = TruthTest::kNull;
  bool negated = false;
};

/// left IS [NOT] DISTINCT FROM right
struct IsDistinctFrom {
  Box<Expression> left;
  Box<Expression> right;
  bool negated = false;
};

struct Between {
  Box<Expression> operand;
  Box<Expression> low;
  Box<Expression> high;
  bool negated = false;
};

struct InList {
  Box<Expression> operand;
  std::vector<Expression> values;
  bool negated = false;
};

struct InSubquery {
  Box<Expression> operand;  ///< A Tuple for (a, b) IN (SELECT ...).
  Box<Query> query;
  bool negated = false;
};

struct Exists {
  Box<Query> query;
};

struct ScalarSubquery {
  Box<Query> query;
};

enum class LikeKind : std::uint8_t { kLike, kILike, kRLike };
enum class LikeQuantifier : std::uint8_t { kOne, kAny, kAll };

/// operand [NOT] { LIKE | ILIKE | RLIKE } { pattern [ESCAPE c] | { ANY | ALL } (pattern, ...) }
struct Like {
  Box<Expression> operand;
  LikeKind kind = LikeKind::kLike;
  LikeQuantifier quantifier = LikeQuantifier::kOne;
  std::vector<Expression> patterns;   ///< One for kOne.
  std::optional<std::string> escape;  ///< One character; a backslash when not given.
  bool negated = false;
};

struct Case {
  struct When;
  Box<Expression> operand;  ///< Empty: a searched CASE.
  std::vector<When> whens;
  Box<Expression> otherwise;
};

/// How a cast was written; names and error texts show it so.
enum class CastSyntax : std::uint8_t { kFunction, kOperator };

/// CAST(x AS t), TRY_CAST(x AS t), x::t, x?::t
struct Cast {
  Box<Expression> operand;
  types::DataType type;
  bool is_try = false;
  CastSyntax syntax = CastSyntax::kFunction;
};

/// operand COLLATE collation
struct Collate {
  Box<Expression> operand;
  std::string collation;
};

/// (a, b): a struct of its parts. Only with two or more; (a) is a.
struct Tuple {
  std::vector<Expression> items;
};

/// x -> e, (x, y) -> e
struct Lambda {
  std::vector<std::string> parameters;
  Box<Expression> body;
};

// ---- Functions
// ------------------------------------------------------------------------------------

enum class NullOrder : std::uint8_t { kDefault, kFirst, kLast };

struct SortItem;

struct FrameBound {
  enum class Kind : std::uint8_t {
    kUnboundedPreceding,
    kPreceding,
    kCurrentRow,
    kFollowing,
    kUnboundedFollowing
  };
  Kind kind = Kind::kUnboundedPreceding;
  Box<Expression> offset;  ///< kPreceding, kFollowing.
};

struct WindowFrame {
  bool is_rows = true;  ///< Otherwise RANGE.
  FrameBound start;
  FrameBound end;  ///< kCurrentRow when not written.
};

/// What stands after OVER and in the WINDOW clause.
struct WindowSpec {
  std::string base_name;  ///< OVER w, or WINDOW v AS (w ...).
  std::vector<Expression> partition_by;
  std::vector<SortItem> order_by;
  std::optional<WindowFrame> frame;
};

/// f(DISTINCT a, name => b) WITHIN GROUP (ORDER BY c) FILTER (WHERE d) IGNORE NULLS OVER (...)
struct FunctionCall {
  struct Argument;
  ObjectName name;
  std::vector<Argument> arguments;
  /// A bare word among the arguments: EXTRACT(`YEAR` FROM x), TRIM(`BOTH` ...), dateadd(`DAY`,
  /// ...), in capitals. It is no member of `arguments`.
  std::string keyword;
  bool is_distinct = false;
  bool without_parentheses = false;  ///< CURRENT_DATE
  std::optional<bool> ignore_nulls;  ///< Empty: not written.
  std::vector<SortItem> within_group;
  Box<Expression> filter;
  Box<WindowSpec> over;
};

// ---- The expression itself
// ------------------------------------------------------------------------

/// Its special members stand in tree_nodes.cc: a variant of so many types is costly to compile, and
/// every vector and copy of expressions would pay for it.
struct ExpressionNode
    : std::variant<Literal, IntervalLiteral, Parameter, DefaultValue, ColumnRef, Star, FieldAccess,
                   Subscript, JsonPath, Unary, Binary, Logical, Is, IsDistinctFrom, Between, InList,
                   InSubquery, Exists, ScalarSubquery, Like, Case, Cast, Collate, Tuple, Lambda,
                   FunctionCall> {
  using variant::variant;
  ExpressionNode();
  ExpressionNode(const ExpressionNode& other);
  ExpressionNode(ExpressionNode&& other) noexcept;
  ExpressionNode& operator=(const ExpressionNode& other);
  ExpressionNode& operator=(ExpressionNode&& other) noexcept;
  ~ExpressionNode();
};

struct Expression {
  ExpressionNode node;
  TextSpan span;
  /// Levels of the tree from here down, at most kMaxTreeDepth; kept by the parser.
  int depth = 1;

  template <class Node>
  const Node* As() const {
    return std::get_if<Node>(&node);
  }
  template <class Node>
  Node* As() {
    return std::get_if<Node>(&node);
  }
};

struct Star::Replacement {
  Expression value;
  std::string column;
};

struct Case::When {
  Expression condition;
  Expression result;
};

struct FunctionCall::Argument {
  std::string name;  ///< Of `name => value` or `name = value`; empty: by position.
  Expression value;
};

struct SortItem {
  Expression value;
  bool descending = false;
  NullOrder nulls = NullOrder::kDefault;
};

}  // namespace inlet::sql
