#include "storage/object_store.h"

namespace inlet::storage {

Status ObjectStore::DeleteAll(std::string_view directory) {
  const std::string prefix = directory.empty() ? "" : std::string(directory) + "/";
  for (const ObjectInfo& object : TRY(List(prefix, {}))) TRY(Delete(object.path));
  return Ok();
}

Result<std::int64_t> ObjectStore::RemoveLeftovers(std::string_view) { return 0; }

std::string UrlOf(const ObjectStore& store, std::string_view path) {
  return store.root_url() + "/" + std::string(path);
}

}  // namespace inlet::storage
