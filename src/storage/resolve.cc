#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "storage/confined_path.h"
#include "storage/local/local_store.h"
#include "storage/memory/memory_store.h"
#include "storage/object_store.h"
#include "storage/url_scheme.h"

namespace inlet::storage {
namespace {

std::unexpected<Error> FailUrl(std::string_view parameter, std::string_view url,
                               std::string message) {
  return Fail(Condition::INVALID_PARAMETER_VALUE, {{"parameter", std::string(parameter)},
                                                   {"functionName", std::string(url)},
                                                   {"message", std::move(message)}});
}

/// "//authority/path" in two; a missing authority is empty, the path has no slash around it.
struct AuthorityAndPath {
  std::string_view authority;
  std::string_view path;
};

AuthorityAndPath SplitAuthority(std::string_view rest) {
  AuthorityAndPath split;
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    split.authority = rest.substr(0, rest.find('/'));
    rest.remove_prefix(split.authority.size());
  }
  if (rest.starts_with('/')) rest.remove_prefix(1);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  split.path = rest;
  return split;
}

Result<Location> LocalLocation(std::string_view path) {
  if (path.contains('\0')) {
    return FailUrl("path", path.substr(0, path.find('\0')), "it holds a NUL byte");
  }
  return Location{.store = TheLocalStore(), .path = NormalizedPath(path)};
}

Result<Location> RelativeLocation(std::string_view path) {
  std::error_code error;
  const std::string directory = std::filesystem::current_path(error).native();
  if (error) {
    return Fail(Condition::PATH_NOT_FOUND, {{"path", "the working directory"}});
  }
  return LocalLocation(directory + "/" + std::string(path));
}

}  // namespace

Result<Location> Resolve(std::string_view url, const OptionMap& options) {
  (void)options;
  const std::optional<SchemeAndRest> split = SplitScheme(url);
  if (!split) {
    if (url.empty()) return FailUrl("path", "''", "it is empty");
    return url.starts_with('/') ? LocalLocation(url) : RelativeLocation(url);
  }
  const std::string scheme = ToLower(split->scheme);
  const auto [authority, path] = SplitAuthority(split->rest);
  if (scheme == "file") {
    if (!authority.empty() && authority != "localhost") {
      return FailUrl("host", url, "only files of this machine can be reached: write file:/path");
    }
    return LocalLocation(path);
  }
  if (scheme == "memory") {
    if (authority.empty()) return FailUrl("name", url, "write memory://name/path");
    return Location{.store = MemoryStore::Named(std::string(authority)), .path = std::string(path)};
  }
  if (scheme == "s3" || scheme == "s3a" || scheme == "s3n" || scheme == "gs" || scheme == "abfss" ||
      scheme == "abfs") {
    return FailUnsupported("storage of the scheme " + scheme);
  }
  return FailUrl("scheme", url, "known are file, memory, s3, s3a, gs, abfss");
}

}  // namespace inlet::storage
