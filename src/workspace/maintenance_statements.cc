#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <chrono>

#include "delta/data_path.h"
#include "delta/table.h"
#include "ingest/dml/sql_parts.h"
#include "ingest/loaded_files.h"
#include "workspace/binder.h"
#include "workspace/datasets.h"
#include "workspace/row_table.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

/// A COPY INTO that runs may need what it has just written.
constexpr double kLeastHoursOfLoadedFiles = 24;
constexpr double kDefaultRetentionHours = 7 * 24;

/// VACUUM of the record of COPY INTO.
Status VacuumRecord(const storage::Location& root, const sql::Vacuum& statement) {
  using namespace std::chrono;
  const double hours =
      std::max(statement.retain_hours.value_or(kDefaultRetentionHours), kLeastHoursOfLoadedFiles);
  const auto now_ms = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  TRY(ingest::VacuumLoadedFiles(TRY(delta::Snapshot::Load(root)),
                                now_ms - static_cast<std::int64_t>(hours * 3'600'000))
          .Context("the record of COPY INTO"));
  return Ok();
}

/// The files of USING INVENTORY: path, length, isDir, modificationTime. Paths are URLs, or relative
/// to the table.
Result<std::vector<storage::ObjectInfo>> InventoryOf(const Call& call, const sql::TableRef& table,
                                                     const storage::Location& root) {
  namespace parts = ingest::parts;
  using types::TypeId;
  sql::Select select{.from = table};
  for (const auto& [name, type] : {std::pair("path", TypeId::kString),
                                   {"length", TypeId::kLong},
                                   {"isDir", TypeId::kBoolean},
                                   {"modificationTime", TypeId::kLong}}) {
    select.items.push_back(parts::Item(parts::CastTo(parts::Column(name), type), name));
  }
  ingest::BoundQuery bound = TRY(Bind(call, {.body = std::move(select)}));
  const auto reader = TRY(call.shared.engine->Run(bound.query, std::move(bound.inputs),
                                                  bound.context, call.options.stop));
  std::vector<storage::ObjectInfo> files;
  while (const types::BatchPtr batch = TRY(reader->Next())) {
    const auto& paths = static_cast<const arrow::StringArray&>(*batch->column(0));
    const auto& lengths = static_cast<const arrow::Int64Array&>(*batch->column(1));
    const auto& directories = static_cast<const arrow::BooleanArray&>(*batch->column(2));
    const auto& times = static_cast<const arrow::Int64Array&>(*batch->column(3));
    for (std::int64_t i = 0; i < batch->num_rows(); ++i) {
      if (paths.IsNull(i) || (directories.IsValid(i) && directories.Value(i))) continue;
      const auto file = delta::ResolveDataPath(root, paths.GetView(i));
      if (!file || file->store != root.store) continue;
      // What has no time may be brand-new.
      files.push_back({.path = file->path,
                       .size_bytes = lengths.IsValid(i) ? lengths.Value(i) : 0,
                       .modified_at_ms = times.IsValid(i) ? times.Value(i) : INT64_MAX});
    }
  }
  return files;
}

}  // namespace

Result<QueryResult> Run(const Call& call, const sql::Restore& statement) {
  const TableTarget target = TRY(FindTable(call, statement.name));
  TRY(RefuseForDatasets(target.entry, "RESTORE").At(statement.name.span));
  delta::RestoreTarget to{.version = statement.to.version};
  if (!to.version) {
    to.timestamp_ms = TRY(ConstantTimestampMs(call, *statement.to.timestamp));
    to.timestamp_text = TRY(ConstantText(call, *statement.to.timestamp));
  }
  const bool ignore_missing = call.session.is_true("spark.sql.files.ignoreMissingFiles", false);
  const delta::RestoreResult result =
      TRY(delta::Restore(target.root, to, ignore_missing, call.session.user).At(statement.span));
  types::StructType schema;
  for (const std::string_view name :
       {"table_size_after_restore", "num_of_files_after_restore", "num_removed_files",
        "num_restored_files", "removed_files_size", "restored_files_size"}) {
    schema.fields.push_back({.name = std::string(name), .type = types::TypeId::kLong});
  }
  return MakeResult(std::move(schema),
                    {{result.table_size_after_restore, result.num_of_files_after_restore,
                      result.num_removed_files, result.num_restored_files,
                      result.removed_files_size, result.restored_files_size}});
}

Result<QueryResult> Run(const Call& call, const sql::Vacuum& statement) {
  const storage::Location root = statement.path ? TRY(ResolvePath(call, *statement.path))
                                                : TRY(FindTable(call, statement.name)).root;
  delta::VacuumOptions options{.retention_hours = statement.retain_hours,
                               .dry_run = statement.dry_run,
                               .is_lite = statement.is_lite,
                               .inventory = std::nullopt,
                               .check_retention = call.session.is_true(
                                   "spark.databricks.delta.retentionDurationCheck.enabled", true)};
  if (statement.inventory) {
    options.inventory = TRY(InventoryOf(call, *statement.inventory, root).At(statement.span));
  }
  const delta::VacuumResult result = TRY(delta::Vacuum(root, options).At(statement.span));
  if (!statement.dry_run) TRY(VacuumRecord(root, statement).At(statement.span));
  std::vector<Row> rows;
  if (statement.dry_run) {
    constexpr std::size_t kShown = 1000;
    for (const std::string& file : result.files) {
      if (rows.size() == kShown) break;
      rows.push_back({file});
    }
  } else {
    rows.push_back({root.store->root_url() + "/" + root.path});
  }
  return MakeResult(StringColumns({"path"}), rows);
}

}  // namespace inlet::workspace
