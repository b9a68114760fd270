#include "base/option_map.h"
#include "sql/parser_internal.h"

// ALTER of tables, views, streaming tables, catalogs, schemas and volumes.
namespace inlet::sql {

Result<Statement> Parser::ParseAlter() {
  TRY(Expect("ALTER"));
  if (Accept("TABLE")) return ParseAlterTable();
  if (Accept("VIEW")) return ParseAlterView();
  if (AcceptAll({"STREAMING", "TABLE"})) return ParseAlterStreaming(/*is_materialized_view=*/false);
  if (AcceptAll({"MATERIALIZED", "VIEW"}))
    return ParseAlterStreaming(/*is_materialized_view=*/true);
  if (Accept("CATALOG")) return ParseAlterObject(ObjectKind::kCatalog);
  if (Accept("SCHEMA") || Accept("DATABASE")) return ParseAlterObject(ObjectKind::kSchema);
  if (Accept("VOLUME")) return ParseAlterObject(ObjectKind::kVolume);
  return Unexpected("TABLE, VIEW, SCHEMA, CATALOG or VOLUME");
}

Result<Statement> Parser::ParseAlterTable() {
  AlterTable alter;
  alter.name = TRY(Object());
  if (Sees("PARTITION") && Sees("(", 1)) TRY(ParsePartitionSpec());
  alter.action = TRY(ParseAlterTableAction());
  alter.span = SpanFrom(0);
  return Statement{std::move(alter)};
}

Result<AlterTable::Action> Parser::ParseAlterTableAction() {
  using Action = AlterTable::Action;
  if (Accept("ADD")) return ParseAlterTableAdd();
  if (Accept("DROP")) return ParseAlterTableDrop();
  if (Accept("SET")) return ParseAlterTableSet();
  if (Accept("UNSET")) return ParseAlterTableUnset();
  if (AcceptAll({"RENAME", "TO"})) return Action(RenameTo{.name = TRY(Object())});
  if (AcceptAll({"RENAME", "COLUMN"})) {
    RenameColumn rename{.column = TRY(Path()), .new_name = {}};
    TRY(Expect("TO"));
    rename.new_name = TRY(Name());
    return Action(std::move(rename));
  }
  if (AcceptAll({"REPLACE", "COLUMNS"})) {
    return Action(
        ReplaceColumns{.columns = TRY(ParseTableElements(/*types_required=*/true)).columns});
  }
  if (Sees("CLUSTER")) return Action(SetClusterBy{.cluster_by = TRY(ParseClusterBy())});
  if (AcceptAll({"OWNER", "TO"})) return Action(SetOwner{.principal = TRY(ParsePrincipal())});
  if (AcceptAll({"DEFAULT", "COLLATION"})) {
    return Action(SetDefaultCollation{.collation = TRY(Name())});
  }
  if (AcceptAll({"RECOVER", "PARTITIONS"})) return Action(RecoverPartitions{});
  for (const std::string_view mode : {"ENABLE", "DISABLE", "INHERIT"}) {
    if (Accept(mode)) {
      TRY(ExpectAll({"PREDICTIVE", "OPTIMIZATION"}));
      return Action(SetPredictiveOptimization{.mode = std::string(mode)});
    }
  }
  if (Accept("ALTER") || Accept("CHANGE")) {
    (void)Accept("COLUMN");
    return Action(TRY(ParseAlterColumns()));
  }
  return Unexpected("ADD, ALTER COLUMN, DROP, RENAME, SET or UNSET");
}

Result<AlterTable::Action> Parser::ParseAlterTableAdd() {
  using Action = AlterTable::Action;
  if (SeesConstraint()) {
    TableElements elements;
    TRY(ParseConstraintOrExpectation(elements));
    if (elements.constraints.empty()) return Unexpected("a constraint");
    return Action(AddConstraint{.constraint = std::move(elements.constraints.front())});
  }
  const bool if_not_exists = AcceptIfNotExists();
  if (Sees("PARTITION") && Sees("(", 1)) {
    ChangePartitions change{.is_add = true, .if_condition = if_not_exists, .partitions = {}};
    while (Sees("PARTITION")) {
      std::vector<std::pair<std::string, Expression>>& partition = change.partitions.emplace_back();
      const TextSpan span = Peek().span;
      for (auto& [column, value] : TRY(ParsePartitionSpec()).columns) {
        if (!value) return ErrorAt(span, "Every partition column needs a value.");
        partition.emplace_back(column, *std::move(value));
      }
    }
    return Action(std::move(change));
  }
  if (!Accept("COLUMNS")) (void)Accept("COLUMN");
  AddColumns add = TRY(ParseAddColumns());
  add.if_not_exists = add.if_not_exists || if_not_exists;
  return Action(std::move(add));
}

/// [(] name type properties [FIRST | AFTER x], ... [)]
Result<AddColumns> Parser::ParseAddColumns() {
  AddColumns add;
  add.if_not_exists = AcceptIfNotExists();
  const bool has_bracket = Accept("(");
  do {
    AddColumns::Column column;
    column.path = TRY(Path());
    column.definition = TRY(ParseColumnDefinition(column.path.back(), /*type_required=*/true));
    bool found = true;
    while (found) {
      const auto position = TRY(ParseColumnPosition());
      if (position) column.position = position;
      TRY(ParseColumnProperty(column.definition, found));
      found = found || position.has_value();
    }
    add.columns.push_back(std::move(column));
  } while (Accept(","));
  if (has_bracket) TRY(Expect(")"));
  return add;
}

Result<std::optional<ColumnPosition>> Parser::ParseColumnPosition() {
  if (Accept("FIRST")) return ColumnPosition{.is_first = true, .after = {}};
  if (Accept("AFTER")) return ColumnPosition{.is_first = false, .after = TRY(Name())};
  return std::nullopt;
}

/// What follows ALTER COLUMN; several columns after commas.
Result<AlterColumns> Parser::ParseAlterColumns() {
  AlterColumns alter;
  do {
    const std::size_t begin = position();
    AlterColumns::Column column;
    column.path = TRY(Path());
    column.change = TRY(ParseColumnChange());
    column.span = SpanFrom(begin);
    alter.columns.push_back(std::move(column));
  } while (Accept(","));
  return alter;
}

Result<AlterColumns::Change> Parser::ParseColumnChange() {
  using Change = AlterColumns::Change;
  if (Accept("COMMENT")) return Change(AlterColumns::SetComment{.comment = TRY(Text())});
  if (const auto position = TRY(ParseColumnPosition())) {
    return Change(AlterColumns::Move{.position = *position});
  }
  if (AcceptAll({"SET", "NOT", "NULL"}))
    return Change(AlterColumns::SetNullable{.is_nullable = false});
  if (AcceptAll({"DROP", "NOT", "NULL"}))
    return Change(AlterColumns::SetNullable{.is_nullable = true});
  if (Accept("TYPE")) return Change(AlterColumns::SetType{.type = TRY(Type())});
  if (AcceptAll({"SET", "DATA", "TYPE"})) return Change(AlterColumns::SetType{.type = TRY(Type())});
  if (AcceptAll({"SET", "DEFAULT"})) {
    return Change(AlterColumns::SetDefault{.value = TRY(ParseExpression())});
  }
  if (AcceptAll({"DROP", "DEFAULT"})) return Change(AlterColumns::DropDefault{});
  if (AcceptAll({"SYNC", "IDENTITY"})) return Change(AlterColumns::SyncIdentity{});
  if (AcceptAll({"SET", "TAGS"}))
    return Change(AlterColumns::SetTags{.tags = TRY(BracketedProperties())});
  if (AcceptAll({"UNSET", "TAGS"}))
    return Change(AlterColumns::UnsetTags{.names = TRY(BracketedKeys())});
  if (AcceptAll({"SET", "MASK"}))
    return Change(AlterColumns::SetMask{.mask = TRY(ParsePolicyFunction())});
  if (AcceptAll({"DROP", "MASK"})) return Change(AlterColumns::DropMask{});
  if (Accept("COLLATE")) return Change(AlterColumns::SetCollation{.collation = TRY(Name())});
  return Unexpected("COMMENT, TYPE, SET, DROP, FIRST or AFTER");
}

Result<AlterTable::Action> Parser::ParseAlterTableDrop() {
  using Action = AlterTable::Action;
  if (Accept("FEATURE")) {
    DropFeature drop{.feature = SeesText() ? TRY(Text()) : TRY(Name())};
    drop.truncate_history = AcceptAll({"TRUNCATE", "HISTORY"});
    return Action(std::move(drop));
  }
  if (AcceptAll({"ROW", "FILTER"})) return Action(DropRowFilter{});
  if (Accept("CONSTRAINT")) {
    DropConstraint drop{.if_exists = AcceptIfExists(), .name = TRY(Name()), .columns = {}};
    drop.is_cascade = Accept("CASCADE");
    if (!drop.is_cascade) (void)Accept("RESTRICT");
    return Action(std::move(drop));
  }
  const bool is_primary = AcceptAll({"PRIMARY", "KEY"});
  if (is_primary || AcceptAll({"FOREIGN", "KEY"})) {
    DropConstraint drop;
    drop.kind =
        is_primary ? TableConstraint::Kind::kPrimaryKey : TableConstraint::Kind::kForeignKey;
    drop.if_exists = AcceptIfExists();
    if (!is_primary) drop.columns = TRY(BracketedNames());
    drop.is_cascade = Accept("CASCADE");
    if (!drop.is_cascade) (void)Accept("RESTRICT");
    return Action(std::move(drop));
  }
  const bool if_exists_partition = SeesAll({"IF", "EXISTS", "PARTITION"});
  if (if_exists_partition || (Sees("PARTITION") && Sees("(", 1))) {
    ChangePartitions change{.is_add = false, .if_condition = AcceptIfExists(), .partitions = {}};
    do {
      const TextSpan span = Peek().span;
      std::vector<std::pair<std::string, Expression>>& partition = change.partitions.emplace_back();
      for (auto& [column, value] : TRY(ParsePartitionSpec()).columns) {
        if (!value) return ErrorAt(span, "Every partition column needs a value.");
        partition.emplace_back(column, *std::move(value));
      }
    } while (Accept(","));
    (void)Accept("PURGE");
    return Action(std::move(change));
  }
  DropColumns drop;
  if (!Accept("COLUMNS")) TRY(Expect("COLUMN"));
  drop.if_exists = AcceptIfExists();
  if (Sees("(")) {
    drop.columns = TRY(BracketedPaths());
  } else {
    do {
      drop.columns.push_back(TRY(Path()));
    } while (Accept(","));
  }
  return Action(std::move(drop));
}

Result<AlterTable::Action> Parser::ParseAlterTableSet() {
  using Action = AlterTable::Action;
  if (Accept("TBLPROPERTIES"))
    return Action(SetProperties{.properties = TRY(BracketedProperties())});
  if (Accept("LOCATION")) return Action(SetLocation{.location = TRY(Text())});
  if (AcceptAll({"OWNER", "TO"})) return Action(SetOwner{.principal = TRY(ParsePrincipal())});
  if (Accept("TAGS")) return Action(SetTags{.tags = TRY(BracketedProperties())});
  if (Sees("ROW")) return Action(SetRowFilter{.filter = TRY(ParseRowFilter())});
  return Unexpected("TBLPROPERTIES, LOCATION, OWNER TO, TAGS or ROW FILTER");
}

Result<AlterTable::Action> Parser::ParseAlterTableUnset() {
  using Action = AlterTable::Action;
  if (Accept("TAGS")) return Action(UnsetTags{.names = TRY(BracketedKeys())});
  TRY(Expect("TBLPROPERTIES"));
  UnsetProperties unset;
  unset.if_exists = AcceptIfExists();
  unset.keys = TRY(BracketedKeys());
  return Action(std::move(unset));
}

Result<Statement> Parser::ParseAlterView() {
  AlterView alter;
  alter.name = TRY(Object());
  if (AcceptAll({"RENAME", "TO"})) {
    alter.action = RenameTo{.name = TRY(Object())};
  } else if (AcceptAll({"SET", "TBLPROPERTIES"})) {
    alter.action = SetProperties{.properties = TRY(BracketedProperties())};
  } else if (AcceptAll({"UNSET", "TBLPROPERTIES"})) {
    UnsetProperties unset;
    unset.if_exists = AcceptIfExists();
    unset.keys = TRY(BracketedKeys());
    alter.action = std::move(unset);
  } else if (AcceptAll({"SET", "TAGS"})) {
    alter.action = SetTags{.tags = TRY(BracketedProperties())};
  } else if (AcceptAll({"UNSET", "TAGS"})) {
    alter.action = UnsetTags{.names = TRY(BracketedKeys())};
  } else if (AcceptAll({"SET", "OWNER", "TO"}) || AcceptAll({"OWNER", "TO"})) {
    alter.action = SetOwner{.principal = TRY(ParsePrincipal())};
  } else if (AcceptAll({"WITH", "SCHEMA"})) {
    alter.action = AlterView::SetSchemaBinding{.binding = TRY(ParseSchemaBinding())};
  } else {
    TRY(Expect("AS"));
    AlterView::SetQuery set;
    TRY(ParseAsQuery(set.query, set.query_span));
    alter.action = std::move(set);
  }
  alter.span = SpanFrom(0);
  return Statement{std::move(alter)};
}

Result<Statement> Parser::ParseAlterStreaming(bool is_materialized_view) {
  AlterStreaming alter;
  alter.is_materialized_view = is_materialized_view;
  alter.name = TRY(Object());
  if (AcceptAll({"DROP", "SCHEDULE"})) {
    alter.action = AlterStreaming::DropSchedule{};
  } else if (AcceptAll({"DROP", "CONSTRAINT"})) {
    AlterStreaming::DropExpectation drop{.if_exists = AcceptIfExists()};
    drop.name = TRY(Name());
    alter.action = std::move(drop);
  } else if (SeesAny({"ADD", "ALTER"}) && Sees("CONSTRAINT", 1)) {
    alter.action = TRY(ParseSetExpectation());
  } else if (AcceptAll({"DROP", "ROW", "FILTER"})) {
    alter.action = DropRowFilter{};
  } else if (AcceptAll({"SET", "TBLPROPERTIES"})) {
    alter.action = SetProperties{.properties = TRY(BracketedProperties())};
  } else if (AcceptAll({"UNSET", "TBLPROPERTIES"})) {
    UnsetProperties unset;
    unset.if_exists = AcceptIfExists();
    unset.keys = TRY(BracketedKeys());
    alter.action = std::move(unset);
  } else if (AcceptAll({"SET", "TAGS"})) {
    alter.action = SetTags{.tags = TRY(BracketedProperties())};
  } else if (AcceptAll({"UNSET", "TAGS"})) {
    alter.action = UnsetTags{.names = TRY(BracketedKeys())};
  } else if (AcceptAll({"SET", "OWNER", "TO"}) || AcceptAll({"OWNER", "TO"})) {
    alter.action = SetOwner{.principal = TRY(ParsePrincipal())};
  } else if (Sees("SET") && Sees("ROW", 1)) {
    Skip();
    alter.action = SetRowFilter{.filter = TRY(ParseRowFilter())};
  } else if (Sees("CLUSTER")) {
    alter.action = SetClusterBy{.cluster_by = TRY(ParseClusterBy())};
  } else if (AcceptAll({"ALTER", "COLUMN"})) {
    alter.action = TRY(ParseAlterColumns());
  } else {
    if (!Accept("ADD")) TRY(Expect("ALTER"));
    alter.action = AlterStreaming::SetSchedule{.schedule = TRY(ParseSchedule())};
  }
  alter.span = SpanFrom(0);
  return Statement{std::move(alter)};
}

/// { ADD | ALTER } CONSTRAINT name EXPECT (condition) [ON VIOLATION ...]
Result<AlterStreaming::Action> Parser::ParseSetExpectation() {
  AlterStreaming::SetExpectation set{.is_new = Accept("ADD")};
  if (!set.is_new) TRY(Expect("ALTER"));
  TableElements elements;
  TRY(ParseConstraintOrExpectation(elements));
  if (elements.expectations.empty()) return Unexpected("EXPECT");
  set.expectation = std::move(elements.expectations.front());
  return AlterStreaming::Action(std::move(set));
}

Result<Statement> Parser::ParseAlterObject(ObjectKind kind) {
  AlterObject alter;
  alter.kind = kind;
  alter.name = TRY(Object());
  if (AcceptAll({"RENAME", "TO"})) {
    alter.action = RenameTo{.name = TRY(Object())};
  } else if (AcceptAll({"SET", "OWNER", "TO"}) || AcceptAll({"OWNER", "TO"})) {
    alter.action = SetOwner{.principal = TRY(ParsePrincipal())};
  } else if (AcceptAll({"SET", "TAGS"})) {
    alter.action = SetTags{.tags = TRY(BracketedProperties())};
  } else if (AcceptAll({"UNSET", "TAGS"})) {
    alter.action = UnsetTags{.names = TRY(BracketedKeys())};
  } else if (AcceptAll({"SET", "DBPROPERTIES"}) || AcceptAll({"SET", "PROPERTIES"})) {
    alter.action = SetProperties{.properties = TRY(BracketedProperties())};
  } else if (AcceptAll({"UNSET", "DBPROPERTIES"}) || AcceptAll({"UNSET", "PROPERTIES"})) {
    UnsetProperties unset;
    unset.if_exists = AcceptIfExists();
    unset.keys = TRY(BracketedKeys());
    alter.action = std::move(unset);
  } else if (AcceptAll({"SET", "LOCATION"}) || AcceptAll({"SET", "MANAGED", "LOCATION"})) {
    alter.action = SetLocation{.location = TRY(Text())};
  } else if (AcceptAll({"DEFAULT", "COLLATION"})) {
    alter.action = SetDefaultCollation{.collation = TRY(Name())};
  } else if (SeesAny({"ENABLE", "DISABLE", "INHERIT"})) {
    std::string mode(TextOf(Peek()));
    Skip();
    for (char& c : mode) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    TRY(ExpectAll({"PREDICTIVE", "OPTIMIZATION"}));
    alter.action = SetPredictiveOptimization{.mode = std::move(mode)};
  } else {
    return Unexpected("RENAME TO, SET or UNSET");
  }
  alter.span = SpanFrom(0);
  return Statement{std::move(alter)};
}

}  // namespace inlet::sql
