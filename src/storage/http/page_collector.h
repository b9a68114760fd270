#pragma once

#include <algorithm>
#include <vector>

#include "base/result.h"
#include "storage/object_store.h"

namespace inlet::storage {

/// Gathers the pages of a service's listing into what ObjectStore::List() promises. Services give
/// objects and directories of a page apart, and know `start_after` differently.
class PageCollector {
 public:
  explicit PageCollector(const ListOptions& options) : options_(options) {}

  bool is_full() const {
    return options_.max_objects && std::ssize(found_) >= *options_.max_objects;
  }
  /// How many entries the next page should have; at most 1000.
  std::int64_t page_size() const {
    constexpr std::int64_t kMost = 1000;
    if (!options_.max_objects) return kMost;
    // One more than needed: the first may be one that is left out.
    return std::min(kMost, *options_.max_objects - std::ssize(found_) + 1);
  }

  void AddPage(std::vector<ObjectInfo> page) {
    std::ranges::sort(page, {}, &ObjectInfo::path);
    for (ObjectInfo& object : page) {
      if (is_full()) return;
      if (object.path > options_.start_after) found_.push_back(std::move(object));
    }
  }

  /// Errors: INLET_UNSUPPORTED when the service does not list in the order of bytes, as some
  /// directory-like ones do not.
  Result<std::vector<ObjectInfo>> Finish(const std::string& root_url) && {
    if (!std::ranges::is_sorted(found_, {}, &ObjectInfo::path)) {
      return FailUnsupported("storage that does not list in the order of names: " + root_url);
    }
    return std::move(found_);
  }

 private:
  const ListOptions& options_;
  std::vector<ObjectInfo> found_;
};

}  // namespace inlet::storage
