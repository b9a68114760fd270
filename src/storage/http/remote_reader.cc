#include "storage/http/remote_reader.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "storage/http/service_error.h"

namespace inlet::storage {
namespace {

constexpr std::int64_t kMinPartBytes = 8 << 20;
constexpr std::int64_t kMaxParts = 8;

Status FetchInParts(const FetchRange& fetch, ByteRange range, std::int64_t num_parts, char* out) {
  const std::int64_t part_bytes = (range.length + num_parts - 1) / num_parts;
  std::vector<Status> outcomes(static_cast<std::size_t>(num_parts));
  {
    std::vector<std::jthread> threads;
    for (std::int64_t i = 0; i < num_parts; ++i) {
      threads.emplace_back([&, i] {
        const std::int64_t begin = i * part_bytes;
        const std::int64_t length = std::min(part_bytes, range.length - begin);
        outcomes[static_cast<std::size_t>(i)] =
            fetch({.position = range.position + begin, .length = length}, out + begin);
      });
    }
  }
  for (Status& outcome : outcomes) TRY(std::move(outcome));
  return Ok();
}

}  // namespace

Result<std::int64_t> RemoteReader::ReadAt(ByteRange range, char* out) const {
  range.length = std::min(range.length, info_.size_bytes - range.position);
  if (range.position < 0 || range.length <= 0) return 0;
  const std::int64_t num_parts = std::min(range.length / kMinPartBytes, kMaxParts);
  if (num_parts > 1) {
    TRY(FetchInParts(fetch_, range, num_parts, out));
  } else {
    TRY(fetch_(range, out));
  }
  return range.length;
}

Result<std::unique_ptr<ObjectReader>> OpenRemote(const ObjectStore& store, const ObjectInfo& info,
                                                 FetchObjectRange fetch) {
  const std::string url = UrlOf(store, info.path);
  ObjectInfo known = info;
  if (info.etag.empty()) {
    Result<ObjectInfo> head = store.Head(info.path);
    if (!head && head.error().kind() == ErrorKind::kNotFound) return FailReplaced(url);
    known = TRY(std::move(head));
  }
  return std::make_unique<RemoteReader>(
      known, [url, known, fetch = std::move(fetch)](ByteRange range, char* out) {
        return fetch(url, known, range, out);
      });
}

}  // namespace inlet::storage
