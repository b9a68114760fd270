#include "storage/http/parallel_delete.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

namespace inlet::storage {
namespace {

Status DeleteEach(ObjectStore& store, const std::vector<ObjectInfo>& objects) {
  constexpr std::size_t kMaxThreads = 16;
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  Status first_error;  // Guarded by mutex.
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < std::min(kMaxThreads, objects.size()); ++i) {
      threads.emplace_back([&] {
        for (std::size_t k = next++; k < objects.size(); k = next++) {
          Status deleted = store.Delete(objects[k].path);
          if (deleted) continue;
          const std::lock_guard lock(mutex);
          if (first_error) first_error = std::move(deleted);
          return;
        }
      });
    }
  }
  return first_error;
}

}  // namespace

Status DeleteAllInParallel(ObjectStore& store, std::string_view directory) {
  const std::string prefix = directory.empty() ? "" : std::string(directory) + "/";
  while (true) {
    const std::vector<ObjectInfo> objects = TRY(store.List(prefix, {.max_objects = 1000}));
    if (objects.empty()) return Ok();
    TRY(DeleteEach(store, objects));
  }
}

}  // namespace inlet::storage
