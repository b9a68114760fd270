#pragma once

#include <memory>

#include "storage/object_store.h"

namespace inlet::storage {

/// The disks of this machine; paths are relative to "/". Immutable.
///
/// An object appears by one link() or rename() of a synced file in the same directory. Missing
/// parent directories are made by writers; DeleteAll() removes them again.
class LocalStore : public ObjectStore {
 public:
  const std::string& root_url() const override { return root_url_; }

  Result<std::string> Get(std::string_view path) const override;
  Result<ObjectInfo> Head(std::string_view path) const override;
  Result<std::unique_ptr<ObjectReader>> Open(const ObjectInfo& info) const override;
  Result<std::vector<ObjectInfo>> List(std::string_view prefix,
                                       const ListOptions& options) const override;
  Status Put(std::string_view path, std::string_view bytes, PutMode mode) override;
  Result<std::unique_ptr<ObjectWriter>> OpenWriter(std::string_view path) override;
  Status Delete(std::string_view path) override;
  Status DeleteAll(std::string_view directory) override;
  Result<std::int64_t> RemoveLeftovers(std::string_view directory) override;

 private:
  const std::string root_url_ = "file:";
};

/// The one object for the whole process.
std::shared_ptr<LocalStore> TheLocalStore();

}  // namespace inlet::storage
