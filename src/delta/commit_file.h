#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"

namespace inlet::delta {

/// A file of a V2 checkpoint that holds file actions.
struct SidecarFile {
  std::string path;
  std::int64_t size_in_bytes = 0;
  std::int64_t modification_time = 0;
};

/// The fields of commitInfo that carry meaning, and all of it as JSON text.
struct CommitInfo {
  std::string json = "{}";
  std::optional<std::int64_t> timestamp;
  std::optional<std::int64_t> in_commit_timestamp;
  std::optional<std::string> txn_id;
  std::optional<std::string> operation;
  std::optional<bool> is_blind_append;
  std::map<std::string, std::string> tags;
};

using FileAction = std::variant<AddFile, RemoveFile>;

/// What one log file of JSON actions says: a commit, a compaction, a V2 checkpoint in JSON.
struct CommitActions {
  Version version = 0;
  std::optional<CommitInfo> commit_info;
  std::optional<Protocol> protocol;
  std::optional<Metadata> metadata;
  std::vector<SetTransaction> transactions;
  std::vector<DomainMetadata> domains;
  std::vector<FileAction> files;  ///< In the order of the file; the last word on a key counts.
  std::vector<AddCdcFile> cdc;
  std::vector<SidecarFile> sidecars;
  bool has_checkpoint_metadata = false;
};

/// Reads a stream of JSON documents, one action each; blank lines and actions of unknown names are
/// passed over, of duplicate keys the last one counts. `path` is for messages.
/// Errors: DELTA_LOG_CORRUPT for an empty file, one that is cut, one that is not JSON, and fields
/// of a wrong type.
Result<CommitActions> ParseActions(std::string text, std::string_view path);

/// The inverse, one action a line: commitInfo first, then metaData, protocol, txn, domainMetadata,
/// files, cdc.
std::string WriteActions(const CommitActions& actions);

/// Single actions as JSON objects, without their name around them.
std::string ToJson(const AddFile& file);
std::string ToJson(const RemoveFile& file);
std::string ToJson(const Metadata& metadata);
std::string ToJson(const Protocol& protocol);
std::string ToJson(const SetTransaction& transaction);
std::string ToJson(const DomainMetadata& domain);

/// `{"k":"v",...}`
std::string ToJson(const std::map<std::string, std::string>& map);

}  // namespace inlet::delta
