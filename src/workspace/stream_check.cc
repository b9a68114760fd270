#include "workspace/stream_check.h"

#include <set>
#include <string>

#include "base/option_map.h"
#include "sql/ast.h"
#include "sql/function_table.h"
#include "sql/walk.h"

namespace inlet::workspace {
namespace {

using Names = std::set<std::string, CaseInsensitiveLess>;

Status Refuse(std::string operation, TextSpan span) {
  return Status(Fail(Condition::STREAMING_OUTPUT_MODE_UNSUPPORTED_OPERATION,
                     {{"outputMode", "append"}, {"operation", std::move(operation)}}))
      .At(span);
}

/// Functions that look at many rows.
Status CheckFunctions(const sql::Expression& expression) {
  sql::Expression copy = expression;
  return sql::VisitExpressions(copy, [](sql::Expression& node) {
    const auto* call = node.As<sql::FunctionCall>();
    if (call == nullptr || call->name.parts.size() != 1) return Ok();
    if (call->over) return Refuse("a window function over a stream", node.span);
    const sql::FunctionRule* rule = sql::FindFunction(call->name.parts[0]);
    if (rule == nullptr || rule->kind != sql::FunctionKind::kAggregate) return Ok();
    return Refuse("the aggregate " + call->name.parts[0] + " over a stream", node.span);
  });
}

/// One query with the common tables in its scope that read a stream.
class QueryCheck {
 public:
  explicit QueryCheck(Names streaming) : streaming_(std::move(streaming)) {}

  /// Whether the query reads a stream.
  Result<bool> Check(const sql::Query& query) {
    for (const sql::CommonTable& table : query.with) {
      if (TRY(QueryCheck(streaming_).Check(table.query))) {
        streaming_.insert(table.name);
      } else {
        streaming_.erase(table.name);  // It hides an outer one.
      }
    }
    if (!TRY(CheckBody(query))) return false;
    if (!query.order_by.empty()) TRY(Refuse("ORDER BY over a stream", query.span));
    if (query.limit || query.offset) TRY(Refuse("LIMIT over a stream", query.span));
    return true;
  }

 private:
  Result<bool> CheckBody(const sql::Query& query) {
    if (const auto* select = std::get_if<sql::Select>(&query.body)) {
      return CheckSelect(*select, query.span);
    }
    if (const auto* table = std::get_if<sql::TableQuery>(&query.body))
      return IsStream(table->table);
    const auto* operation = std::get_if<sql::SetOperation>(&query.body);
    if (operation == nullptr) return false;
    bool is_stream = false;
    for (const sql::Query& operand : operation->operands) {
      is_stream = TRY(QueryCheck(streaming_).Check(operand)) || is_stream;
    }
    const bool only_appends = operation->op == sql::SetOperator::kUnion && operation->is_all;
    if (is_stream && !only_appends) {
      TRY(Refuse("UNION, INTERSECT or EXCEPT without ALL over a stream", query.span));
    }
    return is_stream;
  }

  Result<bool> CheckSelect(const sql::Select& select, TextSpan span) {
    if (!select.from || !TRY(CheckTable(*select.from))) return false;
    if (select.is_distinct) TRY(Refuse("DISTINCT over a stream", span));
    if (select.group_by || select.having) TRY(Refuse("GROUP BY over a stream", span));
    if (select.qualify) TRY(Refuse("QUALIFY over a stream", span));
    for (const sql::SelectItem& item : select.items) TRY(CheckFunctions(item.value));
    return true;
  }

  bool IsStream(const sql::NamedTable& table) const {
    const auto& parts = table.name.parts;
    return table.is_stream || (parts.size() == 1 && streaming_.contains(parts[0]));
  }

  Result<bool> CheckTable(const sql::TableRef& table) {
    if (const auto* named = table.As<sql::NamedTable>()) return IsStream(*named);
    if (const auto* function = table.As<sql::TableFunction>()) return function->is_stream;
    if (const auto* subquery = table.As<sql::SubqueryTable>()) {
      return QueryCheck(streaming_).Check(*subquery->query);
    }
    if (const auto* view = table.As<sql::LateralView>()) return CheckTable(*view->input);
    if (const auto* pivot = table.As<sql::PivotTable>()) {
      if (TRY(CheckTable(*pivot->input))) TRY(Refuse("PIVOT over a stream", table.span));
      return false;
    }
    if (const auto* unpivot = table.As<sql::UnpivotTable>()) return CheckTable(*unpivot->input);
    if (const auto* join = table.As<sql::JoinTable>()) return CheckJoin(*join, table.span);
    return false;
  }

  Result<bool> CheckJoin(const sql::JoinTable& join, TextSpan span) {
    const bool left = TRY(CheckTable(*join.left));
    const bool right = TRY(CheckTable(*join.right));
    // Rows of two streams meet in different batches; nobody keeps them for each other.
    if (left && right) TRY(Refuse("a join of two streams", span));
    const bool keeps_left = join.kind == sql::JoinKind::kLeft ||
                            join.kind == sql::JoinKind::kLeftAnti ||
                            join.kind == sql::JoinKind::kLeftSemi;
    if (join.kind == sql::JoinKind::kFull && (left || right)) {
      TRY(Refuse("FULL OUTER JOIN with a stream", span));
    }
    if ((keeps_left && right) || (join.kind == sql::JoinKind::kRight && left)) {
      TRY(Refuse("an outer, semi or anti join whose stream is the side that is looked up", span));
    }
    return left || right;
  }

  Names streaming_;
};

}  // namespace

Status CheckAppendOnly(const sql::Query& query) {
  TRY(QueryCheck({}).Check(query));
  return Ok();
}

}  // namespace inlet::workspace
