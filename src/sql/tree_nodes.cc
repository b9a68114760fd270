// The special members of the variants that the syntax tree is made of: here once, and not in every
// file that moves an expression.
#include "sql/query.h"

namespace inlet::sql {

ExpressionNode::ExpressionNode() = default;
ExpressionNode::ExpressionNode(const ExpressionNode& other) = default;
ExpressionNode::ExpressionNode(ExpressionNode&& other) noexcept = default;
ExpressionNode& ExpressionNode::operator=(const ExpressionNode& other) = default;
ExpressionNode& ExpressionNode::operator=(ExpressionNode&& other) noexcept = default;
ExpressionNode::~ExpressionNode() = default;

TableNode::TableNode() = default;
TableNode::TableNode(const TableNode& other) = default;
TableNode::TableNode(TableNode&& other) noexcept = default;
TableNode& TableNode::operator=(const TableNode& other) = default;
TableNode& TableNode::operator=(TableNode&& other) noexcept = default;
TableNode::~TableNode() = default;

QueryBody::QueryBody() = default;
QueryBody::QueryBody(const QueryBody& other) = default;
QueryBody::QueryBody(QueryBody&& other) noexcept = default;
QueryBody& QueryBody::operator=(const QueryBody& other) = default;
QueryBody& QueryBody::operator=(QueryBody&& other) noexcept = default;
QueryBody::~QueryBody() = default;

}  // namespace inlet::sql
