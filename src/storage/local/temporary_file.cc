#include "storage/local/temporary_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/uuid.h"

namespace inlet::storage {
namespace {

constexpr std::string_view kTemporaryPrefix = ".inlet-";
constexpr std::string_view kTemporarySuffix = ".tmp";
constexpr std::size_t kUuidSize = 36;
constexpr int kMaxAttempts = 10;

// A write back that starts early leaves less to wait for in fsync().
constexpr std::int64_t kFlushEveryBytes = 8 << 20;

std::string DirectoryOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? "" : path.substr(0, slash));
}

Status SyncDirectory(const std::string& directory) {
  const FileDescriptor file(
      open(SystemPath(directory).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.is_open()) return FailErrno(errno, directory);
  // Some file systems of networks cannot sync a directory and say EINVAL: nothing to wait for.
  if (fsync(file.get()) != 0 && errno != EINVAL) return FailErrno(errno, directory);
  return Ok();
}

/// A file where a directory is needed is the caller's mistake, not a missing path.
std::unexpected<Error> FailMakeDirectory(int error_number, const std::string& directory) {
  if (error_number != ENOTDIR && error_number != EEXIST) return FailErrno(error_number, directory);
  return Fail(Condition::INVALID_PARAMETER_VALUE,
              {{"parameter", "path"},
               {"functionName", "file:" + SystemPath(directory)},
               {"message", "a file stands where a directory is needed"}});
}

Status MakeDirectories(const std::string& directory) {
  struct stat status;
  const std::string system_path = SystemPath(directory);
  if (stat(system_path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return Ok();
    return FailMakeDirectory(ENOTDIR, directory);
  }
  if (errno != ENOENT) return FailMakeDirectory(errno, directory);
  if (directory.empty()) return FailErrno(ENOENT, directory);

  const std::string parent = DirectoryOf(directory);
  TRY(MakeDirectories(parent));
  if (mkdir(system_path.c_str(), 0777) != 0) {
    if (errno == EEXIST) return Ok();  // Another writer was faster.
    return FailMakeDirectory(errno, directory);
  }
  return SyncDirectory(parent);
}

/// Locks a new file. A cleaner may have taken it for a dead one before that: then it holds the lock
/// for the moment, or the file is gone. File systems without locks give none to the cleaner either.
bool IsOurs(const FileDescriptor& file) {
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) return errno != EWOULDBLOCK;
  struct stat status;
  return fstat(file.get(), &status) == 0 && status.st_nlink > 0;
}

}  // namespace

bool IsTemporaryName(std::string_view file_name) {
  return file_name.size() == kTemporaryPrefix.size() + kUuidSize + kTemporarySuffix.size() &&
         file_name.starts_with(kTemporaryPrefix) && file_name.ends_with(kTemporarySuffix);
}

TemporaryFile::TemporaryFile(FileDescriptor file, std::string directory, std::string temporary_path,
                             std::string target_path)
    : file_(std::move(file)),
      directory_(std::move(directory)),
      temporary_path_(std::move(temporary_path)),
      target_path_(std::move(target_path)) {}

Result<TemporaryFile> TemporaryFile::Create(std::string_view target_path) {
  TRY(CheckPath(target_path));
  const std::string directory = DirectoryOf(target_path);
  for (int attempt = 1;; ++attempt) {
    const std::string name =
        std::string(kTemporaryPrefix) + RandomUuid() + std::string(kTemporarySuffix);
    std::string path = directory.empty() ? name : directory + "/" + name;

    constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
    FileDescriptor file(open(SystemPath(path).c_str(), kFlags, 0666));
    if (!file.is_open() && errno == ENOENT) {
      TRY(MakeDirectories(directory));
      file = FileDescriptor(open(SystemPath(path).c_str(), kFlags, 0666));
    }
    if (!file.is_open()) {
      return errno == ENOTDIR ? FailMakeDirectory(errno, directory) : FailErrno(errno, target_path);
    }
    if (IsOurs(file) || attempt == kMaxAttempts) {
      return TemporaryFile(std::move(file), directory, std::move(path), std::string(target_path));
    }
  }
}

TemporaryFile::~TemporaryFile() {
  if (file_.is_open()) unlink(SystemPath(temporary_path_).c_str());
}

Status TemporaryFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FailErrno(errno, target_path_);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    size_bytes_ += written;
  }
  if (size_bytes_ - flushed_bytes_ >= kFlushEveryBytes) {
    sync_file_range(file_.get(), flushed_bytes_, size_bytes_ - flushed_bytes_,
                    SYNC_FILE_RANGE_WRITE);
    flushed_bytes_ = size_bytes_;
  }
  return Ok();
}

Result<ObjectInfo> TemporaryFile::SyncedInfo() const {
  if (fsync(file_.get()) != 0) return FailErrno(errno, target_path_);
  struct stat status;
  if (fstat(file_.get(), &status) != 0) return FailErrno(errno, target_path_);
  return InfoOfFile(target_path_, status);
}

Status TemporaryFile::LinkOrRename() const {
  const std::string from = SystemPath(temporary_path_);
  const std::string to = SystemPath(target_path_);
  if (link(from.c_str(), to.c_str()) == 0) {
    unlink(from.c_str());
    return Ok();
  }
  // File systems without hard links say EPERM or ENOTSUP; most of those can rename without
  // replacing.
  if (errno == EPERM || errno == ENOTSUP || errno == ENOSYS) {
    if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return Ok();
    if (errno == EINVAL || errno == ENOSYS) {
      return FailUnsupported("put-if-absent on the file system of file:" + to);
    }
  }
  if (errno != EEXIST) return FailErrno(errno, target_path_);
  // A network file system that repeats a request finds the link that it has just made.
  struct stat status;
  if (fstat(file_.get(), &status) == 0 && status.st_nlink > 1) {
    unlink(from.c_str());
    return Ok();
  }
  return Fail(Condition::PATH_ALREADY_EXISTS, {{"outputPath", "file:" + to}});
}

Result<ObjectInfo> TemporaryFile::PublishIfAbsent() {
  ObjectInfo info = TRY(SyncedInfo());
  TRY(LinkOrRename());
  file_ = FileDescriptor();
  TRY(SyncDirectory(directory_));
  return info;
}

Result<ObjectInfo> TemporaryFile::PublishOver() {
  ObjectInfo info = TRY(SyncedInfo());
  if (rename(SystemPath(temporary_path_).c_str(), SystemPath(target_path_).c_str()) != 0) {
    return errno == EISDIR ? FailMakeDirectory(EEXIST, target_path_)
                           : FailErrno(errno, target_path_);
  }
  file_ = FileDescriptor();
  TRY(SyncDirectory(directory_));
  return info;
}

Result<std::int64_t> RemoveStaleTemporaries(std::string_view directory) {
  struct CloseDirectory {
    void operator()(DIR* stream) const { closedir(stream); }
  };
  const std::unique_ptr<DIR, CloseDirectory> stream(opendir(SystemPath(directory).c_str()));
  if (stream == nullptr) {
    if (errno == ENOENT || errno == ENOTDIR) return 0;
    return FailErrno(errno, directory);
  }
  std::int64_t num_removed = 0;
  while (const dirent* entry = readdir(stream.get())) {
    if (!IsTemporaryName(entry->d_name)) continue;
    const FileDescriptor file(
        openat(dirfd(stream.get()), entry->d_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
    struct stat status;
    if (!file.is_open() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) continue;  // Its owner lives.
    if (unlinkat(dirfd(stream.get()), entry->d_name, 0) == 0) ++num_removed;
  }
  return num_removed;
}

}  // namespace inlet::storage
