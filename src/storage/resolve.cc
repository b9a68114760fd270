#include <filesystem>
#include <functional>
#include <map>
#include <mutex>

#include "base/digest.h"
#include "storage/azure/azure_store.h"
#include "storage/confined_path.h"
#include "storage/environment.h"
#include "storage/faulty/wrapped_stores.h"
#include "storage/gcs/gcs_store.h"
#include "storage/local/local_store.h"
#include "storage/memory/memory_store.h"
#include "storage/object_store.h"
#include "storage/s3/s3_store.h"
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

/// The store for a bucket or container and the given options: always the same one, so that
/// credentials are looked up once. Forgets all when there are too many.
class RemoteStores {
 public:
  using Make = std::function<Result<std::shared_ptr<ObjectStore>>()>;

  static Result<std::shared_ptr<ObjectStore>> Find(std::string_view scheme,
                                                   std::string_view authority,
                                                   const OptionMap& options, const Make& make) {
    static RemoteStores stores;
    std::string key = std::string(scheme) + "://" + std::string(authority);
    for (const auto& [name, value] : options) {
      key += "\n" + std::to_string(name.size()) + ":" + ToLower(name) + "=" + value;
    }
    key = Sha256(key);  // So that no secrets lie about.
    {
      const std::lock_guard lock(stores.mutex_);
      const auto found = stores.stores_.find(key);
      if (found != stores.stores_.end()) return found->second;
    }
    std::shared_ptr<ObjectStore> store = TRY(make());
    const std::lock_guard lock(stores.mutex_);
    if (stores.stores_.size() >= kMaxStores) stores.stores_.clear();
    stores.stores_[key] = store;
    return store;
  }

 private:
  static constexpr std::size_t kMaxStores = 256;

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<ObjectStore>> stores_;  // Guarded by mutex_.
};

/// Empty outside of tests. Set before threads begin.
StoreWrapper& TheWrapper() {
  static StoreWrapper wrapper;
  return wrapper;
}

Result<Location> ResolvePlain(std::string_view url, const OptionMap& options) {
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
  if (scheme == "s3" || scheme == "s3a" || scheme == "s3n") {
    const std::string bucket(authority);
    const auto make = [&]() -> Result<std::shared_ptr<ObjectStore>> {
      S3Config config = TRY(S3Config::Make(bucket, options, ProcessEnvironment));
      return std::make_shared<S3Store>(scheme, std::move(config), HttpClient::Shared());
    };
    return Location{.store = TRY(RemoteStores::Find(scheme, authority, options, make)),
                    .path = std::string(path)};
  }
  if (scheme == "gs") {
    const std::string bucket(authority);
    const auto make = [&]() -> Result<std::shared_ptr<ObjectStore>> {
      GcsConfig config = TRY(GcsConfig::Make(bucket, options, ProcessEnvironment));
      return std::make_shared<GcsStore>(std::move(config), HttpClient::Shared());
    };
    return Location{.store = TRY(RemoteStores::Find(scheme, authority, options, make)),
                    .path = std::string(path)};
  }
  if (scheme == "abfss" || scheme == "abfs" || scheme == "wasbs" || scheme == "wasb") {
    const std::string container(authority);
    const auto make = [&]() -> Result<std::shared_ptr<ObjectStore>> {
      AzureConfig config = TRY(AzureConfig::Make(container, options, ProcessEnvironment));
      return std::make_shared<AzureStore>(scheme + "://" + container, std::move(config),
                                          HttpClient::Shared());
    };
    return Location{.store = TRY(RemoteStores::Find(scheme, authority, options, make)),
                    .path = std::string(path)};
  }
  return FailUrl("scheme", url, "known are file, memory, s3, s3a, gs, abfss");
}

}  // namespace

Result<Location> Resolve(std::string_view url, const OptionMap& options) {
  Location location = TRY(ResolvePlain(url, options));
  if (TheWrapper()) location.store = TheWrapper()(std::move(location.store));
  return location;
}

void WrapResolvedStores(StoreWrapper wrapper) { TheWrapper() = std::move(wrapper); }

}  // namespace inlet::storage
