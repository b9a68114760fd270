#include "storage/memory/memory_store.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace inlet::storage {
namespace {

std::int64_t SystemNowMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

class MemoryReader : public ObjectReader {
 public:
  MemoryReader(ObjectInfo info, std::shared_ptr<const std::string> bytes)
      : info_(std::move(info)), bytes_(std::move(bytes)) {}

  const ObjectInfo& info() const override { return info_; }

  Result<std::int64_t> ReadAt(ByteRange range, char* out) const override {
    const std::int64_t length = std::min(range.length, info_.size_bytes - range.position);
    if (range.position < 0 || length <= 0) return 0;
    std::memcpy(out, bytes_->data() + range.position, static_cast<std::size_t>(length));
    return length;
  }

  std::optional<std::string_view> Mapped() const override { return *bytes_; }

 private:
  const ObjectInfo info_;
  const std::shared_ptr<const std::string> bytes_;
};

class MemoryWriter : public ObjectWriter {
 public:
  MemoryWriter(MemoryStore& store, std::string_view path) : store_(store), path_(path) {}

  Status Append(std::string_view bytes) override {
    bytes_ += bytes;
    return Ok();
  }

  Result<ObjectInfo> Finish() override {
    return store_.Store(path_, std::move(bytes_), PutMode::kOverwrite);
  }

 private:
  MemoryStore& store_;  // Outlives this.
  const std::string path_;
  std::string bytes_;
};

/// The directory directly below `prefix` that holds `path`, with its slash; else nothing.
std::optional<std::string> DirectoryBelow(std::string_view prefix, const std::string& path) {
  const std::size_t slash = path.find('/', prefix.size());
  if (slash == std::string::npos) return std::nullopt;
  return path.substr(0, slash + 1);
}

}  // namespace

MemoryStore::MemoryStore(std::string name) : MemoryStore(std::move(name), SystemNowMs) {}

MemoryStore::MemoryStore(std::string name, NowMs now_ms)
    : root_url_("memory://" + std::move(name)), now_ms_(std::move(now_ms)) {}

std::shared_ptr<MemoryStore> MemoryStore::Named(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<MemoryStore>> stores;  // Guarded by mutex.
  const std::lock_guard lock(mutex);
  std::shared_ptr<MemoryStore>& store = stores[name];
  if (store == nullptr) store = std::make_shared<MemoryStore>(name);
  return store;
}

Result<std::string> MemoryStore::Get(std::string_view path) const {
  std::shared_ptr<const std::string> bytes;
  {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(path);
    if (found != objects_.end()) bytes = found->second.bytes;
  }
  if (bytes == nullptr) return Fail(Condition::PATH_NOT_FOUND, {{"path", UrlOf(*this, path)}});
  return *bytes;
}

Result<ObjectInfo> MemoryStore::Head(std::string_view path) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(path);
  if (found == objects_.end()) {
    return Fail(Condition::PATH_NOT_FOUND, {{"path", UrlOf(*this, path)}});
  }
  return InfoOfObject(found->first, found->second);
}

Result<std::unique_ptr<ObjectReader>> MemoryStore::Open(const ObjectInfo& info) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(info.path);
  if (found == objects_.end() || (!info.etag.empty() && info.etag != found->second.etag)) {
    return Fail(Condition::FAILED_READ_FILE_FILE_NOT_EXIST, {{"path", UrlOf(*this, info.path)}});
  }
  return std::make_unique<MemoryReader>(InfoOfObject(found->first, found->second),
                                        found->second.bytes);
}

Result<std::vector<ObjectInfo>> MemoryStore::List(std::string_view prefix,
                                                  const ListOptions& options) const {
  const std::lock_guard lock(mutex_);
  std::vector<ObjectInfo> found;
  auto object = objects_.lower_bound(std::max(prefix, std::string_view(options.start_after)));
  while (object != objects_.end() && object->first.starts_with(prefix)) {
    if (options.max_objects && std::ssize(found) >= *options.max_objects) break;
    const std::optional<std::string> directory =
        options.one_level ? DirectoryBelow(prefix, object->first) : std::nullopt;
    if (directory) {
      if (*directory > options.start_after) found.push_back({.path = *directory});
      std::string after_directory = *directory;
      after_directory.back() = '/' + 1;
      object = objects_.lower_bound(after_directory);
      continue;
    }
    if (object->first > options.start_after) {
      found.push_back(InfoOfObject(object->first, object->second));
    }
    ++object;
  }
  return found;
}

Status MemoryStore::Put(std::string_view path, std::string_view bytes, PutMode mode) {
  TRY(Store(std::string(path), std::string(bytes), mode));
  return Ok();
}

Result<ObjectInfo> MemoryStore::Store(std::string path, std::string bytes, PutMode mode) {
  auto shared_bytes = std::make_shared<const std::string>(std::move(bytes));
  const std::int64_t now_ms = now_ms_();
  const std::lock_guard lock(mutex_);
  if (mode == PutMode::kIfAbsent && objects_.contains(path)) {
    return Fail(Condition::PATH_ALREADY_EXISTS, {{"outputPath", UrlOf(*this, path)}});
  }
  Object& object = objects_[path];
  object = {.bytes = std::move(shared_bytes),
            .modified_at_ms = now_ms,
            .etag = std::to_string(++num_puts_)};
  return InfoOfObject(path, object);
}

Result<std::unique_ptr<ObjectWriter>> MemoryStore::OpenWriter(std::string_view path) {
  return std::make_unique<MemoryWriter>(*this, path);
}

Status MemoryStore::Delete(std::string_view path) {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(path);
  if (found != objects_.end()) objects_.erase(found);
  return Ok();
}

ObjectInfo MemoryStore::InfoOfObject(const std::string& path, const Object& object) {
  return {.path = path,
          .size_bytes = std::ssize(*object.bytes),
          .modified_at_ms = object.modified_at_ms,
          .etag = object.etag};
}

}  // namespace inlet::storage
