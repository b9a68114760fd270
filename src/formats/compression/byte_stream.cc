#include "formats/compression/byte_stream.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/option_map.h"
#include "formats/compression/decompressor_internal.h"

namespace inlet::formats {
namespace {

class MemoryByteStream : public ByteStream {
 public:
  explicit MemoryByteStream(std::string_view bytes) : rest_(bytes) {}
  Result<std::size_t> Read(std::span<char> out) override {
    std::size_t size = std::min(out.size(), rest_.size());
    if (size != 0) std::memcpy(out.data(), rest_.data(), size);
    rest_.remove_prefix(size);
    return size;
  }

 private:
  std::string_view rest_;
};

class ObjectByteStream : public ByteStream {
 public:
  ObjectByteStream(std::unique_ptr<storage::ObjectReader> reader, std::int64_t position)
      : reader_(std::move(reader)), position_(position) {}

  Result<std::size_t> Read(std::span<char> out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      std::int64_t count = TRY(reader_->ReadAt(
          {.position = position_, .length = static_cast<std::int64_t>(out.size() - done)},
          out.data() + done));
      if (count == 0) break;
      position_ += count;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

 private:
  std::unique_ptr<storage::ObjectReader> reader_;
  std::int64_t position_;
};

struct Extension {
  std::string_view text;
  Codec codec;
};
constexpr std::array<Extension, 7> kExtensions{{{".gz", Codec::kGzip},
                                                {".deflate", Codec::kDeflate},
                                                {".bz2", Codec::kBzip2},
                                                {".zst", Codec::kZstd},
                                                {".snappy", Codec::kSnappy},
                                                {".lz4", Codec::kLz4},
                                                {".xz", Codec::kXz}}};

struct Magic {
  std::string_view bytes;
  Codec codec;
};
constexpr std::array<Magic, 6> kMagics{
    {{"\x1f\x8b\x08", Codec::kGzip},
     {"BZh", Codec::kBzip2},
     {"\x28\xb5\x2f\xfd", Codec::kZstd},
     {std::string_view("\xfd"
                       "7zXZ\0",
                       6),
      Codec::kXz},
     {"\x04\x22\x4d\x18", Codec::kLz4},
     {std::string_view("\xff\x06\0\0sNaPpY", 10), Codec::kSnappy}}};

struct Archive {
  std::string_view bytes;
  std::string_view name;
};
constexpr std::array<Archive, 4> kArchives{{{"PK\x03\x04", "a zip archive"},
                                            {"PK\x05\x06", "an empty zip archive"},
                                            {"7z\xbc\xaf\x27\x1c", "a 7z archive"},
                                            {"Rar!\x1a\x07", "a rar archive"}}};

bool EndsWithIgnoreCase(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() &&
         EqualsIgnoreCase(text.substr(text.size() - suffix.size()), suffix);
}

// "BZh" may begin a line of text; bzip2 goes on with its level and the mark of a block or the end.
bool IsBzip2(std::string_view head) {
  return head.size() >= 10 && head[3] >= '1' && head[3] <= '9' &&
         (head.substr(4, 6) == "1AY&SY" || head.substr(4, 6) == "\x17\x72\x45\x38\x50\x90");
}

}  // namespace

Codec CodecOfPath(std::string_view path) {
  for (const Extension& extension : kExtensions) {
    if (EndsWithIgnoreCase(path, extension.text)) return extension.codec;
  }
  return Codec::kNone;
}

Result<Codec> DetectCodec(const storage::ObjectReader& reader) {
  Codec by_name = CodecOfPath(reader.info().path);
  std::array<char, 16> buffer;
  std::int64_t count = TRY(reader.ReadAt({.position = 0, .length = buffer.size()}, buffer.data()));
  std::string_view head(buffer.data(), static_cast<std::size_t>(count));
  for (const Archive& archive : kArchives) {
    if (!head.starts_with(archive.bytes)) continue;
    return Fail(Condition::INLET_UNSUPPORTED_FILE,
                {{"path", reader.info().path},
                 {"message", "it is " + std::string(archive.name) + "; unpack it first"}});
  }
  for (const Magic& magic : kMagics) {
    if (!head.starts_with(magic.bytes)) continue;
    if (magic.codec == Codec::kBzip2 && !IsBzip2(head)) continue;
    return magic.codec;
  }
  return by_name;
}

Result<std::unique_ptr<ByteStream>> OpenByteStream(const storage::ObjectStore& store,
                                                   const storage::ObjectInfo& file,
                                                   const DecompressionLimits& limits) {
  std::unique_ptr<storage::ObjectReader> reader = TRY(store.Open(file));
  Codec codec = TRY(DetectCodec(*reader));
  std::unique_ptr<ByteStream> bytes = StreamFrom(std::move(reader), 0);
  if (codec == Codec::kNone) return bytes;
  return Decompress(codec, std::move(bytes), storage::UrlOf(store, file.path), limits);
}

std::unique_ptr<ByteStream> StreamFrom(std::unique_ptr<storage::ObjectReader> reader,
                                       std::int64_t position) {
  return std::make_unique<ObjectByteStream>(std::move(reader), position);
}

std::unique_ptr<ByteStream> MemoryStream(std::string_view bytes) {
  return std::make_unique<MemoryByteStream>(bytes);
}

std::unique_ptr<ByteStream> Decompress(Codec codec, std::unique_ptr<ByteStream> source,
                                       std::string path, const DecompressionLimits& limits) {
  std::unique_ptr<Decompressor> decompressor;
  switch (codec) {
    case Codec::kNone:
      return source;
    case Codec::kGzip:
      decompressor = MakeGzip();
      break;
    case Codec::kDeflate:
      decompressor = MakeZlib();
      break;
    case Codec::kBzip2:
      decompressor = MakeBzip2();
      break;
    case Codec::kZstd:
      decompressor = MakeZstd(limits);
      break;
    case Codec::kXz:
      decompressor = MakeXz(limits);
      break;
    case Codec::kSnappy:
      return MakeSnappyStream(std::move(source), std::move(path), limits);
    case Codec::kLz4:
      return MakeLz4Stream(std::move(source), std::move(path), limits);
  }
  return MakeDecompressingStream(std::move(decompressor), std::move(source), std::move(path),
                                 limits);
}

Result<std::string> ReadAll(ByteStream& stream, std::int64_t max_bytes, std::string_view path) {
  std::string out;
  std::size_t chunk = 1 << 16;
  while (true) {
    std::size_t size = out.size();
    out.resize(size + chunk);
    std::size_t count = TRY(stream.Read({out.data() + size, chunk}));
    out.resize(size + count);
    if (static_cast<std::int64_t>(out.size()) > max_bytes) {
      return Fail(
          Condition::INLET_RESOURCE_LIMIT,
          {{"message", "The file " + std::string(path) + " is too large to be held in memory"},
           {"limit", std::to_string(max_bytes) + " bytes"}});
    }
    if (count < chunk) return out;
    chunk = std::min<std::size_t>(chunk * 2, 16 << 20);
  }
}

}  // namespace inlet::formats
