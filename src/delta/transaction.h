#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "delta/snapshot.h"
#include "types/predicate.h"

namespace inlet::delta {

/// The one step that makes a version exist. The file-system committer puts the log file if it is
/// absent; a catalog may ratify commits in its own way. Thread-safe.
class Committer {
 public:
  virtual ~Committer() = default;
  /// All of `log_lines` becomes version `version`, or nothing does.
  /// Errors: DELTA_CONCURRENT_WRITE when `version` exists already; kUnavailable when the outcome
  /// is unknown, which the caller settles by reading the version back.
  virtual Status Commit(Version version, std::string_view log_lines) = 0;
};

/// Puts `_delta_log/<version>.json` if it is absent.
std::shared_ptr<Committer> FileCommitter(storage::Location table_root);

enum class IsolationLevel : std::uint8_t { kSerializable, kWriteSerializable, kSnapshotIsolation };

/// What a commit tells about itself in its commitInfo.
struct Operation {
  std::string name;  ///< "WRITE", "CREATE TABLE AS SELECT", "STREAMING UPDATE", ...
  /// Values are JSON text as they go into operationParameters: `"Append"` with quotes, `[]`,
  /// `true`; made by JsonString(), JsonStrings() below.
  std::map<std::string, std::string> parameters;
  std::map<std::string, std::string> metrics;  ///< Numbers as text.
  std::optional<std::string> user_metadata;
  std::optional<std::string> user_name;
  /// Nothing of the table was read and only files are added. Unset: worked out from the read set.
  std::optional<bool> is_blind_append;
  /// Which of kFeaturesOfRows the added rows were checked against, such as "checkConstraints".
  std::vector<std::string> enforced_features;
};
std::string JsonString(std::string_view text);
/// A list as the reference writes it: JSON text inside a JSON string, `"[\"a\",\"b\"]"`.
std::string JsonStrings(const std::vector<std::string>& texts);

struct CommitResult {
  Version version = 0;
  SnapshotPtr snapshot;  ///< The table at `version`, without reading it again.
  std::int64_t timestamp_ms = 0;
  int num_attempts = 1;
};

/// Changes to one table, invisible until Commit(). Not thread-safe.
class Transaction {
 public:
  /// On a table that exists.
  explicit Transaction(SnapshotPtr read_from, std::shared_ptr<Committer> committer = nullptr);
  /// On a table that version 0 will create: needs Set(Metadata) and Set(Protocol).
  explicit Transaction(storage::Location table_root,
                       std::shared_ptr<Committer> committer = nullptr);
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;
  ~Transaction();

  /// Null for a table that does not exist yet.
  const SnapshotPtr& read_from() const;

  // What was read, for the conflict rules. Nothing read: a blind append.
  void ReadWholeTable();
  /// Rows that match all of `predicates` (columns of the snapshot's schema).
  void ReadRows(std::vector<types::ColumnPredicate> predicates);
  void ReadFile(const AddFile& file);
  /// The last version of `app_id`; nobody else may move it until the commit.
  std::optional<std::int64_t> ReadTransaction(std::string_view app_id);

  void Add(AddFile file);
  void Add(std::vector<AddFile> files);
  /// A file of the snapshot that was read. `data_change` false: its rows live on in added files.
  void Remove(const AddFile& file, bool data_change = true);
  void Set(SetTransaction transaction);
  void Set(Metadata metadata);
  void Set(Protocol protocol);
  void Set(DomainMetadata domain);
  void Add(AddCdcFile file);

  /// Rebases over versions that others have committed since, as long as their changes do not touch
  /// what this transaction read. After it the version checksum is written and, where due, a log
  /// checkpoint begun; neither can fail the commit.
  ///
  /// Errors (kConflict): DELTA_CONCURRENT_APPEND, DELTA_CONCURRENT_DELETE_READ,
  /// DELTA_CONCURRENT_DELETE_DELETE, DELTA_CONCURRENT_TRANSACTION, DELTA_METADATA_CHANGED,
  /// DELTA_PROTOCOL_CHANGED, DELTA_MAX_COMMIT_RETRIES_EXCEEDED;
  /// DELTA_UNSUPPORTED_FEATURES_FOR_WRITE; DELTA_DUPLICATE_ACTIONS_FOUND; kUnavailable only when
  /// nothing was committed. Source: Delta protocol, "Action Reconciliation", "Transaction
  /// Identifiers"; conflict rules of the reference writer.
  Result<CommitResult> Commit(Operation operation) &&;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Log checkpoints are written on a thread of their own; waits until none is under way.
/// Called at the end of the process, and by tests.
void FlushLogCheckpoints();

}  // namespace inlet::delta
