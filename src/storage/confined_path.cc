#include "storage/confined_path.h"

#include <vector>

#include "storage/url_scheme.h"

namespace inlet::storage {
namespace {

/// The components of `path` that are neither empty nor ".".
std::vector<std::string_view> Components(std::string_view path) {
  std::vector<std::string_view> components;
  while (!path.empty()) {
    const std::string_view component = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), component.size() + 1));
    if (!component.empty() && component != ".") components.push_back(component);
  }
  return components;
}

std::string Joined(std::string_view root, const std::vector<std::string_view>& components) {
  std::string joined(root);
  for (const std::string_view component : components) {
    if (!joined.empty() && joined.back() != '/') joined += '/';
    joined += component;
  }
  return joined;
}

}  // namespace

Result<std::string> ConfinedPath(std::string_view root, std::string_view relative) {
  const auto outside = [&] {
    return Fail(Condition::INLET_PATH_OUTSIDE,
                {{"path", std::string(relative)}, {"root", std::string(root)}});
  };
  if (relative.starts_with('/') || relative.contains('\0') || SplitScheme(relative)) {
    return outside();
  }
  const std::vector<std::string_view> components = Components(relative);
  for (const std::string_view component : components) {
    if (component == "..") return outside();
  }
  return Joined(root, components);
}

std::string NormalizedPath(std::string_view path) {
  std::vector<std::string_view> resolved;
  for (const std::string_view component : Components(path)) {
    if (component != "..") {
      resolved.push_back(component);
    } else if (!resolved.empty()) {
      resolved.pop_back();
    }
  }
  return Joined("", resolved);
}

}  // namespace inlet::storage
