#include "workspace/binder.h"
#include "workspace/file_write.h"
#include "workspace/statements.h"

namespace inlet::workspace {

namespace {

Result<QueryResult> RunDeltaWrite(const Call& call, const FileWrite& write) {
  sql::CreateTable create{.name = {.parts = {"delta", write.path}}, .provider = "delta"};
  create.query = write.query;
  for (const std::string& column : write.partition_columns) {
    create.partitioned_by.push_back({.name = column});
  }
  for (const auto& [key, value] : write.options) {
    if (ToLower(key).starts_with("delta.")) create.properties.emplace_back(key, value);
  }
  return RunFirstWrite(call, create, write.mode_name);
}

}  // namespace

Result<QueryResult> RunFileWrite(const Call& call, const FileWrite& write) {
  if (EqualsIgnoreCase(write.format, "delta")) return RunDeltaWrite(call, write);
  const ingest::FilesSpec spec{.root = TRY(ResolvePath(call, write.path)),
                               .format = ToLower(write.format),
                               .options = write.options,
                               .partition_columns = write.partition_columns,
                               .mode = write.mode,
                               .is_ordered = write.is_ordered || !write.query.order_by.empty()};
  const std::int64_t num_rows = TRY(ingest::WriteFiles(
      *call.shared.engine, TRY(Bind(call, write.query)), spec, call.options.stop));
  return InsertedRows(num_rows);
}

Result<QueryResult> Run(const Call& call, const sql::InsertDirectory& statement) {
  return RunFileWrite(call,
                      {.query = statement.query,
                       .path = statement.path,
                       .format = statement.provider,
                       .options = OptionMap(statement.options.begin(), statement.options.end()),
                       .partition_columns = {},
                       .mode = ingest::FilesMode::kOverwrite});
}

}  // namespace inlet::workspace
