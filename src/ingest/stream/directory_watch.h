#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "base/result.h"

namespace inlet::ingest {

/// What changed below a directory of the local disk since the last look.
struct DirectoryNews {
  std::set<std::string> files;  ///< Absolute paths of files that were closed, moved in or linked.
  bool is_complete = true;      ///< False: events were lost, only a listing tells.
};

/// Tells of new files below a local directory, sub-directories included, by inotify. Thread-safe.
class DirectoryWatch {
 public:
  virtual ~DirectoryWatch() = default;
  virtual DirectoryNews Take() = 0;
  /// `on_news` is called on the watch's thread until this object is gone.
  static Result<std::unique_ptr<DirectoryWatch>> Start(const std::string& directory,
                                                       std::function<void()> on_news);
};

}  // namespace inlet::ingest
