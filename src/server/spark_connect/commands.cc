#include <spark/connect/base.pb.h>
#include <spark/connect/commands.pb.h>

#include "server/spark_connect/arrow_messages.h"
#include "server/spark_connect/local_data.h"
#include "server/spark_connect/plan_runner.h"
#include "sql/parser.h"
#include "sql/statement.h"

/// Commands that read or name things.
namespace inlet::server {
namespace {

using spark::connect::ExecutePlanResponse;
using spark::connect::Relation;

/// The input of spark.sql(), also as clients before 4.0 send it.
Relation InputOf(const spark::connect::SqlCommand& command) {
  if (command.has_input()) return command.input();
  Relation relation;
  auto& sql = *relation.mutable_sql();
  sql.set_query(command.sql());
  *sql.mutable_named_arguments() = command.named_arguments();
  *sql.mutable_pos_arguments() = command.pos_arguments();
  *sql.mutable_args() = command.args();
  *sql.mutable_pos_args() = command.pos_args();
  return relation;
}

const std::string& TextOf(const Relation& input) {
  return input.has_with_relations() ? input.with_relations().root().sql().query()
                                    : input.sql().query();
}

}  // namespace

/// A query stays a plan that runs when its rows are asked for; everything else is done at once.
Status PlanRunner::Sql(const spark::connect::SqlCommand& command) {
  const Relation input = InputOf(command);
  operation_.sql = TextOf(input);
  const sql::Statement statement = TRY(sql::ParseStatement(operation_.sql));
  ExecutePlanResponse response;
  Relation& relation = *response.mutable_sql_command_result()->mutable_relation();
  if (statement.As<sql::SelectStatement>() != nullptr) {
    relation = input;
    return Send(std::move(response));
  }
  const Frame frame = TRY(translator_.Translate(input));
  workspace::QueryResult result{.session_time_zone = "UTC"};
  if (!frame.columns.empty()) result = TRY(translator_.Run(frame));
  relation.mutable_local_relation()->set_data(
      TRY(ToIpcStream(result.rows.get(), result.schema, result.session_time_zone)));
  return Send(std::move(response));
}

Status PlanRunner::CreateView(const spark::connect::CreateDataFrameViewCommand& command) {
  const Frame frame = TRY(translator_.Translate(command.input()));
  sql::CreateView statement;
  statement.or_replace = command.replace();
  statement.is_temporary = true;
  statement.name.parts = TRY(ParseNameParts(command.name()));
  if (statement.name.parts.size() != 1) {
    return Fail(Condition::PARSE_SYNTAX_ERROR,
                {{"error", "'" + command.name() + "'"},
                 {"hint", " The name of a temporary view has one part."}});
  }
  if (command.is_global()) statement.name.parts.insert(statement.name.parts.begin(), "global_temp");
  statement.query = ToQuery(frame);
  for (const OutputColumn& column : frame.columns) {
    statement.columns.push_back({.name = column.name});
  }
  auto result = session_.ExecuteInSession(statement, translator_.inputs(), options_);
  if (!result) return std::unexpected(std::move(result).error());
  return Ok();
}

/// checkpoint() and localCheckpoint(): the rows as they are now.
Status PlanRunner::Checkpoint(const spark::connect::CheckpointCommand& command) {
  const Frame frame = TRY(translator_.Translate(command.relation()));
  const types::StructType schema = TRY(translator_.SchemaOf(frame));
  auto rows = LocalSource(schema, TRY(translator_.Collect(frame)));
  ExecutePlanResponse response;
  response.mutable_checkpoint_command_result()->mutable_relation()->set_relation_id(
      session_.KeepRelation({.schema = schema, .rows = std::move(rows)}));
  return Send(std::move(response));
}

}  // namespace inlet::server
