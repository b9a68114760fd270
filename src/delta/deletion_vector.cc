#include "delta/deletion_vector.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <cstring>

#include "delta/data_path.h"

namespace inlet::delta {
namespace {

constexpr std::int32_t kPortableMagic = 1681511377;
constexpr std::int32_t kNativeMagic = 1681511376;
constexpr std::uint32_t kCookieWithoutRuns = 12346;
constexpr std::uint32_t kCookieWithRuns = 12347;
constexpr std::size_t kBitmapBytes = 8192;
constexpr std::uint32_t kMostInArray = 4096;
constexpr std::uint32_t kFewestWithOffsets = 4;
constexpr std::size_t kUuidCharacters = 20;

std::unexpected<Error> Corrupt(std::string_view path, std::string_view message) {
  return Fail(
      Condition::INLET_CORRUPT_FILE,
      {{"path", std::string(path)}, {"message", "deletion vector: " + std::string(message)}});
}

/// Numbers one after the other; `failed` once the bytes do not suffice.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
  bool failed() const { return failed_; }
  std::size_t left() const { return bytes_.size(); }

  template <class Number>
  Number Little() {
    Number number = 0;
    const std::string_view bytes = Bytes(sizeof(Number));
    if (!failed_) std::memcpy(&number, bytes.data(), sizeof(Number));
    return number;
  }
  std::string_view Bytes(std::size_t count) {
    if (count > bytes_.size()) {
      failed_ = true;
      return {};
    }
    const std::string_view bytes = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return bytes;
  }

 private:
  std::string_view bytes_;
  bool failed_ = false;
};

std::uint32_t BigEndian(const char* bytes) {
  std::uint32_t number = 0;
  for (int i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

/// Collects ascending rows; false when one is not.
class RangeBuilder {
 public:
  explicit RangeBuilder(DeletedRows& out) : out_(out) {}
  bool Add(std::uint64_t begin, std::uint64_t end) {
    if (!out_.ranges.empty()) {
      auto& last = out_.ranges.back();
      if (begin < last.second) return false;
      if (begin == last.second) {
        last.second = end;
        out_.cardinality += end - begin;
        return true;
      }
    }
    out_.ranges.emplace_back(begin, end);
    out_.cardinality += end - begin;
    return true;
  }

 private:
  DeletedRows& out_;
};

bool AddBitmap(std::string_view bytes, std::uint64_t base, std::uint32_t cardinality,
               RangeBuilder& out) {
  std::uint32_t found = 0;
  for (std::uint32_t i = 0; i < kBitmapBytes; ++i) {
    auto byte = static_cast<unsigned char>(bytes[i]);
    for (std::uint32_t bit = 0; byte != 0; ++bit, byte >>= 1) {
      if ((byte & 1) == 0) continue;
      const std::uint64_t row = base + i * 8 + bit;
      if (!out.Add(row, row + 1)) return false;
      ++found;
    }
  }
  return found == cardinality;
}

/// One 32-bit Roaring bitmap in the portable format, its rows above `base`.
bool ReadRoaring(ByteReader& in, std::uint64_t base, RangeBuilder& out) {
  const auto cookie = in.Little<std::uint32_t>();
  std::uint32_t num_containers = 0;
  std::string_view run_flags;
  const bool has_runs = (cookie & 0xFFFF) == kCookieWithRuns;
  if (has_runs) {
    num_containers = (cookie >> 16) + 1;
    run_flags = in.Bytes((num_containers + 7) / 8);
  } else if (cookie == kCookieWithoutRuns) {
    num_containers = in.Little<std::uint32_t>();
  } else {
    return false;
  }
  if (in.failed() || num_containers > 65536 || num_containers * 4 > in.left()) return false;
  struct Container {
    std::uint64_t base;
    std::uint32_t cardinality;
    bool is_run;
  };
  std::vector<Container> containers;
  for (std::uint32_t i = 0; i < num_containers; ++i) {
    const auto key = in.Little<std::uint16_t>();
    const std::uint32_t cardinality = in.Little<std::uint16_t>() + 1U;
    const bool is_run =
        has_runs && ((static_cast<unsigned char>(run_flags[i / 8]) >> (i % 8)) & 1) != 0;
    containers.push_back({base + (std::uint64_t{key} << 16), cardinality, is_run});
  }
  if (!has_runs || num_containers >= kFewestWithOffsets) in.Bytes(std::size_t{num_containers} * 4);
  for (const Container& container : containers) {
    if (container.is_run) {
      const auto num_runs = in.Little<std::uint16_t>();
      for (std::uint32_t run = 0; run < num_runs; ++run) {
        const std::uint32_t start = in.Little<std::uint16_t>();
        const std::uint32_t end = start + in.Little<std::uint16_t>() + 1U;
        if (in.failed() || end > 65536) return false;
        if (!out.Add(container.base + start, container.base + end)) return false;
      }
    } else if (container.cardinality <= kMostInArray) {
      for (std::uint32_t i = 0; i < container.cardinality; ++i) {
        const std::uint64_t row = container.base + in.Little<std::uint16_t>();
        if (in.failed() || !out.Add(row, row + 1)) return false;
      }
    } else {
      const std::string_view bytes = in.Bytes(kBitmapBytes);
      if (in.failed() || !AddBitmap(bytes, container.base, container.cardinality, out)) {
        return false;
      }
    }
    if (in.failed()) return false;
  }
  return true;
}

std::string UuidText(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
  }
  return out;
}

/// The vector's bytes in its file, after size and checksum were checked.
Result<std::string> ReadFromFile(const storage::Location& file,
                                 const DeletionVectorDescriptor& descriptor) {
  const storage::ObjectInfo info = TRY(file.store->Head(file.path));
  const std::unique_ptr<storage::ObjectReader> reader = TRY(file.store->Open(info));
  const std::int64_t offset = descriptor.offset.value_or(1);
  const std::int64_t length = std::int64_t{descriptor.size_in_bytes} + 8;
  if (offset < 0 || descriptor.size_in_bytes < 0 || offset + length > info.size_bytes) {
    return Corrupt(file.path, "the file is too short");
  }
  std::string bytes(static_cast<std::size_t>(length), '\0');
  const std::int64_t read =
      TRY(reader->ReadAt({.position = offset, .length = length}, bytes.data()));
  if (read != length) return Corrupt(file.path, "the file is too short");
  if (BigEndian(bytes.data()) != static_cast<std::uint32_t>(descriptor.size_in_bytes)) {
    return Corrupt(file.path, "its size is not the one in the log");
  }
  const std::string data = bytes.substr(4, static_cast<std::size_t>(descriptor.size_in_bytes));
  const auto checksum = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size())));
  if (checksum != BigEndian(bytes.data() + bytes.size() - 4)) {
    return Corrupt(file.path, "its checksum is wrong");
  }
  return data;
}

}  // namespace

std::optional<std::string> DecodeZ85(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
  if (text.size() % 5 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 5) {
    // A group beyond 32 bits begins with '#'. Some writers mark their last, shorter group so: each
    // '#' stands for a byte that is not there.
    std::size_t missing = 0;
    if (i + 5 == text.size()) {
      while (missing < 3 && text[i + missing] == '#') ++missing;
    }
    std::uint64_t number = 0;
    for (std::size_t j = missing; j < 5; ++j) {
      const std::size_t digit = kAlphabet.find(text[i + j]);
      if (digit == std::string_view::npos) return std::nullopt;
      number = number * 85 + digit;
    }
    const std::size_t num_bytes = 4 - missing;
    if (number >> (8 * num_bytes) != 0) return std::nullopt;
    for (std::size_t byte = num_bytes; byte-- > 0;) {
      out += static_cast<char>(number >> (8 * byte) & 0xFF);
    }
  }
  return out;
}

Result<DeletedRows> ParseDeletedRows(std::string_view bytes, std::string_view origin) {
  ByteReader in(bytes);
  DeletedRows rows;
  RangeBuilder builder(rows);
  const auto magic = in.Little<std::int32_t>();
  if (magic == kPortableMagic) {
    const auto num_bitmaps = in.Little<std::uint64_t>();
    for (std::uint64_t i = 0; i < num_bitmaps && !in.failed(); ++i) {
      const auto key = in.Little<std::uint32_t>();
      if (in.failed() || key > INT32_MAX || !ReadRoaring(in, std::uint64_t{key} << 32, builder)) {
        return Corrupt(origin, "the bitmap is damaged");
      }
    }
  } else if (magic == kNativeMagic) {
    const auto num_bitmaps = in.Little<std::uint32_t>();
    for (std::uint32_t i = 0; i < num_bitmaps && !in.failed(); ++i) {
      const auto size = in.Little<std::uint32_t>();
      ByteReader bitmap(in.Bytes(size));
      if (in.failed() || !ReadRoaring(bitmap, std::uint64_t{i} << 32, builder)) {
        return Corrupt(origin, "the bitmap is damaged");
      }
    }
  } else {
    return Corrupt(origin, "it has an unknown format");
  }
  if (in.failed()) return Corrupt(origin, "the bitmap is cut");
  return rows;
}

Result<std::optional<storage::Location>> DeletionVectorFile(
    const storage::Location& table_root, const DeletionVectorDescriptor& descriptor) {
  const std::string& text = descriptor.path_or_inline_dv;
  if (descriptor.storage_type == "i") return std::nullopt;
  if (descriptor.storage_type == "p") return TRY(ResolveDataPath(table_root, text));
  if (descriptor.storage_type != "u") {
    return FailUnsupported("deletion vectors of type " + descriptor.storage_type);
  }
  if (text.size() < kUuidCharacters) return Corrupt(text, "its name is too short");
  const std::string prefix = text.substr(0, text.size() - kUuidCharacters);
  const std::optional<std::string> uuid = DecodeZ85(text.substr(prefix.size()));
  if (!uuid) return Corrupt(text, "its name is no UUID");
  std::string path = table_root.path;
  if (!path.empty()) path += '/';
  if (!prefix.empty()) path += prefix + "/";
  path += "deletion_vector_" + UuidText(*uuid) + ".bin";
  return storage::Location{table_root.store, path};
}

Result<DeletedRows> LoadDeletedRows(const storage::Location& table_root,
                                    const DeletionVectorDescriptor& descriptor) {
  std::string bytes;
  std::string origin = "inline in the log of " + UrlOf(table_root);
  const std::optional<storage::Location> file = TRY(DeletionVectorFile(table_root, descriptor));
  if (file) {
    origin = UrlOf(*file);
    bytes = TRY(ReadFromFile(*file, descriptor));
  } else {
    std::optional<std::string> decoded = DecodeZ85(descriptor.path_or_inline_dv);
    const auto size = static_cast<std::size_t>(std::max(descriptor.size_in_bytes, 0));
    if (!decoded || decoded->size() < size) return Corrupt(origin, "its text is damaged");
    bytes = decoded->substr(0, size);
  }
  DeletedRows rows = TRY(ParseDeletedRows(bytes, origin));
  if (rows.cardinality != static_cast<std::uint64_t>(descriptor.cardinality)) {
    return Corrupt(origin, "it has another number of rows than the log says");
  }
  return rows;
}

}  // namespace inlet::delta
