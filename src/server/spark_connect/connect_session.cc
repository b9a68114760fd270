#include "server/spark_connect/connect_session.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/uuid.h"
#include "engine/engine.h"
#include "server/spark_connect/settings.h"
#include "sql/statement.h"

namespace inlet::server {
namespace {

constexpr std::size_t kMaxArtifactBytes = std::size_t{4} << 30;
constexpr std::size_t kMaxBufferedBytes = std::size_t{64} << 20;
constexpr std::size_t kMaxOperations = 1000;
constexpr std::size_t kMaxFunctions = 10'000;
/// For a Python function to answer for one batch of rows, unless a setting says otherwise.
constexpr std::chrono::minutes kBatchTimeout(60);

/// Statements that change what the session has set; all others run on a copy of it, so that a long
/// one does not hold up the rest.
bool ChangesSession(const sql::Statement& statement) {
  return statement.As<sql::Use>() != nullptr || statement.As<sql::SetConfig>() != nullptr ||
         statement.As<sql::SetTimeZone>() != nullptr ||
         statement.As<sql::ResetConfig>() != nullptr ||
         statement.As<sql::DeclareVariable>() != nullptr ||
         statement.As<sql::SetVariable>() != nullptr ||
         statement.As<sql::DropVariable>() != nullptr ||
         statement.As<sql::CreateView>() != nullptr || statement.As<sql::DropView>() != nullptr ||
         statement.As<sql::ExecuteImmediate>() != nullptr;
}

}  // namespace

ConnectSession::ConnectSession(std::unique_ptr<workspace::Client> client, PythonWorkers& workers,
                               const Key& key)
    : server_side_id_(RandomUuid()),
      python_home_(std::make_shared<PythonHome>(PythonHome{.workers = workers,
                                                           .session = server_side_id_,
                                                           .client_session = key.session,
                                                           .user = key.user})),
      client_(std::move(client)) {}

ConnectSession::~ConnectSession() {
  for (const auto& operation : operations()) operation->Interrupt();
  streams_.StopAll();
  python_home_->workers.EndSession(server_side_id_);
  if (temporary_directory_.empty()) return;
  std::error_code error;
  std::filesystem::remove_all(temporary_directory_, error);
}

Result<workspace::QueryResult> ConnectSession::RunBound(ingest::BoundQuery query,
                                                        std::stop_token stop) {
  return CloneClient()->Run(std::move(query), std::move(stop));
}

const std::string& ConnectSession::TemporaryDirectory() {
  std::lock_guard lock(mutex_);
  if (temporary_directory_.empty()) {
    std::error_code error;
    temporary_directory_ =
        (std::filesystem::temp_directory_path(error) / ("inlet-" + server_side_id_)).string();
    std::filesystem::create_directories(temporary_directory_, error);
  }
  return temporary_directory_;
}

std::unique_ptr<workspace::Client> ConnectSession::CloneClient() {
  std::lock_guard lock(client_mutex_);
  return client_->Clone();
}

Result<KeptRelation> ConnectSession::FindRelation(const std::string& id) {
  std::lock_guard lock(mutex_);
  const auto found = relations_.find(id);
  if (found == relations_.end()) {
    return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE,
                {{"errorMsg", "there is no kept relation " + id}});
  }
  return found->second;
}

std::string ConnectSession::KeepRelation(KeptRelation relation) {
  std::string id = RandomUuid();
  std::lock_guard lock(mutex_);
  relations_.emplace(id, std::move(relation));
  return id;
}

void ConnectSession::DropRelation(const std::string& id) {
  std::lock_guard lock(mutex_);
  relations_.erase(id);
}

Result<workspace::QueryResult> ConnectSession::ExecuteInSession(
    const sql::Statement& statement, const std::vector<engine::Input>& inputs,
    const workspace::ExecuteOptions& options) {
  if (!ChangesSession(statement)) return CloneClient()->Execute(statement, inputs, options);
  std::lock_guard lock(client_mutex_);
  return client_->Execute(statement, inputs, options);
}

Result<std::shared_ptr<const std::string>> ConnectSession::FindArtifact(const std::string& name) {
  std::lock_guard lock(mutex_);
  const auto found = artifacts_.find(name);
  if (found == artifacts_.end()) {
    return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE,
                {{"errorMsg", "there is no artifact " + name}});
  }
  return found->second;
}

bool ConnectSession::HasArtifact(const std::string& name) {
  std::lock_guard lock(mutex_);
  return artifacts_.contains(name);
}

Status ConnectSession::KeepModule(const std::string& name, const std::string& data) {
  const std::filesystem::path path = std::filesystem::path(name).filename();
  if (path.empty() || path == "." || path == "..") return Ok();
  const std::filesystem::path directory =
      std::filesystem::path(TemporaryDirectory()) / "python_modules";
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  std::ofstream file(directory / path, std::ios::binary | std::ios::trunc);
  file.write(data.data(), static_cast<std::streamsize>(data.size()));
  if (!file.flush()) {
    return Fail(Condition::STORAGE_UNAVAILABLE,
                {{"message", "the module " + path.string() + " could not be written"}});
  }
  std::lock_guard lock(mutex_);
  module_directory_ = directory.string();
  return Ok();
}

Status ConnectSession::AddArtifact(const std::string& name, std::string data) {
  if (name.starts_with("pyfiles/") || name.starts_with("files/")) TRY(KeepModule(name, data));
  std::lock_guard lock(mutex_);
  if (artifacts_.contains(name)) return Ok();
  if (artifact_bytes_ + data.size() > kMaxArtifactBytes) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", "The artifacts of a session are too large"},
                 {"limit", std::to_string(kMaxArtifactBytes)}});
  }
  artifact_bytes_ += data.size();
  artifacts_.emplace(name, std::make_shared<const std::string>(std::move(data)));
  return Ok();
}

void ConnectSession::SetCached(const std::string& table, bool is_cached) {
  std::lock_guard lock(mutex_);
  if (is_cached) {
    cached_tables_.insert(ToLower(table));
  } else {
    cached_tables_.erase(ToLower(table));
  }
}

void ConnectSession::ForgetCached() {
  std::lock_guard lock(mutex_);
  cached_tables_.clear();
}

bool ConnectSession::IsCached(const std::string& table) {
  std::lock_guard lock(mutex_);
  return cached_tables_.contains(ToLower(table));
}

void ConnectSession::SetStorageLevel(std::int64_t plan_id, std::string level) {
  std::lock_guard lock(mutex_);
  if (level.empty()) {
    storage_levels_.erase(plan_id);
  } else {
    storage_levels_[plan_id] = std::move(level);
  }
}

std::string ConnectSession::StorageLevel(std::int64_t plan_id) {
  std::lock_guard lock(mutex_);
  const auto found = storage_levels_.find(plan_id);
  return found == storage_levels_.end() ? "" : found->second;
}

std::optional<std::string> ConnectSession::FindConfig(const std::string& key) {
  {
    std::lock_guard lock(client_mutex_);
    if (auto value = GetString(client_->configs(), key)) return value;
  }
  return DefaultSetting(key);
}

std::map<std::string, std::string> ConnectSession::AllConfigs() {
  std::map<std::string, std::string> all = DefaultSettings();
  std::lock_guard lock(client_mutex_);
  for (const auto& [key, value] : client_->configs()) all[key] = value;
  return all;
}

Status ConnectSession::SetConfig(const std::string& key, const std::string& value) {
  const sql::Statement statement = sql::SetConfig{.key = key, .value = value};
  std::lock_guard lock(client_mutex_);
  if (const auto result = client_->Execute(statement, {}, {}); !result) {
    return std::unexpected(result.error());
  }
  return Ok();
}

void ConnectSession::UnsetConfig(const std::string& key) {
  const sql::Statement statement = sql::ResetConfig{.key = key};
  std::lock_guard lock(client_mutex_);
  (void)client_->Execute(statement, {}, {});
}

Result<std::shared_ptr<Operation>> ConnectSession::AddOperation(const std::string& id,
                                                                std::vector<std::string> tags) {
  std::lock_guard lock(mutex_);
  if (operations_.contains(id)) {
    return Fail(Condition::INVALID_HANDLE_OPERATION_ALREADY_EXISTS, {{"handle", id}});
  }
  if (operations_.size() >= kMaxOperations) {
    return Fail(Condition::INLET_RESOURCE_LIMIT, {{"message", "A session runs too many operations"},
                                                  {"limit", std::to_string(kMaxOperations)}});
  }
  auto operation = std::make_shared<Operation>(id, std::move(tags), kMaxBufferedBytes);
  operations_.emplace(id, operation);
  return operation;
}

std::shared_ptr<Operation> ConnectSession::FindOperation(const std::string& id) {
  std::lock_guard lock(mutex_);
  const auto found = operations_.find(id);
  return found == operations_.end() ? nullptr : found->second;
}

void ConnectSession::RemoveOperation(const std::string& id) {
  std::shared_ptr<Operation> removed;  // Its end waits for the thread: not under the lock.
  std::lock_guard lock(mutex_);
  const auto found = operations_.find(id);
  if (found == operations_.end()) return;
  removed = std::move(found->second);
  operations_.erase(found);
}

std::vector<std::shared_ptr<Operation>> ConnectSession::operations() {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Operation>> all;
  for (const auto& [id, operation] : operations_) all.push_back(operation);
  return all;
}

void ConnectSession::RemoveAbandoned(std::chrono::steady_clock::duration patience) {
  const auto limit = std::chrono::steady_clock::now() - patience;
  for (const auto& operation : operations()) {
    if (operation->last_used() < limit) {
      operation->Interrupt();
      RemoveOperation(operation->id());
    }
  }
}

void ConnectSession::Touch() {
  std::lock_guard lock(mutex_);
  last_used_ = std::chrono::steady_clock::now();
}

std::chrono::steady_clock::time_point ConnectSession::last_used() {
  std::lock_guard lock(mutex_);
  return last_used_;
}

Result<std::shared_ptr<PythonFunction>> ConnectSession::KeepFunction(
    PythonDefinition definition, std::vector<std::string> names) {
  PythonSettings settings = python_settings();
  std::string key = std::to_string(definition.eval_type);
  for (const std::string& part :
       {definition.name, types::ToSql(definition.type), definition.version, settings.interpreter,
        settings.time_zone, settings.path, definition.command}) {
    key += '\0' + part;
  }
  for (const std::string& name : names) key += '\0' + name;
  std::lock_guard lock(mutex_);
  const auto known = functions_.find(key);
  if (known != functions_.end()) return known->second;
  if (functions_.size() >= kMaxFunctions) {
    return Fail(Condition::INLET_RESOURCE_LIMIT, {{"message", "A session has too many functions"},
                                                  {"limit", std::to_string(kMaxFunctions)}});
  }
  auto function = PythonFunction::Make(python_home_, std::move(definition), std::move(settings),
                                       std::move(names));
  functions_.emplace(std::move(key), function);
  return function;
}

void ConnectSession::RegisterFunction(const std::string& name, PythonDefinition definition) {
  auto kept = std::make_shared<const PythonDefinition>(std::move(definition));
  std::lock_guard lock(mutex_);
  registered_[name] = std::move(kept);
}

std::shared_ptr<const PythonDefinition> ConnectSession::FindFunction(const std::string& name) {
  std::lock_guard lock(mutex_);
  const auto found = registered_.find(name);
  return found == registered_.end() ? nullptr : found->second;
}

bool ConnectSession::has_registered_functions() {
  std::lock_guard lock(mutex_);
  return !registered_.empty();
}

PythonSettings ConnectSession::python_settings() {
  PythonSettings settings{.interpreter = FindConfig("spark.pyspark.python").value_or(""),
                          .time_zone = FindConfig("spark.sql.session.timeZone").value_or("UTC"),
                          .timeout = kBatchTimeout};
  if (const auto text = FindConfig("spark.sql.execution.pyspark.udf.idleTimeoutSeconds")) {
    const OptionMap options = {{"seconds", *text}};
    const auto seconds = GetInt64(options, "seconds");
    constexpr std::int64_t kMaxSeconds = 1'000'000'000;
    if (seconds && *seconds) {
      settings.timeout = std::chrono::seconds(std::clamp<std::int64_t>(**seconds, 0, kMaxSeconds));
    }
  }
  std::lock_guard lock(mutex_);
  settings.path = module_directory_;
  return settings;
}

std::unique_ptr<ConnectSession> ConnectSession::Clone(const Key& key) {
  auto clone = std::make_unique<ConnectSession>(CloneClient(), python_home_->workers, key);
  std::lock_guard lock(mutex_);
  clone->relations_ = relations_;
  clone->artifacts_ = artifacts_;
  clone->artifact_bytes_ = artifact_bytes_;
  clone->registered_ = registered_;
  return clone;
}

}  // namespace inlet::server
