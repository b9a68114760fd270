#include <snappy.h>
#include <zlib.h>

#include <algorithm>
#include <map>
#include <utility>

#include "formats/avro/avro_container_internal.h"
#include "formats/avro/avro_decoder_internal.h"
#include "formats/compression/byte_stream.h"

namespace inlet::formats::avro_internal {
namespace {

constexpr std::int64_t kSyncBytes = 16;
constexpr std::int64_t kReadAheadBytes = 1 << 20;
constexpr std::int64_t kMaxHeaderBytes = 64 << 20;
/// A block as it is stored and as it is in memory. Writers make blocks of some ten kilobytes.
constexpr std::int64_t kMaxBlockBytes = 512 << 20;

/// Raw deflate, as Avro has it. False when damaged or larger than the limit.
bool Inflate(std::string_view bytes, std::string& out) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  out.resize(std::max<std::size_t>(bytes.size() * 4, 4096));
  std::size_t size = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    if (size == out.size()) {
      if (out.size() >= static_cast<std::size_t>(kMaxBlockBytes)) break;
      out.resize(out.size() * 2);
    }
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream.avail_out = static_cast<uInt>(out.size() - size);
    status = inflate(&stream, Z_NO_FLUSH);
    size = out.size() - stream.avail_out;
    if (status == Z_BUF_ERROR && size == out.size()) status = Z_OK;  // More room is needed.
  }
  inflateEnd(&stream);
  out.resize(size);
  return status == Z_STREAM_END;
}

/// A snappy block and the CRC-32 of what is in it.
bool Unsnap(std::string_view bytes, std::string& out) {
  if (bytes.size() < 4) return false;
  const std::string_view packed = bytes.substr(0, bytes.size() - 4);
  std::uint32_t expected = 0;
  for (const char c : bytes.substr(packed.size())) {
    expected = expected << 8 | static_cast<std::uint8_t>(c);
  }
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(packed.data(), packed.size(), &size)) return false;
  if (size > static_cast<std::size_t>(kMaxBlockBytes) || size > packed.size() * 64 + 64)
    return false;
  out.resize(size);
  if (!snappy::RawUncompress(packed.data(), packed.size(), out.data())) return false;
  return crc32_z(0, reinterpret_cast<const Bytef*>(out.data()), out.size()) == expected;
}

}  // namespace

std::unexpected<Error> AvroContainer::Corrupt(std::string_view message) const {
  return Fail(Condition::INLET_CORRUPT_FILE, {{"path", url_}, {"message", std::string(message)}});
}

Result<std::unique_ptr<AvroContainer>> AvroContainer::Open(const storage::ObjectStore& store,
                                                           const storage::ObjectInfo& file) {
  std::unique_ptr<AvroContainer> container(new AvroContainer);
  container->url_ = storage::UrlOf(store, file.path);
  container->object_ = TRY(store.Open(file));
  TRY(container->ReadHeader());
  return container;
}

Status AvroContainer::ReadHeader() {
  std::int64_t length = kReadAheadBytes;
  const std::int64_t size = object_->info().size_bytes;
  std::string_view bytes = TRY(Window(0, length));
  if (!bytes.starts_with("Obj\x01")) {
    return Fail(Condition::FAILED_READ_FILE_CANNOT_READ_FILE_FOOTER,
                {{"path", url_}, {"message", "it does not begin as an Avro file does"}});
  }
  for (;; length *= 8) {
    bytes = TRY(Window(0, length));
    AvroCursor cursor(bytes.substr(4));
    std::map<std::string, std::string, std::less<>> metadata;
    bool complete = true;
    std::int64_t count = 0;
    while (complete && (complete = cursor.ReadLong(count)) && count != 0) {
      std::int64_t block_bytes = 0;
      if (count < 0 && !cursor.ReadLong(block_bytes)) complete = false;
      for (std::uint64_t left = count < 0 ? 0 - static_cast<std::uint64_t>(count)
                                          : static_cast<std::uint64_t>(count);
           complete && left > 0; --left) {
        std::string_view key;
        std::string_view value;
        complete = cursor.ReadBytes(key) && cursor.ReadBytes(value);
        if (complete) metadata[std::string(key)] = value;
      }
    }
    std::string_view sync;
    complete = complete && cursor.ReadFixed(kSyncBytes, sync);
    if (!complete) {
      if (length >= size || length >= kMaxHeaderBytes) return Corrupt("its header is cut or wrong");
      continue;
    }
    sync_ = sync;
    first_block_ = static_cast<std::int64_t>(bytes.size() - cursor.left());
    static const std::map<std::string, AvroCodec, std::less<>> kCodecs{
        {"", AvroCodec::kNull},
        {"null", AvroCodec::kNull},
        {"deflate", AvroCodec::kDeflate},
        {"snappy", AvroCodec::kSnappy},
        {"zstandard", AvroCodec::kZstandard},
        {"bzip2", AvroCodec::kBzip2},
        {"xz", AvroCodec::kXz}};
    const auto codec = kCodecs.find(metadata["avro.codec"]);
    if (codec == kCodecs.end()) {
      return Fail(Condition::INLET_UNSUPPORTED_FILE,
                  {{"path", url_}, {"message", "unknown codec " + metadata["avro.codec"]}});
    }
    codec_ = codec->second;
    schema_ = TRY(ParseAvroSchema(metadata["avro.schema"], url_));
    position_ = first_block_;
    return Ok();
  }
}

Result<std::string_view> AvroContainer::Window(std::int64_t position, std::int64_t length) {
  const std::int64_t size = object_->info().size_bytes;
  position = std::min(position, size);
  length = std::min(length, size - position);
  if (const std::optional<std::string_view> mapped = object_->Mapped()) {
    return mapped->substr(std::min(static_cast<std::size_t>(position), mapped->size()),
                          static_cast<std::size_t>(length));
  }
  const auto window_end = window_position_ + static_cast<std::int64_t>(window_.size());
  if (position < window_position_ || position + length > window_end) {
    const std::int64_t wanted = std::min(std::max(length, kReadAheadBytes), size - position);
    window_.resize(static_cast<std::size_t>(wanted));
    const std::int64_t done =
        TRY(object_->ReadAt({.position = position, .length = wanted}, window_.data()));
    window_.resize(static_cast<std::size_t>(done));
    window_position_ = position;
  }
  return std::string_view(window_).substr(static_cast<std::size_t>(position - window_position_),
                                          static_cast<std::size_t>(length));
}

Status AvroContainer::Seek(std::int64_t begin, std::int64_t end) {
  end_ = end;
  position_ = first_block_;
  if (begin == 0) return Ok();
  const std::int64_t size = object_->info().size_bytes;
  // The marker that ends the header belongs to the split with the header.
  for (std::int64_t at = std::max(begin, first_block_); at < size; at += kReadAheadBytes) {
    const std::string_view bytes = TRY(Window(at, kReadAheadBytes + kSyncBytes - 1));
    if (const std::size_t found = bytes.find(sync_); found != std::string_view::npos) {
      position_ = at + static_cast<std::int64_t>(found) + kSyncBytes;
      return Ok();
    }
  }
  position_ = size;
  return Ok();
}

Result<std::optional<AvroBlock>> AvroContainer::NextBlock() {
  const std::int64_t size = object_->info().size_bytes;
  const bool is_first = position_ == first_block_;
  if (position_ >= size) return std::nullopt;
  if (!is_first && end_ >= 0 && position_ - kSyncBytes >= end_) return std::nullopt;
  constexpr std::int64_t kMaxPrefixBytes = 20;  // Two numbers.
  AvroBlock block;
  std::int64_t length = 0;
  const std::string_view prefix = TRY(Window(position_, kMaxPrefixBytes));
  AvroCursor cursor(prefix);
  if (!cursor.ReadLong(block.num_records) || !cursor.ReadLong(length)) {
    return Corrupt("a block is cut");
  }
  const std::int64_t begin = position_ + static_cast<std::int64_t>(prefix.size() - cursor.left());
  if (block.num_records < 0 || length < 0) return Corrupt("a block has a negative length");
  if (length > size - begin - kSyncBytes) return Corrupt("a block is longer than the file");
  if (length > kMaxBlockBytes) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", url_ + " has a block of " + std::to_string(length) + " bytes"},
                 {"limit", std::to_string(kMaxBlockBytes) + " bytes in one block"}});
  }
  const std::string_view bytes = TRY(Window(begin, length + kSyncBytes));
  if (static_cast<std::int64_t>(bytes.size()) < length + kSyncBytes) {
    return Corrupt("it became shorter while it was read");
  }
  if (bytes.substr(static_cast<std::size_t>(length)) != sync_) {
    return Corrupt("the marker after a block is wrong");
  }
  position_ = begin + length + kSyncBytes;
  block.bytes = TRY(Decompressed(bytes.substr(0, static_cast<std::size_t>(length))));
  return block;
}

Result<std::string_view> AvroContainer::Decompressed(std::string_view bytes) {
  switch (codec_) {
    case AvroCodec::kNull:
      return bytes;
    case AvroCodec::kDeflate:
      if (!Inflate(bytes, decompressed_)) return Corrupt("a deflate block is damaged or too large");
      return std::string_view(decompressed_);
    case AvroCodec::kSnappy:
      if (!Unsnap(bytes, decompressed_)) return Corrupt("a snappy block is damaged or too large");
      return std::string_view(decompressed_);
    default: {
      const Codec codec = codec_ == AvroCodec::kZstandard ? Codec::kZstd
                          : codec_ == AvroCodec::kBzip2   ? Codec::kBzip2
                                                          : Codec::kXz;
      const auto stream = Decompress(codec, MemoryStream(bytes), url_);
      decompressed_ = TRY(ReadAll(*stream, kMaxBlockBytes, url_));
      return std::string_view(decompressed_);
    }
  }
}

}  // namespace inlet::formats::avro_internal
