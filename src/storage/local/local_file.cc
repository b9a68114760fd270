#include "storage/local/local_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace inlet::storage {

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

std::string SystemPath(std::string_view path) { return "/" + std::string(path); }

std::unexpected<Error> FailErrno(int error_number, std::string_view path) {
  const std::string url = "file:" + SystemPath(path);
  const std::string message = std::strerror(error_number);
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
      return Fail(Condition::PATH_NOT_FOUND, {{"path", url}});
    case EACCES:
    case EPERM:
    case EROFS:
      return Fail(Condition::PERMISSION_DENIED, {{"path", url}, {"message", message}});
    case ENOSPC:
    case EDQUOT:
      return Fail(Condition::INLET_DISK_FULL, {{"path", url}});
    case ENAMETOOLONG:
    case EINVAL:
    case EILSEQ:
      return Fail(Condition::INVALID_PARAMETER_VALUE,
                  {{"parameter", "path"}, {"functionName", url}, {"message", message}});
    case EMFILE:
    case ENFILE:
      return Fail(Condition::INLET_RESOURCE_LIMIT,
                  {{"message", "Too many files are open to open " + url},
                   {"limit", std::to_string(sysconf(_SC_OPEN_MAX))}});
    case EFBIG:
      return Fail(Condition::INLET_RESOURCE_LIMIT,
                  {{"message", "The file system takes no file as large as " + url},
                   {"limit", "that of the file system"}});
    default:
      return Fail(Condition::STORAGE_UNAVAILABLE, {{"message", url + ": " + message}});
  }
}

Status CheckPath(std::string_view path) {
  if (path.empty() || path.ends_with('/') || path.contains('\0')) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "path"},
                 {"functionName", "file:" + SystemPath(path.substr(0, path.find('\0')))},
                 {"message", "it cannot name a file"}});
  }
  return Ok();
}

ObjectInfo InfoOfFile(std::string path, const struct stat& status) {
  const std::int64_t seconds = status.st_mtim.tv_sec;
  const std::int64_t nanoseconds = status.st_mtim.tv_nsec;
  return {.path = std::move(path),
          .size_bytes = status.st_size,
          .modified_at_ms = seconds * 1000 + nanoseconds / 1'000'000,
          .etag = fmt::format("{:x}-{:x}.{:x}-{:x}", status.st_size, seconds, nanoseconds,
                              status.st_ino)};
}

Result<FileDescriptor> OpenForReading(std::string_view path, struct stat& status) {
  TRY(CheckPath(path));
  FileDescriptor file(open(SystemPath(path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.is_open()) return FailErrno(errno == ENXIO ? ENOENT : errno, path);
  if (fstat(file.get(), &status) != 0) return FailErrno(errno, path);
  if (!S_ISREG(status.st_mode)) return FailErrno(ENOENT, path);
  return file;
}

Result<std::int64_t> ReadFully(const FileDescriptor& file, ByteRange range, char* out,
                               std::string_view path) {
  if (range.position < 0) return 0;
  std::int64_t done = 0;
  while (done < range.length) {
    const ssize_t got = pread(file.get(), out + done, static_cast<std::size_t>(range.length - done),
                              range.position + done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailErrno(errno, path);
    if (got == 0) break;
    done += got;
  }
  return done;
}

}  // namespace inlet::storage
