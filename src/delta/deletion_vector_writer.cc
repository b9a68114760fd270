#include "delta/deletion_vector_writer.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "base/uuid.h"
#include "types/json_text.h"

namespace inlet::delta {
namespace {

constexpr std::int32_t kPortableMagic = 1681511377;
constexpr std::uint32_t kCookieWithoutRuns = 12346;
constexpr std::uint64_t kChunkRows = 1 << 16;
constexpr std::size_t kMostInArray = 4096;
constexpr std::size_t kBitmapBytes = 8192;
constexpr char kFormatVersion = 1;

template <class Number>
void AppendLittle(Number number, std::string& out) {
  char bytes[sizeof(Number)];
  std::memcpy(bytes, &number, sizeof(Number));
  out.append(bytes, sizeof(Number));
}

void AppendBig(std::uint32_t number, std::string& out) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xFF);
}

/// The rows of one run of 65,536, each less the first of them.
struct Container {
  std::uint64_t chunk = 0;  ///< Row / kChunkRows.
  std::uint32_t cardinality = 0;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;
};

std::vector<Container> ContainersOf(const DeletedRows& rows) {
  std::vector<Container> containers;
  for (auto [begin, end] : rows.ranges) {
    while (begin < end) {
      const std::uint64_t chunk = begin / kChunkRows;
      const std::uint64_t stop = std::min(end, (chunk + 1) * kChunkRows);
      if (containers.empty() || containers.back().chunk != chunk) {
        containers.push_back({.chunk = chunk, .cardinality = 0, .ranges = {}});
      }
      const auto count = static_cast<std::uint32_t>(stop - begin);
      const auto first = static_cast<std::uint32_t>(begin % kChunkRows);
      containers.back().ranges.emplace_back(first, first + count);
      containers.back().cardinality += count;
      begin = stop;
    }
  }
  return containers;
}

void AppendContainer(const Container& container, std::string& out) {
  if (container.cardinality <= kMostInArray) {
    for (const auto& [begin, end] : container.ranges) {
      for (std::uint32_t row = begin; row < end; ++row) {
        AppendLittle(static_cast<std::uint16_t>(row), out);
      }
    }
    return;
  }
  std::string bits(kBitmapBytes, '\0');
  for (const auto& [begin, end] : container.ranges) {
    for (std::uint32_t row = begin; row < end; ++row) {
      bits[row / 8] = static_cast<char>(bits[row / 8] | 1 << (row % 8));
    }
  }
  out += bits;
}

std::size_t BytesOf(const Container& container) {
  return container.cardinality <= kMostInArray ? 2 * std::size_t{container.cardinality}
                                               : kBitmapBytes;
}

/// A 32-bit Roaring bitmap of containers [begin, end).
void AppendRoaring(const Container* begin, const Container* end, std::string& out) {
  const auto count = static_cast<std::size_t>(end - begin);
  AppendLittle(kCookieWithoutRuns, out);
  AppendLittle(static_cast<std::uint32_t>(count), out);
  for (const Container* container = begin; container != end; ++container) {
    AppendLittle(static_cast<std::uint16_t>(container->chunk % kChunkRows), out);
    AppendLittle(static_cast<std::uint16_t>(container->cardinality - 1), out);
  }
  std::size_t offset = 8 + count * 8;
  for (const Container* container = begin; container != end; ++container) {
    AppendLittle(static_cast<std::uint32_t>(offset), out);
    offset += BytesOf(*container);
  }
  for (const Container* container = begin; container != end; ++container) {
    AppendContainer(*container, out);
  }
}

std::string UuidBytes(const std::string& uuid) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < uuid.size();) {
    if (uuid[i] == '-') {
      ++i;
      continue;
    }
    unsigned byte = 0;
    std::from_chars(uuid.data() + i, uuid.data() + i + 2, byte, 16);
    bytes += static_cast<char>(byte);
    i += 2;
  }
  return bytes;
}

}  // namespace

AddFile WithDeletionVector(AddFile file, DeletionVectorDescriptor vector,
                           std::int64_t physical_rows) {
  std::string stats = fmt::format("{{\"numRecords\":{}", physical_rows);
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(file.stats).get_object().get(object) == simdjson::SUCCESS) {
    for (const auto field : object) {
      if (field.key == "numRecords" || field.key == "tightBounds") continue;
      stats += "," + types::JsonQuote(field.key) + ":" + simdjson::minify(field.value);
    }
  }
  file.stats = stats + ",\"tightBounds\":false}";
  file.deletion_vector = std::move(vector);
  file.data_change = true;
  return file;
}

std::string SerializeDeletedRows(const DeletedRows& rows) {
  const std::vector<Container> containers = ContainersOf(rows);
  std::string out;
  AppendLittle(kPortableMagic, out);
  std::string bitmaps;
  std::uint64_t num_bitmaps = 0;
  for (std::size_t begin = 0; begin < containers.size();) {
    const std::uint64_t key = containers[begin].chunk / kChunkRows;
    std::size_t end = begin;
    while (end < containers.size() && containers[end].chunk / kChunkRows == key) ++end;
    AppendLittle(static_cast<std::uint32_t>(key), bitmaps);
    AppendRoaring(containers.data() + begin, containers.data() + end, bitmaps);
    ++num_bitmaps;
    begin = end;
  }
  AppendLittle(num_bitmaps, out);
  return out + bitmaps;
}

std::optional<std::string> VectorNameOf(std::string_view file_name) {
  constexpr std::string_view kPrefix = "deletion_vector_";
  constexpr std::string_view kSuffix = ".bin";
  if (!file_name.starts_with(kPrefix) || !file_name.ends_with(kSuffix)) return std::nullopt;
  file_name.remove_prefix(kPrefix.size());
  file_name.remove_suffix(kSuffix.size());
  const std::string bytes = UuidBytes(std::string(file_name));
  if (bytes.size() != 16) return std::nullopt;
  return EncodeZ85(bytes);
}

std::string EncodeZ85(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
  std::string out;
  for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    std::uint32_t number = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      number = number << 8 | static_cast<unsigned char>(bytes[i + j]);
    }
    char group[5];
    for (std::size_t j = 5; j-- > 0; number /= 85) group[j] = kAlphabet[number % 85];
    out.append(group, 5);
  }
  return out;
}

DeletionVectorWriter::DeletionVectorWriter(storage::Location table_root)
    : table_root_(std::move(table_root)), uuid_(RandomUuid()) {}

DeletionVectorDescriptor DeletionVectorWriter::Add(const DeletedRows& rows) {
  if (bytes_.empty()) bytes_ += kFormatVersion;
  const std::string data = SerializeDeletedRows(rows);
  const DeletionVectorDescriptor descriptor{
      .storage_type = "u",
      .path_or_inline_dv = EncodeZ85(UuidBytes(uuid_)),
      .offset = static_cast<std::int32_t>(bytes_.size()),
      .size_in_bytes = static_cast<std::int32_t>(data.size()),
      .cardinality = static_cast<std::int64_t>(rows.cardinality)};
  AppendBig(static_cast<std::uint32_t>(data.size()), bytes_);
  bytes_ += data;
  AppendBig(static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(data.data()),
                                             static_cast<uInt>(data.size()))),
            bytes_);
  return descriptor;
}

Status DeletionVectorWriter::Finish() {
  if (bytes_.empty()) return Ok();
  constexpr std::size_t kLargest = std::size_t{2} << 30;
  if (bytes_.size() >= kLargest) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", "The deletion vectors of one statement are too large"},
                 {"limit", std::to_string(kLargest)}});
  }
  const std::string name = "deletion_vector_" + uuid_ + ".bin";
  const std::string& root = table_root_.path;
  TRY(table_root_.store->Put(root.empty() ? name : root + "/" + name, bytes_,
                             storage::PutMode::kIfAbsent));
  is_stored_ = true;
  return Ok();
}

void DeletionVectorWriter::Discard() {
  if (!is_stored_) return;
  const std::string name = "deletion_vector_" + uuid_ + ".bin";
  const std::string& root = table_root_.path;
  (void)table_root_.store->Delete(root.empty() ? name : root + "/" + name);
  is_stored_ = false;
}

}  // namespace inlet::delta
