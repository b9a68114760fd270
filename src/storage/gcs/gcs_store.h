#pragma once

#include <memory>

#include "storage/gcs/gcs_client.h"
#include "storage/object_store.h"

namespace inlet::storage {

/// A bucket of Google Cloud Storage. Thread-safe. The etag of an object is its generation.
///
/// Put-if-absent is `ifGenerationMatch=0`. A put whose answer got lost is told from a lost race by
/// a random id in the object's metadata ("inlet-put").
class GcsStore : public ObjectStore {
 public:
  GcsStore(GcsConfig config, const HttpClient& http);

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

 private:
  Status PutIfAbsent(const std::string& path, std::string_view bytes) const;

  const std::string root_url_;
  const std::shared_ptr<const GcsClient> client_;  // Shared with readers and writers.
};

}  // namespace inlet::storage
