#pragma once

#include "sql/ast.h"
#include "workspace/session.h"

/// One function for each kind of statement. Errors carry their place in the statement's text.
namespace inlet::workspace {

// query_statements.cc
Result<QueryResult> Run(const Call& call, const sql::SelectStatement& statement);
Result<QueryResult> Run(const Call& call, const sql::DescribeQuery& statement);
Result<QueryResult> Run(const Call& call, const sql::Explain& statement);

// table_statements.cc
Result<QueryResult> Run(const Call& call, const sql::CreateTable& statement);
/// CREATE TABLE AS that the table's history tells of as a write of this mode.
Result<QueryResult> RunFirstWrite(const Call& call, const sql::CreateTable& statement,
                                  std::string mode);
Result<QueryResult> Run(const Call& call, const sql::CreateTableLike& statement);
Result<QueryResult> Run(const Call& call, const sql::DropTable& statement);
Result<QueryResult> Run(const Call& call, const sql::UndropTable& statement);

// alter_table.cc
Result<QueryResult> Run(const Call& call, const sql::AlterTable& statement);
/// The same for the table of a dataset, on behalf of ALTER STREAMING TABLE and its kin.
Result<QueryResult> AlterDatasetTable(const Call& call, const sql::AlterTable& statement);

// insert_statement.cc
Result<QueryResult> Run(const Call& call, const sql::Insert& statement);

// copy_into_statement.cc
Result<QueryResult> Run(const Call& call, const sql::CopyInto& statement);

// dml_statements.cc
Result<QueryResult> Run(const Call& call, const sql::Delete& statement);
Result<QueryResult> Run(const Call& call, const sql::Update& statement);
Result<QueryResult> Run(const Call& call, const sql::Merge& statement);
Result<QueryResult> Run(const Call& call, const sql::TruncateTable& statement);
// directory_statement.cc
Result<QueryResult> Run(const Call& call, const sql::InsertDirectory& statement);

// view_statements.cc
Result<QueryResult> Run(const Call& call, const sql::CreateView& statement);
Result<QueryResult> Run(const Call& call, const sql::AlterView& statement);
Result<QueryResult> Run(const Call& call, const sql::DropView& statement);

// namespace_statements.cc
Result<QueryResult> Run(const Call& call, const sql::CreateCatalog& statement);
Result<QueryResult> Run(const Call& call, const sql::CreateSchema& statement);
Result<QueryResult> Run(const Call& call, const sql::CreateVolume& statement);
Result<QueryResult> Run(const Call& call, const sql::DropObject& statement);
Result<QueryResult> Run(const Call& call, const sql::AlterObject& statement);
Result<QueryResult> Run(const Call& call, const sql::CommentOn& statement);
Result<QueryResult> Run(const Call& call, const sql::Use& statement);

// describe_statements.cc
Result<QueryResult> Run(const Call& call, const sql::DescribeTable& statement);
Result<QueryResult> Run(const Call& call, const sql::DescribeHistory& statement);
Result<QueryResult> Run(const Call& call, const sql::DescribeDetail& statement);
Result<QueryResult> Run(const Call& call, const sql::DescribeObject& statement);

// show_statements.cc
Result<QueryResult> Run(const Call& call, const sql::Show& statement);

// pipeline_statements.cc
Result<QueryResult> Run(const Call& call, const sql::CreateStreamingTable& statement);
Result<QueryResult> Run(const Call& call, const sql::CreateMaterializedView& statement);
Result<QueryResult> Run(const Call& call, const sql::Refresh& statement);
Result<QueryResult> ExplainRefresh(const Call& call, const sql::Refresh& statement);
Result<QueryResult> Run(const Call& call, const sql::AlterStreaming& statement);
Result<QueryResult> Run(const Call& call, const sql::CreateFlow& statement);

// optimize_statement.cc
Result<QueryResult> Run(const Call& call, const sql::Optimize& statement);
Result<QueryResult> Run(const Call& call, const sql::Reorg& statement);

// clone_statement.cc
Result<QueryResult> Run(const Call& call, const sql::CloneTable& statement);
Result<QueryResult> Run(const Call& call, const sql::ConvertToDelta& statement);

// maintenance_statements.cc
Result<QueryResult> Run(const Call& call, const sql::Restore& statement);
Result<QueryResult> Run(const Call& call, const sql::Vacuum& statement);

// statistics_statement.cc
Result<QueryResult> Run(const Call& call, const sql::AnalyzeTable& statement);
Result<QueryResult> Run(const Call& call, const sql::RepairTable& statement);

// file_statements.cc
Result<QueryResult> Run(const Call& call, const sql::ListFiles& statement);
Result<QueryResult> Run(const Call& call, const sql::PutFile& statement);
Result<QueryResult> Run(const Call& call, const sql::GetFile& statement);
Result<QueryResult> Run(const Call& call, const sql::RemoveFile& statement);

// session_statements.cc
Result<QueryResult> Run(const Call& call, const sql::SetConfig& statement);
Result<QueryResult> Run(const Call& call, const sql::SetTimeZone& statement);
Result<QueryResult> Run(const Call& call, const sql::ResetConfig& statement);
Result<QueryResult> Run(const Call& call, const sql::DeclareVariable& statement);
Result<QueryResult> Run(const Call& call, const sql::SetVariable& statement);
Result<QueryResult> Run(const Call& call, const sql::DropVariable& statement);
Result<QueryResult> Run(const Call& call, const sql::CacheControl& statement);

/// A statement that gives no rows.
inline QueryResult NoRows() { return {}; }

/// num_affected_rows and num_inserted_rows, as INSERT and CREATE TABLE AS give them.
Result<QueryResult> InsertedRows(std::int64_t rows);

/// The schema of a table or view, by name.
Result<types::StructType> SchemaOf(const Call& call, const sql::ObjectName& name);

}  // namespace inlet::workspace
