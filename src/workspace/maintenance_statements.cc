#include <algorithm>
#include <chrono>

#include "delta/table.h"
#include "ingest/loaded_files.h"
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
      TRY(delta::Restore(target.root, to, ignore_missing).At(statement.span));
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
  if (statement.inventory) return FailUnsupported("VACUUM ... USING INVENTORY");
  const storage::Location root = statement.path ? TRY(ResolvePath(call, *statement.path))
                                                : TRY(FindTable(call, statement.name)).root;
  const delta::VacuumOptions options{
      .retention_hours = statement.retain_hours,
      .dry_run = statement.dry_run,
      .is_lite = statement.is_lite,
      .check_retention =
          call.session.is_true("spark.databricks.delta.retentionDurationCheck.enabled", true)};
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
