#include "sql/printer.h"
#include "workspace/binder.h"
#include "workspace/row_table.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

types::StructType ColumnListSchema() { return StringColumns({"col_name", "data_type", "comment"}); }

}  // namespace

Result<QueryResult> Run(const Call& call, const sql::SelectStatement& statement) {
  ingest::BoundQuery bound = TRY(Bind(call, statement.query));
  types::StructType schema =
      TRY(call.shared.engine->Describe(bound.query, bound.inputs, bound.context));
  auto rows = TRY(call.shared.engine->Run(bound.query, std::move(bound.inputs), bound.context,
                                          call.options.stop));
  return QueryResult{.schema = std::move(schema), .rows = std::move(rows)};
}

Result<QueryResult> Run(const Call& call, const sql::DescribeQuery& statement) {
  const ingest::BoundQuery bound = TRY(Bind(call, statement.query));
  const types::StructType schema =
      TRY(call.shared.engine->Describe(bound.query, bound.inputs, bound.context));
  std::vector<Row> rows;
  for (const types::StructField& field : schema.fields) {
    rows.push_back({field.name, types::ToString(field.type), field.comment()});
  }
  return MakeResult(ColumnListSchema(), rows);
}

Result<QueryResult> Run(const Call& call, const sql::Explain& statement) {
  if (const auto* refresh = statement.statement->As<sql::Refresh>()) {
    return ExplainRefresh(call, *refresh);
  }
  const auto* select = statement.statement->As<sql::SelectStatement>();
  if (select == nullptr) return FailUnsupported("EXPLAIN of a statement that is no query");
  const ingest::BoundQuery bound = TRY(Bind(call, select->query));
  std::string plan = TRY(call.shared.engine->Explain(bound.query, bound.inputs, bound.context,
                                                     statement.mode == "ANALYZE"));
  return MakeResult(StringColumns({"plan"}), {{std::move(plan)}});
}

}  // namespace inlet::workspace
