#include "workspace/commit_notes.h"

namespace inlet::workspace {

Result<ingest::CommitNotes> CommitNotesOf(const Call& call) {
  const OptionMap& configs = call.session.configs;
  ingest::CommitNotes notes{
      .user_metadata = GetString(configs, "spark.databricks.delta.commitInfo.userMetadata")};
  const auto app_id = GetString(configs, "spark.databricks.delta.write.txnAppId");
  const auto version = GetInt64(configs, "spark.databricks.delta.write.txnVersion");
  if (!version) return std::unexpected(version.error());
  if (app_id.has_value() != version->has_value()) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", app_id ? "txnVersion" : "txnAppId"},
                 {"functionName", "write"},
                 {"message", "txnAppId and txnVersion go together"}});
  }
  if (app_id) {
    notes.transaction = delta::SetTransaction{
        .app_id = *app_id, .version = **version, .last_updated = std::nullopt};
  }
  return notes;
}

}  // namespace inlet::workspace
