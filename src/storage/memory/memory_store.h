#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "storage/object_store.h"

namespace inlet::storage {

/// Objects in the memory of this process, for tests and for scratch work. Thread-safe.
class MemoryStore : public ObjectStore {
 public:
  using NowMs = std::function<std::int64_t()>;  ///< UTC milliseconds since 1970-01-01.

  explicit MemoryStore(std::string name);
  MemoryStore(std::string name, NowMs now_ms);

  /// The store behind "memory://<name>/": always the same one for a name, as long as the process
  /// lives.
  static std::shared_ptr<MemoryStore> Named(const std::string& name);

  const std::string& root_url() const override { return root_url_; }

  Result<std::string> Get(std::string_view path) const override;
  Result<ObjectInfo> Head(std::string_view path) const override;
  Result<std::unique_ptr<ObjectReader>> Open(const ObjectInfo& info) const override;
  Result<std::vector<ObjectInfo>> List(std::string_view prefix,
                                       const ListOptions& options) const override;
  Status Put(std::string_view path, std::string_view bytes, PutMode mode) override;
  Result<std::unique_ptr<ObjectWriter>> OpenWriter(std::string_view path) override;
  Status Delete(std::string_view path) override;

  /// What Put() does, and says what it has made.
  Result<ObjectInfo> Store(std::string path, std::string bytes, PutMode mode);

 private:
  struct Object {
    std::shared_ptr<const std::string> bytes;
    std::int64_t modified_at_ms = 0;
    std::string etag;
  };

  static ObjectInfo InfoOfObject(const std::string& path, const Object& object);

  const std::string root_url_;
  const NowMs now_ms_;

  mutable std::mutex mutex_;
  std::map<std::string, Object, std::less<>> objects_;  // Guarded by mutex_.
  std::int64_t num_puts_ = 0;                           // Guarded by mutex_; makes the etags.
};

}  // namespace inlet::storage
