#include "storage/local/local_store.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "storage/confined_path.h"
#include "storage/local/local_file.h"
#include "storage/local/local_listing.h"
#include "storage/local/local_reader.h"
#include "storage/local/temporary_file.h"

namespace inlet::storage {
namespace {

class LocalWriter : public ObjectWriter {
 public:
  explicit LocalWriter(TemporaryFile file) : file_(std::move(file)) {}

  Status Append(std::string_view bytes) override {
    if (buffer_.size() + bytes.size() < kBufferBytes) {
      buffer_ += bytes;
      return Ok();
    }
    TRY(Flush());
    return file_.Append(bytes);
  }

  Result<ObjectInfo> Finish() override {
    TRY(Flush());
    return file_.PublishOver();
  }

 private:
  static constexpr std::size_t kBufferBytes = 256 << 10;

  Status Flush() {
    TRY(file_.Append(buffer_));
    buffer_.clear();
    return Ok();
  }

  TemporaryFile file_;
  std::string buffer_;
};

}  // namespace

Result<std::string> LocalStore::Get(std::string_view path) const {
  struct stat status;
  const FileDescriptor file = TRY(OpenForReading(path, status));
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  const std::int64_t size_bytes =
      TRY(ReadFully(file, {.position = 0, .length = status.st_size}, bytes.data(), path));
  bytes.resize(static_cast<std::size_t>(size_bytes));
  return bytes;
}

Result<ObjectInfo> LocalStore::Head(std::string_view path) const {
  TRY(CheckPath(path));
  struct stat status;
  if (stat(SystemPath(path).c_str(), &status) != 0) return FailErrno(errno, path);
  if (!S_ISREG(status.st_mode)) return FailErrno(ENOENT, path);
  return InfoOfFile(std::string(path), status);
}

Result<std::unique_ptr<ObjectReader>> LocalStore::Open(const ObjectInfo& info) const {
  return TRY(LocalReader::Open(info));
}

Result<std::vector<ObjectInfo>> LocalStore::List(std::string_view prefix,
                                                 const ListOptions& options) const {
  return ListLocal(prefix, options);
}

Status LocalStore::Put(std::string_view path, std::string_view bytes, PutMode mode) {
  TemporaryFile file = TRY(TemporaryFile::Create(path));
  TRY(file.Append(bytes));
  if (mode == PutMode::kIfAbsent) {
    TRY(file.PublishIfAbsent());
  } else {
    TRY(file.PublishOver());
  }
  return Ok();
}

Result<std::unique_ptr<ObjectWriter>> LocalStore::OpenWriter(std::string_view path) {
  return std::make_unique<LocalWriter>(TRY(TemporaryFile::Create(path)));
}

Status LocalStore::Delete(std::string_view path) {
  TRY(CheckPath(path));
  if (unlink(SystemPath(path).c_str()) == 0) return Ok();
  // A directory is no object, so that there is none to delete.
  if (errno == ENOENT || errno == ENOTDIR || errno == EISDIR) return Ok();
  return FailErrno(errno, path);
}

Status LocalStore::DeleteAll(std::string_view directory) {
  if (NormalizedPath(directory).empty() || directory.contains('\0')) {
    return Fail(Condition::INVALID_PARAMETER_VALUE, {{"parameter", "path"},
                                                     {"functionName", "DeleteAll"},
                                                     {"message", "it names the whole disk"}});
  }
  std::error_code error;
  std::filesystem::remove_all(SystemPath(directory), error);
  if (error && error.value() != ENOENT && error.value() != ENOTDIR) {
    return FailErrno(error.value(), directory);
  }
  return Ok();
}

Result<std::int64_t> LocalStore::RemoveLeftovers(std::string_view directory) {
  namespace fs = std::filesystem;
  std::int64_t num_removed = TRY(RemoveStaleTemporaries(directory));
  std::error_code error;
  fs::recursive_directory_iterator entry(SystemPath(directory),
                                         fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_symlink(ignored) || !entry->is_directory(ignored)) continue;
    Result<std::int64_t> below = RemoveStaleTemporaries(entry->path().native().substr(1));
    if (below) num_removed += *below;
  }
  return num_removed;
}

std::shared_ptr<LocalStore> TheLocalStore() {
  static const auto store = std::make_shared<LocalStore>();
  return store;
}

}  // namespace inlet::storage
