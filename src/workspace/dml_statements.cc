#include <algorithm>

#include "ingest/dml/queries.h"
#include "ingest/dml/sql_parts.h"
#include "ingest/dml/table_change.h"
#include "sql/printer.h"
#include "types/json_text.h"
#include "workspace/change_statement.h"
#include "workspace/file_tables.h"
#include "workspace/row_table.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

using ingest::ChangeFigures;
using ingest::TableChange;

std::string Text(std::int64_t number) { return std::to_string(number); }

Result<QueryResult> Affected(std::int64_t rows) {
  return MakeResult({.fields = {{.name = "num_affected_rows", .type = types::TypeId::kLong}}},
                    {{rows}});
}

std::string Predicates(const sql::Expression* condition) {
  std::vector<std::string> texts;
  if (condition != nullptr) texts.push_back(sql::ToSparkText(*condition));
  return delta::JsonStrings(texts);
}

std::map<std::string, std::string> MergeMetrics(const ChangeFigures& figures) {
  const std::int64_t updated = figures.updated_rows - figures.rows_updated_by_source;
  const std::int64_t deleted = figures.deleted_rows - figures.rows_deleted_by_source;
  return {
      {"numTargetRowsInserted", Text(figures.inserted_rows)},
      {"numTargetRowsUpdated", Text(figures.updated_rows)},
      {"numTargetRowsDeleted", Text(figures.deleted_rows)},
      {"numTargetRowsMatchedUpdated", Text(updated)},
      {"numTargetRowsMatchedDeleted", Text(deleted)},
      {"numTargetRowsNotMatchedBySourceUpdated", Text(figures.rows_updated_by_source)},
      {"numTargetRowsNotMatchedBySourceDeleted", Text(figures.rows_deleted_by_source)},
      {"numTargetRowsCopied", Text(figures.copied_rows)},
      {"numOutputRows", Text(figures.inserted_rows + figures.updated_rows + figures.copied_rows)},
      {"numTargetFilesAdded", Text(figures.added_files)},
      {"numTargetFilesRemoved", Text(figures.removed_files)},
      {"numTargetBytesAdded", Text(figures.added_bytes)},
      {"numTargetBytesRemoved", Text(figures.removed_bytes)},
      {"numTargetChangeFilesAdded", Text(figures.change_files)},
      {"numTargetChangeFileBytes", Text(figures.change_bytes)},
      {"numTargetDeletionVectorsAdded", Text(figures.vectors_added + figures.vectors_updated)},
      {"numTargetDeletionVectorsRemoved", Text(figures.vectors_removed + figures.vectors_updated)},
      {"numTargetDeletionVectorsUpdated", Text(figures.vectors_updated)},
      {"executionTimeMs", Text(figures.scan_ms + figures.rewrite_ms)},
      {"scanTimeMs", Text(figures.scan_ms)},
      {"rewriteTimeMs", Text(figures.rewrite_ms)}};
}

std::string_view ActionName(sql::Merge::Action action) {
  switch (action) {
    case sql::Merge::Action::kDelete:
      return "delete";
    case sql::Merge::Action::kUpdate:
    case sql::Merge::Action::kUpdateAll:
      return "update";
    case sql::Merge::Action::kInsert:
    case sql::Merge::Action::kInsertAll:
      return "insert";
  }
  return "";
}

/// The clauses of a kind as history shows them: a JSON list inside a JSON text.
std::string ClausesText(const sql::Merge& statement, sql::Merge::When when) {
  std::string list = "[";
  for (const sql::Merge::Clause& clause : statement.clauses) {
    if (clause.when != when) continue;
    if (list.size() > 1) list += ',';
    list += '{';
    if (clause.condition) {
      list += "\"predicate\":" + types::JsonQuote(sql::ToSparkText(*clause.condition)) + ",";
    }
    list += "\"actionType\":\"" + std::string(ActionName(clause.action)) + "\"}";
  }
  return delta::JsonString(list + "]");
}

/// Columns of the source that a clause names are fitted by MergeQuery().
Status FitStructs(ChangeStatement& run, sql::Merge& statement) {
  std::vector<sql::Assignment*> assignments;
  for (sql::Merge::Clause& clause : statement.clauses) {
    for (sql::Assignment& assignment : clause.assignments) {
      if (assignment.value.As<sql::ColumnRef>() == nullptr) assignments.push_back(&assignment);
    }
  }
  sql::TableRef rows{.node = sql::JoinTable{.left = statement.source,
                                            .right = ingest::parts::AsTable(
                                                std::string(ingest::kTargetInput), run.alias()),
                                            .kind = sql::JoinKind::kInner,
                                            .condition = statement.condition}};
  return run.FitStructs(statement.with, rows, assignments);
}

}  // namespace

Result<QueryResult> Run(const Call& call, const sql::Delete& statement) {
  const auto run = TRY(ChangeStatement::Open(call, statement.target.name, statement.alias,
                                             /*only_inserts=*/false));
  const sql::Expression* where = statement.where ? &*statement.where : nullptr;
  if (where == nullptr) {
    TRY(run->change().RemoveAll());
  } else {
    TRY(run->DeleteWhere(*where).At(statement.span));
  }
  const ChangeFigures figures = TRY(run->change().Finish());
  std::map<std::string, std::string> metrics = ingest::FileMetrics(figures);
  metrics["numDeletedRows"] = Text(figures.deleted_rows);
  TRY(run->Commit({.name = "DELETE",
                   .parameters = {{"predicate", Predicates(where)}},
                   .metrics = std::move(metrics)}));
  return Affected(figures.deleted_rows);
}

Result<QueryResult> Run(const Call& call, const sql::Update& statement) {
  const auto run = TRY(ChangeStatement::Open(call, statement.target.name, statement.alias,
                                             /*only_inserts=*/false));
  sql::Update fitted = statement;
  std::vector<sql::Assignment*> assignments;
  for (sql::Assignment& assignment : fitted.assignments) assignments.push_back(&assignment);
  TRY(run->FitStructs({}, ingest::parts::AsTable(std::string(ingest::kTargetInput), run->alias()),
                      assignments)
          .At(statement.span));
  TRY(run->Run(TRY(ingest::UpdateQuery(run->Changed(/*with_news=*/true), fitted)),
               /*with_news=*/true)
          .At(statement.span));
  const ChangeFigures figures = TRY(run->change().Finish());
  std::map<std::string, std::string> metrics = ingest::FileMetrics(figures);
  metrics["numUpdatedRows"] = Text(figures.updated_rows);
  TRY(run->Commit(
      {.name = "UPDATE",
       .parameters = {{"predicate", Predicates(statement.where ? &*statement.where : nullptr)}},
       .metrics = std::move(metrics)}));
  return Affected(figures.updated_rows);
}

Result<QueryResult> Run(const Call& call, const sql::Merge& given) {
  sql::Merge statement = given;
  statement.with_schema_evolution |=
      call.session.is_true("spark.databricks.delta.schema.autoMerge.enabled", false);
  const auto& clauses = statement.clauses;
  const auto inserts = [](const sql::Merge::Clause& clause) {
    return clause.when == sql::Merge::When::kNotMatched;
  };
  const bool only_inserts = std::ranges::all_of(clauses, inserts);
  const auto run =
      TRY(ChangeStatement::Open(call, statement.target.name, statement.target_alias, only_inserts));
  sql::Select all{.from = statement.source};
  all.items.push_back({.value = {.node = sql::Star{}}});
  const types::StructType source = TRY(
      run->Describe({.with = statement.with, .body = std::move(all)}).At(statement.source.span));
  if (statement.with_schema_evolution) {
    types::StructType evolved = ingest::EvolvedByMerge(run->table().schema(), statement, source);
    if (!(evolved == run->table().schema())) {
      TRY(run->change().Evolve(std::move(evolved)));
    }
  }
  TRY(FitStructs(*run, statement).At(statement.span));
  const bool with_news = std::ranges::any_of(clauses, [](const sql::Merge::Clause& clause) {
    return clause.action != sql::Merge::Action::kDelete;
  });
  ingest::ChangedTable changed = run->Changed(with_news);
  sql::Query query = TRY(ingest::MergeQuery(changed, statement, source));
  // A row that several source rows delete is deleted, unless a condition has to choose.
  const bool allow_repeated = std::ranges::all_of(clauses, [&](const sql::Merge::Clause& clause) {
    return clause.when != sql::Merge::When::kMatched ||
           (clause.action == sql::Merge::Action::kDelete && !clause.condition);
  });
  TRY(run->Run(std::move(query), with_news, allow_repeated).At(statement.span));
  const ChangeFigures figures = TRY(run->change().Finish());
  using When = sql::Merge::When;
  TRY(run->Commit(
      {.name = "MERGE",
       .parameters = {{"predicate", Predicates(&statement.condition)},
                      {"matchedPredicates", ClausesText(statement, When::kMatched)},
                      {"notMatchedPredicates", ClausesText(statement, When::kNotMatched)},
                      {"notMatchedBySourcePredicates",
                       ClausesText(statement, When::kNotMatchedBySource)}},
       .metrics = MergeMetrics(figures)}));
  types::StructType schema;
  for (const std::string_view name :
       {"num_affected_rows", "num_updated_rows", "num_deleted_rows", "num_inserted_rows"}) {
    schema.fields.push_back({.name = std::string(name), .type = types::TypeId::kLong});
  }
  return MakeResult(std::move(schema),
                    {{figures.updated_rows + figures.deleted_rows + figures.inserted_rows,
                      figures.updated_rows, figures.deleted_rows, figures.inserted_rows}});
}

Result<QueryResult> Run(const Call& call, const sql::TruncateTable& statement) {
  if (const auto entry = FindFileTable(call, statement.name); entry && !statement.partition) {
    return TruncateFileTable(*entry);
  }
  const auto run = TRY(ChangeStatement::Open(call, statement.name, "", /*only_inserts=*/false));
  if (statement.partition) {
    namespace parts = ingest::parts;
    std::vector<sql::Expression> conditions;
    for (const auto& [column, value] : statement.partition->columns) {
      if (!value) return FailUnsupported("a partition without a value in TRUNCATE TABLE");
      conditions.push_back(
          parts::Binary(sql::BinaryOperator::kNullSafeEqual, parts::Column(column), *value));
    }
    const sql::Expression condition = parts::And(std::move(conditions));
    if (!IsOnPartitions(run->table(), condition)) {
      return Fail(Condition::INVALID_PARTITION_OPERATION,
                  {{"name", sql::ToString(statement.name)}});
    }
    TRY(run->RemovePartitions(condition).At(statement.span));
  } else {
    TRY(run->change().RemoveAll());
  }
  const ChangeFigures figures = TRY(run->change().Finish());
  TRY(run->Commit({.name = "TRUNCATE",
                   .metrics = {{"numRemovedFiles", Text(figures.removed_files)},
                               {"executionTimeMs", Text(figures.scan_ms + figures.rewrite_ms)}}}));
  return NoRows();
}

}  // namespace inlet::workspace
