#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "delta/file_list.h"
#include "delta/log_segment.h"
#include "delta/protocol.h"
#include "storage/object_store.h"
#include "types/data_type.h"

namespace inlet::delta {

class Snapshot;
using SnapshotPtr = std::shared_ptr<const Snapshot>;
struct CommitActions;

/// One version of a table. Immutable; safe to share between threads.
class Snapshot {
  struct Private {};

 public:
  /// For the static functions below alone.
  Snapshot(Private, storage::Location table_root);

  /// Rebuilds a version from the log; no value means the latest one.
  ///
  /// Errors: those of LogSegment::Find(); DELTA_LOG_CORRUPT naming the file;
  /// DELTA_STATE_RECOVER_ERROR without protocol or metadata; DELTA_UNSUPPORTED_FEATURES_FOR_READ;
  /// COLUMN_ALREADY_EXISTS for columns that differ only in case.
  static Result<SnapshotPtr> Load(const storage::Location& table_root,
                                  std::optional<Version> version = std::nullopt);

  /// The latest version, at the cost of what is new since `previous`: one listing after it.
  /// Gives `previous` itself when there is nothing new.
  static Result<SnapshotPtr> Update(const SnapshotPtr& previous);

  /// The latest version at or before an instant. In-commit timestamps count where they are on,
  /// else the time of the commit file, made strictly increasing.
  /// Errors: DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION; DELTA_TIMESTAMP_GREATER_THAN_COMMIT.
  static Result<Version> ResolveTimestamp(const storage::Location& table_root,
                                          std::int64_t timestamp_ms);

  const storage::Location& table_root() const { return table_root_; }
  /// "file:/data/t", for messages and absolute paths.
  std::string table_url() const;
  Version version() const { return segment_.version; }
  /// When the version was committed, milliseconds since 1970 UTC.
  std::int64_t timestamp_ms() const { return timestamp_ms_; }
  const Protocol& protocol() const { return protocol_; }
  const Metadata& metadata() const { return metadata_; }
  const Properties& properties() const { return metadata_.configuration; }
  /// Logical columns in table order, partition columns included.
  const types::StructType& schema() const { return schema_; }
  const std::vector<std::string>& partition_columns() const { return metadata_.partition_columns; }

  /// Lives as long as the snapshot: keep the pointer in a variable while iterating.
  const FileList& files() const { return files_; }
  std::int64_t num_files() const { return files_.num_files(); }
  std::int64_t size_bytes() const { return files_.size_bytes(); }

  /// The last version that application `app_id` has written.
  std::optional<std::int64_t> transaction(std::string_view app_id) const;
  const std::map<std::string, SetTransaction, std::less<>>& transactions() const {
    return transactions_;
  }
  /// Live domains, also those of unknown features.
  const std::map<std::string, DomainMetadata, std::less<>>& domains() const { return domains_; }

  bool in_commit_timestamps_enabled() const;
  const LogSegment& segment() const { return segment_; }

  /// Removed files that are still remembered, read from the log anew.
  Result<std::vector<RemoveFile>> LoadTombstones() const;

  /// This version with one more commit done to it, without reading anything.
  Result<SnapshotPtr> Advance(const CommitActions& commit, const storage::ObjectInfo& file) const;

 private:
  class LogReplay;
  /// Whether the commit file of this version is the one that was read.
  bool IsStillThere() const;
  /// Derives the schema from the metadata. Errors: as Load().
  Status CheckAndDerive();

  storage::Location table_root_;
  LogSegment segment_;
  std::int64_t timestamp_ms_ = 0;
  Protocol protocol_;
  Metadata metadata_;
  types::StructType schema_;
  std::map<std::string, SetTransaction, std::less<>> transactions_;
  std::map<std::string, DomainMetadata, std::less<>> domains_;
  FileList files_;
};

/// The latest snapshots of the tables that this process works with. Thread-safe.
class SnapshotCache {
 public:
  explicit SnapshotCache(std::size_t max_tables = 64);
  ~SnapshotCache();
  /// The latest version; reads only what is new since the last call.
  Result<SnapshotPtr> Latest(const storage::Location& table_root);
  /// Remembers a version that a commit of ours made.
  void Put(const SnapshotPtr& snapshot);
  void Forget(const storage::Location& table_root);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace inlet::delta
