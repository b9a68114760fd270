#include "sql/statement.h"

namespace inlet::sql {

Statement::Statement() : node_(std::make_unique<StatementNode>()) {}
template <class Node>
requires kIsAlternative<Node, StatementNode> Statement::Statement(Node node)
    : node_(std::make_unique<StatementNode>(std::move(node))) {}
Statement::Statement(const Statement& other)
    : node_(other.node_ ? std::make_unique<StatementNode>(*other.node_) : nullptr) {}
Statement::Statement(Statement&& other) noexcept = default;
Statement& Statement::operator=(const Statement& other) {
  if (this != &other) node_ = other.node_ ? std::make_unique<StatementNode>(*other.node_) : nullptr;
  return *this;
}
Statement& Statement::operator=(Statement&& other) noexcept = default;
Statement::~Statement() = default;

template <class Node>
const Node* Statement::As() const {
  return std::get_if<Node>(node_.get());
}

template <class Node>
Node* Statement::As() {
  return std::get_if<Node>(node_.get());
}

#define INLET_STATEMENT(Node)                       \
  template Statement::Statement(Node);              \
  template const Node* Statement::As<Node>() const; \
  template Node* Statement::As<Node>();

INLET_STATEMENT(SelectStatement)
INLET_STATEMENT(CreateTable)
INLET_STATEMENT(CreateTableLike)
INLET_STATEMENT(CloneTable)
INLET_STATEMENT(DropTable)
INLET_STATEMENT(UndropTable)
INLET_STATEMENT(AlterTable)
INLET_STATEMENT(Insert)
INLET_STATEMENT(InsertDirectory)
INLET_STATEMENT(Update)
INLET_STATEMENT(Delete)
INLET_STATEMENT(Merge)
INLET_STATEMENT(TruncateTable)
INLET_STATEMENT(CopyInto)
INLET_STATEMENT(Optimize)
INLET_STATEMENT(Vacuum)
INLET_STATEMENT(Restore)
INLET_STATEMENT(Reorg)
INLET_STATEMENT(ConvertToDelta)
INLET_STATEMENT(AnalyzeTable)
INLET_STATEMENT(RepairTable)
INLET_STATEMENT(GenerateManifest)
INLET_STATEMENT(CreateView)
INLET_STATEMENT(AlterView)
INLET_STATEMENT(DropView)
INLET_STATEMENT(CreateStreamingTable)
INLET_STATEMENT(CreateMaterializedView)
INLET_STATEMENT(CreateFlow)
INLET_STATEMENT(AlterStreaming)
INLET_STATEMENT(Refresh)
INLET_STATEMENT(CreateCatalog)
INLET_STATEMENT(CreateSchema)
INLET_STATEMENT(CreateVolume)
INLET_STATEMENT(DropObject)
INLET_STATEMENT(AlterObject)
INLET_STATEMENT(CommentOn)
INLET_STATEMENT(ListFiles)
INLET_STATEMENT(PutFile)
INLET_STATEMENT(GetFile)
INLET_STATEMENT(RemoveFile)
INLET_STATEMENT(DescribeTable)
INLET_STATEMENT(DescribeHistory)
INLET_STATEMENT(DescribeDetail)
INLET_STATEMENT(DescribeObject)
INLET_STATEMENT(DescribeQuery)
INLET_STATEMENT(Show)
INLET_STATEMENT(Explain)
INLET_STATEMENT(Use)
INLET_STATEMENT(SetConfig)
INLET_STATEMENT(SetTimeZone)
INLET_STATEMENT(ResetConfig)
INLET_STATEMENT(DeclareVariable)
INLET_STATEMENT(SetVariable)
INLET_STATEMENT(DropVariable)
INLET_STATEMENT(ExecuteImmediate)
INLET_STATEMENT(CacheControl)
INLET_STATEMENT(Grant)
INLET_STATEMENT(Call)

#undef INLET_STATEMENT

}  // namespace inlet::sql
