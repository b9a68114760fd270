#include <vector>

#include "base/option_map.h"
#include "catalog/catalog.h"

namespace inlet::catalog {
namespace {

std::vector<std::string_view> SplitPath(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") parts.push_back(part);
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return parts;
}

}  // namespace

Result<std::string> Catalog::VolumeUrl(std::string_view volume_path) const {
  const std::vector<std::string_view> parts = SplitPath(volume_path);
  if (parts.size() < 4 || !EqualsIgnoreCase(parts[0], "Volumes")) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "path"},
                 {"functionName", "a volume path"},
                 {"message", "'" + std::string(volume_path) +
                                 "' is not /Volumes/<catalog>/<schema>/<volume>[/...]"}});
  }
  const VolumeEntry volume = TRY(FindVolume({.catalog = std::string(parts[1]),
                                             .schema = std::string(parts[2]),
                                             .object = std::string(parts[3])}));
  std::string url = volume.location;
  for (std::size_t i = 4; i < parts.size(); ++i) {
    if (parts[i] == "..") {
      return Fail(Condition::INLET_PATH_OUTSIDE,
                  {{"path", std::string(volume_path)},
                   {"root", "/Volumes/" + volume.name.catalog + "/" + volume.name.schema + "/" +
                                volume.name.object}});
    }
    url += "/" + std::string(parts[i]);
  }
  if (volume_path.ends_with('/')) url += "/";
  return url;
}

}  // namespace inlet::catalog
