#pragma once

#include <initializer_list>
#include <optional>
#include <string>

#include "base/option_map.h"

namespace inlet::storage {

/// The first of `names` that the options have, each also as "spark.hadoop.<name>", as cluster
/// configurations write it. Empty values count as missing.
std::optional<std::string> FindSetting(const OptionMap& options,
                                       std::initializer_list<std::string> names);

/// "true" in any case, or "1".
bool IsTrueSetting(const std::optional<std::string>& value);

/// "<endpoint>" with https:// (or http:// without `use_tls`) before it where it has no scheme, and
/// without a slash at its end.
std::string EndpointUrl(std::string endpoint, bool use_tls);

}  // namespace inlet::storage
