#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

/// Settings that clients read and their values when nobody has set them.
namespace inlet::server {

std::optional<std::string> DefaultSetting(std::string_view key);
std::map<std::string, std::string> DefaultSettings();

/// Settings of a Spark application, which no session can change.
bool IsStatic(std::string_view key);

/// What `spark.version` says: the level of the protocol.
inline constexpr std::string_view kSparkVersion = "4.1.1";

}  // namespace inlet::server
