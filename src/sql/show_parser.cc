#include "base/option_map.h"
#include "sql/parser_internal.h"

// DESCRIBE and SHOW.
namespace inlet::sql {

Result<Statement> Parser::ParseDescribe() {
  const std::size_t begin = position();
  Skip();  // DESCRIBE or DESC
  const bool is_name = SeesName(1) || Peek(1).kind == TokenKind::kString;
  if (Sees("HISTORY") && is_name) {
    Skip();
    DescribeHistory history;
    history.name = TRY(ObjectOrPath());
    if (Accept("LIMIT")) history.limit = TRY(Integer());
    history.span = SpanFrom(begin);
    return Statement{std::move(history)};
  }
  if (Sees("DETAIL") && is_name) {
    Skip();
    DescribeDetail detail;
    detail.name = TRY(ObjectOrPath());
    detail.span = SpanFrom(begin);
    return Statement{std::move(detail)};
  }
  if ((Sees("QUERY") && is_name) || SeesAny({"SELECT", "WITH", "VALUES"}) || SeesQuery()) {
    (void)Accept("QUERY");
    DescribeQuery query;
    query.query = TRY(ParseQuery());
    query.span = SpanFrom(begin);
    return Statement{std::move(query)};
  }
  const std::size_t kind_begin = position();
  const auto kind = AcceptObjectKind();
  if (kind && *kind != ObjectKind::kTable && *kind != ObjectKind::kView && SeesName()) {
    DescribeObject object;
    object.kind = *kind;
    object.is_extended = Sees("EXTENDED") && SeesName(1);
    if (object.is_extended) Skip();
    object.name = TRY(Object());
    object.span = SpanFrom(begin);
    return Statement{std::move(object)};
  }
  set_position(kind_begin);
  if (Sees("TABLE") && is_name) Skip();
  return ParseDescribeTable(begin);
}

/// [EXTENDED | FORMATTED] name [PARTITION (...)] [column] [AS JSON]
Result<Statement> Parser::ParseDescribeTable(std::size_t begin) {
  DescribeTable table;
  table.is_extended = SeesAny({"EXTENDED", "FORMATTED"}) && SeesName(1);
  if (table.is_extended) Skip();
  table.name = TRY(Object());
  if (Sees("PARTITION") && Sees("(", 1)) table.partition = TRY(ParsePartitionSpec());
  if (SeesName() && !Sees("AS")) table.column = TRY(Path());
  table.as_json = AcceptAll({"AS", "JSON"});
  table.span = SpanFrom(begin);
  return Statement{std::move(table)};
}

Result<Statement> Parser::ParseShow() {
  const std::size_t begin = position();
  TRY(Expect("SHOW"));
  Show show = TRY(ParseShowBody());
  show.as_json = AcceptAll({"AS", "JSON"});
  if (Accept("LIMIT")) show.limit = TRY(Integer());
  show.span = SpanFrom(begin);
  return Statement{std::move(show)};
}

Result<Show> Parser::ParseShowBody() {
  using What = Show::What;
  Show show;
  const auto scoped = [&](What what) -> Result<Show> {
    show.what = what;
    TRY(ParseShowScope(show));
    TRY(ParseShowPattern(show));
    return std::move(show);
  };
  const auto named = [&](What what) -> Result<Show> {
    show.what = what;
    show.name = TRY(Object());
    return std::move(show);
  };
  if (Accept("CATALOGS")) return scoped(What::kCatalogs);
  if (Accept("SCHEMAS") || Accept("DATABASES") || Accept("NAMESPACES"))
    return scoped(What::kSchemas);
  if (AcceptAll({"TABLES", "DROPPED"})) return scoped(What::kTablesDropped);
  if (Accept("TABLES")) return scoped(What::kTables);
  if (AcceptAll({"TABLE", "EXTENDED"})) {
    show = TRY(scoped(What::kTableExtended));
    if (Sees("PARTITION")) show.partition = TRY(ParsePartitionSpec());
    return show;
  }
  if (Accept("VIEWS")) return scoped(What::kViews);
  if (AcceptAll({"MATERIALIZED", "VIEWS"})) return scoped(What::kMaterializedViews);
  if (Accept("VOLUMES")) return scoped(What::kVolumes);
  if (Accept("PROCEDURES")) return scoped(What::kProcedures);
  if (SeesAny({"USER", "SYSTEM", "ALL"}) && Sees("FUNCTIONS", 1)) {
    show.words = Sees("USER") ? "USER" : Sees("SYSTEM") ? "SYSTEM" : "ALL";
    Skip();
  }
  if (Accept("FUNCTIONS")) return scoped(What::kFunctions);
  if (Accept("COLUMNS")) {
    show.what = What::kColumns;
    if (!Accept("IN")) TRY(Expect("FROM"));
    show.name = TRY(Object());
    if (Accept("IN") || Accept("FROM")) show.in = TRY(Object());
    return show;
  }
  if (Accept("PARTITIONS")) {
    show = TRY(named(What::kPartitions));
    if (Sees("PARTITION")) show.partition = TRY(ParsePartitionSpec());
    return show;
  }
  if (Accept("TBLPROPERTIES")) {
    show = TRY(named(What::kProperties));
    if (Accept("(")) {
      show.key = TRY(PropertyKey());
      TRY(Expect(")"));
    }
    return show;
  }
  if (AcceptAll({"CREATE", "TABLE"})) {
    show = TRY(named(What::kCreateTable));
    show.as_serde = AcceptAll({"AS", "SERDE"});
    return show;
  }
  if (AcceptAll({"CREATE", "VIEW"})) return named(What::kCreateView);
  if (AcceptAll({"CREATE", "MATERIALIZED", "VIEW"})) return named(What::kCreateMaterializedView);
  if (Accept("GRANTS") || Accept("GRANT")) {
    show.what = What::kGrants;
    TRY(ParseShowGrants(show));
    return show;
  }
  if (AcceptAll({"CURRENT", "SCHEMA"}) || AcceptAll({"CURRENT", "NAMESPACE"}) ||
      AcceptAll({"CURRENT", "DATABASE"})) {
    show.what = What::kCurrentSchema;
    return show;
  }
  if (Accept("USERS")) return scoped(What::kUsers);
  if (Accept("GROUPS")) return scoped(What::kGroups);
  if (Accept("CONNECTIONS")) return scoped(What::kConnections);
  if (AcceptAll({"EXTERNAL", "LOCATIONS"})) return scoped(What::kExternalLocations);
  if (AcceptAll({"STORAGE", "CREDENTIALS"}) || Accept("CREDENTIALS"))
    return scoped(What::kCredentials);
  if (Accept("SHARES")) return scoped(What::kShares);
  if (Accept("RECIPIENTS")) return scoped(What::kRecipients);
  return Unexpected(
      "TABLES, SCHEMAS, CATALOGS, VIEWS, COLUMNS, FUNCTIONS, VOLUMES or another list");
}

/// [{ IN | FROM } name]
Status Parser::ParseShowScope(Show& show) {
  if (Accept("IN") || Accept("FROM")) show.name = TRY(Object());
  return Ok();
}

/// [[LIKE] 'pattern']
Status Parser::ParseShowPattern(Show& show) {
  const bool has_like = Accept("LIKE");
  if (SeesText()) {
    show.pattern = TRY(Text());
  } else if (has_like || (show.what == Show::What::kFunctions && SeesName())) {
    show.pattern = TRY(Object()).parts.back();
  }
  return Ok();
}

/// [principal] ON [kind] name
Status Parser::ParseShowGrants(Show& show) {
  if (!Sees("ON")) show.principal = TRY(ParsePrincipal());
  if (!Accept("ON")) return Ok();
  show.on_kind = AcceptObjectKind().value_or(ObjectKind::kTable);
  if (SeesName()) show.name = TRY(Object());
  return Ok();
}

}  // namespace inlet::sql
