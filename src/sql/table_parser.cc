#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/option_map.h"
#include "sql/parser_internal.h"

namespace inlet::sql {
namespace {

/// Words that cannot be a table's alias without AS: they go on with the query.
/// Source: Databricks SQL language manual, "Reserved words", and the clauses that follow a table.
constexpr std::string_view kNoTableAlias[] = {
    "ANTI",    "CROSS",  "EXCEPT",     "FULL",    "INNER",    "INTERSECT",   "JOIN",
    "LATERAL", "LEFT",   "MINUS",      "NATURAL", "ON",       "RIGHT",       "SEMI",
    "UNION",   "USING",  "WHERE",      "GROUP",   "HAVING",   "QUALIFY",     "WINDOW",
    "ORDER",   "SORT",   "CLUSTER",    "LIMIT",   "OFFSET",   "DISTRIBUTE",  "PIVOT",
    "UNPIVOT", "SELECT", "SET",        "WHEN",    "FOR",      "TABLESAMPLE", "FROM",
    "AS",      "THEN",   "VALUES",     "INSERT",  "AND",      "OR",          "REPLACE",
    "BY",      "KEYS",   "FILEFORMAT", "APPLY",   "SEQUENCE", "IGNORE"};

bool IsDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
  });
}

}  // namespace

/// a, b JOIN c ON ... LATERAL VIEW ... PIVOT (...)
Result<TableRef> Parser::ParseFrom() {
  const std::size_t begin = position();
  TableRef from = TRY(ParseRelation());
  while (Accept(",")) {
    TableRef right = TRY(ParseRelation());
    JoinTable join;
    join.kind = JoinKind::kCross;
    join.left = std::move(from);
    join.right = std::move(right);
    from = TRY(MakeTable(std::move(join), begin));
  }
  from = TRY(ParseLateralViews(std::move(from), begin));
  while (Sees("PIVOT") || Sees("UNPIVOT")) {
    from = TRY(Sees("PIVOT") ? ParsePivot(std::move(from), begin)
                             : ParseUnpivot(std::move(from), begin));
  }
  return from;
}

Result<TableRef> Parser::ParseRelation() {
  const Level level = TRY(Enter());
  const std::size_t begin = position();
  const bool is_lateral = Sees("LATERAL") && !Sees("VIEW", 1);
  if (is_lateral) Skip();
  TableRef table = TRY(ParseTablePrimary());
  table.is_lateral = is_lateral;
  return ParseJoins(std::move(table), begin);
}

Result<TableRef> Parser::ParseTablePrimary() {
  const std::size_t begin = position();
  if (Sees("(")) return ParseBracketedTable();
  if (Sees("VALUES") && (Sees("(", 1) || Peek(1).kind == TokenKind::kNumber ||
                         Peek(1).kind == TokenKind::kString || SeesAny({"-", "NULL"}, 1))) {
    Skip();
    TableRef table = TRY(MakeTable(ValuesTable{.rows = TRY(ValuesRows())}, begin));
    TRY(ParseTableAlias(table));
    return table;
  }
  if (Sees("STREAM") && (Sees("(", 1) || (SeesName(1) && !Sees("AS", 1)))) {
    const bool is_alias = SeesAny({"JOIN", "WHERE", "GROUP", "ORDER", "LIMIT", "ON", "LEFT"}, 1);
    if (!is_alias) return ParseStreamTable();
  }
  return ParseNamedOrFunction(/*is_stream=*/false);
}

/// (SELECT ...), (a JOIN b)
Result<TableRef> Parser::ParseBracketedTable() {
  const Level level = TRY(Enter());
  const std::size_t begin = position();
  TableRef table;
  if (SeesQuery()) {
    Skip();
    Query query = TRY(ParseQuery());
    TRY(Expect(")"));
    table = TRY(MakeTable(SubqueryTable{.query = std::move(query)}, begin));
  } else {
    TRY(Expect("("));
    table = TRY(ParseFrom());
    TRY(Expect(")"));
    const bool has_alias = Sees("AS") || SeesName() || Sees("TABLESAMPLE");
    if (!has_alias || table.alias.empty()) {
      if (Sees("TABLESAMPLE")) table.sample = TRY(ParseSample());
      TRY(ParseTableAlias(table));
      return table;
    }
    // (t AS a) AS b: the inner alias gives the columns, the outer one the name.
    Query query = Wrap(Select{});
    auto& select = std::get<Select>(query.body);
    select.items.push_back({.value = {.node = Star{}}, .alias = {}, .column_aliases = {}});
    select.from = std::move(table);
    query = TRY(FinishQuery(std::move(query), begin));
    table = TRY(MakeTable(SubqueryTable{.query = std::move(query)}, begin));
  }
  if (Sees("TABLESAMPLE")) table.sample = TRY(ParseSample());
  TRY(ParseTableAlias(table));
  return table;
}

/// STREAM t, STREAM(t), STREAM read_files(...), STREAM(read_files(...))
Result<TableRef> Parser::ParseStreamTable() {
  TRY(Expect("STREAM"));
  if (!Sees("(")) return ParseNamedOrFunction(/*is_stream=*/true);
  Skip();
  TableRef table = TRY(ParseNamedOrFunction(/*is_stream=*/true));
  TRY(Expect(")"));
  if (auto* named = table.As<NamedTable>(); named != nullptr && Sees("WITH") && Sees("(", 1)) {
    Skip();
    named->options = TRY(BracketedProperties());
  }
  if (table.alias.empty()) TRY(ParseTableAlias(table));
  return table;
}

Result<TableRef> Parser::ParseNamedOrFunction(bool is_stream) {
  const std::size_t begin = position();
  if (!SeesName()) return Unexpected("a table");
  // read_files(...), but IDENTIFIER('t').
  std::size_t name_length = 1;
  while (Sees(".", name_length) && SeesName(name_length + 1)) name_length += 2;
  const bool is_identifier = Sees("IDENTIFIER") && Sees("(", 1);
  if (Sees("(", name_length) && !is_identifier) {
    ObjectName name = TRY(Object());
    // The older form of Auto Loader in SQL is a stream without the word.
    const bool is_auto_loader =
        name.parts.size() == 1 && EqualsIgnoreCase(name.parts[0], "cloud_files");
    TableFunction function{.call = TRY(ParseCallBody(std::move(name), /*equals_names=*/true)),
                           .is_stream = is_stream || is_auto_loader};
    TableRef table = TRY(MakeTable(std::move(function), begin));
    if (Sees("TABLESAMPLE")) table.sample = TRY(ParseSample());
    TRY(ParseTableAlias(table));
    return table;
  }
  NamedTable named = TRY(ParseNamedTable());
  named.is_stream = is_stream;
  if (is_stream && Sees("WITH") && Sees("(", 1)) {
    Skip();
    named.options = TRY(BracketedProperties());
  }
  TableRef table = TRY(MakeTable(std::move(named), begin));
  if (Sees("TABLESAMPLE")) table.sample = TRY(ParseSample());
  TRY(ParseTableAlias(table));
  if (!table.sample && Sees("TABLESAMPLE")) table.sample = TRY(ParseSample());
  return table;
}

/// name [@v1] [time travel]
Result<NamedTable> Parser::ParseNamedTable() {
  const std::size_t begin = position();
  NamedTable table;
  table.name = TRY(Object());
  if (Sees("@")) {
    Skip();
    const TextSpan span = Peek().span;
    const std::string version(TextOf(span));
    const bool is_word = Peek().kind == TokenKind::kWord || Peek().kind == TokenKind::kNumber;
    if (!is_word) return Unexpected("a version such as v1");
    Skip();
    table.time_travel = TRY(ParseAtVersion(version, span));
    if (!table.time_travel)
      return ErrorAt(span, "Expected a version such as v1 or yyyyMMddHHmmssSSS.");
  } else if (table.name.parts.size() == 2 && EqualsIgnoreCase(table.name.parts[0], "delta")) {
    std::string& path = table.name.parts[1];
    if (const std::size_t at = path.rfind('@'); at != std::string::npos) {
      table.time_travel = TRY(ParseAtVersion(path.substr(at + 1), SpanFrom(begin)));
      if (table.time_travel) path.resize(at);
    }
  }
  if (auto travel = TRY(ParseTimeTravel())) {
    if (table.time_travel) return ErrorAt(travel->span, "The version is given twice.");
    table.time_travel = std::move(travel);
  }
  return table;
}

/// v1 or yyyyMMddHHmmssSSS; nothing for another text.
Result<std::optional<TimeTravel>> Parser::ParseAtVersion(std::string_view text,
                                                         TextSpan span) const {
  TimeTravel travel;
  travel.span = span;
  if (text.starts_with('v') || text.starts_with('V')) {
    const std::string_view digits = text.substr(1);
    std::int64_t version = 0;
    if (!IsDigits(digits)) return std::nullopt;
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), version);
    if (error != std::errc()) return ErrorAt(span, "The version is too large.");
    travel.version = version;
    return travel;
  }
  constexpr std::size_t kTimestampDigits = 17;
  if (!IsDigits(text) || text.size() != kTimestampDigits) return std::nullopt;
  const auto part = [&](std::size_t from, std::size_t length) {
    return std::string(text.substr(from, length));
  };
  Literal literal{.type = types::TypeId::kString, .text = {}};
  literal.text = part(0, 4) + "-" + part(4, 2) + "-" + part(6, 2) + " " + part(8, 2) + ":" +
                 part(10, 2) + ":" + part(12, 2) + "." + part(14, 3);
  travel.timestamp = TRY(MakeWith(std::move(literal), span));
  return travel;
}

/// [FOR] { VERSION | SYSTEM_VERSION | TIMESTAMP | SYSTEM_TIME } AS OF value
Result<std::optional<TimeTravel>> Parser::ParseTimeTravel() {
  const std::size_t begin = position();
  const std::size_t word = Sees("FOR") ? 1 : 0;
  if (!Sees("AS", word + 1) || !Sees("OF", word + 2)) return std::nullopt;
  TimeTravel travel;
  if (SeesAny({"VERSION", "SYSTEM_VERSION"}, word)) {
    Skip(word + 3);
    if (SeesText()) {
      const TextSpan span = Peek().span;
      const std::string text = TRY(Text());
      if (!IsDigits(text) || text.size() > 18) return ErrorAt(span, "A version is a whole number.");
      travel.version = std::stoll(text);
    } else if (Peek().kind == TokenKind::kNumber) {
      travel.version = TRY(Integer());
    } else {
      return Unexpected("a version");
    }
  } else if (SeesAny({"TIMESTAMP", "SYSTEM_TIME"}, word)) {
    Skip(word + 3);
    travel.timestamp = TRY(ParseValue());
  } else {
    return std::nullopt;
  }
  travel.span = SpanFrom(begin);
  return travel;
}

/// [AS] alias [(columns)]
Status Parser::ParseTableAlias(TableRef& table) {
  const bool has_as = Accept("AS");
  if (has_as && Sees("(")) {
    table.column_aliases = TRY(BracketedNames());
    return Ok();
  }
  const bool is_name =
      Peek().kind == TokenKind::kQuotedName ||
      (Peek().kind == TokenKind::kWord &&
       (has_as || std::none_of(std::begin(kNoTableAlias), std::end(kNoTableAlias),
                               [&](std::string_view word) { return Sees(word); })));
  if (!is_name) return has_as ? Status(Unexpected("an alias")) : Ok();
  if (!has_as) NoteImplicitAlias();
  table.alias = TRY(Name());
  if (Sees("(")) table.column_aliases = TRY(BracketedNames());
  return Ok();
}

/// The joins that follow, and PIVOT and UNPIVOT between them.
Result<TableRef> Parser::ParseJoins(TableRef left, std::size_t begin) {
  while (true) {
    if (Sees("PIVOT") && Sees("(", 1)) {
      left = TRY(ParsePivot(std::move(left), begin));
      continue;
    }
    if (Sees("UNPIVOT")) {
      left = TRY(ParseUnpivot(std::move(left), begin));
      continue;
    }
    JoinTable join;
    const std::optional<JoinKind> kind = TRY(AcceptJoin(join.is_natural));
    if (!kind) return left;
    join.kind = *kind;
    join.left = std::move(left);
    const bool is_lateral = Accept("LATERAL");
    TableRef right = TRY(ParseTablePrimary());
    right.is_lateral = is_lateral;
    join.right = std::move(right);
    TRY(ParseJoinCondition(join));
    left = TRY(MakeTable(std::move(join), begin));
  }
}

/// [NATURAL] [INNER | CROSS | LEFT | RIGHT | FULL] [OUTER | SEMI | ANTI] JOIN
Result<std::optional<JoinKind>> Parser::AcceptJoin(bool& is_natural) {
  const std::size_t begin = position();
  is_natural = Accept("NATURAL");
  JoinKind kind = JoinKind::kInner;
  if (Accept("INNER")) {
    kind = JoinKind::kInner;
  } else if (Accept("CROSS")) {
    kind = JoinKind::kCross;
  } else if (Accept("LEFT")) {
    kind = Accept("SEMI")   ? JoinKind::kLeftSemi
           : Accept("ANTI") ? JoinKind::kLeftAnti
                            : JoinKind::kLeft;
    (void)Accept("OUTER");
  } else if (Accept("RIGHT")) {
    kind = JoinKind::kRight;
    (void)Accept("OUTER");
  } else if (Accept("FULL")) {
    kind = JoinKind::kFull;
    (void)Accept("OUTER");
  } else if (Sees("SEMI") && Sees("JOIN", 1)) {
    Skip();
    kind = JoinKind::kLeftSemi;
  } else if (Sees("ANTI") && Sees("JOIN", 1)) {
    Skip();
    kind = JoinKind::kLeftAnti;
  }
  if (Accept("JOIN")) return kind;
  if (position() != begin) return Unexpected("JOIN");
  return std::nullopt;
}

Status Parser::ParseJoinCondition(JoinTable& join) {
  if (Accept("ON")) {
    join.condition = TRY(ParseExpression());
  } else if (Sees("USING") && Sees("(", 1)) {
    Skip();
    join.using_columns = TRY(BracketedNames());
  }
  return Ok();
}

/// LATERAL VIEW [OUTER] generator(...) [table] [AS column, ...]
Result<TableRef> Parser::ParseLateralViews(TableRef input, std::size_t begin) {
  while (AcceptAll({"LATERAL", "VIEW"})) {
    LateralView view;
    view.is_outer = Sees("OUTER") && SeesName(1);
    if (view.is_outer) Skip();
    view.input = std::move(input);
    ObjectName name = TRY(Object());
    view.generator = TRY(ParseCallBody(std::move(name), /*equals_names=*/false));
    input = TRY(MakeTable(std::move(view), begin));
    const bool has_alias = SeesName() && !Sees("AS") &&
                           std::none_of(std::begin(kNoTableAlias), std::end(kNoTableAlias),
                                        [&](std::string_view word) { return Sees(word); });
    if (has_alias) input.alias = TRY(Name());
    const bool has_columns =
        Accept("AS") || (has_alias && SeesName() && Sees(",", 1) && !SeesAny({"LATERAL", "WHERE"}));
    if (has_columns) input.column_aliases = TRY(NameList());
  }
  return input;
}

Result<std::vector<SelectItem>> Parser::ParseAliasedList() {
  std::vector<SelectItem> items;
  do {
    items.push_back(TRY(ParseSelectItem()));
  } while (Accept(","));
  return items;
}

/// PIVOT (aggregates FOR column IN (values)) [alias]
Result<TableRef> Parser::ParsePivot(TableRef input, std::size_t begin) {
  PivotTable pivot;
  pivot.input = std::move(input);
  TRY(ExpectAll({"PIVOT", "("}));
  pivot.aggregates = TRY(ParseAliasedList());
  TRY(Expect("FOR"));
  if (Sees("(")) {
    pivot.columns = TRY(BracketedExpressions());
  } else {
    const std::size_t column_begin = position();
    pivot.columns.push_back(
        TRY(Make(ColumnRef{.parts = TRY(NameParts()), .computed = {}}, column_begin)));
  }
  TRY(ExpectAll({"IN", "("}));
  do {
    SelectItem item = TRY(ParseSelectItem());
    PivotTable::Value value;
    value.alias = std::move(item.alias);
    auto* tuple = item.value.As<Tuple>();
    if (tuple != nullptr && pivot.columns.size() > 1) {
      value.items = std::move(tuple->items);
    } else {
      value.items.push_back(std::move(item.value));
    }
    pivot.values.push_back(std::move(value));
  } while (Accept(","));
  TRY(ExpectAll({")", ")"}));
  TableRef table = TRY(MakeTable(std::move(pivot), begin));
  TRY(ParseTableAlias(table));
  return table;
}

/// UNPIVOT [INCLUDE | EXCLUDE NULLS] (values FOR name IN (columns)) [alias]
Result<TableRef> Parser::ParseUnpivot(TableRef input, std::size_t begin) {
  UnpivotTable unpivot;
  unpivot.input = std::move(input);
  TRY(Expect("UNPIVOT"));
  if (AcceptAll({"INCLUDE", "NULLS"})) {
    unpivot.include_nulls = true;
  } else {
    (void)AcceptAll({"EXCLUDE", "NULLS"});
  }
  TRY(Expect("("));
  if (Sees("(")) {
    unpivot.value_columns = TRY(BracketedNames());
  } else {
    unpivot.value_columns.push_back(TRY(Name()));
  }
  TRY(Expect("FOR"));
  unpivot.name_column = TRY(Name());
  TRY(ExpectAll({"IN", "("}));
  do {
    UnpivotTable::Source source;
    if (Sees("(")) {
      source.columns = TRY(BracketedExpressions());
    } else {
      source.columns.push_back(TRY(ParsePrimary()));
    }
    if (Accept("AS") || SeesName()) source.alias = TRY(Name());
    unpivot.sources.push_back(std::move(source));
  } while (Accept(","));
  TRY(ExpectAll({")", ")"}));
  TableRef table = TRY(MakeTable(std::move(unpivot), begin));
  TRY(ParseTableAlias(table));
  return table;
}

/// TABLESAMPLE (10 PERCENT | 5 ROWS | BUCKET 1 OUT OF 4) [REPEATABLE (seed)]
Result<TableSample> Parser::ParseSample() {
  TableSample sample;
  TRY(ExpectAll({"TABLESAMPLE"}));
  TRY(Expect("("));
  if (Accept("BUCKET")) {
    sample.kind = TableSample::Kind::kBucket;
    sample.bucket = TRY(Integer());
    TRY(ExpectAll({"OUT", "OF"}));
    sample.buckets = TRY(Integer());
  } else {
    const Token& number = Peek();
    if (number.kind != TokenKind::kNumber) return Unexpected("a number");
    const std::string digits(TextOf(number));
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), sample.percent);
    if (error != std::errc() || stop != digits.data() + digits.size())
      return Unexpected("a number");
    if (Sees("ROWS", 1)) {
      sample.kind = TableSample::Kind::kRows;
      sample.rows = TRY(Integer());
      TRY(Expect("ROWS"));
    } else {
      Skip();
      TRY(Expect("PERCENT"));
    }
  }
  TRY(Expect(")"));
  if (AcceptAll({"REPEATABLE", "("})) {
    sample.seed = TRY(Integer());
    TRY(Expect(")"));
  }
  return sample;
}

}  // namespace inlet::sql
