#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/spark_connect/operation.h"
#include "server/spark_connect/relations.h"
#include "server/spark_connect/stream_table.h"
#include "workspace/client.h"

namespace inlet::server {

/// What one client application has: settings, temporary views, running operations, kept relations
/// and artifacts. Thread-safe: a client may run several plans at once.
class ConnectSession final : public SessionResources {
 public:
  /// Whose the session is: as the client calls itself and it.
  struct Key {
    std::string user;
    std::string session;
    auto operator<=>(const Key&) const = default;
  };
  /// `workers` outlive this.
  ConnectSession(std::unique_ptr<workspace::Client> client, PythonWorkers& workers, const Key& key);
  ~ConnectSession() override;

  /// Made here, and the same for the life of the session.
  const std::string& server_side_id() const { return server_side_id_; }

  /// A client for one plan, with what the session has set.
  std::unique_ptr<workspace::Client> CloneClient();

  // SessionResources.
  Result<KeptRelation> FindRelation(const std::string& id) override;
  Result<std::shared_ptr<const std::string>> FindArtifact(const std::string& name) override;
  Result<workspace::QueryResult> ExecuteInSession(
      const sql::Statement& statement, const std::vector<engine::Input>& inputs,
      const workspace::ExecuteOptions& options) override;

  // PythonFunctions.
  Result<std::shared_ptr<PythonFunction>> KeepFunction(PythonDefinition definition,
                                                       std::vector<std::string> names) override;
  void RegisterFunction(const std::string& name, PythonDefinition definition) override;
  std::shared_ptr<const PythonDefinition> FindFunction(const std::string& name) override;
  bool has_registered_functions() override;
  std::shared_ptr<const PythonHome> python_home() override { return python_home_; }
  PythonSettings python_settings() override;

  /// The id under which the relation can be had.
  std::string KeepRelation(KeptRelation relation);
  void DropRelation(const std::string& id);

  StreamTable& streams() { return streams_; }
  /// Runs what a stream hands to a sink of ours.
  Result<workspace::QueryResult> RunBound(ingest::BoundQuery query, std::stop_token stop);
  /// A place of the session's own, which goes with it.
  const std::string& TemporaryDirectory() override;
  void SetCached(const std::string& table, bool is_cached) override;
  void ForgetCached() override;
  bool IsCached(const std::string& table) override;

  bool HasArtifact(const std::string& name);
  /// Errors: INLET_RESOURCE_LIMIT.
  Status AddArtifact(const std::string& name, std::string data);

  /// How df.persist() was called for the relation of this number, a serialized StorageLevel; empty:
  /// it was not. Rows are never kept.
  void SetStorageLevel(std::int64_t plan_id, std::string level);
  std::string StorageLevel(std::int64_t plan_id);

  /// Settings. A value that is not set is its default, or nothing.
  std::optional<std::string> FindConfig(const std::string& key);
  std::map<std::string, std::string> AllConfigs();
  /// Errors: those of SET.
  Status SetConfig(const std::string& key, const std::string& value);
  void UnsetConfig(const std::string& key);

  /// Errors: INVALID_HANDLE.OPERATION_ALREADY_EXISTS; INLET_RESOURCE_LIMIT.
  Result<std::shared_ptr<Operation>> AddOperation(const std::string& id,
                                                  std::vector<std::string> tags);
  std::shared_ptr<Operation> FindOperation(const std::string& id);
  void RemoveOperation(const std::string& id);
  std::vector<std::shared_ptr<Operation>> operations();
  /// Removes those that nobody has asked after for `patience`.
  void RemoveAbandoned(std::chrono::steady_clock::duration patience);

  void Touch();
  std::chrono::steady_clock::time_point last_used();

  /// A copy under a new server-side id, without operations.
  std::unique_ptr<ConnectSession> Clone(const Key& key);

 private:
  /// Where modules that the client sends lie, when it has sent any.
  Status KeepModule(const std::string& name, const std::string& data);

  const std::string server_side_id_;
  const std::shared_ptr<const PythonHome> python_home_;
  std::mutex client_mutex_;
  std::unique_ptr<workspace::Client> client_;  // Guarded by client_mutex_.

  std::mutex mutex_;
  // Guarded by mutex_:
  std::map<std::string, KeptRelation> relations_;
  std::map<std::string, std::shared_ptr<const std::string>> artifacts_;
  std::size_t artifact_bytes_ = 0;
  std::map<std::string, std::shared_ptr<PythonFunction>> functions_;  ///< By all that they are.
  std::map<std::string, std::shared_ptr<const PythonDefinition>, CaseInsensitiveLess> registered_;
  std::string module_directory_;
  std::map<std::int64_t, std::string> storage_levels_;
  std::set<std::string> cached_tables_;  ///< In lower case.
  std::string temporary_directory_;
  std::map<std::string, std::shared_ptr<Operation>> operations_;
  std::chrono::steady_clock::time_point last_used_ = std::chrono::steady_clock::now();
  StreamTable streams_;  // Last: its queries end before what they use.
};

}  // namespace inlet::server
