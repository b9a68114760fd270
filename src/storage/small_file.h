#pragma once

#include <optional>
#include <string>

namespace inlet::storage {

/// The text of a file of at most 1 MiB, for credentials and settings; nothing when it cannot be
/// read.
std::optional<std::string> ReadSmallFile(const std::string& path);

}  // namespace inlet::storage
