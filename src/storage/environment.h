#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace inlet::storage {

/// Looks up a variable of the environment; an empty one counts as missing.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// That of this process.
std::optional<std::string> ProcessEnvironment(const std::string& name);

}  // namespace inlet::storage
