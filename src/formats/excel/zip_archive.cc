#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "formats/excel/zip_archive_internal.h"

namespace inlet::formats::excel_internal {
namespace {

constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kMaxCommentBytes = 65535;
constexpr std::size_t kDirectoryEntryBytes = 46;
constexpr std::size_t kLocalHeaderBytes = 30;
/// What one part of a workbook may expand to.
constexpr std::uint32_t kMaxPartBytes = 512U << 20;

template <class Int>
Int ReadAt(std::string_view bytes, std::size_t position) {
  Int value = 0;
  std::memcpy(&value, bytes.data() + position, sizeof value);
  return value;
}

}  // namespace

std::unexpected<Error> ZipArchive::Corrupt(const std::string& message) const {
  return Fail(Condition::INLET_CORRUPT_FILE, {{"path", url_}, {"message", message}});
}

Result<ZipArchive> ZipArchive::Open(std::string_view bytes, std::string url) {
  ZipArchive archive;
  archive.bytes_ = bytes;
  archive.url_ = std::move(url);
  const std::size_t tail =
      bytes.size() < kEndBytes + kMaxCommentBytes ? 0 : bytes.size() - kEndBytes - kMaxCommentBytes;
  const std::size_t end = bytes.rfind("PK\x05\x06");
  if (end == std::string_view::npos || end < tail || bytes.size() - end < kEndBytes) {
    return Fail(Condition::FAILED_READ_FILE_CANNOT_READ_FILE_FOOTER,
                {{"path", archive.url_}, {"message", "it is no .xlsx workbook"}});
  }
  const auto count = ReadAt<std::uint16_t>(bytes, end + 10);
  std::size_t at = ReadAt<std::uint32_t>(bytes, end + 16);
  for (std::uint16_t i = 0; i < count; ++i) {
    if (at > bytes.size() || bytes.size() - at < kDirectoryEntryBytes ||
        bytes.substr(at, 4) != "PK\x01\x02") {
      return archive.Corrupt("the directory of the archive is damaged");
    }
    const Entry entry{.flags = ReadAt<std::uint16_t>(bytes, at + 8),
                      .method = ReadAt<std::uint16_t>(bytes, at + 10),
                      .crc = ReadAt<std::uint32_t>(bytes, at + 16),
                      .packed_bytes = ReadAt<std::uint32_t>(bytes, at + 20),
                      .bytes = ReadAt<std::uint32_t>(bytes, at + 24),
                      .position = ReadAt<std::uint32_t>(bytes, at + 42)};
    const std::size_t name_bytes = ReadAt<std::uint16_t>(bytes, at + 28);
    const std::size_t rest =
        std::size_t{ReadAt<std::uint16_t>(bytes, at + 30)} + ReadAt<std::uint16_t>(bytes, at + 32);
    if (bytes.size() - at - kDirectoryEntryBytes < name_bytes) {
      return archive.Corrupt("the directory of the archive is damaged");
    }
    archive.entries_[std::string(bytes.substr(at + kDirectoryEntryBytes, name_bytes))] = entry;
    at += kDirectoryEntryBytes + name_bytes + rest;
  }
  return archive;
}

Result<std::string> ZipArchive::Extract(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return Corrupt("it lacks the part " + name);
  const Entry& entry = found->second;
  if ((entry.flags & 1U) != 0 || (entry.method != 0 && entry.method != 8)) {
    return Fail(Condition::INLET_UNSUPPORTED_FILE,
                {{"path", url_}, {"message", name + " is encrypted or packed by an odd method"}});
  }
  if (entry.bytes > kMaxPartBytes) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message",
                  name + " of " + url_ + " expands to " + std::to_string(entry.bytes) + " bytes"},
                 {"limit", std::to_string(kMaxPartBytes) + " bytes"}});
  }
  const std::size_t at = entry.position;
  if (at > bytes_.size() || bytes_.size() - at < kLocalHeaderBytes ||
      bytes_.substr(at, 4) != "PK\x03\x04") {
    return Corrupt("the part " + name + " is damaged");
  }
  const std::size_t begin = at + kLocalHeaderBytes + ReadAt<std::uint16_t>(bytes_, at + 26) +
                            ReadAt<std::uint16_t>(bytes_, at + 28);
  if (begin > bytes_.size() || bytes_.size() - begin < entry.packed_bytes) {
    return Corrupt("the part " + name + " is cut");
  }
  const std::string_view packed = bytes_.substr(begin, entry.packed_bytes);
  std::string out;
  if (entry.method == 0) {
    out = packed;
  } else {
    // Deflate reaches about 1030 : 1, so a larger size is a lie.
    if (entry.bytes / 1100 > packed.size() + 1) return Corrupt("the size of " + name + " is wrong");
    out.resize(entry.bytes);
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return Corrupt("out of memory");
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int status = inflate(&stream, Z_FINISH);
    const bool whole = status == Z_STREAM_END && stream.avail_out == 0;
    inflateEnd(&stream);
    if (!whole) return Corrupt("the part " + name + " is damaged");
  }
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(out.data()), out.size());
  if (out.size() != entry.bytes || crc != entry.crc) {
    return Corrupt("the part " + name + " has a wrong checksum");
  }
  return out;
}

}  // namespace inlet::formats::excel_internal
