#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "storage/object_store.h"

namespace inlet::delta {

/// The versions that can still be read, both included.
struct VersionRange {
  Version earliest = 0;
  Version latest = 0;
};

/// What a file in `_delta_log/` is, by its name alone.
struct LogFileName {
  enum class Kind : std::uint8_t {
    kCommit,
    kCheckpoint,
    kMultiPartCheckpoint,
    kUuidCheckpoint,
    kCompaction,
    kChecksum,
    kOther,
  };
  Kind kind = Kind::kOther;
  Version version = 0;        ///< For a compaction its last version.
  Version first_version = 0;  ///< Compactions only.
  int part = 0;               ///< Multi-part checkpoints only, from 1.
  int num_parts = 0;
  bool is_json = false;  ///< UUID checkpoints only.

  /// `name` without directory. Anything unknown is kOther.
  static LogFileName Parse(std::string_view name);
};

/// "…/_delta_log/00000000000000000007.json"
std::string CommitPath(const storage::Location& table_root, Version version);
std::string LogDirectory(const storage::Location& table_root);
std::string PaddedVersion(Version version);

/// One complete log checkpoint: one file, or all parts.
struct LogCheckpointFiles {
  Version version = 0;
  LogFileName::Kind kind = LogFileName::Kind::kCheckpoint;
  std::vector<storage::ObjectInfo> files;
};

/// The files that together describe one version of a table: at most one log checkpoint, then every
/// commit after it, up to and including `version`.
///
/// Source: Delta protocol, "Delta Log Entries", "Checkpoints".
struct LogSegment {
  Version version = 0;
  std::optional<LogCheckpointFiles> checkpoint;
  std::vector<storage::ObjectInfo> commits;      ///< Contiguous, ascending, after the checkpoint.
  std::vector<storage::ObjectInfo> compactions;  ///< Inside the range of `commits`.
  std::optional<storage::ObjectInfo> checksum;   ///< Of `version`.
  std::optional<storage::ObjectInfo> commit_at_version;  ///< Absent: only its checkpoint is left.

  struct FindOptions {
    std::optional<Version> version;              ///< None: the latest.
    bool use_hint = true;                        ///< `_last_checkpoint`.
    std::set<std::string> excluded_checkpoints;  ///< Paths found to be damaged.
  };
  /// Lists `_delta_log/` and picks the newest complete checkpoint at or below the version.
  ///
  /// Errors:
  ///   DELTA_TABLE_NOT_FOUND            `_delta_log/` has no commit and no checkpoint
  ///   DELTA_VERSION_NOT_FOUND          the version is above the latest or cannot be rebuilt any
  ///   more DELTA_VERSIONS_NOT_CONTIGUOUS    a commit inside the segment is missing
  ///   DELTA_TRUNCATED_TRANSACTION_LOG  commits before the oldest one are gone, no checkpoint is
  ///   left
  static Result<LogSegment> Find(const storage::Location& table_root, const FindOptions& options);

  /// The versions that can be rebuilt, earliest and latest. Lists the whole log.
  static Result<VersionRange> AvailableVersions(const storage::Location& table_root);

  /// The commits after `after`, contiguous, ascending; one listing from there on.
  static Result<std::vector<storage::ObjectInfo>> CommitsAfter(const storage::Location& table_root,
                                                               Version after);
};

}  // namespace inlet::delta
