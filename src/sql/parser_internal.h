#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sql/ast.h"
#include "sql/token_cursor.h"

namespace inlet::sql {

/// The recursive descent over one text. Its methods read like the grammar; those of one kind of
/// statement stand in one file: expression_parser.cc, query_parser.cc, table_parser.cc, ...
class Parser : private TokenCursor {
 public:
  static Result<Parser> Open(std::string_view text);

  /// Each takes the whole text but a closing semicolon.
  Result<Statement> WholeStatement();
  Result<Query> WholeQuery();
  Result<Expression> WholeExpression();
  Result<ObjectName> WholeName();

 private:
  using TokenCursor::TokenCursor;

  /// Counts how deep the descent is; see Enter().
  class Level {
   public:
    explicit Level(int& depth) : depth_(&depth) { ++depth; }
    Level(Level&& other) noexcept : depth_(std::exchange(other.depth_, nullptr)) {}
    Level& operator=(Level&&) = delete;
    ~Level() {
      if (depth_ != nullptr) --*depth_;
    }

   private:
    int* depth_;
  };
  /// Every method that can reach itself holds one. Error: INLET_RESOURCE_LIMIT.
  Result<Level> Enter();
  std::unexpected<Error> TooDeep(TextSpan span) const;
  Status ExpectEnd();

  // Names, types and small values: name_parser.cc.
  bool SeesName(std::size_t ahead = 0) const;
  Result<std::string> Name();
  Result<std::vector<std::string>> NameParts();
  Result<std::vector<std::string>> NameList();        // a, b
  Result<std::vector<std::string>> BracketedNames();  // (a, b)
  Result<ColumnPath> Path();
  Result<std::vector<ColumnPath>> BracketedPaths();
  Result<ObjectName> Object();
  Result<ObjectName> ObjectOrPath();  // a name, or '/path' of a Delta table
  Result<ObjectName> NameOfText(std::string_view text, TextSpan span) const;
  bool SeesText() const { return Peek().kind == TokenKind::kString; }
  Result<std::string> Text();
  Result<std::int64_t> Integer();  // may have a minus
  Result<types::DataType> Type();
  Result<types::StructField> ColumnType(std::string name);  // keeps the length of VARCHAR(n)
  Result<std::string> TypeText();
  Result<Properties> BracketedProperties();  // ('key' = 'value', key value, a.b)
  Result<std::vector<std::string>> BracketedKeys();
  Result<std::string> PropertyKey();
  Result<std::string> PropertyValue();
  bool AcceptIfExists() { return AcceptAll({"IF", "EXISTS"}); }
  bool AcceptIfNotExists() { return AcceptAll({"IF", "NOT", "EXISTS"}); }
  Result<std::optional<std::string>> OptionalText(std::string_view keyword);

  // Expressions: expression_parser.cc, literal_parser.cc, call_parser.cc.
  Result<Expression> Make(ExpressionNode node, std::size_t begin) const;
  Result<Expression> MakeWith(ExpressionNode node, TextSpan span) const;
  Result<Expression> ParseExpression();
  Result<Expression> ParseBinding(int lowest);
  Result<Expression> ParseValue();  // without NOT, AND, OR and predicates
  Result<Expression> ParsePrefix();
  Result<Expression> ParseNot();
  Result<Expression> ParseUnary(UnaryOperator op);
  Result<Expression> ParsePrimary();
  Result<Expression> ParsePostfix(Expression base, std::size_t begin);
  Result<Expression> ParseInfix(Expression left, std::size_t begin);
  Result<Expression> ParseLogical(Expression first, LogicalOperator op, std::size_t begin);
  Result<Expression> ParsePredicate(Expression left, std::size_t begin);
  Result<Expression> ParseIs(Expression left, std::size_t begin);
  Result<Expression> ParseBetween(Expression left, bool negated, std::size_t begin);
  Result<Expression> ParseIn(Expression left, bool negated, std::size_t begin);
  Result<Expression> ParseLike(Expression left, bool negated, std::size_t begin);
  Result<Expression> ParseBracket();
  Result<Expression> ParseLambda();
  Result<Expression> ParseCase();
  Result<Expression> ParseJsonPath(Expression base, std::size_t begin);
  Result<Expression> ParseSubscript(Expression base, std::size_t begin);
  Result<Expression> ParseCastOperator(Expression base, bool is_try, std::size_t begin);
  Result<Expression> ParseParameter();
  Result<Expression> ParseWord();
  Result<Expression> ParseReference();
  Result<Expression> ParseStarOrExpression();
  Result<std::optional<Expression>> ParseStar();
  Result<std::vector<Expression>> ExpressionList();
  Result<std::vector<Expression>> BracketedExpressions();
  Result<std::vector<std::vector<Expression>>> ValuesRows();
  Result<std::vector<Expression>> ValuesRow();
  bool SeesLambda() const;
  bool SeesQuery(std::size_t ahead = 0) const;  // behind a bracket
  void FindQueryBrackets(std::size_t num_tokens);
  bool SeesOperand() const;
  int InfixLevel(std::size_t ahead = 0) const;

  Result<Expression> ParseNumber(bool is_negative, std::size_t begin);
  Result<Expression> ParseText();
  Result<Expression> ParseBinary();
  Result<Expression> ParseTypedLiteral(types::TypeId type);
  bool SeesInterval() const;
  Result<Expression> ParseInterval();
  Result<IntervalLiteral> ParseIntervalValue();

  Result<Expression> ParseCall(ObjectName name, std::size_t begin);
  Result<Expression> ParseCast(bool is_try);
  Result<Expression> ParseExtract();
  Result<Expression> ParseTrim();
  Result<Expression> ParseSubstring();
  Result<Expression> ParsePosition();
  Result<Expression> ParseOverlay();
  Result<std::optional<Expression>> ParseSpecialCall();
  Result<FunctionCall::Argument> ParseArgument(bool equals_names, bool is_struct);
  Result<FunctionCall> ParseCallBody(ObjectName name, bool equals_names);
  Status ParseCallSuffix(FunctionCall& call);
  Result<WindowSpec> ParseWindowSpec();
  Result<WindowFrame> ParseFrame();
  Result<FrameBound> ParseFrameBound();
  Result<std::vector<SortItem>> SortItems();
  Result<SortItem> ParseSortItem();

  // Queries: query_parser.cc.
  Result<Query> ParseQuery();
  Result<std::vector<CommonTable>> ParseWith(bool& is_recursive);
  Result<CommonTable> ParseCommonTable();
  std::optional<SetOperator> AcceptSetOperator(int lowest);
  Result<Query> ParseSetOperand(int lowest);
  Result<Query> ParseSetOperations(int lowest);
  Result<Query> ParseQueryPrimary();
  Result<Query> ParseBracketedQuery();
  Result<Query> ParseFromFirst();
  Result<Select> ParseSelect();
  Status ParseSelectClauses(Select& select);
  Result<SelectItem> ParseSelectItem();
  Result<GroupBy> ParseGroupBy();
  Result<GroupBy::Item> ParseGroupingSets(GroupBy::Kind kind);
  Result<std::vector<NamedWindow>> ParseWindows();
  Status ParseOrganization(Query& query);
  Status ParseOrderBy(Query& query);
  Result<Query> ParsePipes(Query query);
  Result<Query> ParsePipe(Query input);
  Result<Query> ParsePipeSetOperation(Query input, SetOperator op);
  Result<Query> ParsePipeAggregate(Query input);
  Result<Query> FinishQuery(Query query, std::size_t begin) const;
  static Query Wrap(Select select);
  static Select SelectAllFrom(Query query);

  // Tables of a query: table_parser.cc.
  Result<TableRef> ParseFrom();
  Result<TableRef> ParseRelation();
  Result<TableRef> ParseTablePrimary();
  Result<TableRef> ParseBracketedTable();
  Result<TableRef> ParseNamedOrFunction(bool is_stream);
  Result<TableRef> ParseStreamTable();
  Result<TableRef> ParseJoins(TableRef left, std::size_t begin);
  Result<std::optional<JoinKind>> AcceptJoin(bool& is_natural);
  Status ParseJoinCondition(JoinTable& join);
  Result<TableRef> ParseLateralViews(TableRef input, std::size_t begin);
  Result<TableRef> ParsePivot(TableRef input, std::size_t begin);
  Result<TableRef> ParseUnpivot(TableRef input, std::size_t begin);
  Result<std::vector<SelectItem>> ParseAliasedList();
  Result<TableSample> ParseSample();
  Result<std::optional<TimeTravel>> ParseTimeTravel();
  Result<std::optional<TimeTravel>> ParseAtVersion(std::string_view text, TextSpan span) const;
  Result<NamedTable> ParseNamedTable();
  Status ParseTableAlias(TableRef& table);
  Result<std::string> ParseImplicitAlias();
  Result<TableRef> MakeTable(TableNode node, std::size_t begin) const;

  // Statements: statement_parser.cc (which chooses), and a file for each kind.
  Result<Statement> ParseStatement();
  Result<Statement> ParseWithStatement();
  Result<Statement> ParsePlainInsert();
  Result<Statement> ParsePlainMerge();
  Result<Statement> ParseCallStatement();
  Result<Statement> ParseDrop();
  Result<Statement> ParseUse();
  Result<Statement> ParseSet();
  Result<Statement> ParseSetVariable();
  Result<Statement> ParseReset();
  Result<Statement> ParseDeclare();
  Result<Statement> ParseExecuteImmediate();
  Result<Statement> ParseExplain();
  Result<Statement> ParseCommentOn();
  Result<Statement> ParseCache();
  Result<Statement> ParseGrant();
  Result<Statement> ParseRefresh();
  Result<Statement> ParseList();
  Result<Statement> ParsePut();
  Result<Statement> ParseGet();
  Result<Statement> ParseRemove();
  Result<Statement> ParseUndrop();
  static Result<std::string> ZoneOf(const IntervalLiteral& interval);
  std::optional<ObjectKind> AcceptObjectKind();
  Result<std::string> ParsePrincipal();
  std::string RestOfStatement();

  Result<Statement> ParseCreate();
  Result<Statement> ParseReplaceTable();
  Result<Statement> ParseCreateTable(CreateTable table);
  Result<Statement> ParseCreateLike(const CreateTable& table);
  Result<Statement> ParseClone(const CreateTable& table);
  Result<Statement> ParseCreateView(CreateView view);
  Result<Statement> ParseCreateStreamingTable(CreateStreamingTable table);
  Result<Statement> ParseCreateMaterializedView(CreateMaterializedView view);
  Result<Statement> ParseCreateFlow();
  Result<std::string> ParseSchemaBinding();
  Result<Statement> ParseCreateCatalog();
  Result<Statement> ParseCreateSchema();
  Result<Statement> ParseCreateVolume(bool is_external);
  struct TableElements {
    std::vector<ColumnDefinition> columns;
    std::vector<TableConstraint> constraints;
    std::vector<Expectation> expectations;
  };
  Result<TableElements> ParseTableElements(bool types_required);
  Result<ColumnDefinition> ParseColumnDefinition(std::string name, bool type_required);
  Status ParseColumnProperty(ColumnDefinition& column, bool& found);
  Status ParseGenerated(ColumnDefinition& column);
  Result<Identity> ParseIdentity();
  bool SeesConstraint() const;
  Status ParseConstraintOrExpectation(TableElements& elements);
  Result<TableConstraint> ParseConstraint(std::string name, std::string_view column);
  Status ParseConstraintOptions(TableConstraint& constraint);
  Result<Expectation::OnViolation> ParseOnViolation();
  Result<PolicyFunction> ParsePolicyFunction();
  Result<PolicyFunction> ParseRowFilter();
  Result<std::vector<PartitionColumn>> ParsePartitionedBy();
  Result<ClusterBy> ParseClusterBy();
  bool SeesSchedule() const;
  Result<Schedule> ParseSchedule();
  Result<std::string> ParseRefreshPolicy();
  Result<FlowQuery> ParseFlowQuery();
  Result<AutoCdc> ParseAutoCdc();
  Result<Statement> ParseApplyChanges();
  Status ParseColumnChoice(std::vector<ColumnPath>& columns, std::vector<ColumnPath>& except);
  Status ParseAsQuery(Box<Query>& query, TextSpan& query_span);

  Result<Statement> ParseAlter();
  Result<Statement> ParseAlterTable();
  Result<AlterTable::Action> ParseAlterTableAction();
  Result<AlterTable::Action> ParseAlterTableAdd();
  Result<AlterTable::Action> ParseAlterTableDrop();
  Result<AlterTable::Action> ParseAlterTableSet();
  Result<AlterTable::Action> ParseAlterTableUnset();
  Result<AddColumns> ParseAddColumns();
  Result<AlterColumns> ParseAlterColumns();
  Result<AlterColumns::Change> ParseColumnChange();
  Result<std::optional<ColumnPosition>> ParseColumnPosition();
  Result<Statement> ParseAlterView();
  Result<Statement> ParseAlterStreaming(bool is_materialized_view);
  Result<AlterStreaming::Action> ParseSetExpectation();
  Result<Statement> ParseAlterObject(ObjectKind kind);

  Result<Statement> ParseInsert(std::vector<CommonTable> with, bool is_recursive);
  Result<Statement> ParseInsertDirectory();
  Status ParseInsertReplace(Insert& insert);
  Result<Statement> ParseUpdate();
  Result<Statement> ParseDelete();
  Result<Statement> ParseMerge(std::vector<CommonTable> with);
  Result<Merge::Clause> ParseMergeClause();
  Status ParseMergeAction(Merge::Clause& clause);
  Result<std::vector<Assignment>> ParseAssignments();
  Result<Assignment> ParseAssignment();
  Result<Expression> ParseValueOrDefault();
  Result<Statement> ParseTruncate();
  Result<PartitionSpec> ParsePartitionSpec();
  Result<std::string> ParseOptionalAlias();
  Result<Statement> ParseCopyInto();
  Status ParseCopySource(CopyInto& copy);
  Status ParseCopyQuery(CopyInto& copy);
  Status ParseCopyCredential(CopyInto& copy);
  Result<bool> ParseCopyClause(CopyInto& copy);
  Result<OptionMap> ParseOptionMap();

  Result<Statement> ParseOptimize();
  Result<Statement> ParseVacuum();
  Result<Statement> ParseRestore();
  Result<Statement> ParseReorg();
  Result<Statement> ParseConvert();
  Result<Statement> ParseAnalyze();
  Result<Statement> ParseRepair();
  Result<Statement> ParseGenerate();

  Result<Statement> ParseDescribe();
  Result<Statement> ParseDescribeTable(std::size_t begin);
  Result<Statement> ParseShow();
  Result<Show> ParseShowBody();
  Status ParseShowScope(Show& show);
  Status ParseShowPattern(Show& show);
  Status ParseShowGrants(Show& show);

  int depth_ = 0;
  // Where the stack stood at the start. Stacks grow downwards on all machines that we know.
  const char* stack_begin_ = static_cast<const char*>(__builtin_frame_address(0));
  std::size_t num_parameters_ = 0;
  std::vector<bool> query_brackets_;  // For each token, whether it opens a query.
};

}  // namespace inlet::sql
