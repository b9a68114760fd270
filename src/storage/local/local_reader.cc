#include "storage/local/local_reader.h"

#include <sys/mman.h>

#include <cerrno>
#include <mutex>

#include "storage/local/sigbus_guard.h"

namespace inlet::storage {
namespace {

std::unexpected<Error> FailGone(std::string_view path) {
  return Fail(Condition::FAILED_READ_FILE_FILE_NOT_EXIST, {{"path", "file:" + SystemPath(path)}});
}

}  // namespace

/// The pages of the file, mapped at the first call of bytes().
class LocalReader::Mapping {
 public:
  ~Mapping() {
    if (begin_ == nullptr) return;
    SigbusGuard::Remove(begin_);
    munmap(begin_, size_);
  }

  std::optional<std::string_view> Bytes(const FileDescriptor& file, std::int64_t size_bytes) {
    if (size_bytes == 0) return std::string_view();
    std::call_once(once_, [&] { Map(file, static_cast<std::size_t>(size_bytes)); });
    if (begin_ == nullptr) return std::nullopt;
    return std::string_view(static_cast<const char*>(begin_), size_);
  }

  bool was_cut() const { return begin_ != nullptr && SigbusGuard::WasCut(begin_); }

 private:
  /// Leaves begin_ empty when the file cannot be mapped; the caller reads then.
  void Map(const FileDescriptor& file, std::size_t size) {
    void* const begin = mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
    if (begin == MAP_FAILED) return;
    if (!SigbusGuard::Add(begin, size)) {
      munmap(begin, size);
      return;
    }
    begin_ = begin;
    size_ = size;
  }

  std::once_flag once_;
  void* begin_ = nullptr;
  std::size_t size_ = 0;
};

LocalReader::LocalReader(FileDescriptor file, ObjectInfo info)
    : file_(std::move(file)), info_(std::move(info)), mapping_(std::make_unique<Mapping>()) {}

LocalReader::~LocalReader() = default;

Result<std::unique_ptr<LocalReader>> LocalReader::Open(const ObjectInfo& info) {
  struct stat status;
  Result<FileDescriptor> file = OpenForReading(info.path, status);
  if (!file && file.error().condition == Condition::PATH_NOT_FOUND) return FailGone(info.path);
  if (!file) return std::unexpected(std::move(file).error());

  ObjectInfo found = InfoOfFile(info.path, status);
  if (!info.etag.empty() && info.etag != found.etag) return FailGone(info.path);
  return std::unique_ptr<LocalReader>(new LocalReader(*std::move(file), std::move(found)));
}

Result<std::int64_t> LocalReader::ReadAt(ByteRange range, char* out) const {
  range.length = std::min(range.length, info_.size_bytes - range.position);
  const std::int64_t done = TRY(ReadFully(file_, range, out, info_.path));
  if (done < range.length) return FailGone(info_.path);
  return done;
}

std::optional<std::string_view> LocalReader::Mapped() const {
  return mapping_->Bytes(file_, info_.size_bytes);
}

Status LocalReader::CheckUnchanged() const {
  struct stat status;
  if (fstat(file_.get(), &status) != 0) return FailErrno(errno, info_.path);
  const bool unchanged = InfoOfFile(info_.path, status).etag == info_.etag;
  if (!unchanged || mapping_->was_cut()) return FailGone(info_.path);
  return Ok();
}

}  // namespace inlet::storage
