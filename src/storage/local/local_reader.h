#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "storage/local/local_file.h"
#include "storage/object_store.h"

namespace inlet::storage {

/// One local file, read through its descriptor or mapped into memory on demand.
///
/// A mapped file that someone else shortens would kill the process by SIGBUS when a page that is
/// gone is touched. A handler puts a page of zeros there instead and CheckUnchanged() reports it.
class LocalReader : public ObjectReader {
 public:
  /// Errors: FAILED_READ_FILE_FILE_NOT_EXIST when the file is gone or is not the one of `info`.
  static Result<std::unique_ptr<LocalReader>> Open(const ObjectInfo& info);
  ~LocalReader() override;

  const ObjectInfo& info() const override { return info_; }
  Result<std::int64_t> ReadAt(ByteRange range, char* out) const override;
  std::optional<std::string_view> Mapped() const override;
  Status CheckUnchanged() const override;

 private:
  class Mapping;

  LocalReader(FileDescriptor file, ObjectInfo info);

  const FileDescriptor file_;
  const ObjectInfo info_;
  const std::unique_ptr<Mapping> mapping_;
};

}  // namespace inlet::storage
