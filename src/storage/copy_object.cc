#include "storage/copy_object.h"

#include <algorithm>
#include <string>

namespace inlet::storage {
namespace {

constexpr std::int64_t kCopyBytes = 8 << 20;

}  // namespace

Status CopyObject(const Location& from, const Location& to, const std::stop_token& stop) {
  const ObjectInfo info = TRY(from.store->Head(from.path));
  const auto reader = TRY(from.store->Open(info));
  const auto writer = TRY(to.store->OpenWriter(to.path));
  std::string buffer(static_cast<std::size_t>(std::min(kCopyBytes, info.size_bytes)), '\0');
  for (std::int64_t position = 0; position < info.size_bytes;) {
    if (stop.stop_requested()) return Fail(Condition::OPERATION_CANCELED, {});
    const std::int64_t length = std::min(kCopyBytes, info.size_bytes - position);
    const std::int64_t read =
        TRY(reader->ReadAt({.position = position, .length = length}, buffer.data()));
    if (read != length) {
      return Fail(Condition::INLET_CORRUPT_FILE,
                  {{"path", UrlOf(*from.store, from.path)}, {"message", "it became shorter"}});
    }
    TRY(writer->Append(std::string_view(buffer).substr(0, static_cast<std::size_t>(read))));
    position += read;
  }
  TRY(writer->Finish());
  return Ok();
}

}  // namespace inlet::storage
