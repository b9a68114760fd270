#pragma once

#include <string>
#include <vector>

#include "base/option_map.h"
#include "ingest/write_files.h"
#include "sql/query.h"
#include "workspace/client.h"

namespace inlet::workspace {

struct Call;

/// What df.write.save(path) asks for: plain files, or the first version of a Delta table.
struct FileWrite {
  sql::Query query;
  std::string path;  ///< As users write it.
  std::string format;
  OptionMap options;
  std::vector<std::string> partition_columns;
  std::string mode_name = "ErrorIfExists";  ///< For the history of a Delta table.
  ingest::FilesMode mode = ingest::FilesMode::kAppend;
  bool is_ordered = false;  ///< One file a partition, in the query's order.
};

/// Writes the files. Errors: those of ingest::WriteFiles().
Result<QueryResult> RunFileWrite(const Call& call, const FileWrite& write);

}  // namespace inlet::workspace
