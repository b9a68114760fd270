#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/local/local_file.h"

namespace inlet::storage {

/// Whether a file name is one of ours under construction: ".inlet-<uuid>.tmp". Listings hide them.
bool IsTemporaryName(std::string_view file_name);

/// A file under construction beside its final place, so that one link() or rename() publishes it.
/// Holds a lock as long as its owner lives: RemoveStaleTemporaries() tells the dead by that.
class TemporaryFile {
 public:
  /// Creates missing parent directories of `target_path`, and syncs them.
  static Result<TemporaryFile> Create(std::string_view target_path);
  TemporaryFile(TemporaryFile&&) = default;
  /// Removes the file unless it was published.
  ~TemporaryFile();

  Status Append(std::string_view bytes);
  std::int64_t size_bytes() const { return size_bytes_; }

  /// Both sync the file before and its directory after, and may be called once.
  /// Errors: PATH_ALREADY_EXISTS for PublishIfAbsent().
  Result<ObjectInfo> PublishIfAbsent();
  Result<ObjectInfo> PublishOver();

 private:
  TemporaryFile(FileDescriptor file, std::string directory, std::string temporary_path,
                std::string target_path);

  Result<ObjectInfo> SyncedInfo() const;
  Status LinkOrRename() const;

  FileDescriptor file_;
  std::string directory_;
  std::string temporary_path_;
  std::string target_path_;
  std::int64_t size_bytes_ = 0;
  std::int64_t flushed_bytes_ = 0;
};

/// Removes the temporary files directly in `directory` whose owners are dead; returns how many.
Result<std::int64_t> RemoveStaleTemporaries(std::string_view directory);

}  // namespace inlet::storage
