#include <algorithm>

#include "ingest/archives/archive_member.h"

namespace inlet::ingest {
namespace {

constexpr std::uint32_t kEndSignature = 0x06054b50;
constexpr std::uint32_t kEnd64Signature = 0x06064b50;
constexpr std::uint32_t kLocator64Signature = 0x07064b50;
constexpr std::uint32_t kEntrySignature = 0x02014b50;
constexpr std::uint32_t kLocalSignature = 0x04034b50;
constexpr std::int64_t kEndBytes = 22;
constexpr std::int64_t kLocator64Bytes = 20;
constexpr std::int64_t kEnd64Bytes = 56;
constexpr std::size_t kEntryBytes = 46;
constexpr std::int64_t kLocalBytes = 30;
constexpr std::int64_t kMostCommentBytes = 65535;
constexpr std::int64_t kMostDirectoryBytes = 64 << 20;

/// Little-endian numbers of a text, each access checked by the caller's sizes.
template <class T>
T NumberAt(std::string_view bytes, std::size_t position) {
  T number = 0;
  for (std::size_t i = 0; i < sizeof(T) && position + i < bytes.size(); ++i) {
    number = static_cast<T>(number | static_cast<T>(static_cast<unsigned char>(bytes[position + i]))
                                         << (8 * i));
  }
  return number;
}

struct Directory {
  std::int64_t position = 0;
  std::int64_t bytes = 0;
};

Result<Directory> FindDirectory(const storage::ObjectReader& archive, const std::string& url) {
  const std::int64_t size = archive.info().size_bytes;
  const std::int64_t tail_bytes = std::min(size, kEndBytes + kMostCommentBytes);
  const std::string tail = TRY(ReadExactly(archive, size - tail_bytes, tail_bytes, url));
  for (std::int64_t at = tail_bytes - kEndBytes; at >= 0; --at) {
    const auto place = static_cast<std::size_t>(at);
    if (NumberAt<std::uint32_t>(tail, place) != kEndSignature) continue;
    const std::int64_t end_position = size - tail_bytes + at;
    Directory directory{.position = NumberAt<std::uint32_t>(tail, place + 16),
                        .bytes = NumberAt<std::uint32_t>(tail, place + 12)};
    const bool is_64 = directory.position == 0xFFFFFFFF || directory.bytes == 0xFFFFFFFF ||
                       NumberAt<std::uint16_t>(tail, place + 10) == 0xFFFF;
    if (!is_64 || end_position < kLocator64Bytes) return directory;
    const std::string locator =
        TRY(ReadExactly(archive, end_position - kLocator64Bytes, kLocator64Bytes, url));
    if (NumberAt<std::uint32_t>(locator, 0) != kLocator64Signature) return directory;
    const auto end64_position = static_cast<std::int64_t>(NumberAt<std::uint64_t>(locator, 8));
    const std::string end64 = TRY(ReadExactly(archive, end64_position, kEnd64Bytes, url));
    if (NumberAt<std::uint32_t>(end64, 0) != kEnd64Signature) {
      return DamagedArchive(url, "its ZIP64 end is missing");
    }
    return Directory{.position = static_cast<std::int64_t>(NumberAt<std::uint64_t>(end64, 48)),
                     .bytes = static_cast<std::int64_t>(NumberAt<std::uint64_t>(end64, 40))};
  }
  return DamagedArchive(url, "it has no end of a ZIP directory");
}

/// Sizes and place that do not fit 32 bits stand in an extra field.
void TakeZip64(std::string_view extra, ArchiveMember& member, std::uint32_t size,
               std::uint32_t packed, std::uint32_t place) {
  while (extra.size() >= 4) {
    const auto id = NumberAt<std::uint16_t>(extra, 0);
    const std::size_t length = NumberAt<std::uint16_t>(extra, 2);
    const std::string_view field = extra.substr(4, length);
    if (id == 1) {
      std::size_t at = 0;
      const auto take = [&](std::uint32_t given, std::int64_t& value) {
        if (given != 0xFFFFFFFF || at + 8 > field.size()) return;
        value = static_cast<std::int64_t>(NumberAt<std::uint64_t>(field, at));
        at += 8;
      };
      take(size, member.size_bytes);
      take(packed, member.packed_bytes);
      take(place, member.position);
    }
    extra.remove_prefix(std::min(extra.size(), 4 + length));
  }
}

}  // namespace

Result<std::vector<ArchiveMember>> ReadZipDirectory(const storage::ObjectReader& archive,
                                                    const std::string& url) {
  const Directory directory = TRY(FindDirectory(archive, url));
  if (directory.bytes < 0 || directory.bytes > kMostDirectoryBytes) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", "The directory of the archive " + url + " is too large"},
                 {"limit", std::to_string(kMostDirectoryBytes)}});
  }
  const std::string bytes = TRY(ReadExactly(archive, directory.position, directory.bytes, url));
  std::string_view rest = bytes;
  std::vector<ArchiveMember> members;
  while (rest.size() >= kEntryBytes && NumberAt<std::uint32_t>(rest, 0) == kEntrySignature) {
    const auto flags = NumberAt<std::uint16_t>(rest, 8);
    const auto method = NumberAt<std::uint16_t>(rest, 10);
    const auto packed = NumberAt<std::uint32_t>(rest, 20);
    const auto size = NumberAt<std::uint32_t>(rest, 24);
    const std::size_t name_bytes = NumberAt<std::uint16_t>(rest, 28);
    const std::size_t extra_bytes = NumberAt<std::uint16_t>(rest, 30);
    const std::size_t comment_bytes = NumberAt<std::uint16_t>(rest, 32);
    const auto place = NumberAt<std::uint32_t>(rest, 42);
    const std::size_t entry_bytes = kEntryBytes + name_bytes + extra_bytes + comment_bytes;
    if (rest.size() < entry_bytes) return DamagedArchive(url, "its ZIP directory is cut off");
    ArchiveMember member{.name = std::string(rest.substr(kEntryBytes, name_bytes)),
                         .position = place,
                         .packed_bytes = packed,
                         .size_bytes = size,
                         .is_deflated = method == 8,
                         .checksum = NumberAt<std::uint32_t>(rest, 16)};
    TakeZip64(rest.substr(kEntryBytes + name_bytes, extra_bytes), member, size, packed, place);
    rest.remove_prefix(entry_bytes);
    if (member.name.ends_with('/')) continue;
    if ((flags & 1U) != 0 || (method != 0 && method != 8)) {
      return Fail(Condition::INLET_UNSUPPORTED_FILE,
                  {{"path", url + "/" + member.name},
                   {"message", (flags & 1U) != 0 ? "it is encrypted"
                                                 : "its ZIP method is " + std::to_string(method)}});
    }
    const std::string local = TRY(ReadExactly(archive, member.position, kLocalBytes, url));
    if (NumberAt<std::uint32_t>(local, 0) != kLocalSignature) {
      return DamagedArchive(url, "the file " + member.name + " is not where its directory says");
    }
    member.position +=
        kLocalBytes + NumberAt<std::uint16_t>(local, 26) + NumberAt<std::uint16_t>(local, 28);
    const std::int64_t archive_bytes = archive.info().size_bytes;
    const bool is_inside = member.packed_bytes >= 0 && member.size_bytes >= 0 &&
                           member.position <= archive_bytes &&
                           member.packed_bytes <= archive_bytes - member.position;
    if (!is_inside || (!member.is_deflated && member.packed_bytes != member.size_bytes)) {
      return DamagedArchive(url, "the file " + member.name + " reaches beyond its end");
    }
    TRY(AddMember(std::move(member), url, members));
  }
  return members;
}

}  // namespace inlet::ingest
