#include "base/option_map.h"
#include "sql/parser_internal.h"

// Streaming tables, materialized views, flows, their schedules, REFRESH.
namespace inlet::sql {

bool Parser::SeesSchedule() const { return Sees("SCHEDULE") || (Sees("TRIGGER") && Sees("ON", 1)); }

/// SCHEDULE [REFRESH] { EVERY n unit | CRON 'text' [AT TIME ZONE 'zone'] }
/// | TRIGGER ON UPDATE [AT MOST EVERY INTERVAL ...]
Result<Schedule> Parser::ParseSchedule() {
  Schedule schedule;
  if (AcceptAll({"TRIGGER", "ON", "UPDATE"})) {
    schedule.kind = Schedule::Kind::kOnUpdate;
    if (AcceptAll({"AT", "MOST", "EVERY"})) schedule.at_most_every = TRY(ParseIntervalValue());
    return schedule;
  }
  TRY(Expect("SCHEDULE"));
  (void)Accept("REFRESH");
  if (Accept("CRON")) {
    schedule.kind = Schedule::Kind::kCron;
    schedule.cron = TRY(Text());
    if (AcceptAll({"AT", "TIME", "ZONE"})) schedule.time_zone = TRY(Text());
    return schedule;
  }
  TRY(Expect("EVERY"));
  schedule.every_count = TRY(Integer());
  // The names of what was expected are kept for the error: they must outlive this.
  using namespace std::string_view_literals;
  for (const std::string_view units : {"MINUTES"sv, "HOURS"sv, "DAYS"sv, "WEEKS"sv}) {
    const std::string_view unit = units.substr(0, units.size() - 1);
    if (Accept(unit) || Accept(units)) {
      schedule.every_unit = unit;
      return schedule;
    }
  }
  return Unexpected("HOUR, DAY or WEEK");
}

/// What follows CREATE [OR REFRESH] STREAMING TABLE. `table.span` begins the statement.
Result<Statement> Parser::ParseCreateStreamingTable(CreateStreamingTable table) {
  table.if_not_exists = AcceptIfNotExists();
  table.name = TRY(Object());
  if (Sees("(") && !SeesQuery()) {
    TableElements elements = TRY(ParseTableElements(/*types_required=*/false));
    table.columns = std::move(elements.columns);
    table.constraints = std::move(elements.constraints);
    table.expectations = std::move(elements.expectations);
  }
  while (true) {
    if (Sees("PARTITIONED")) {
      table.partitioned_by = TRY(ParsePartitionedBy());
    } else if (Sees("CLUSTER") && Sees("BY", 1)) {
      table.cluster_by = TRY(ParseClusterBy());
    } else if (Accept("LOCATION")) {
      table.location = TRY(Text());
    } else if (Accept("COMMENT")) {
      table.comment = TRY(Text());
    } else if (Accept("TBLPROPERTIES")) {
      table.properties = TRY(BracketedProperties());
    } else if (AcceptAll({"DEFAULT", "COLLATION"})) {
      table.default_collation = TRY(Name());
    } else if (SeesSchedule()) {
      table.schedule = TRY(ParseSchedule());
    } else if (Sees("WITH") && Sees("ROW", 1)) {
      Skip();
      table.row_filter = TRY(ParseRowFilter());
    } else if (Accept("USING")) {
      const TextSpan span = Peek().span;
      if (!EqualsIgnoreCase(TRY(Name()), "delta"))
        return ErrorAt(span, "A streaming table is a Delta table.");
    } else {
      break;
    }
  }
  if (Accept("FLOW")) {
    table.flow = TRY(ParseFlowQuery());
  } else if (Accept("AS")) {
    TRY(ParseAsQuery(table.query, table.query_span));
  }
  table.span.end = SpanFrom(0).end;
  return Statement{std::move(table)};
}

/// What follows CREATE ... MATERIALIZED VIEW.
Result<Statement> Parser::ParseCreateMaterializedView(CreateMaterializedView view) {
  view.if_not_exists = AcceptIfNotExists();
  view.name = TRY(Object());
  if (Sees("(") && !SeesQuery()) {
    TableElements elements = TRY(ParseTableElements(/*types_required=*/false));
    view.columns = std::move(elements.columns);
    view.constraints = std::move(elements.constraints);
    view.expectations = std::move(elements.expectations);
  }
  while (true) {
    if (Sees("PARTITIONED")) {
      view.partitioned_by = TRY(ParsePartitionedBy());
    } else if (Sees("CLUSTER") && Sees("BY", 1)) {
      view.cluster_by = TRY(ParseClusterBy());
    } else if (Accept("COMMENT")) {
      view.comment = TRY(Text());
    } else if (Accept("TBLPROPERTIES")) {
      view.properties = TRY(BracketedProperties());
    } else if (AcceptAll({"DEFAULT", "COLLATION"})) {
      view.default_collation = TRY(Name());
    } else if (SeesSchedule()) {
      view.schedule = TRY(ParseSchedule());
    } else if (Sees("WITH") && Sees("ROW", 1)) {
      Skip();
      view.row_filter = TRY(ParseRowFilter());
    } else if (AcceptAll({"REFRESH", "POLICY"})) {
      view.refresh_policy = TRY(ParseRefreshPolicy());
    } else {
      break;
    }
  }
  TRY(Expect("AS"));
  const std::size_t begin = position();
  view.query = TRY(ParseQuery());
  view.query_span = SpanFrom(begin);
  view.span.end = SpanFrom(0).end;
  return Statement{std::move(view)};
}

Result<std::string> Parser::ParseRefreshPolicy() {
  if (AcceptAll({"INCREMENTAL", "STRICT"})) return std::string("INCREMENTAL STRICT");
  for (const std::string_view word : {"AUTO", "INCREMENTAL", "FULL"}) {
    if (Accept(word)) return std::string(word);
  }
  return Unexpected("AUTO, INCREMENTAL or FULL");
}

/// INSERT [ONCE] [BY NAME] query | AUTO CDC ... | REPLACE WHERE predicate BY NAME query, behind
/// FLOW
Result<FlowQuery> Parser::ParseFlowQuery() {
  FlowQuery flow;
  if (Sees("AUTO") || Sees("APPLY")) {
    flow.auto_cdc = TRY(ParseAutoCdc());
    return flow;
  }
  if (AcceptAll({"REPLACE", "WHERE"})) {
    flow.replace_where = TRY(ParseExpression());
  } else {
    TRY(Expect("INSERT"));
    flow.once = Accept("ONCE");
  }
  flow.by_name = AcceptAll({"BY", "NAME"});
  flow.query = TRY(ParseQuery());
  return flow;
}

/// APPLY CHANGES INTO target ...: a flow that has the name of its target.
Result<Statement> Parser::ParseApplyChanges() {
  CreateFlow flow;
  flow.flow.auto_cdc = TRY(ParseAutoCdc());
  flow.target = flow.flow.auto_cdc->target;
  flow.name.parts = {flow.target.parts.empty() ? "" : flow.target.parts.back()};
  flow.name.span = flow.target.span;
  flow.span = SpanFrom(0);
  return Statement{std::move(flow)};
}

/// What follows CREATE FLOW.
Result<Statement> Parser::ParseCreateFlow() {
  const std::size_t begin = position() - 2;
  CreateFlow flow;
  flow.if_not_exists = AcceptIfNotExists();
  flow.name = TRY(Object());
  flow.comment = TRY(OptionalText("COMMENT"));
  TRY(Expect("AS"));
  if (Sees("AUTO") || Sees("APPLY")) {
    flow.flow.auto_cdc = TRY(ParseAutoCdc());
    flow.target = flow.flow.auto_cdc->target;
  } else {
    TRY(ExpectAll({"INSERT", "INTO"}));
    flow.flow.once = Accept("ONCE");
    flow.target = TRY(Object());
    flow.flow.by_name = AcceptAll({"BY", "NAME"});
    TRY(ParseAsQuery(flow.flow.query, flow.query_span));
  }
  flow.span = SpanFrom(begin);
  return Statement{std::move(flow)};
}

/// { columns | * EXCEPT (columns) }, the columns with or without brackets
Status Parser::ParseColumnChoice(std::vector<ColumnPath>& columns,
                                 std::vector<ColumnPath>& except) {
  if (AcceptAll({"*", "EXCEPT"})) {
    except = TRY(BracketedPaths());
    return Ok();
  }
  if (Sees("(")) {
    columns = TRY(BracketedPaths());
    return Ok();
  }
  do {
    columns.push_back(TRY(Path()));
  } while (Accept(","));
  return Ok();
}

/// AUTO CDC [ONCE] [INTO target] FROM source KEYS (...) ...; APPLY CHANGES is the old spelling.
Result<AutoCdc> Parser::ParseAutoCdc() {
  const std::size_t begin = position();
  AutoCdc cdc;
  if (!AcceptAll({"AUTO", "CDC"})) TRY(ExpectAll({"APPLY", "CHANGES"}));
  cdc.once = Accept("ONCE");
  if (Accept("INTO")) cdc.target = TRY(Object());
  TRY(Expect("FROM"));
  cdc.from_snapshot = Sees("SNAPSHOT") && SeesName(1) && !Sees("KEYS", 1);
  if (cdc.from_snapshot) Skip();
  cdc.source = TRY(ParseTablePrimary());
  bool has_sequence = false;
  while (true) {
    if (Accept("KEYS")) {
      cdc.keys = TRY(BracketedPaths());
    } else if (AcceptAll({"IGNORE", "NULL", "UPDATES"})) {
      cdc.ignore_null_updates = true;
      if (Accept("ON"))
        TRY(ParseColumnChoice(cdc.ignore_null_columns, cdc.ignore_null_except_columns));
    } else if (AcceptAll({"APPLY", "AS", "DELETE", "WHEN"})) {
      cdc.delete_when = TRY(ParseExpression());
    } else if (AcceptAll({"APPLY", "AS", "TRUNCATE", "WHEN"})) {
      cdc.truncate_when = TRY(ParseExpression());
    } else if (AcceptAll({"SEQUENCE", "BY"})) {
      cdc.sequence_by = TRY(ParseExpression());
      has_sequence = true;
    } else if (AcceptAll({"SYSTEM", "SEQUENCE", "BY"})) {
      cdc.system_sequence_by = TRY(ParseExpression());
    } else if (AcceptAll({"COLUMNS", "TO", "UPDATE"})) {
      return Result<AutoCdc>(FailUnsupported("COLUMNS TO UPDATE")).At(Peek().span);
    } else if (Accept("COLUMNS")) {
      TRY(ParseColumnChoice(cdc.columns, cdc.except_columns));
    } else if (AcceptAll({"STORED", "AS", "SCD", "TYPE"})) {
      const TextSpan span = Peek().span;
      const std::int64_t type = TRY(Integer());
      if (type != 1 && type != 2) return ErrorAt(span, "The type is 1 or 2.");
      cdc.scd_type = static_cast<int>(type);
    } else if (AcceptAll({"STORED", "AS", "BITEMPORAL"})) {
      return Result<AutoCdc>(FailUnsupported("STORED AS BITEMPORAL")).At(Peek().span);
    } else if (AcceptAll({"TRACK", "HISTORY", "ON"})) {
      cdc.track_history = true;
      TRY(ParseColumnChoice(cdc.track_columns, cdc.track_except_columns));
    } else {
      break;
    }
  }
  if (cdc.keys.empty()) return Unexpected("KEYS");
  if (!has_sequence && !cdc.from_snapshot) return Unexpected("SEQUENCE BY");
  cdc.span = SpanFrom(begin);
  return cdc;
}

/// REFRESH { MATERIALIZED VIEW name | [STREAMING] TABLE name | FUNCTION name | path }
/// [FULL | REPLAY WHERE condition] [SYNC | ASYNC]
Result<Statement> Parser::ParseRefresh() {
  using Kind = Refresh::Kind;
  const std::size_t begin = position();
  Refresh refresh;
  TRY(Expect("REFRESH"));
  if (AcceptAll({"MATERIALIZED", "VIEW"})) {
    refresh.kind = Kind::kMaterializedView;
  } else if (AcceptAll({"STREAMING", "TABLE"})) {
    refresh.kind = Kind::kStreamingTable;
  } else if (Accept("FUNCTION")) {
    refresh.kind = Kind::kFunction;
  } else if (SeesText()) {
    refresh.kind = Kind::kPath;
    refresh.path = TRY(Text());
  } else {
    (void)Accept("TABLE");
  }
  if (refresh.kind != Kind::kPath) refresh.name = TRY(Object());
  while (true) {
    if (Accept("FULL")) {
      refresh.is_full = true;
    } else if (AcceptAll({"REPLAY", "WHERE"})) {
      refresh.replay_where = TRY(ParseExpression());
    } else if (Accept("ASYNC")) {
      refresh.is_async = true;
    } else if (!Accept("SYNC")) {
      break;
    }
  }
  refresh.span = SpanFrom(begin);
  return Statement{std::move(refresh)};
}

}  // namespace inlet::sql
