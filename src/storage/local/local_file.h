#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/object_store.h"

namespace inlet::storage {

/// An open file descriptor; closes it at the end.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  /// Gives the descriptor away without closing it.
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

/// "/" + path, as the system calls want it.
std::string SystemPath(std::string_view path);

/// The Error of a failed call on the file `path` (without the leading slash), from its errno.
/// Missing files and components are PATH_NOT_FOUND.
std::unexpected<Error> FailErrno(int error_number, std::string_view path);

/// Errors: INVALID_PARAMETER_VALUE for a path that no file can have.
Status CheckPath(std::string_view path);

/// What a listing says of a file. The etag changes whenever the file is replaced or written to.
ObjectInfo InfoOfFile(std::string path, const struct stat& status);

/// Opens a regular file for reading; never waits for the other end of a pipe.
/// Errors: PATH_NOT_FOUND also for whatever is no regular file.
Result<FileDescriptor> OpenForReading(std::string_view path, struct stat& status);

/// Fills `out` from `position`; returns fewer than `length` bytes only at the end of the file.
Result<std::int64_t> ReadFully(const FileDescriptor& file, ByteRange range, char* out,
                               std::string_view path);

}  // namespace inlet::storage
