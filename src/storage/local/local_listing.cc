#include "storage/local/local_listing.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "storage/local/local_file.h"
#include "storage/local/temporary_file.h"

namespace inlet::storage {
namespace {

// Directories that link to each other have as many paths as they have orders.
constexpr int kMaxFollowedLinks = 100'000;

struct DirectoryId {
  dev_t device;
  ino_t inode;
  bool operator==(const DirectoryId&) const = default;
};

/// A directory on the way down, with what is still to be visited in it.
struct Level {
  std::string path;  // Empty for the root, else with a slash at the end.
  DirectoryId id;
  std::vector<std::string> names;  // Sorted; those of directories end in a slash.
  std::size_t next = 0;
};

class Walk {
 public:
  using IsKnown = std::function<Result<bool>(std::string_view path)>;

  Walk(std::string_view prefix, const ListOptions& options, const IsKnown& is_known)
      : prefix_(prefix),
        options_(options),
        is_known_(is_known),
        directory_(prefix.substr(0, prefix.rfind('/') + 1)) {}

  Result<std::vector<ObjectInfo>> Run() {
    TRY(Enter(directory_));
    while (!levels_.empty() && !is_full()) {
      Level& level = levels_.back();
      if (level.next == level.names.size()) {
        levels_.pop_back();
      } else {
        path_.assign(level.path).append(level.names[level.next++]);
        TRY(Visit(path_));
      }
    }
    return std::move(found_);
  }

 private:
  bool is_full() const {
    return options_.max_objects && std::ssize(found_) >= *options_.max_objects;
  }

  Status Visit(const std::string& path) {
    if (!path.ends_with('/')) return AddFile(path);
    if (!options_.one_level) return Enter(path);
    found_.push_back({.path = path});
    return Ok();
  }

  Status AddFile(const std::string& path) {
    if (is_known_ && TRY(is_known_(path))) return Ok();
    struct stat status;
    if (stat(SystemPath(path).c_str(), &status) != 0) {
      if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return Ok();  // Gone since.
      return FailErrno(errno, path);
    }
    if (S_ISREG(status.st_mode)) found_.push_back(InfoOfFile(path, status));
    return Ok();
  }

  Status Enter(const std::string& path) {
    struct CloseDirectory {
      void operator()(DIR* stream) const { closedir(stream); }
    };
    const std::unique_ptr<DIR, CloseDirectory> stream(opendir(SystemPath(path).c_str()));
    if (stream == nullptr) {
      if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return Ok();
      return FailErrno(errno, path);
    }
    struct stat status;
    if (fstat(dirfd(stream.get()), &status) != 0) return FailErrno(errno, path);
    Level level{.path = path, .id = {status.st_dev, status.st_ino}};
    if (std::ranges::find(levels_, level.id, &Level::id) != levels_.end()) return Ok();
    level.names = TRY(ReadNames(stream.get(), path));
    levels_.push_back(std::move(level));
    return Ok();
  }

  Result<std::vector<std::string>> ReadNames(DIR* stream, const std::string& path) {
    std::vector<std::string> names;
    const bool wants_all = path.starts_with(prefix_) && options_.start_after.empty();
    while (true) {
      errno = 0;
      const dirent* const entry = readdir(stream);
      if (entry == nullptr && errno != 0) return FailErrno(errno, path);
      if (entry == nullptr) break;
      std::string name = entry->d_name;
      if (name == "." || name == ".." || IsTemporaryName(name)) continue;
      const bool may_be_link = entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
      if (may_be_link && !StaysInside(path + name)) continue;
      const bool is_plain = entry->d_type == DT_REG;
      if (!is_plain && TRY(IsDirectory(*entry, path + name))) name += '/';
      if (wants_all || IsWanted(path + name)) names.push_back(std::move(name));
    }
    std::ranges::sort(names);
    return names;
  }

  /// A link that leads out of the listed directory is left out: who may put files into a volume may
  /// not read the rest of the machine through it.
  bool StaysInside(const std::string& path) {
    if (real_directory_.empty()) real_directory_ = RealPath(SystemPath(directory_));
    const std::string real = RealPath(SystemPath(path));
    if (real_directory_.empty() || !real.starts_with(real_directory_)) return false;
    return real_directory_ == "/" || real.size() == real_directory_.size() ||
           real[real_directory_.size()] == '/';
  }

  /// Empty: it leads nowhere.
  static std::string RealPath(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                           &std::free);
    return real == nullptr ? "" : real.get();
  }

  Result<bool> IsDirectory(const dirent& entry, const std::string& path) {
    if (entry.d_type == DT_DIR) return true;
    if (entry.d_type != DT_LNK && entry.d_type != DT_UNKNOWN) return false;
    struct stat status;
    if (stat(SystemPath(path).c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return false;
    if (entry.d_type == DT_LNK && ++num_followed_links_ > kMaxFollowedLinks) {
      return Fail(Condition::INLET_RESOURCE_LIMIT,
                  {{"message", "Too many symbolic links below file:" + SystemPath(directory_)},
                   {"limit", std::to_string(kMaxFollowedLinks)}});
    }
    return true;
  }

  /// `path` begins with the prefix, and it or something in it comes after start_after.
  bool IsWanted(const std::string& path) const {
    const std::string& start_after = options_.start_after;
    if (!path.starts_with(prefix_)) return false;
    if (path > start_after) return true;
    return !options_.one_level && path.ends_with('/') && start_after.starts_with(path);
  }

  const std::string_view prefix_;
  const ListOptions& options_;
  const IsKnown& is_known_;  // May be empty.
  const std::string directory_;
  std::vector<Level> levels_;
  std::string path_;  // What is visited; kept for its memory.
  std::vector<ObjectInfo> found_;
  std::string real_directory_;  // Where directory_ really is, once a link was met.
  int num_followed_links_ = 0;
};

}  // namespace

Result<std::vector<ObjectInfo>> ListLocal(std::string_view prefix, const ListOptions& options) {
  if (prefix.contains('\0')) return std::vector<ObjectInfo>();  // No file has such a name.
  return Walk(prefix, options, {}).Run();
}

Result<std::vector<ObjectInfo>> ListLocalUnless(
    std::string_view prefix, const std::function<Result<bool>(std::string_view path)>& is_known) {
  if (prefix.contains('\0')) return std::vector<ObjectInfo>();
  return Walk(prefix, {}, is_known).Run();
}

}  // namespace inlet::storage
