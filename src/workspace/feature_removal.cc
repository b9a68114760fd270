#include "workspace/feature_removal.h"

#include <algorithm>
#include <chrono>

#include "delta/column_mapping.h"
#include "delta/log_maintenance.h"
#include "delta/table.h"
#include "delta/type_change.h"
#include "ingest/dml/optimize.h"
#include "ingest/dml/rewrite_table.h"

namespace inlet::workspace {
namespace {

using delta::SnapshotPtr;

constexpr const char* kProtectedBefore = "delta.requireCheckpointProtectionBeforeVersion";
constexpr const char* kTruncationRetention = "delta.dropFeatureTruncateHistory.retentionDuration";
constexpr std::int64_t kDefaultTruncationRetentionMs = std::int64_t{24} * 3600 * 1000;

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class FeatureRemoval {
 public:
  FeatureRemoval(const Call& call, SnapshotPtr table, const sql::DropFeature& action)
      : call_(call), table_(std::move(table)), action_(action) {}

  Status Run() {
    // What cannot be dropped is told before anything is written.
    TRY(delta::DropFeature(*table_, action_.feature));
    const delta::TableFeature& feature = *Known();
    const delta::Version before = table_->version();
    TRY(RemoveTraces(feature.name));
    if (!feature.is_reader_feature) return Commit(TRY(Actions()));
    if (action_.truncate_history) {
      TRY(CheckHistoryIsGone(/*is_off_since_now=*/table_->version() != before));
      return Commit(TRY(Actions()));
    }
    // Whoever does not know the feature must find a checkpoint before and at the change.
    TRY(delta::WriteLogCheckpoint(table_, NowMs()));
    TRY(Commit(TRY(ProtectedActions())));
    return delta::WriteLogCheckpoint(table_, NowMs());
  }

 private:
  const delta::TableFeature* Known() const {
    const auto known =
        std::ranges::find_if(delta::KnownFeatures(), [&](const delta::TableFeature& feature) {
          return EqualsIgnoreCase(feature.name, action_.feature);
        });
    return &*known;
  }

  Result<delta::TableActions> Actions() const {
    return delta::DropFeature(*table_, action_.feature);
  }

  Result<delta::TableActions> ProtectedActions() const {
    delta::TableActions actions = TRY(Actions());
    auto& features = actions.protocol.writer_features;
    if (features && std::ranges::find(*features, "checkpointProtection") == features->end()) {
      features->emplace_back("checkpointProtection");
      std::ranges::sort(*features);
    }
    actions.metadata.configuration[kProtectedBefore] = std::to_string(table_->version() + 1);
    return actions;
  }

  Status RemoveTraces(std::string_view feature) {
    if (feature == "deletionVectors") return RemoveDeletionVectors();
    if (feature == "columnMapping") {
      table_ = TRY(RemoveColumnMapping(call_, table_));
    } else if (feature.starts_with("typeWidening")) {
      return RemoveTypeChanges();
    } else if (feature == "v2Checkpoint") {
      TRY(SetProperty("delta.checkpointPolicy", "classic"));
      return delta::WriteLogCheckpoint(table_, NowMs());
    }
    return Ok();
  }

  Status RemoveDeletionVectors() {
    TRY(SetProperty("delta.enableDeletionVectors", std::nullopt));
    const ingest::OptimizeRequest request{.user_name = call_.session.user,
                                          .session_time_zone = call_.session.time_zone(),
                                          .threads = call_.shared.threads,
                                          .stop = call_.options.stop,
                                          .partitions = std::nullopt,
                                          .only_purges = true};
    const ingest::OptimizeResult purged =
        TRY(ingest::Optimize(*call_.shared.engine, table_, request));
    if (purged.snapshot) Take(purged.snapshot);
    return Ok();
  }

  Status RemoveTypeChanges() {
    TRY(SetProperty("delta.enableTypeWidening", std::nullopt));
    types::StructType schema = delta::WithoutTypeChanges(table_->schema());
    if (types::ToJson(schema) == types::ToJson(table_->schema())) return Ok();
    ingest::RewriteRequest request{
        .actions = TRY(delta::AlterSchema(*table_, std::move(schema))),
        .operation = {.name = "REORG",
                      .parameters = {{"predicate", delta::JsonStrings({})}, {"applyPurge", "true"}},
                      .user_name = call_.session.user},
        .session_time_zone = call_.session.time_zone(),
        .threads = call_.shared.threads,
        .stop = call_.options.stop};
    Take(TRY(ingest::RewriteTable(table_, std::move(request))));
    return Ok();
  }

  /// Sets or unsets what turns the feature on, where it is on.
  Status SetProperty(const std::string& key, const std::optional<std::string>& value) {
    const auto found = table_->properties().find(key);
    if (found == table_->properties().end() || (value && found->second == *value)) return Ok();
    delta::TableActions actions = TRY(delta::AlterProperties(*table_, {{key, value}}));
    delta::Transaction transaction(table_);
    transaction.Set(std::move(actions.metadata));
    delta::Operation operation{
        .name = value ? "SET TBLPROPERTIES" : "UNSET TBLPROPERTIES",
        .parameters = {{"properties",
                        value ? "{" + delta::JsonString(key) + ":" + delta::JsonString(*value) + "}"
                              : delta::JsonStrings({key})}},
        .user_name = call_.session.user,
        .is_blind_append = false};
    Take(TRY(std::move(transaction).Commit(std::move(operation))).snapshot);
    return Ok();
  }

  /// Cleans the log up to now, as far as the retention allows, and looks what is left.
  Status CheckHistoryIsGone(bool is_off_since_now) {
    const auto configured = table_->properties().find(kTruncationRetention);
    const std::int64_t retention_ms = configured == table_->properties().end()
                                          ? kDefaultTruncationRetentionMs
                                          : TRY(delta::ParseInterval(configured->second));
    const std::int64_t now_ms = NowMs();
    TRY(delta::WriteLogCheckpoint(table_, now_ms));
    TRY(delta::CleanLog(*table_, now_ms, retention_ms));
    const auto available = TRY(delta::LogSegment::AvailableVersions(table_->table_root()));
    if (available.earliest == table_->version()) return Ok();
    return Fail(
        is_off_since_now ? Condition::DELTA_FEATURE_DROP_WAIT_FOR_RETENTION_PERIOD
                         : Condition::DELTA_FEATURE_DROP_HISTORICAL_VERSIONS_EXIST,
        {{"feature", action_.feature},
         {"logRetentionPeriodKey", kTruncationRetention},
         {"logRetentionPeriod",
          configured == table_->properties().end() ? "interval 24 hours" : configured->second}});
  }

  Status Commit(delta::TableActions actions) {
    delta::Transaction transaction(table_);
    // Appends in between would lie before the version that is named as protected.
    transaction.ReadWholeTable();
    transaction.Set(std::move(actions.protocol));
    transaction.Set(std::move(actions.metadata));
    for (delta::DomainMetadata& domain : actions.domains) transaction.Set(std::move(domain));
    Take(TRY(std::move(transaction)
                 .Commit({.name = "DROP FEATURE",
                          .parameters = {{"featureName", delta::JsonString(action_.feature)},
                                         {"truncateHistory",
                                          action_.truncate_history ? "true" : "false"}},
                          .user_name = call_.session.user,
                          .is_blind_append = false}))
             .snapshot);
    return Ok();
  }

  void Take(SnapshotPtr table) {
    table_ = std::move(table);
    call_.shared.snapshots.Put(table_);
  }

  const Call& call_;
  SnapshotPtr table_;
  const sql::DropFeature& action_;
};

}  // namespace

Status DropFeature(const Call& call, SnapshotPtr table, const sql::DropFeature& action) {
  return FeatureRemoval(call, std::move(table), action).Run();
}

Result<SnapshotPtr> RemoveColumnMapping(const Call& call, const SnapshotPtr& table) {
  if (TRY(delta::ColumnMappingModeOf(table->properties())) == delta::ColumnMappingMode::kNone) {
    return table;
  }
  if (!delta::Detail(*table).clustering_columns.empty()) {
    return FailUnsupported("taking column mapping from a clustered table");
  }
  delta::TableActions actions{
      .metadata = table->metadata(), .protocol = table->protocol(), .domains = {}};
  const types::StructType schema = delta::WithoutColumnIds(table->schema());
  if (delta::HasOddNames(schema)) {
    return Fail(Condition::DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES,
                {{"invalidColumnNames", types::ToDdl(schema)}});
  }
  actions.metadata.schema_string = types::ToJson(schema);
  actions.metadata.configuration.erase("delta.columnMapping.maxColumnId");
  actions.metadata.configuration["delta.columnMapping.mode"] = "none";
  ingest::RewriteRequest request{.actions = std::move(actions),
                                 .operation = {.name = "REMOVE COLUMN MAPPING",
                                               .parameters = {},
                                               .user_name = call.session.user},
                                 .session_time_zone = call.session.time_zone(),
                                 .threads = call.shared.threads,
                                 .stop = call.options.stop};
  SnapshotPtr rewritten = TRY(ingest::RewriteTable(table, std::move(request)));
  call.shared.snapshots.Put(rewritten);
  return rewritten;
}

}  // namespace inlet::workspace
