#include <cctype>

#include "base/option_map.h"
#include "sql/parser_internal.h"

// Which statement it is, and those of the session.
namespace inlet::sql {

Result<Statement> Parser::ParseStatement() {
  const Level level = TRY(Enter());
  const std::size_t begin = position();
  if (Sees("WITH")) return ParseWithStatement();
  if (SeesAny({"SELECT", "VALUES", "FROM", "TABLE"}) || Sees("(")) {
    SelectStatement select;
    select.query = TRY(ParseQuery());
    select.span = SpanFrom(begin);
    return Statement{std::move(select)};
  }
  using Method = Result<Statement> (Parser::*)();
  static constexpr std::pair<std::string_view, Method> kStatements[] = {
      {"CREATE", &Parser::ParseCreate},
      {"INSERT", &Parser::ParsePlainInsert},
      {"COPY", &Parser::ParseCopyInto},
      {"SHOW", &Parser::ParseShow},
      {"DESCRIBE", &Parser::ParseDescribe},
      {"DESC", &Parser::ParseDescribe},
      {"SET", &Parser::ParseSet},
      {"USE", &Parser::ParseUse},
      {"DROP", &Parser::ParseDrop},
      {"ALTER", &Parser::ParseAlter},
      {"REPLACE", &Parser::ParseReplaceTable},
      {"UPDATE", &Parser::ParseUpdate},
      {"DELETE", &Parser::ParseDelete},
      {"MERGE", &Parser::ParsePlainMerge},
      {"TRUNCATE", &Parser::ParseTruncate},
      {"EXPLAIN", &Parser::ParseExplain},
      {"OPTIMIZE", &Parser::ParseOptimize},
      {"VACUUM", &Parser::ParseVacuum},
      {"RESTORE", &Parser::ParseRestore},
      {"REORG", &Parser::ParseReorg},
      {"CONVERT", &Parser::ParseConvert},
      {"ANALYZE", &Parser::ParseAnalyze},
      {"FSCK", &Parser::ParseRepair},
      {"MSCK", &Parser::ParseRepair},
      {"GENERATE", &Parser::ParseGenerate},
      {"APPLY", &Parser::ParseApplyChanges},
      {"REFRESH", &Parser::ParseRefresh},
      {"COMMENT", &Parser::ParseCommentOn},
      {"LIST", &Parser::ParseList},
      {"PUT", &Parser::ParsePut},
      {"GET", &Parser::ParseGet},
      {"REMOVE", &Parser::ParseRemove},
      {"UNDROP", &Parser::ParseUndrop},
      {"RESET", &Parser::ParseReset},
      {"DECLARE", &Parser::ParseDeclare},
      {"EXECUTE", &Parser::ParseExecuteImmediate},
      {"CACHE", &Parser::ParseCache},
      {"UNCACHE", &Parser::ParseCache},
      {"CLEAR", &Parser::ParseCache},
      {"GRANT", &Parser::ParseGrant},
      {"REVOKE", &Parser::ParseGrant},
      {"CALL", &Parser::ParseCallStatement},
  };
  for (const auto& [word, method] : kStatements) {
    if (Sees(word)) return (this->*method)();
  }
  if (Sees("BEGIN")) return Result<Statement>(FailUnsupported("BEGIN ... END")).At(Peek().span);
  // Asked for the sake of "did you mean".
  for (const auto& [word, method] : kStatements) (void)Accept(word);
  for (const std::string_view word : {"SELECT", "WITH", "VALUES", "FROM"}) (void)Accept(word);
  return Unexpected("a statement");
}

/// The word behind the CTEs tells what the statement is.
Result<Statement> Parser::ParseWithStatement() {
  const std::size_t begin = position();
  std::size_t ahead = Sees("RECURSIVE", 1) ? 2 : 1;
  while (SeesName(ahead)) {
    ++ahead;
    while (!Sees("(", ahead) && Peek(ahead).kind != TokenKind::kEnd) ++ahead;
    ahead = ClosingBracket(ahead) + 1;
    if (Sees("AS", ahead) || Sees("MAX", ahead) || Sees("(", ahead)) {  // That was its column list.
      while (!Sees("(", ahead) && Peek(ahead).kind != TokenKind::kEnd) ++ahead;
      ahead = ClosingBracket(ahead) + 1;
    }
    if (!Sees(",", ahead)) break;
    ++ahead;
  }
  if (!SeesAny({"INSERT", "MERGE"}, ahead)) {
    SelectStatement select;
    select.query = TRY(ParseQuery());
    select.span = SpanFrom(begin);
    return Statement{std::move(select)};
  }
  bool is_recursive = false;
  std::vector<CommonTable> with = TRY(ParseWith(is_recursive));
  if (Sees("INSERT")) return ParseInsert(std::move(with), is_recursive);
  return ParseMerge(std::move(with));
}

Result<Statement> Parser::ParsePlainInsert() { return ParseInsert({}, /*is_recursive=*/false); }

Result<Statement> Parser::ParsePlainMerge() { return ParseMerge({}); }

Result<Statement> Parser::ParseCallStatement() {
  const std::size_t begin = position();
  TRY(Expect("CALL"));
  ObjectName name = TRY(Object());
  Call call{.call = TRY(ParseCallBody(std::move(name), /*equals_names=*/true)), .span = {}};
  call.span = SpanFrom(begin);
  return Statement{std::move(call)};
}

/// The kind of an object by its words; nothing, and nothing taken, when no kind stands here.
std::optional<ObjectKind> Parser::AcceptObjectKind() {
  static constexpr std::pair<std::string_view, ObjectKind> kKinds[] = {
      {"TABLE", ObjectKind::kTable},           {"VIEW", ObjectKind::kView},
      {"COLUMN", ObjectKind::kColumn},         {"CATALOG", ObjectKind::kCatalog},
      {"SCHEMA", ObjectKind::kSchema},         {"DATABASE", ObjectKind::kSchema},
      {"VOLUME", ObjectKind::kVolume},         {"FUNCTION", ObjectKind::kFunction},
      {"CONNECTION", ObjectKind::kConnection}, {"SHARE", ObjectKind::kShare},
      {"RECIPIENT", ObjectKind::kRecipient},   {"CREDENTIAL", ObjectKind::kCredential},
      {"METASTORE", ObjectKind::kMetastore},
  };
  if (AcceptAll({"EXTERNAL", "LOCATION"})) return ObjectKind::kExternalLocation;
  if (AcceptAll({"STORAGE", "CREDENTIAL"})) return ObjectKind::kCredential;
  for (const auto& [word, kind] : kKinds) {
    if (Sees(word) && (SeesName(1) || Peek(1).kind == TokenKind::kString)) {
      Skip();
      return kind;
    }
  }
  if (Accept("METASTORE")) return ObjectKind::kMetastore;
  return std::nullopt;
}

Result<Statement> Parser::ParseDrop() {
  const std::size_t begin = position();
  TRY(Expect("DROP"));
  const bool is_temporary = Accept("TEMPORARY") || Accept("TEMP");
  if (Accept("VARIABLE") || (is_temporary && Accept("VAR"))) {
    DropVariable drop;
    drop.if_exists = AcceptIfExists();
    drop.name = TRY(Object());
    drop.span = SpanFrom(begin);
    return Statement{std::move(drop)};
  }
  const bool is_materialized = Accept("MATERIALIZED");
  if (is_materialized || Sees("VIEW")) {
    TRY(Expect("VIEW"));
    DropView drop;
    drop.is_materialized = is_materialized;
    drop.if_exists = AcceptIfExists();
    drop.name = TRY(Object());
    drop.span = SpanFrom(begin);
    return Statement{std::move(drop)};
  }
  if (AcceptAll({"STREAMING", "TABLE"}) || Accept("TABLE")) {
    DropTable drop;
    drop.if_exists = AcceptIfExists();
    drop.name = TRY(Object());
    drop.purge = Accept("PURGE");
    drop.span = SpanFrom(begin);
    return Statement{std::move(drop)};
  }
  const auto kind = AcceptObjectKind();
  if (!kind) return Unexpected("TABLE, VIEW, SCHEMA, CATALOG or VOLUME");
  DropObject drop;
  drop.kind = *kind;
  drop.is_temporary = is_temporary;
  drop.if_exists = AcceptIfExists();
  drop.name = TRY(Object());
  drop.is_cascade = Accept("CASCADE");
  if (!drop.is_cascade) (void)Accept("RESTRICT");
  drop.span = SpanFrom(begin);
  return Statement{std::move(drop)};
}

/// UNDROP [MATERIALIZED VIEW | TABLE] { name | WITH ID 'uuid' }
Result<Statement> Parser::ParseUndrop() {
  const std::size_t begin = position();
  UndropTable undrop;
  TRY(Expect("UNDROP"));
  if (!AcceptAll({"MATERIALIZED", "VIEW"})) (void)Accept("TABLE");
  if (AcceptAll({"WITH", "ID"})) {
    undrop.id = TRY(Text());
  } else {
    undrop.name = TRY(Object());
  }
  undrop.span = SpanFrom(begin);
  return Statement{std::move(undrop)};
}

/// USE [CATALOG | SCHEMA | DATABASE] name
Result<Statement> Parser::ParseUse() {
  const std::size_t begin = position();
  Use use;
  TRY(Expect("USE"));
  const bool is_name = SeesName(1) || Peek(1).kind == TokenKind::kString;
  use.is_catalog = Sees("CATALOG") && is_name;
  if (use.is_catalog || (SeesAny({"SCHEMA", "DATABASE", "NAMESPACE"}) && is_name)) Skip();
  if (SeesText()) {
    const std::size_t text_begin = position();
    use.name.parts.push_back(TRY(Text()));
    use.name.span = SpanFrom(text_begin);
  } else {
    use.name = TRY(Object());
  }
  use.span = SpanFrom(begin);
  return Statement{std::move(use)};
}

/// The text up to the end or a semicolon; a single quoted text without its quotes.
std::string Parser::RestOfStatement() {
  const std::size_t begin = position();
  if (SeesText() && (Sees(";", 1) || Peek(1).kind == TokenKind::kEnd)) {
    std::string text = Peek().value;
    Skip();
    return text;
  }
  while (!AtEnd() && !Sees(";")) Skip();
  return std::string(TextOf(SpanFrom(begin)));
}

Result<Statement> Parser::ParseSet() {
  const std::size_t begin = position();
  TRY(Expect("SET"));
  const bool is_variable = SeesAny({"VARIABLE", "VAR"}) && (SeesName(1) || Sees("(", 1));
  if (is_variable) return ParseSetVariable();
  if (Sees("CATALOG") && SeesName(1)) {
    Skip();
    Use use{.is_catalog = true, .name = TRY(Object()), .span = {}};
    use.span = SpanFrom(begin);
    return Statement{std::move(use)};
  }
  if (AcceptAll({"TIME", "ZONE"})) {
    SetTimeZone set;
    if (SeesText()) {
      set.zone = TRY(Text());
    } else if (SeesInterval()) {
      const IntervalLiteral interval = TRY(ParseIntervalValue());
      set.zone = TRY(ZoneOf(interval).At(SpanFrom(begin)));
    } else {
      TRY(Expect("LOCAL"));
    }
    set.span = SpanFrom(begin);
    return Statement{std::move(set)};
  }
  SetConfig set;
  if (AcceptAll({"-", "V"})) {
    set.is_verbose = true;
  } else if (!AtEnd() && !Sees(";")) {
    const std::size_t key_begin = position();
    while (!AtEnd() && !Sees("=") && !Sees(";")) Skip();
    const bool is_quoted = position() == key_begin + 1;
    set.key = std::string(TextOf(SpanFrom(key_begin)));
    if (set.key->empty()) return Unexpected("a name");
    if (is_quoted && set.key->size() > 2 && set.key->front() == '`') {
      set.key = set.key->substr(1, set.key->size() - 2);
    }
    if (Accept("=")) set.value = RestOfStatement();
  }
  set.span = SpanFrom(begin);
  return Statement{std::move(set)};
}

/// An offset such as +02:30.
Result<std::string> Parser::ZoneOf(const IntervalLiteral& interval) {
  constexpr std::int64_t kMinuteUs = 60'000'000;
  const std::int64_t minutes = interval.microseconds / kMinuteUs;
  constexpr std::int64_t kMostMinutes = 18 * 60;
  if (interval.type != types::TypeId::kDayTimeInterval || interval.microseconds % kMinuteUs != 0 ||
      minutes > kMostMinutes || minutes < -kMostMinutes) {
    return Fail(Condition::INVALID_TIMEZONE, {{"timeZone", "the interval"}});
  }
  const std::int64_t size = minutes < 0 ? -minutes : minutes;
  const auto two_digits = [](std::int64_t value) {
    return (value < 10 ? "0" : "") + std::to_string(value);
  };
  return (minutes < 0 ? "-" : "+") + two_digits(size / 60) + ":" + two_digits(size % 60);
}

/// SET VAR a = 1, b = DEFAULT; SET VAR (a, b) = (query)
Result<Statement> Parser::ParseSetVariable() {
  const std::size_t begin = position() - 1;
  SetVariable set;
  Skip();
  if (Accept("(")) {
    do {
      set.names.push_back(TRY(Object()));
    } while (Accept(","));
    TRY(ExpectAll({")", "="}));
    if (!SeesQuery()) return Unexpected("a query in brackets");
    set.query = TRY(ParseBracketedQuery());
  } else {
    do {
      set.names.push_back(TRY(Object()));
      TRY(Expect("="));
      set.values.push_back(TRY(ParseValueOrDefault()));
    } while (Accept(","));
  }
  set.span = SpanFrom(begin);
  return Statement{std::move(set)};
}

Result<Statement> Parser::ParseReset() {
  const std::size_t begin = position();
  TRY(Expect("RESET"));
  ResetConfig reset;
  if (!AtEnd() && !Sees(";")) reset.key = RestOfStatement();
  reset.span = SpanFrom(begin);
  return Statement{std::move(reset)};
}

/// DECLARE [OR REPLACE] [VARIABLE] name [, ...] [type] [{ DEFAULT | = } value]
Result<Statement> Parser::ParseDeclare() {
  const std::size_t begin = position();
  DeclareVariable declare;
  TRY(Expect("DECLARE"));
  declare.or_replace = AcceptAll({"OR", "REPLACE"});
  if (SeesAny({"VARIABLE", "VAR"}) && SeesName(1)) Skip();
  do {
    declare.names.push_back(TRY(Object()));
  } while (Accept(","));
  if (Peek().kind == TokenKind::kWord && !Sees("DEFAULT")) declare.type = TRY(Type());
  if (Accept("DEFAULT") || Accept("=")) declare.default_value = TRY(ParseExpression());
  if (!declare.type && !declare.default_value) return Unexpected("a data type or DEFAULT");
  declare.span = SpanFrom(begin);
  return Statement{std::move(declare)};
}

/// EXECUTE IMMEDIATE text [INTO variables] [USING values [AS names]]
Result<Statement> Parser::ParseExecuteImmediate() {
  const std::size_t begin = position();
  ExecuteImmediate execute;
  TRY(ExpectAll({"EXECUTE", "IMMEDIATE"}));
  execute.text = TRY(ParseExpression());
  if (Accept("INTO")) {
    do {
      execute.into.push_back(TRY(Object()));
    } while (Accept(","));
  }
  if (Accept("USING")) {
    const bool has_bracket = Accept("(");
    do {
      FunctionCall::Argument argument{.name = {}, .value = TRY(ParseExpression())};
      if (Accept("AS")) argument.name = TRY(Name());
      execute.arguments.push_back(std::move(argument));
    } while (Accept(","));
    if (has_bracket) TRY(Expect(")"));
  }
  execute.span = SpanFrom(begin);
  return Statement{std::move(execute)};
}

Result<Statement> Parser::ParseExplain() {
  const std::size_t begin = position();
  Explain explain;
  TRY(Expect("EXPLAIN"));
  for (const std::string_view mode :
       {"LOGICAL", "FORMATTED", "EXTENDED", "CODEGEN", "COST", "ANALYZE"}) {
    if (Sees(mode) && SeesName(1) && !(Sees("ANALYZE") && Sees("TABLE", 1))) {
      Skip();
      explain.mode = mode;
      break;
    }
  }
  explain.statement = TRY(ParseStatement());
  explain.span = SpanFrom(begin);
  return Statement{std::move(explain)};
}

/// COMMENT ON kind name IS { 'text' | NULL }
Result<Statement> Parser::ParseCommentOn() {
  const std::size_t begin = position();
  CommentOn comment;
  TRY(ExpectAll({"COMMENT", "ON"}));
  const auto kind = AcceptObjectKind();
  if (!kind) return Unexpected("TABLE, SCHEMA, CATALOG, VOLUME or COLUMN");
  comment.kind = *kind;
  comment.name = TRY(Object());
  TRY(Expect("IS"));
  if (!Accept("NULL")) comment.comment = TRY(Text());
  comment.span = SpanFrom(begin);
  return Statement{std::move(comment)};
}

/// CACHE [LAZY] TABLE t [[AS] query], UNCACHE TABLE [IF EXISTS] t, CLEAR CACHE
Result<Statement> Parser::ParseCache() {
  const std::size_t begin = position();
  CacheControl cache;
  if (AcceptAll({"CLEAR", "CACHE"})) {
    cache.kind = CacheControl::Kind::kClear;
  } else {
    if (Accept("UNCACHE")) {
      cache.kind = CacheControl::Kind::kUncache;
    } else {
      TRY(Expect("CACHE"));
      cache.is_lazy = Accept("LAZY");
    }
    if (Sees("SELECT")) {
      cache.query = TRY(ParseQuery());
    } else {
      TRY(Expect("TABLE"));
      cache.if_exists = AcceptIfExists();
      cache.name = TRY(Object());
      if (Accept("OPTIONS")) TRY(BracketedProperties());
      const bool has_query = cache.kind == CacheControl::Kind::kCache &&
                             (Accept("AS") || SeesAny({"SELECT", "WITH", "VALUES", "FROM"}));
      if (has_query) cache.query = TRY(ParseQuery());
    }
  }
  cache.span = SpanFrom(begin);
  return Statement{std::move(cache)};
}

/// A name in back-ticks, a word or a quoted text.
Result<std::string> Parser::ParsePrincipal() {
  if (SeesText()) return Text();
  return Name();
}

/// GRANT privileges ON [kind] name TO principal, REVOKE ... FROM principal
Result<Statement> Parser::ParseGrant() {
  const std::size_t begin = position();
  Grant grant;
  grant.is_revoke = Accept("REVOKE");
  if (!grant.is_revoke) TRY(Expect("GRANT"));
  do {
    std::string privilege;
    while (Peek().kind == TokenKind::kWord && !Sees("ON")) {
      if (!privilege.empty()) privilege += ' ';
      for (const char c : TRY(Name())) {
        privilege += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      }
    }
    if (privilege.empty()) return Unexpected("a privilege");
    grant.privileges.push_back(std::move(privilege));
  } while (Accept(","));
  TRY(Expect("ON"));
  grant.kind = AcceptObjectKind().value_or(ObjectKind::kTable);
  if (grant.kind != ObjectKind::kMetastore) grant.name = TRY(Object());
  TRY(Expect(grant.is_revoke ? "FROM" : "TO"));
  grant.principal = TRY(ParsePrincipal());
  grant.span = SpanFrom(begin);
  return Statement{std::move(grant)};
}

/// LIST 'url' [WITH (CREDENTIAL c)] [LIMIT n]
Result<Statement> Parser::ParseList() {
  const std::size_t begin = position();
  ListFiles list;
  TRY(Expect("LIST"));
  list.path = TRY(Text());
  if (AcceptAll({"WITH", "(", "CREDENTIAL"})) {
    list.credential = TRY(Name());
    TRY(Expect(")"));
  }
  if (Accept("LIMIT")) list.limit = TRY(Integer());
  list.span = SpanFrom(begin);
  return Statement{std::move(list)};
}

Result<Statement> Parser::ParsePut() {
  const std::size_t begin = position();
  PutFile put;
  TRY(Expect("PUT"));
  put.local_path = TRY(Text());
  TRY(Expect("INTO"));
  put.volume_path = TRY(Text());
  put.overwrite = Accept("OVERWRITE");
  put.span = SpanFrom(begin);
  return Statement{std::move(put)};
}

Result<Statement> Parser::ParseGet() {
  const std::size_t begin = position();
  GetFile get;
  TRY(Expect("GET"));
  get.volume_path = TRY(Text());
  TRY(Expect("TO"));
  get.local_path = TRY(Text());
  get.span = SpanFrom(begin);
  return Statement{std::move(get)};
}

Result<Statement> Parser::ParseRemove() {
  const std::size_t begin = position();
  RemoveFile remove;
  TRY(Expect("REMOVE"));
  remove.volume_path = TRY(Text());
  remove.span = SpanFrom(begin);
  return Statement{std::move(remove)};
}

}  // namespace inlet::sql
