#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "delta/snapshot.h"

namespace inlet::delta {

/// `_delta_log/<version>.crc`: what a version amounts to, so that others can open it without a
/// replay and check their own. The text for a snapshot.
/// Source: Delta protocol, "Version Checksum File".
std::string VersionChecksumJson(const Snapshot& snapshot, const std::optional<std::string>& txn_id);

/// Writes it if it is absent; a version's checksum never changes.
Status WriteVersionChecksum(const Snapshot& snapshot, const std::optional<std::string>& txn_id);

}  // namespace inlet::delta
