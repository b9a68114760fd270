#include <algorithm>
#include <array>
#include <cctype>

#include "base/option_map.h"
#include "sql/parser_internal.h"

namespace inlet::sql {
namespace {

std::string ToUpper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

bool IsAny(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view candidate) { return EqualsIgnoreCase(candidate, name); });
}

/// dateadd(DAY, 1, x): functions whose first argument may be a bare unit.
bool TakesUnit(std::string_view name) {
  return IsAny(name, {"timestampadd", "dateadd", "date_add", "timestampdiff", "datediff",
                      "date_diff", "timediff"});
}

bool IsUnit(std::string_view word) {
  return IsAny(word, {"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAYOFYEAR", "HOUR", "MINUTE",
                      "SECOND", "MILLISECOND", "MICROSECOND"});
}

FunctionCall CallOf(std::string_view name) {
  FunctionCall call;
  call.name.parts.emplace_back(name);
  return call;
}

void AddArgument(FunctionCall& call, Expression value) {
  call.arguments.push_back({.name = {}, .value = std::move(value)});
}

}  // namespace

/// The forms whose arguments are no plain list; nothing when none begins here.
Result<std::optional<Expression>> Parser::ParseSpecialCall() {
  if (Sees("CAST")) return TRY(ParseCast(/*is_try=*/false));
  if (Sees("TRY_CAST")) return TRY(ParseCast(/*is_try=*/true));
  if (Sees("EXTRACT") && SeesName(2) && Sees("FROM", 3)) return TRY(ParseExtract());
  if (Sees("TRIM")) return TRY(ParseTrim());
  if (SeesAny({"SUBSTRING", "SUBSTR"})) return TRY(ParseSubstring());
  if (Sees("POSITION")) return TRY(ParsePosition());
  if (Sees("OVERLAY")) return TRY(ParseOverlay());
  return std::nullopt;
}

Result<Expression> Parser::ParseCast(bool is_try) {
  const std::size_t begin = position();
  Skip(2);
  Cast cast{.operand = TRY(ParseExpression()), .type = {}, .is_try = is_try};
  TRY(Expect("AS"));
  cast.type = TRY(Type());
  TRY(Expect(")"));
  return Make(std::move(cast), begin);
}

/// EXTRACT(field FROM source)
Result<Expression> Parser::ParseExtract() {
  const std::size_t begin = position();
  Skip(2);
  FunctionCall call = CallOf("extract");
  call.keyword = ToUpper(TRY(Name()));
  TRY(Expect("FROM"));
  AddArgument(call, TRY(ParseExpression()));
  TRY(Expect(")"));
  return Make(std::move(call), begin);
}

/// TRIM([BOTH | LEADING | TRAILING] [characters] FROM source), TRIM(source)
Result<Expression> Parser::ParseTrim() {
  const std::size_t begin = position();
  Skip(2);
  FunctionCall call = CallOf("trim");
  const bool has_side = SeesAny({"BOTH", "LEADING", "TRAILING"}) && !SeesAny({")", ",", "."}, 1);
  if (has_side) call.keyword = ToUpper(TRY(Name()));
  Box<Expression> characters;
  if (!(has_side && Sees("FROM"))) {
    Expression first = TRY(ParseExpression());
    if (Sees("FROM")) {
      characters = std::move(first);
    } else {
      AddArgument(call, std::move(first));
    }
  }
  if (call.arguments.empty()) {
    TRY(Expect("FROM"));
    if (call.keyword.empty()) call.keyword = "BOTH";
    AddArgument(call, TRY(ParseExpression()));
    if (characters) AddArgument(call, std::move(*characters));
  } else if (Accept(",")) {
    AddArgument(call, TRY(ParseExpression()));
  }
  TRY(Expect(")"));
  return Make(std::move(call), begin);
}

/// SUBSTRING(text FROM position [FOR length]), or a plain call.
Result<Expression> Parser::ParseSubstring() {
  const std::size_t begin = position();
  FunctionCall call = CallOf(ToLower(Peek().value));
  Skip(2);
  AddArgument(call, TRY(ParseExpression()));
  const bool has_words = Accept("FROM");
  if (has_words || Accept(",")) AddArgument(call, TRY(ParseExpression()));
  if (has_words ? Accept("FOR") : Accept(",")) AddArgument(call, TRY(ParseExpression()));
  TRY(Expect(")"));
  return Make(std::move(call), begin);
}

/// POSITION(text IN source), or a plain call.
Result<Expression> Parser::ParsePosition() {
  const std::size_t begin = position();
  Skip(2);
  FunctionCall call = CallOf("position");
  AddArgument(call, TRY(ParseValue()));
  if (Accept("IN")) {
    call.name.parts.front() = "locate";
  } else {
    TRY(Expect(","));
  }
  AddArgument(call, TRY(ParseExpression()));
  if (Accept(",")) AddArgument(call, TRY(ParseExpression()));
  TRY(Expect(")"));
  return Make(std::move(call), begin);
}

/// OVERLAY(text PLACING other FROM position [FOR length]), or a plain call.
Result<Expression> Parser::ParseOverlay() {
  const std::size_t begin = position();
  Skip(2);
  FunctionCall call = CallOf("overlay");
  AddArgument(call, TRY(ParseExpression()));
  const bool has_words = Accept("PLACING");
  if (!has_words) TRY(Expect(","));
  AddArgument(call, TRY(ParseExpression()));
  TRY(Expect(has_words ? "FROM" : ","));
  AddArgument(call, TRY(ParseExpression()));
  if (has_words ? Accept("FOR") : Accept(",")) AddArgument(call, TRY(ParseExpression()));
  TRY(Expect(")"));
  return Make(std::move(call), begin);
}

Result<Expression> Parser::ParseCall(ObjectName name, std::size_t begin) {
  FunctionCall call = TRY(ParseCallBody(std::move(name), /*equals_names=*/false));
  return Make(std::move(call), begin);
}

/// The arguments and what follows the bracket. With `equals_names`, `a = 1` names an argument too,
/// as in read_files('p', header = true).
Result<FunctionCall> Parser::ParseCallBody(ObjectName name, bool equals_names) {
  FunctionCall call;
  call.name = std::move(name);
  TRY(Expect("("));
  const std::string_view last =
      call.name.parts.empty() ? "" : std::string_view(call.name.parts.back());
  const bool is_struct = call.name.parts.size() == 1 && IsAny(last, {"struct"});
  if (TakesUnit(last) && SeesName() && IsUnit(Peek().value) && Sees(",", 1)) {
    call.keyword = ToUpper(TRY(Name()));
    TRY(Expect(","));
  }
  if (Sees("DISTINCT") && !SeesAny({",", ")", "."}, 1)) {
    Skip();
    call.is_distinct = true;
  } else if (Sees("ALL") && !SeesAny({",", ")", "."}, 1)) {
    Skip();
  }
  if (!Sees(")")) {
    do {
      call.arguments.push_back(TRY(ParseArgument(equals_names, is_struct)));
    } while (Accept(","));
  }
  if (AcceptAll({"IGNORE", "NULLS"})) call.ignore_nulls = true;
  if (AcceptAll({"RESPECT", "NULLS"})) call.ignore_nulls = false;
  TRY(Expect(")"));
  TRY(ParseCallSuffix(call));
  return call;
}

Result<FunctionCall::Argument> Parser::ParseArgument(bool equals_names, bool is_struct) {
  if (SeesName() && (Sees("=>", 1) || (equals_names && Sees("=", 1)))) {
    FunctionCall::Argument argument;
    argument.name = TRY(Name());
    Skip();
    argument.value = TRY(ParseExpression());
    return argument;
  }
  if (Sees("TABLE") && (Sees("(", 1) || SeesName(1))) {
    const std::size_t begin = position();
    const bool has_bracket = Sees("(", 1);
    Skip(has_bracket ? 2 : 1);
    Query query;
    if (has_bracket && SeesAny({"SELECT", "WITH", "VALUES", "FROM"})) {
      query = TRY(ParseQuery());
    } else {
      query.body = TableQuery{.table = TRY(ParseNamedTable())};
    }
    if (has_bracket) TRY(Expect(")"));
    return FunctionCall::Argument{
        .name = {}, .value = TRY(Make(ScalarSubquery{.query = std::move(query)}, begin))};
  }
  FunctionCall::Argument argument{.name = {}, .value = TRY(ParseStarOrExpression())};
  if (is_struct && Accept("AS")) argument.name = TRY(Name());
  return argument;
}

Status Parser::ParseCallSuffix(FunctionCall& call) {
  if (AcceptAll({"WITHIN", "GROUP", "("})) {
    TRY(ExpectAll({"ORDER", "BY"}));
    call.within_group = TRY(SortItems());
    TRY(Expect(")"));
  }
  if (AcceptAll({"FILTER", "("})) {
    TRY(Expect("WHERE"));
    call.filter = TRY(ParseExpression());
    TRY(Expect(")"));
  }
  if (AcceptAll({"IGNORE", "NULLS"})) call.ignore_nulls = true;
  if (AcceptAll({"RESPECT", "NULLS"})) call.ignore_nulls = false;
  if (Sees("OVER") && (Sees("(", 1) || SeesName(1))) {
    Skip();
    if (Sees("(")) {
      call.over = TRY(ParseWindowSpec());
    } else {
      call.over = WindowSpec{.base_name = TRY(Name()), .frame = std::nullopt};
    }
  }
  return Ok();
}

/// ([base] [PARTITION BY ...] [ORDER BY ...] [frame])
Result<WindowSpec> Parser::ParseWindowSpec() {
  WindowSpec spec;
  TRY(Expect("("));
  const bool has_base = SeesName() && !SeesAny({"PARTITION", "DISTRIBUTE", "CLUSTER", "ORDER",
                                                "SORT", "ROWS", "RANGE"});
  if (has_base) spec.base_name = TRY(Name());
  const bool is_cluster = AcceptAll({"CLUSTER", "BY"});
  if (is_cluster || AcceptAll({"PARTITION", "BY"}) || AcceptAll({"DISTRIBUTE", "BY"})) {
    spec.partition_by = TRY(ExpressionList());
  }
  if (AcceptAll({"ORDER", "BY"}) || AcceptAll({"SORT", "BY"})) spec.order_by = TRY(SortItems());
  if (SeesAny({"ROWS", "RANGE"})) spec.frame = TRY(ParseFrame());
  TRY(Expect(")"));
  return spec;
}

Result<WindowFrame> Parser::ParseFrame() {
  WindowFrame frame;
  frame.is_rows = Accept("ROWS");
  if (!frame.is_rows) TRY(Expect("RANGE"));
  if (Accept("BETWEEN")) {
    frame.start = TRY(ParseFrameBound());
    TRY(Expect("AND"));
    frame.end = TRY(ParseFrameBound());
    return frame;
  }
  frame.start = TRY(ParseFrameBound());
  frame.end.kind = FrameBound::Kind::kCurrentRow;
  return frame;
}

Result<FrameBound> Parser::ParseFrameBound() {
  using Kind = FrameBound::Kind;
  FrameBound bound;
  if (AcceptAll({"CURRENT", "ROW"})) {
    bound.kind = Kind::kCurrentRow;
    return bound;
  }
  const bool is_unbounded = Accept("UNBOUNDED");
  if (!is_unbounded) bound.offset = TRY(ParseValue());
  if (Accept("PRECEDING")) {
    bound.kind = is_unbounded ? Kind::kUnboundedPreceding : Kind::kPreceding;
  } else {
    TRY(Expect("FOLLOWING"));
    bound.kind = is_unbounded ? Kind::kUnboundedFollowing : Kind::kFollowing;
  }
  return bound;
}

Result<std::vector<SortItem>> Parser::SortItems() {
  std::vector<SortItem> items;
  do {
    items.push_back(TRY(ParseSortItem()));
  } while (Accept(","));
  return items;
}

Result<SortItem> Parser::ParseSortItem() {
  SortItem item{.value = TRY(ParseExpression())};
  item.descending = Accept("DESC");
  if (!item.descending) (void)Accept("ASC");
  if (Accept("NULLS")) {
    if (Accept("FIRST")) {
      item.nulls = NullOrder::kFirst;
    } else {
      TRY(Expect("LAST"));
      item.nulls = NullOrder::kLast;
    }
  }
  return item;
}

}  // namespace inlet::sql
