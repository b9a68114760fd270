#pragma once

#include <string>
#include <vector>

#include "base/option_map.h"
#include "catalog/catalog.h"
#include "ingest/read_files.h"
#include "sql/statement.h"
#include "types/data_type.h"
#include "workspace/session.h"

/// Tables USING csv, json, parquet and other formats of plain files: a name, columns and options
/// for a directory. No history, no row changes; INSERT adds files.
namespace inlet::workspace {

struct FileTable {
  std::string format;
  OptionMap options;
  types::StructType schema;  ///< The partition columns come last.
  std::vector<std::string> partition_columns;
  sql::Properties properties;
};

/// Whether the entry is such a table.
inline bool IsFileTable(const catalog::TableEntry& entry) {
  return (entry.kind == catalog::TableKind::kManaged ||
          entry.kind == catalog::TableKind::kExternal) &&
         !entry.definition.empty();
}

/// The file table of this name; nothing for any other table and for no table.
std::optional<catalog::TableEntry> FindFileTable(const Call& call, const sql::ObjectName& name);

/// What the entry's definition says. Errors: INLET_CORRUPT_FILE.
Result<FileTable> FileTableOf(const catalog::TableEntry& entry);
/// How its files are read.
Result<ingest::ReadFilesRequest> ReadRequestOf(const Call& call, const catalog::TableEntry& entry);
/// What SHOW CREATE TABLE shows.
Result<std::string> CreateFileTableText(const catalog::TableEntry& entry);

/// Whether CREATE TABLE makes a file table.
bool MakesFileTable(const sql::CreateTable& statement);

Result<QueryResult> CreateFileTable(const Call& call, const sql::CreateTable& statement);
Result<QueryResult> InsertIntoFileTable(const Call& call, const sql::Insert& statement,
                                        const catalog::TableEntry& entry);
Result<QueryResult> TruncateFileTable(const catalog::TableEntry& entry);
Result<QueryResult> DescribeFileTable(const catalog::TableEntry& entry, bool is_extended);
/// SHOW PARTITIONS.
Result<QueryResult> ShowFilePartitions(const catalog::TableEntry& entry);

}  // namespace inlet::workspace
