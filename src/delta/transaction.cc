#include "delta/transaction.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>
#include <utility>

#include "base/option_map.h"
#include "base/uuid.h"
#include "delta/commit_file.h"
#include "delta/commit_time.h"
#include "delta/conflict.h"
#include "delta/data_path.h"
#include "delta/log_maintenance.h"
#include "delta/protocol.h"
#include "delta/row_tracking.h"
#include "delta/version_checksum.h"
#include "types/json_text.h"

namespace inlet::delta {
namespace {

constexpr int kMaxAttempts = 1000;
/// How often storage may leave us without an answer before the question goes to the caller.
constexpr int kMaxUnanswered = 10;
constexpr std::int64_t kFirstBackOffMs = 2;
constexpr std::int64_t kLongestBackOffMs = 500;
constexpr std::string_view kEngineInfo = "Inlet/0.1.0";

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void BackOff(int attempt) {
  static thread_local std::minstd_rand random(std::random_device{}());
  const std::int64_t longest =
      std::min(kLongestBackOffMs, kFirstBackOffMs << std::min(attempt, 20));
  std::uniform_int_distribution<std::int64_t> delay(0, longest);
  std::this_thread::sleep_for(std::chrono::milliseconds(delay(random)));
}

class LogCommitter : public Committer {
 public:
  explicit LogCommitter(storage::Location table_root) : table_root_(std::move(table_root)) {}

  Status Commit(Version version, std::string_view log_lines) override {
    Status status = table_root_.store->Put(CommitPath(table_root_, version), log_lines,
                                           storage::PutMode::kIfAbsent);
    if (!status && status.error().kind() == ErrorKind::kAlreadyExists) {
      return Fail(Condition::DELTA_CONCURRENT_WRITE, {{"version", std::to_string(version)}});
    }
    return status;
  }

 private:
  const storage::Location table_root_;
};

std::string_view NameOf(IsolationLevel level) {
  switch (level) {
    case IsolationLevel::kSerializable:
      return "Serializable";
    case IsolationLevel::kWriteSerializable:
      return "WriteSerializable";
    case IsolationLevel::kSnapshotIsolation:
      return "SnapshotIsolation";
  }
  return "Serializable";
}

bool IsTrue(const Properties& properties, const std::string& key) {
  const auto found = properties.find(key);
  return found != properties.end() && EqualsIgnoreCase(found->second, "true");
}

/// JSON as it is, other text as a JSON string.
std::string AsJson(const std::string& text) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  return parser.parse(text).get(element) == simdjson::SUCCESS ? text : JsonString(text);
}

}  // namespace

struct Transaction::State {
  storage::Location table_root;
  SnapshotPtr read_from;  ///< Null: version 0 is to be made.
  std::shared_ptr<Committer> committer;
  ReadSet reads;
  CommitActions actions;
  const std::string txn_id = RandomUuid();

  /// Whoever wins the race is taken over one commit at a time.
  SnapshotPtr current;

  Status Prepare(const Operation& operation);
  IsolationLevel Isolation() const;
  bool OnlyRearranges() const;
  bool IsBlindAppend(const Operation& operation) const;
  CommitActions Rendered(const Operation& operation, Version version) const;
  Result<CommitResult> Run(const Operation& operation);
  enum class Outcome : std::uint8_t { kWon, kLost, kNothingThere };
  Result<Outcome> Attempt(Version version, const CommitActions& rendered, Error& lost_answer);
  Result<Outcome> WhoseIs(Version version) const;
  Status CatchUp();
  Result<CommitResult> Finish(const CommitActions& rendered, Version version, int num_attempts);

  const Properties& properties() const {
    return actions.metadata ? actions.metadata->configuration : current->properties();
  }
  const Protocol& protocol() const {
    return actions.protocol ? *actions.protocol : current->protocol();
  }
};

std::shared_ptr<Committer> FileCommitter(storage::Location table_root) {
  return std::make_shared<LogCommitter>(std::move(table_root));
}

std::string JsonString(std::string_view text) { return types::JsonQuote(text); }

std::string JsonStrings(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    if (list.size() > 1) list += ',';
    types::AppendJsonQuoted(text, list);
  }
  return types::JsonQuote(list + "]");
}

Transaction::Transaction(SnapshotPtr read_from, std::shared_ptr<Committer> committer)
    : state_(std::make_unique<State>()) {
  state_->table_root = read_from->table_root();
  state_->committer = committer ? std::move(committer) : FileCommitter(state_->table_root);
  state_->current = read_from;
  state_->read_from = std::move(read_from);
}

Transaction::Transaction(storage::Location table_root, std::shared_ptr<Committer> committer)
    : state_(std::make_unique<State>()) {
  state_->table_root = std::move(table_root);
  state_->committer = committer ? std::move(committer) : FileCommitter(state_->table_root);
}

Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&&) noexcept = default;
Transaction::~Transaction() = default;

const SnapshotPtr& Transaction::read_from() const { return state_->read_from; }

void Transaction::ReadWholeTable() { state_->reads.whole_table = true; }
void Transaction::ReadRows(std::vector<types::ColumnPredicate> predicates) {
  state_->reads.rows.push_back(std::move(predicates));
}
void Transaction::ReadFile(const AddFile& file) {
  if (state_->read_from) state_->reads.files.insert(KeyOf(file));
}
std::optional<std::int64_t> Transaction::ReadTransaction(std::string_view app_id) {
  state_->reads.app_ids.emplace(app_id);
  return state_->read_from ? state_->read_from->transaction(app_id) : std::nullopt;
}

void Transaction::Add(AddFile file) { state_->actions.files.emplace_back(std::move(file)); }
void Transaction::Add(std::vector<AddFile> files) {
  for (AddFile& file : files) Add(std::move(file));
}
void Transaction::Remove(const AddFile& file, bool data_change) {
  RemoveFile remove;
  remove.path = file.path;
  remove.deletion_timestamp = NowMs();
  remove.data_change = data_change;
  remove.extended_file_metadata = true;
  remove.partition_values = file.partition_values;
  remove.size = file.size;
  if (file.deletion_vector) remove.stats = file.stats;
  remove.tags = file.tags;
  remove.deletion_vector = file.deletion_vector;
  remove.base_row_id = file.base_row_id;
  remove.default_row_commit_version = file.default_row_commit_version;
  state_->actions.files.emplace_back(std::move(remove));
}
void Transaction::Set(SetTransaction transaction) {
  // Two runs of one micro-batch must not both land, also when nobody asked for the last one.
  state_->reads.app_ids.insert(transaction.app_id);
  if (!transaction.last_updated) transaction.last_updated = NowMs();
  state_->actions.transactions.push_back(std::move(transaction));
}
void Transaction::Set(Metadata metadata) { state_->actions.metadata = std::move(metadata); }
void Transaction::Set(Protocol protocol) { state_->actions.protocol = std::move(protocol); }
void Transaction::Set(DomainMetadata domain) {
  state_->actions.domains.push_back(std::move(domain));
}
void Transaction::Add(AddCdcFile file) { state_->actions.cdc.push_back(std::move(file)); }

Result<CommitResult> Transaction::Commit(Operation operation) && {
  TRY(state_->Prepare(operation));
  return state_->Run(operation);
}

/// What can be said before the first attempt.
Status Transaction::State::Prepare(const Operation& operation) {
  if (!read_from && !(actions.metadata && actions.protocol)) {
    return FailInternal("a new table needs metadata and protocol");
  }
  // Equal ones would only provoke conflicts.
  if (read_from && actions.protocol && *actions.protocol == read_from->protocol()) {
    actions.protocol.reset();
  }
  const Metadata& metadata = actions.metadata ? *actions.metadata : read_from->metadata();
  const types::StructType schema =
      actions.metadata ? TRY(types::SchemaFromJson(metadata.schema_string)) : read_from->schema();
  bool writes_rows = false;
  bool deletes_rows = false;
  FileKeySet added;
  FileKeySet removed;
  for (const FileAction& file : actions.files) {
    const auto* add = std::get_if<AddFile>(&file);
    const auto* remove = std::get_if<RemoveFile>(&file);
    const std::string& path = add != nullptr ? add->path : remove->path;
    const bool is_new = (add != nullptr ? added : removed).insert(KeyOf(path, {}));
    if (!is_new) return Fail(Condition::DELTA_DUPLICATE_ACTIONS_FOUND, {{"path", path}});
    writes_rows |= add != nullptr && add->data_change;
    deletes_rows |= remove != nullptr && remove->data_change;
  }
  const std::string url = UrlOf(table_root);
  TRY(CheckWritable(protocol(), metadata, schema, url, writes_rows, operation.enforced_features));
  if (deletes_rows && IsTrue(metadata.configuration, "delta.appendOnly")) {
    return Fail(Condition::DELTA_CANNOT_MODIFY_APPEND_ONLY, {{"table_name", url}});
  }
  return Ok();
}

bool Transaction::State::OnlyRearranges() const {
  return !actions.files.empty() && !actions.metadata &&
         std::ranges::none_of(actions.files, [](const FileAction& file) {
           return std::visit([](const auto& action) { return action.data_change; }, file);
         });
}

IsolationLevel Transaction::State::Isolation() const {
  if (OnlyRearranges()) return IsolationLevel::kSnapshotIsolation;
  const auto found = properties().find("delta.isolationLevel");
  const bool is_serializable =
      found != properties().end() && EqualsIgnoreCase(found->second, "Serializable");
  return is_serializable ? IsolationLevel::kSerializable : IsolationLevel::kWriteSerializable;
}

bool Transaction::State::IsBlindAppend(const Operation& operation) const {
  const bool only_adds =
      reads.empty() && std::ranges::all_of(actions.files, [](const FileAction& file) {
        return std::holds_alternative<AddFile>(file);
      });
  return operation.is_blind_append.value_or(true) && only_adds;
}

/// The actions as they go into the log at `version`, behind `current`.
CommitActions Transaction::State::Rendered(const Operation& operation, Version version) const {
  CommitActions rendered = actions;
  rendered.version = version;
  const std::int64_t now_ms = NowMs();
  CommitInfo info;
  info.timestamp = now_ms;
  info.txn_id = txn_id;
  info.operation = operation.name;
  info.is_blind_append = IsBlindAppend(operation);
  std::string json = "{";
  if (InCommitTimestampsEnabled(properties())) {
    info.in_commit_timestamp = current ? std::max(now_ms, current->timestamp_ms() + 1) : now_ms;
    json += fmt::format("\"inCommitTimestamp\":{},", *info.in_commit_timestamp);
    // Where the time begins to stand in the commit is part of the table's properties.
    if (current && !current->in_commit_timestamps_enabled()) {
      Properties& changed = rendered.metadata->configuration;
      changed["delta.inCommitTimestampEnablementVersion"] = std::to_string(version);
      changed["delta.inCommitTimestampEnablementTimestamp"] =
          std::to_string(*info.in_commit_timestamp);
    }
  }
  json += fmt::format("\"timestamp\":{}", info.in_commit_timestamp.value_or(now_ms));
  if (operation.user_name) json += ",\"userName\":" + JsonString(*operation.user_name);
  json += ",\"operation\":" + JsonString(operation.name) + ",\"operationParameters\":{";
  for (const auto& [key, value] : operation.parameters) {
    if (json.back() != '{') json += ',';
    json += JsonString(key) + ":" + AsJson(value);
  }
  json += '}';
  if (read_from) json += fmt::format(",\"readVersion\":{}", read_from->version());
  json += fmt::format(",\"isolationLevel\":\"{}\",\"isBlindAppend\":{}", NameOf(Isolation()),
                      *info.is_blind_append);
  json += ",\"operationMetrics\":" + ToJson(operation.metrics);
  if (operation.user_metadata) json += ",\"userMetadata\":" + JsonString(*operation.user_metadata);
  json += fmt::format(",\"engineInfo\":\"{}\",\"txnId\":\"{}\"}}", kEngineInfo, txn_id);
  info.json = std::move(json);
  rendered.commit_info = std::move(info);
  if (TracksRows(protocol(), properties())) AssignRowIds(current.get(), rendered);
  return rendered;
}

Result<CommitResult> Transaction::State::Run(const Operation& operation) {
  const std::int64_t began_ms = NowMs();
  int num_unanswered = 0;
  for (int attempt = 1; attempt <= kMaxAttempts; ++attempt) {
    const Version version = current ? current->version() + 1 : 0;
    const CommitActions rendered = Rendered(operation, version);
    Error lost_answer{};
    switch (TRY(Attempt(version, rendered, lost_answer))) {
      case Outcome::kWon:
        return Finish(rendered, version, attempt);
      case Outcome::kLost:
        if (!read_from) {
          return Fail(Condition::DELTA_PROTOCOL_CHANGED, {{"version", std::to_string(version)}});
        }
        TRY(CatchUp());
        break;
      case Outcome::kNothingThere:
        if (++num_unanswered == kMaxUnanswered) return std::unexpected(std::move(lost_answer));
        break;
    }
    if (attempt > 1) BackOff(attempt);
  }
  return Fail(Condition::DELTA_MAX_COMMIT_RETRIES_EXCEEDED,
              {{"version", std::to_string(current ? current->version() + 1 : 0)},
               {"numAttempts", std::to_string(kMaxAttempts)},
               {"timeSpent", std::to_string(NowMs() - began_ms)}});
}

/// Tries to make `version`. An answer that got lost is asked for again: an error here means that
/// the version was certainly not made by us, or, when it is kUnavailable, that nobody could tell.
Result<Transaction::State::Outcome> Transaction::State::Attempt(Version version,
                                                                const CommitActions& rendered,
                                                                Error& lost_answer) {
  const Status status = committer->Commit(version, WriteActions(rendered));
  if (status) return Outcome::kWon;
  const ErrorKind kind = status.error().kind();
  if (kind == ErrorKind::kConflict || kind == ErrorKind::kAlreadyExists) {
    // A retry below us may have found what its first try had put there.
    const Result<Outcome> outcome = WhoseIs(version);
    if (outcome && *outcome == Outcome::kWon) return Outcome::kWon;
    return Outcome::kLost;
  }
  if (kind != ErrorKind::kUnavailable) return std::unexpected(status.error());
  lost_answer = status.error();
  for (int asked = 1; asked <= kMaxUnanswered; ++asked) {
    const Result<Outcome> outcome = WhoseIs(version);
    if (outcome) return outcome;
    BackOff(asked);
  }
  return std::unexpected(status.error());
}

Result<Transaction::State::Outcome> Transaction::State::WhoseIs(Version version) const {
  const Result<std::optional<CommitInfo>> info =
      ReadCommitInfo(table_root, CommitPath(table_root, version));
  if (!info) {
    if (info.error().kind() == ErrorKind::kNotFound) return Outcome::kNothingThere;
    return std::unexpected(info.error());
  }
  return *info && (*info)->txn_id == txn_id ? Outcome::kWon : Outcome::kLost;
}

/// Reads what others have committed since, checks it against this transaction and moves behind it.
Status Transaction::State::CatchUp() {
  for (const storage::ObjectInfo& info :
       TRY(LogSegment::CommitsAfter(table_root, current->version()))) {
    std::string text = TRY(table_root.store->Get(info.path));
    CommitActions winner = TRY(ParseActions(std::move(text), info.path));
    winner.version = current->version() + 1;
    TRY(CheckConflict(*read_from, *current, winner, actions, reads, Isolation()));
    current = TRY(current->Advance(winner, info));
  }
  return Ok();
}

/// The version is made; nothing here may fail it.
Result<CommitResult> Transaction::State::Finish(const CommitActions& rendered, Version version,
                                                int num_attempts) {
  CommitResult result{.version = version, .num_attempts = num_attempts};
  const std::string path = CommitPath(table_root, version);
  storage::ObjectInfo file{.path = path, .modified_at_ms = *rendered.commit_info->timestamp};
  if (const Result<storage::ObjectInfo> info = table_root.store->Head(path)) file = *info;
  const Result<SnapshotPtr> snapshot =
      current ? current->Advance(rendered, file) : Snapshot::Load(table_root, version);
  if (snapshot) {
    result.snapshot = *snapshot;
  } else {
    result.snapshot = TRY(Snapshot::Load(table_root, version)
                              .Context("the commit succeeded, reading it back failed"));
  }
  result.timestamp_ms = result.snapshot->timestamp_ms();
  // Both are a help for readers and no more.
  (void)WriteVersionChecksum(*result.snapshot, txn_id);
  if (IsCheckpointDue(*result.snapshot)) StartLogCheckpoint(result.snapshot);
  return result;
}

}  // namespace inlet::delta
