#include <lz4.h>
#include <snappy.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "formats/compression/decompressor_internal.h"

namespace inlet::formats {
namespace {

enum class BlockCodec : std::uint8_t { kSnappy, kLz4 };

std::uint32_t BigEndian(const char* at) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(at[i]);
  return value;
}

std::uint32_t LittleEndian(const char* at) {
  std::uint32_t value = 0;
  std::memcpy(&value, at, 4);
  return value;
}

std::uint32_t Crc32c(std::string_view bytes) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82F63B78 : 0);
  }
  return ~crc;
}

/// Blocks of a known length. Which framing it is shows in the first bytes:
///   Hadoop's BlockCompressorStream   be32 uncompressed, then be32 compressed + bytes until it is
///   full snappy framing                   0xff 06 00 00 "sNaPpY" lz4 frames 04 22 4d 18 (goes to
///   Lz4FrameDecompressor) one raw snappy block             anything else that snappy finds valid
///   as a whole
class BlockStream : public ByteStream {
 public:
  BlockStream(BlockCodec codec, std::unique_ptr<ByteStream> source, std::string path,
              const DecompressionLimits& limits)
      : codec_(codec), source_(std::move(source)), path_(path), guard_(std::move(path), limits) {}

  Result<std::size_t> Read(std::span<char> out) override {
    if (!opened_) TRY(Open());
    if (frames_) return frames_->Read(out);
    std::size_t done = 0;
    while (done < out.size()) {
      if (rest_.empty() && !TRY(NextBlock())) break;
      std::size_t size = std::min(out.size() - done, rest_.size());
      if (size != 0) std::memcpy(out.data() + done, rest_.data(), size);
      rest_.remove_prefix(size);
      done += size;
    }
    return done;
  }

 private:
  static constexpr std::size_t kMaxRawBytes = 256 << 20;

  /// The head that was read to tell the framing, then the rest of the source.
  class Rejoined : public ByteStream {
   public:
    Rejoined(std::string head, std::unique_ptr<ByteStream> rest)
        : head_(std::move(head)), rest_(std::move(rest)) {}
    Result<std::size_t> Read(std::span<char> out) override {
      std::size_t size = std::min(out.size(), head_.size() - position_);
      std::memcpy(out.data(), head_.data() + position_, size);
      position_ += size;
      return size + TRY(rest_->Read(out.subspan(size)));
    }

   private:
    std::string head_;
    std::size_t position_ = 0;
    std::unique_ptr<ByteStream> rest_;
  };

  Status Open() {
    opened_ = true;
    std::string head(10, '\0');
    head.resize(TRY(source_->Read(head)));
    source_ = std::make_unique<Rejoined>(head, std::move(source_));
    if (codec_ == BlockCodec::kLz4 && head.starts_with("\x04\x22\x4d\x18")) {
      frames_ = MakeDecompressingStream(MakeLz4Frame(), std::move(source_), path_, guard_.limits());
    } else if (head.starts_with(std::string_view("\xff\x06\0\0sNaPpY", 10))) {
      snappy_framing_ = true;
    } else if (codec_ == BlockCodec::kSnappy && !LooksLikeHadoop(head)) {
      return ReadRawSnappy();
    }
    return Ok();
  }

  // A compressed block is about as long as the block at most, and a block has a sane length.
  bool LooksLikeHadoop(std::string_view head) const {
    if (head.size() < 8) return false;
    std::uint64_t block = BigEndian(head.data());
    std::uint64_t chunk = BigEndian(head.data() + 4);
    return block <= static_cast<std::uint64_t>(guard_.limits().max_window_bytes) &&
           chunk <= 32 + block + block / 6;
  }

  Status ReadRawSnappy() {
    std::string raw = TRY(ReadAll(*source_, kMaxRawBytes, path_));
    std::size_t size = 0;
    if (raw.empty()) return Ok();
    if (!snappy::GetUncompressedLength(raw.data(), raw.size(), &size) ||
        size > 64 * raw.size() + 64 || !snappy::IsValidCompressedBuffer(raw.data(), raw.size())) {
      return guard_.Damaged("its snappy data is not valid");
    }
    TRY(guard_.Count(raw.size(), size));
    block_.resize(size);
    if (!snappy::RawUncompress(raw.data(), raw.size(), block_.data())) {
      return guard_.Damaged("its snappy data is not valid");
    }
    rest_ = {block_.data(), size};
    raw_ = true;
    return Ok();
  }

  // Exactly `size` bytes of the source; nothing at its end.
  Result<std::optional<std::string_view>> Take(std::size_t size) {
    if (size > static_cast<std::size_t>(guard_.limits().max_window_bytes) * 2) {
      return guard_.Damaged("a block of it claims " + std::to_string(size) + " bytes");
    }
    in_.resize(size);
    std::size_t count = TRY(source_->Read({in_.data(), size}));
    if (count == 0) return std::nullopt;
    if (count < size) return guard_.Damaged("its compressed data is cut off");
    return std::string_view(in_.data(), size);
  }

  Result<bool> NextBlock() {
    if (raw_) return false;
    return snappy_framing_ ? NextSnappyFrame() : NextHadoopChunk();
  }

  Result<bool> NextHadoopChunk() {
    while (block_left_ == 0) {
      auto head = TRY(Take(4));
      if (!head) return false;
      block_left_ = BigEndian(head->data());
      if (block_left_ > static_cast<std::uint64_t>(guard_.limits().max_window_bytes)) {
        return guard_.Damaged("a block of it claims " + std::to_string(block_left_) + " bytes");
      }
    }
    auto head = TRY(Take(4));
    if (!head) return guard_.Damaged("its compressed data is cut off");
    std::uint32_t chunk = BigEndian(head->data());
    auto bytes = TRY(Take(chunk));
    if (!bytes || chunk == 0) return guard_.Damaged("its compressed data is cut off");
    std::size_t size = TRY(DecompressChunk(*bytes, block_left_));
    if (size == 0 || size > block_left_)
      return guard_.Damaged("a block of it has another length than it says");
    block_left_ -= size;
    rest_ = {block_.data(), size};
    TRY(guard_.Count(chunk + 4, size));
    return true;
  }

  Result<std::size_t> DecompressChunk(std::string_view in, std::uint64_t limit) {
    if (block_.size() < limit) block_.resize(limit);
    if (codec_ == BlockCodec::kSnappy) {
      std::size_t size = 0;
      if (!snappy::GetUncompressedLength(in.data(), in.size(), &size) || size > limit ||
          !snappy::RawUncompress(in.data(), in.size(), block_.data())) {
        return guard_.Damaged("its snappy data is not valid");
      }
      return size;
    }
    int size = LZ4_decompress_safe(in.data(), block_.data(), static_cast<int>(in.size()),
                                   static_cast<int>(limit));
    if (size < 0) return guard_.Damaged("its lz4 data is not valid");
    return static_cast<std::size_t>(size);
  }

  // Source: google/snappy framing_format.txt.
  Result<bool> NextSnappyFrame() {
    while (true) {
      auto head = TRY(Take(4));
      if (!head) return false;
      auto type = static_cast<unsigned char>((*head)[0]);
      std::uint32_t size = LittleEndian(head->data()) >> 8;
      auto bytes = TRY(Take(size));
      if (!bytes && size != 0) return guard_.Damaged("its compressed data is cut off");
      if (type >= 0x80) continue;  // Padding, other skippable chunks, the identifier again.
      if (type > 1 || size < 4) return guard_.Damaged("its snappy framing is not valid");
      std::uint32_t masked = LittleEndian(bytes->data());
      std::string_view body = bytes->substr(4);
      std::size_t length = body.size();
      if (type == 0) {
        length = TRY(DecompressChunk(body, 65536));
      } else {
        block_.assign(body.begin(), body.end());
      }
      rest_ = {block_.data(), length};
      std::uint32_t crc = Crc32c(rest_);
      if ((crc >> 15 | crc << 17) + 0xA282EAD8 != masked) {
        return guard_.Damaged("a checksum of it is wrong");
      }
      TRY(guard_.Count(size + 4, length));
      if (!rest_.empty()) return true;
    }
  }

  BlockCodec codec_;
  std::unique_ptr<ByteStream> source_;
  std::string path_;
  ExpansionGuard guard_;
  std::unique_ptr<ByteStream> frames_;
  bool opened_ = false;
  bool snappy_framing_ = false;
  bool raw_ = false;
  std::uint64_t block_left_ = 0;  // Uncompressed bytes of the Hadoop block still to come.
  std::vector<char> in_;
  std::vector<char> block_;
  std::string_view rest_;  // Into block_.
};

}  // namespace

std::unique_ptr<ByteStream> MakeSnappyStream(std::unique_ptr<ByteStream> source, std::string path,
                                             const DecompressionLimits& limits) {
  return std::make_unique<BlockStream>(BlockCodec::kSnappy, std::move(source), std::move(path),
                                       limits);
}

std::unique_ptr<ByteStream> MakeLz4Stream(std::unique_ptr<ByteStream> source, std::string path,
                                          const DecompressionLimits& limits) {
  return std::make_unique<BlockStream>(BlockCodec::kLz4, std::move(source), std::move(path),
                                       limits);
}

}  // namespace inlet::formats
