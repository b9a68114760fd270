#include <algorithm>
#include <charconv>
#include <limits>

#include "ingest/archives/archive_member.h"

namespace inlet::ingest {
namespace {

constexpr std::int64_t kBlockBytes = 512;
/// Of a pax header or a long name.
constexpr std::int64_t kMostHeaderBytes = 1 << 20;

/// A field of a header up to its first zero byte.
std::string_view FieldAt(std::string_view block, std::size_t position, std::size_t size) {
  const std::string_view field = block.substr(position, size);
  return field.substr(0, field.find('\0'));
}

/// Octal digits, or for large ones a binary number behind a byte of 0x80.
std::optional<std::int64_t> NumberAt(std::string_view block, std::size_t position,
                                     std::size_t size) {
  const std::string_view field = block.substr(position, size);
  if ((static_cast<unsigned char>(field[0]) & 0x80U) != 0) {
    std::uint64_t number = static_cast<unsigned char>(field[0]) & 0x3FU;
    for (const char c : field.substr(1)) {
      if (number >> 55 != 0) return std::nullopt;
      number = number << 8 | static_cast<unsigned char>(c);
    }
    return static_cast<std::int64_t>(number);
  }
  std::int64_t number = 0;
  for (const char c : field) {
    if (c == '\0' || c == ' ') {
      if (number == 0) continue;
      break;
    }
    if (c < '0' || c > '7') return std::nullopt;
    number = number * 8 + (c - '0');
  }
  return number;
}

bool HasChecksum(std::string_view block) {
  const auto wanted = NumberAt(block, 148, 8);
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(block[i]);
  }
  return wanted == sum;
}

/// "27 path=a/b.csv\n..."
void TakePax(std::string_view text, std::string& path, std::optional<std::int64_t>& size) {
  while (!text.empty()) {
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    const auto digits = static_cast<std::size_t>(end - text.data());
    if (error != std::errc() || length <= digits + 1 || length > text.size()) return;
    std::string_view record = text.substr(digits + 1, length - digits - 1);
    text.remove_prefix(length);
    if (record.ends_with('\n')) record.remove_suffix(1);
    const std::size_t equals = record.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = record.substr(0, equals);
    const std::string_view value = record.substr(equals + 1);
    if (key == "path") path = value;
    std::int64_t number = 0;
    const auto parsed = std::from_chars(value.data(), value.data() + value.size(), number);
    if (key == "size" && parsed.ec == std::errc()) size = number;
  }
}

}  // namespace

Result<std::vector<ArchiveMember>> ReadTarDirectory(const storage::ObjectReader& archive,
                                                    const std::string& url) {
  const std::int64_t archive_bytes = archive.info().size_bytes;
  std::vector<ArchiveMember> members;
  std::string next_name;
  std::optional<std::int64_t> next_size;
  for (std::int64_t position = 0; position + kBlockBytes <= archive_bytes;) {
    const std::string block = TRY(ReadExactly(archive, position, kBlockBytes, url));
    if (block.find_first_not_of('\0') == std::string::npos) return members;
    if (!HasChecksum(block)) return DamagedArchive(url, "a TAR header has a wrong checksum");
    auto size = NumberAt(block, 124, 12);
    if (next_size) size = next_size;
    position += kBlockBytes;
    if (!size || *size < 0 || *size > archive_bytes - position) {
      return DamagedArchive(url, "a file of it reaches beyond its end");
    }
    const char kind = block[156];
    const bool is_header = kind == 'x' || kind == 'L';
    if (is_header) {
      if (*size > kMostHeaderBytes) return DamagedArchive(url, "a TAR header is too long");
      const std::string text = TRY(ReadExactly(archive, position, *size, url));
      if (kind == 'x') {
        TakePax(text, next_name, next_size);
      } else {
        next_name = text.substr(0, text.find('\0'));
      }
    } else {
      std::string name = next_name;
      if (name.empty()) {
        const bool is_ustar = block.compare(257, 5, "ustar") == 0;
        const std::string_view prefix = is_ustar ? FieldAt(block, 345, 155) : std::string_view();
        name = prefix.empty() ? "" : std::string(prefix) + "/";
        name += FieldAt(block, 0, 100);
      }
      const bool is_file = (kind == '0' || kind == '\0' || kind == '7') && !name.ends_with('/');
      if (is_file) {
        TRY(AddMember({.name = std::move(name),
                       .position = position,
                       .packed_bytes = *size,
                       .size_bytes = *size},
                      url, members));
      }
      next_name.clear();
      next_size.reset();
    }
    position += (*size + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
  }
  return DamagedArchive(url, "it is cut off");
}

}  // namespace inlet::ingest
