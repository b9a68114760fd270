#include "delta/version_checksum.h"

#include <fmt/format.h>

#include "delta/commit_file.h"
#include "types/json_text.h"

namespace inlet::delta {

std::string VersionChecksumJson(const Snapshot& snapshot,
                                const std::optional<std::string>& txn_id) {
  std::string json = "{";
  if (txn_id) json += "\"txnId\":" + types::JsonQuote(*txn_id) + ",";
  json += fmt::format("\"tableSizeBytes\":{},\"numFiles\":{},\"numMetadata\":1,\"numProtocol\":1",
                      snapshot.size_bytes(), snapshot.num_files());
  if (snapshot.in_commit_timestamps_enabled()) {
    json += fmt::format(",\"inCommitTimestampOpt\":{}", snapshot.timestamp_ms());
  }
  json += ",\"setTransactions\":[";
  for (const auto& [app_id, transaction] : snapshot.transactions()) {
    if (json.back() != '[') json += ',';
    json += ToJson(transaction);
  }
  json += "],\"domainMetadata\":[";
  for (const auto& [name, domain] : snapshot.domains()) {
    if (json.back() != '[') json += ',';
    json += ToJson(domain);
  }
  json += "],\"metadata\":" + ToJson(snapshot.metadata());
  json += ",\"protocol\":" + ToJson(snapshot.protocol());
  return json + "}";
}

Status WriteVersionChecksum(const Snapshot& snapshot, const std::optional<std::string>& txn_id) {
  const std::string path =
      LogDirectory(snapshot.table_root()) + PaddedVersion(snapshot.version()) + ".crc";
  return snapshot.table_root().store->Put(path, VersionChecksumJson(snapshot, txn_id),
                                          storage::PutMode::kIfAbsent);
}

}  // namespace inlet::delta
