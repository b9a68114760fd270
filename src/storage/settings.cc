#include "storage/settings.h"

namespace inlet::storage {

std::optional<std::string> FindSetting(const OptionMap& options,
                                       std::initializer_list<std::string> names) {
  for (const std::string& name : names) {
    for (const std::string& spelling : {name, "spark.hadoop." + name}) {
      const std::optional<std::string> value = GetString(options, spelling);
      if (value && !value->empty()) return value;
    }
  }
  return std::nullopt;
}

bool IsTrueSetting(const std::optional<std::string>& value) {
  return value && (EqualsIgnoreCase(*value, "true") || *value == "1");
}

std::string EndpointUrl(std::string endpoint, bool use_tls) {
  while (endpoint.ends_with('/')) endpoint.pop_back();
  if (endpoint.contains("://")) return endpoint;
  return (use_tls ? "https://" : "http://") + endpoint;
}

}  // namespace inlet::storage
