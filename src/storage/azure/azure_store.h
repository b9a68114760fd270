#pragma once

#include <memory>

#include "storage/azure/azure_client.h"
#include "storage/object_store.h"

namespace inlet::storage {

/// A container of Azure Data Lake Storage or Blob Storage, by the blob interface. Thread-safe.
///
/// Put-if-absent is `If-None-Match: *`. A put whose answer got lost is told from a lost race by a
/// random id in the blob's metadata ("inlet_put").
///
/// The service cannot list from a name on, and with a hierarchical namespace it does not list in
/// the order of bytes. List() therefore always reads all pages below the prefix.
class AzureStore : public ObjectStore {
 public:
  /// `root_url` is what the user wrote: "abfss://container@account.dfs.core.windows.net".
  AzureStore(std::string root_url, AzureConfig config, const HttpClient& http);

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

  /// Makes the container, if it is not there. For tests and set-up.
  Status CreateContainer();

 private:
  Status PutIfAbsent(const std::string& path, std::string_view bytes) const;

  const std::string root_url_;
  const std::shared_ptr<const AzureClient> client_;  // Shared with readers and writers.
};

}  // namespace inlet::storage
