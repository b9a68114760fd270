#pragma once

#include <atomic>
#include <memory>

#include "storage/object_store.h"
#include "storage/s3/s3_client.h"

namespace inlet::storage {

/// A bucket of S3 or of a service that speaks like it. Thread-safe.
///
/// Put-if-absent is `If-None-Match: *`. A put whose answer got lost is told from a lost race by a
/// random id in the object's metadata (x-amz-meta-inlet-put). Services that are not AWS itself are
/// tried once before the first put-if-absent, since some older ones ignore the condition and would
/// overwrite another writer's commit.
class S3Store : public ObjectStore {
 public:
  /// `scheme` is what the user wrote: "s3" or "s3a".
  S3Store(const std::string& scheme, S3Config config, const HttpClient& http);

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
  /// Aborts unfinished uploads that are more than a day old.
  Result<std::int64_t> RemoveLeftovers(std::string_view directory) override;

 private:
  Status PutIfAbsent(const std::string& path, std::string_view bytes) const;
  Status CheckConditionsAreKept(const std::string& path) const;
  Status DeleteBatch(std::span<const ObjectInfo> objects) const;

  const std::string root_url_;
  const std::shared_ptr<const S3Client> client_;  // Shared with readers and writers.
  mutable std::atomic<bool> conditions_are_kept_;
};

}  // namespace inlet::storage
