#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "delta/actions.h"
#include "storage/object_store.h"

namespace inlet::delta {

/// The hint in `_delta_log/_last_checkpoint`.
struct LastCheckpoint {
  Version version = 0;
  std::int64_t size = -1;  ///< Rows.
  std::optional<std::int64_t> size_in_bytes;
  std::optional<std::int64_t> num_add_files;
};

/// Nothing when the hint is absent, is no JSON, has duplicate keys or a checksum that does not
/// match.
std::optional<LastCheckpoint> ReadLastCheckpoint(const storage::Location& table_root);
std::optional<LastCheckpoint> ParseLastCheckpoint(std::string_view json);

/// Overwrites the hint, unless a later version stands there.
Status WriteLastCheckpoint(const storage::Location& table_root, const LastCheckpoint& hint);

/// MD5 of the canonical form of a JSON object without its key "checksum", lower-case hex; nothing
/// for what is no JSON object or has duplicate keys. Source: Delta protocol, "JSON checksum".
std::optional<std::string> JsonChecksum(std::string_view json);

}  // namespace inlet::delta
