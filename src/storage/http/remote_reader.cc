#include "storage/http/remote_reader.h"

#include <algorithm>
#include <thread>

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

}  // namespace inlet::storage
