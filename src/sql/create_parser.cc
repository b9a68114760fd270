#include "base/option_map.h"
#include "sql/parser_internal.h"

// CREATE TABLE and what its brackets hold, views, catalogs, schemas, volumes.
namespace inlet::sql {

Result<Statement> Parser::ParseCreate() {
  const std::size_t begin = position();
  TRY(Expect("CREATE"));
  const bool or_replace = AcceptAll({"OR", "REPLACE"});
  const bool or_refresh = !or_replace && AcceptAll({"OR", "REFRESH"});
  const bool is_private = Accept("PRIVATE");
  // Spans begin at the word CREATE.
  const auto from_here = [&] { return SpanFrom(begin); };
  if (AcceptAll({"STREAMING", "TABLE"}) || AcceptAll({"LIVE", "TABLE"}) ||
      AcceptAll({"STREAMING", "LIVE", "TABLE"})) {
    if (or_replace) return Unexpected("CREATE OR REFRESH STREAMING TABLE");
    CreateStreamingTable table;
    table.or_refresh = or_refresh;
    table.is_private = is_private;
    table.span = from_here();
    return ParseCreateStreamingTable(std::move(table));
  }
  if (AcceptAll({"MATERIALIZED", "VIEW"})) {
    CreateMaterializedView view;
    view.or_replace = or_replace;
    view.or_refresh = or_refresh;
    view.is_private = is_private;
    view.span = from_here();
    return ParseCreateMaterializedView(std::move(view));
  }
  if (or_refresh) return Unexpected("STREAMING TABLE or MATERIALIZED VIEW");
  const bool is_external = Accept("EXTERNAL");
  const bool is_global = Accept("GLOBAL");
  const bool is_temporary = Accept("TEMPORARY") || Accept("TEMP");
  if (Accept("VIEW")) {
    CreateView view;
    view.or_replace = or_replace;
    view.is_global = is_global;
    view.is_temporary = is_temporary;
    view.span = from_here();
    return ParseCreateView(std::move(view));
  }
  if (Accept("TABLE")) {
    CreateTable table;
    table.or_replace = or_replace;
    table.is_external = is_external;
    table.is_temporary = is_temporary;
    table.span = from_here();
    return ParseCreateTable(std::move(table));
  }
  if (Accept("VOLUME")) return ParseCreateVolume(is_external);
  for (const std::string_view what : {"FUNCTION", "PROCEDURE", "CONNECTION", "SHARE", "RECIPIENT",
                                      "POLICY", "BLOOMFILTER", "INDEX", "SERVER"}) {
    if (Sees(what))
      return Result<Statement>(FailUnsupported("CREATE " + std::string(what))).At(Peek().span);
  }
  if (or_replace || is_temporary || is_external) return Unexpected("TABLE or VIEW");
  if (Accept("FLOW")) return ParseCreateFlow();
  if (Accept("CATALOG")) return ParseCreateCatalog();
  if (Accept("SCHEMA") || Accept("DATABASE")) return ParseCreateSchema();
  return Unexpected("TABLE, VIEW, SCHEMA, CATALOG or VOLUME");
}

/// REPLACE TABLE ...: the table must exist.
Result<Statement> Parser::ParseReplaceTable() {
  const std::size_t begin = position();
  TRY(ExpectAll({"REPLACE", "TABLE"}));
  CreateTable table;
  table.is_create = false;
  table.or_replace = true;
  table.span = SpanFrom(begin);
  return ParseCreateTable(std::move(table));
}

/// What follows the word TABLE. `table.span` begins the statement.
Result<Statement> Parser::ParseCreateTable(CreateTable table) {
  table.if_not_exists = AcceptIfNotExists();
  table.name = TRY(Object());
  if (Sees("LIKE")) return ParseCreateLike(table);
  if (SeesAny({"SHALLOW", "DEEP", "CLONE"})) return ParseClone(table);
  if (Sees("(") && !SeesQuery()) {
    TableElements elements = TRY(ParseTableElements(/*types_required=*/false));
    if (!elements.expectations.empty()) {
      return ErrorAt(elements.expectations.front().span,
                     "EXPECT belongs to streaming tables and materialized views.");
    }
    table.columns = std::move(elements.columns);
    table.constraints = std::move(elements.constraints);
  }
  while (true) {
    if (Accept("USING")) {
      table.provider = TRY(Name());
      while (Accept(".")) table.provider += "." + TRY(Name());
    } else if (Accept("OPTIONS")) {
      table.options = TRY(BracketedProperties());
    } else if (Sees("PARTITIONED")) {
      table.partitioned_by = TRY(ParsePartitionedBy());
    } else if (Sees("CLUSTER") && Sees("BY", 1)) {
      table.cluster_by = TRY(ParseClusterBy());
    } else if (Accept("LOCATION")) {
      table.location = TRY(Text());
      if (AcceptAll({"WITH", "(", "CREDENTIAL"})) {
        table.credential = TRY(Name());
        TRY(Expect(")"));
      }
    } else if (Accept("COMMENT")) {
      table.comment = TRY(Text());
    } else if (Accept("TBLPROPERTIES")) {
      table.properties = TRY(BracketedProperties());
    } else if (AcceptAll({"DEFAULT", "COLLATION"})) {
      table.default_collation = TRY(Name());
    } else if (Sees("WITH") && Sees("ROW", 1)) {
      Skip();
      table.row_filter = TRY(ParseRowFilter());
    } else {
      break;
    }
  }
  const bool has_as = Accept("AS");
  if (has_as || SeesAny({"SELECT", "WITH", "FROM", "VALUES"}) || SeesQuery()) {
    table.query = TRY(ParseQuery());
  }
  table.span.end = SpanFrom(0).end;
  return Statement{std::move(table)};
}

/// CREATE TABLE name LIKE source ...
Result<Statement> Parser::ParseCreateLike(const CreateTable& table) {
  CreateTableLike like;
  like.if_not_exists = table.if_not_exists;
  like.name = table.name;
  TRY(Expect("LIKE"));
  like.source = TRY(Object());
  while (true) {
    if (Accept("USING")) {
      like.provider = TRY(Name());
    } else if (Accept("LOCATION")) {
      like.location = TRY(Text());
    } else if (Accept("TBLPROPERTIES")) {
      like.properties = TRY(BracketedProperties());
    } else {
      break;
    }
  }
  like.span = {table.span.begin, SpanFrom(0).end};
  return Statement{std::move(like)};
}

/// CREATE TABLE name [SHALLOW | DEEP] CLONE source [time travel] ...
Result<Statement> Parser::ParseClone(const CreateTable& table) {
  CloneTable clone;
  clone.or_replace = table.or_replace;
  clone.if_not_exists = table.if_not_exists;
  clone.name = table.name;
  clone.is_shallow = Accept("SHALLOW");
  if (!clone.is_shallow) (void)Accept("DEEP");
  TRY(Expect("CLONE"));
  clone.source = TRY(ParseNamedTable());
  while (true) {
    if (Accept("TBLPROPERTIES")) {
      clone.properties = TRY(BracketedProperties());
    } else if (Accept("LOCATION")) {
      clone.location = TRY(Text());
    } else {
      break;
    }
  }
  clone.span = {table.span.begin, SpanFrom(0).end};
  return Statement{std::move(clone)};
}

/// (columns, constraints, expectations)
Result<Parser::TableElements> Parser::ParseTableElements(bool types_required) {
  TableElements elements;
  TRY(Expect("("));
  if (Accept(")")) return elements;
  do {
    if (SeesConstraint()) {
      TRY(ParseConstraintOrExpectation(elements));
    } else {
      std::string name = TRY(Name());
      elements.columns.push_back(TRY(ParseColumnDefinition(std::move(name), types_required)));
    }
  } while (Accept(","));
  TRY(Expect(")"));
  return elements;
}

bool Parser::SeesConstraint() const {
  if (Sees("CONSTRAINT"))
    return SeesName(1) && SeesAny({"PRIMARY", "FOREIGN", "CHECK", "EXPECT"}, 2);
  return (SeesAny({"PRIMARY", "FOREIGN"}) && Sees("KEY", 1)) || (Sees("CHECK") && Sees("(", 1));
}

Status Parser::ParseConstraintOrExpectation(TableElements& elements) {
  const std::size_t begin = position();
  std::string name;
  if (Accept("CONSTRAINT")) name = TRY(Name());
  if (!Sees("EXPECT")) {
    elements.constraints.push_back(TRY(ParseConstraint(std::move(name), {})));
    elements.constraints.back().span = SpanFrom(begin);
    return Ok();
  }
  Skip();
  Expectation expectation;
  expectation.name = std::move(name);
  TRY(Expect("("));
  expectation.condition = TRY(ParseExpression());
  TRY(Expect(")"));
  expectation.on_violation = TRY(ParseOnViolation());
  expectation.span = SpanFrom(begin);
  elements.expectations.push_back(std::move(expectation));
  return Ok();
}

/// [ON VIOLATION { FAIL UPDATE | DROP ROW }]
Result<Expectation::OnViolation> Parser::ParseOnViolation() {
  using OnViolation = Expectation::OnViolation;
  if (!AcceptAll({"ON", "VIOLATION"})) return OnViolation::kKeep;
  if (AcceptAll({"DROP", "ROW"})) return OnViolation::kDropRow;
  TRY(ExpectAll({"FAIL", "UPDATE"}));
  return OnViolation::kFailUpdate;
}

/// PRIMARY KEY [(columns)] | FOREIGN KEY (columns) REFERENCES t [(columns)] | REFERENCES t | CHECK
/// (e). `column` is the one that the constraint stands behind, if any.
Result<TableConstraint> Parser::ParseConstraint(std::string name, std::string_view column) {
  using Kind = TableConstraint::Kind;
  const std::size_t begin = position();
  TableConstraint constraint;
  constraint.name = std::move(name);
  if (!column.empty()) constraint.columns.emplace_back(column);
  if (AcceptAll({"PRIMARY", "KEY"})) {
    constraint.kind = Kind::kPrimaryKey;
    if (column.empty()) {
      TRY(Expect("("));
      do {
        constraint.columns.push_back(TRY(Name()));
        (void)Accept("TIMESERIES");
      } while (Accept(","));
      TRY(Expect(")"));
    }
  } else if (Accept("CHECK")) {
    TRY(Expect("("));
    constraint.check = TRY(ParseExpression());
    TRY(Expect(")"));
  } else {
    constraint.kind = Kind::kForeignKey;
    if (AcceptAll({"FOREIGN", "KEY"}) && column.empty()) constraint.columns = TRY(BracketedNames());
    TRY(Expect("REFERENCES"));
    constraint.referenced_table = TRY(Object());
    if (Sees("(")) constraint.referenced_columns = TRY(BracketedNames());
  }
  TRY(ParseConstraintOptions(constraint));
  constraint.span = SpanFrom(begin);
  return constraint;
}

/// NOT ENFORCED, DEFERRABLE, INITIALLY DEFERRED, RELY, MATCH FULL, ON UPDATE NO ACTION, ...
Status Parser::ParseConstraintOptions(TableConstraint& constraint) {
  while (true) {
    if (AcceptAll({"NOT", "ENFORCED"})) {
      constraint.options.emplace_back("NOT ENFORCED");
    } else if (AcceptAll({"INITIALLY", "DEFERRED"})) {
      constraint.options.emplace_back("INITIALLY DEFERRED");
    } else if (AcceptAll({"MATCH", "FULL"})) {
      constraint.options.emplace_back("MATCH FULL");
    } else if (AcceptAll({"ON", "UPDATE", "NO", "ACTION"})) {
      constraint.options.emplace_back("ON UPDATE NO ACTION");
    } else if (AcceptAll({"ON", "DELETE", "NO", "ACTION"})) {
      constraint.options.emplace_back("ON DELETE NO ACTION");
    } else if (Accept("ENFORCED")) {
      constraint.options.emplace_back("ENFORCED");
    } else if (Accept("DEFERRABLE")) {
      constraint.options.emplace_back("DEFERRABLE");
    } else if (Accept("NORELY")) {
      constraint.options.emplace_back("NORELY");
    } else if (Accept("RELY")) {
      constraint.options.emplace_back("RELY");
    } else {
      return Ok();
    }
  }
}

/// [type] and the properties of a column, in any order.
Result<ColumnDefinition> Parser::ParseColumnDefinition(std::string name, bool type_required) {
  const std::size_t begin = position();
  ColumnDefinition column;
  column.name = std::move(name);
  (void)Accept(":");
  const bool has_type =
      Peek().kind == TokenKind::kWord && !SeesAny({"COMMENT", "NOT", "GENERATED", "DEFAULT", "MASK",
                                                   "CONSTRAINT", "PRIMARY", "REFERENCES", "CHECK"});
  if (has_type) {
    types::StructField field = TRY(ColumnType(column.name));
    column.type = std::move(field.type);
    column.metadata = std::move(field.metadata);
  } else if (type_required) {
    return Unexpected("a data type");
  }
  bool found = true;
  while (found) TRY(ParseColumnProperty(column, found));
  column.span = SpanFrom(begin > 0 ? begin - 1 : begin);
  return column;
}

Status Parser::ParseColumnProperty(ColumnDefinition& column, bool& found) {
  found = true;
  if (AcceptAll({"NOT", "NULL"})) {
    column.is_nullable = false;
  } else if (Accept("NULL")) {
    column.is_nullable = true;
  } else if (Accept("COMMENT")) {
    column.comment = TRY(Text());
  } else if (Accept("DEFAULT")) {
    column.default_value = TRY(ParseExpression());
  } else if (Accept("GENERATED")) {
    return ParseGenerated(column);
  } else if (Accept("COLLATE")) {
    column.collation = TRY(Name());
  } else if (Accept("MASK")) {
    column.mask = TRY(ParsePolicyFunction());
  } else if (SeesAny({"CONSTRAINT", "REFERENCES", "CHECK"}) ||
             (Sees("PRIMARY") && Sees("KEY", 1)) || (Sees("FOREIGN") && Sees("KEY", 1))) {
    std::string name;
    if (Accept("CONSTRAINT")) name = TRY(Name());
    column.constraints.push_back(TRY(ParseConstraint(std::move(name), column.name)));
  } else {
    found = false;
  }
  return Ok();
}

/// GENERATED { ALWAYS AS (e) | { ALWAYS | BY DEFAULT } AS IDENTITY [(...)] }
Status Parser::ParseGenerated(ColumnDefinition& column) {
  const bool is_always = Accept("ALWAYS");
  if (!is_always) TRY(ExpectAll({"BY", "DEFAULT"}));
  TRY(Expect("AS"));
  if (Accept("IDENTITY")) {
    column.identity = TRY(ParseIdentity());
    column.identity->always = is_always;
    return Ok();
  }
  TRY(Expect("("));
  column.generated_as = TRY(ParseExpression());
  return Expect(")");
}

/// [(START WITH n [,] INCREMENT BY n)]
Result<Identity> Parser::ParseIdentity() {
  Identity identity;
  if (!Accept("(")) return identity;
  while (!Sees(")")) {
    if (AcceptAll({"START", "WITH"})) {
      identity.start = TRY(Integer());
    } else if (AcceptAll({"INCREMENT", "BY"})) {
      const TextSpan span = Peek().span;
      identity.increment = TRY(Integer());
      if (identity.increment == 0) return ErrorAt(span, "The increment cannot be 0.");
    } else {
      return Unexpected("START WITH or INCREMENT BY");
    }
    (void)Accept(",");
  }
  TRY(Expect(")"));
  return identity;
}

/// f [USING COLUMNS (...)], f ON (...)
Result<PolicyFunction> Parser::ParsePolicyFunction() {
  PolicyFunction policy;
  policy.function = TRY(Object());
  if (AcceptAll({"USING", "COLUMNS"}) || Accept("ON")) {
    TRY(Expect("("));
    if (!Sees(")")) policy.arguments = TRY(ExpressionList());
    TRY(Expect(")"));
  }
  return policy;
}

/// ROW FILTER f ON (...)
Result<PolicyFunction> Parser::ParseRowFilter() {
  TRY(ExpectAll({"ROW", "FILTER"}));
  return ParsePolicyFunction();
}

/// PARTITIONED BY (column [type], transform(column), ...)
Result<std::vector<PartitionColumn>> Parser::ParsePartitionedBy() {
  TRY(ExpectAll({"PARTITIONED", "BY", "("}));
  std::vector<PartitionColumn> columns;
  do {
    PartitionColumn column;
    if (SeesName() && Sees("(", 1)) {
      column.transform = TRY(ParseExpression());
    } else {
      column.name = TRY(Name());
      const bool has_type = Peek().kind == TokenKind::kWord;
      if (has_type) {
        column.type = TRY(Type());
        bool found = true;
        ColumnDefinition properties;
        while (found) TRY(ParseColumnProperty(properties, found));
      }
    }
    columns.push_back(std::move(column));
  } while (Accept(","));
  TRY(Expect(")"));
  return columns;
}

/// CLUSTER BY { (columns) | AUTO | NONE }
Result<ClusterBy> Parser::ParseClusterBy() {
  ClusterBy cluster_by;
  TRY(ExpectAll({"CLUSTER", "BY"}));
  if (Accept("AUTO")) {
    cluster_by.kind = ClusterBy::Kind::kAuto;
  } else if (Accept("NONE")) {
    cluster_by.kind = ClusterBy::Kind::kNone;
  } else {
    cluster_by.columns = TRY(BracketedPaths());
  }
  return cluster_by;
}

Status Parser::ParseAsQuery(Box<Query>& query, TextSpan& query_span) {
  const std::size_t begin = position();
  query = TRY(ParseQuery());
  query_span = SpanFrom(begin);
  return Ok();
}

/// What follows the word VIEW.
Result<Statement> Parser::ParseCreateView(CreateView view) {
  view.if_not_exists = AcceptIfNotExists();
  view.name = TRY(Object());
  if (Sees("(")) {
    TableElements elements = TRY(ParseTableElements(/*types_required=*/false));
    view.columns = std::move(elements.columns);
    view.expectations = std::move(elements.expectations);
  }
  while (true) {
    if (Accept("COMMENT")) {
      view.comment = TRY(Text());
    } else if (Accept("TBLPROPERTIES")) {
      view.properties = TRY(BracketedProperties());
    } else if (Sees("WITH") && Sees("SCHEMA", 1)) {
      Skip(2);
      view.schema_binding = TRY(ParseSchemaBinding());
    } else if (Accept("USING")) {
      view.provider = TRY(Name());
    } else if (Accept("OPTIONS")) {
      view.options = TRY(BracketedProperties());
    } else if (AcceptAll({"DEFAULT", "COLLATION"})) {
      TRY(Name());
    } else {
      break;
    }
  }
  if (view.provider.empty()) {
    TRY(Expect("AS"));
    TRY(ParseAsQuery(view.query, view.query_span));
  }
  view.span.end = SpanFrom(0).end;
  return Statement{std::move(view)};
}

/// BINDING | COMPENSATION | TYPE EVOLUTION | EVOLUTION, behind WITH SCHEMA
Result<std::string> Parser::ParseSchemaBinding() {
  if (AcceptAll({"TYPE", "EVOLUTION"})) return std::string("TYPE EVOLUTION");
  for (const std::string_view word : {"BINDING", "COMPENSATION", "EVOLUTION"}) {
    if (Accept(word)) return std::string(word);
  }
  return Unexpected("BINDING, COMPENSATION, TYPE EVOLUTION or EVOLUTION");
}

Result<Statement> Parser::ParseCreateCatalog() {
  const std::size_t begin = position() - 2;
  CreateCatalog catalog;
  catalog.if_not_exists = AcceptIfNotExists();
  catalog.name = TRY(Object());
  while (true) {
    if (AcceptAll({"MANAGED", "LOCATION"})) {
      catalog.managed_location = TRY(Text());
    } else if (Accept("COMMENT")) {
      catalog.comment = TRY(Text());
    } else if (Accept("OPTIONS")) {
      catalog.options = TRY(BracketedProperties());
    } else if (AcceptAll({"DEFAULT", "COLLATION"})) {
      catalog.default_collation = TRY(Name());
    } else {
      break;
    }
  }
  catalog.span = SpanFrom(begin);
  return Statement{std::move(catalog)};
}

Result<Statement> Parser::ParseCreateSchema() {
  const std::size_t begin = position() - 2;
  CreateSchema schema;
  schema.if_not_exists = AcceptIfNotExists();
  schema.name = TRY(Object());
  while (true) {
    if (AcceptAll({"MANAGED", "LOCATION"})) {
      schema.location = TRY(Text());
      schema.is_managed_location = true;
    } else if (Accept("LOCATION")) {
      schema.location = TRY(Text());
    } else if (Accept("COMMENT")) {
      schema.comment = TRY(Text());
    } else if (AcceptAll({"WITH", "DBPROPERTIES"}) || AcceptAll({"WITH", "PROPERTIES"})) {
      schema.properties = TRY(BracketedProperties());
    } else if (AcceptAll({"DEFAULT", "COLLATION"})) {
      schema.default_collation = TRY(Name());
    } else {
      break;
    }
  }
  schema.span = SpanFrom(begin);
  return Statement{std::move(schema)};
}

Result<Statement> Parser::ParseCreateVolume(bool is_external) {
  const std::size_t begin = position() - (is_external ? 3 : 2);
  CreateVolume volume;
  volume.is_external = is_external;
  volume.if_not_exists = AcceptIfNotExists();
  volume.name = TRY(Object());
  while (true) {
    if (Accept("LOCATION")) {
      volume.location = TRY(Text());
    } else if (Accept("COMMENT")) {
      volume.comment = TRY(Text());
    } else {
      break;
    }
  }
  volume.span = SpanFrom(begin);
  return Statement{std::move(volume)};
}

}  // namespace inlet::sql
