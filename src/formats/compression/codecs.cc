#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>

#include "formats/compression/decompressor_internal.h"

namespace inlet::formats {
namespace {

// The libraries count in 32 bits.
unsigned Limited(std::size_t size) {
  return static_cast<unsigned>(std::min<std::size_t>(size, 1 << 30));
}

/// gzip (RFC 1952) and zlib (RFC 1950). zlib checks the CRC or Adler sum and the length.
class ZlibDecompressor : public Decompressor {
 public:
  explicit ZlibDecompressor(bool gzip) : gzip_(gzip) {}
  ~ZlibDecompressor() override {
    if (ready_) inflateEnd(&stream_);
  }

  bool StartMember(std::string_view in) override {
    auto at = [&](std::size_t i) { return i < in.size() ? static_cast<unsigned char>(in[i]) : 0U; };
    if (gzip_ && (at(0) != 0x1f || (in.size() > 1 && at(1) != 0x8b))) return false;
    if (!gzip_ && ((at(0) & 0x0F) != 8 || (in.size() > 1 && (at(0) * 256 + at(1)) % 31 != 0))) {
      return false;
    }
    if (ready_) return inflateReset(&stream_) == Z_OK;
    ready_ = inflateInit2(&stream_, gzip_ ? 15 + 16 : 15) == Z_OK;
    return ready_;
  }

  Step Run(std::string_view in, std::span<char> out) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = Limited(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = Limited(out.size());
    int result = inflate(&stream_, Z_NO_FLUSH);
    Step step{.consumed = Limited(in.size()) - stream_.avail_in,
              .produced = Limited(out.size()) - stream_.avail_out,
              .end_of_member = result == Z_STREAM_END};
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      step.damage = stream_.msg ? stream_.msg : "its compressed data is not valid";
    }
    return step;
  }

 private:
  bool gzip_;
  bool ready_ = false;
  z_stream stream_{};
};

class Bzip2Decompressor : public Decompressor {
 public:
  ~Bzip2Decompressor() override { End(); }

  bool StartMember(std::string_view in) override {
    if (in[0] != 'B' || (in.size() > 1 && in[1] != 'Z')) return false;
    End();
    stream_ = {};
    ready_ = BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK;
    return ready_;
  }

  Step Run(std::string_view in, std::span<char> out) override {
    stream_.next_in = const_cast<char*>(in.data());
    stream_.avail_in = Limited(in.size());
    stream_.next_out = out.data();
    stream_.avail_out = Limited(out.size());
    int result = BZ2_bzDecompress(&stream_);
    Step step{.consumed = Limited(in.size()) - stream_.avail_in,
              .produced = Limited(out.size()) - stream_.avail_out,
              .end_of_member = result == BZ_STREAM_END};
    if (result != BZ_OK && result != BZ_STREAM_END) step.damage = "its bzip2 data is not valid";
    return step;
  }

 private:
  void End() {
    if (ready_) BZ2_bzDecompressEnd(&stream_);
    ready_ = false;
  }
  bool ready_ = false;
  bz_stream stream_{};
};

class ZstdDecompressor : public Decompressor {
 public:
  explicit ZstdDecompressor(const DecompressionLimits& limits) : context_(ZSTD_createDCtx()) {
    int log = 10;
    while (log < 31 && (std::int64_t{1} << (log + 1)) <= limits.max_window_bytes) ++log;
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, log);
  }
  ~ZstdDecompressor() override { ZSTD_freeDCtx(context_); }

  bool StartMember(std::string_view in) override {
    // A frame, or a skippable one (0x184D2A50 to 5F).
    auto first = static_cast<unsigned char>(in[0]);
    if (first != 0x28 && (first & 0xF0) != 0x50) return false;
    return ZSTD_isError(ZSTD_DCtx_reset(context_, ZSTD_reset_session_only)) == 0;
  }

  Step Run(std::string_view in, std::span<char> out) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    std::size_t result = ZSTD_decompressStream(context_, &output, &input);
    Step step{.consumed = input.pos, .produced = output.pos, .end_of_member = result == 0};
    if (ZSTD_isError(result) != 0) step.damage = ZSTD_getErrorName(result);
    return step;
  }

 private:
  ZSTD_DCtx* context_;
};

class Lz4FrameDecompressor : public Decompressor {
 public:
  Lz4FrameDecompressor() { LZ4F_createDecompressionContext(&context_, LZ4F_VERSION); }
  ~Lz4FrameDecompressor() override { LZ4F_freeDecompressionContext(context_); }

  bool StartMember(std::string_view in) override {
    auto first = static_cast<unsigned char>(in[0]);
    if (first != 0x04 && (first & 0xF0) != 0x50) return false;
    LZ4F_resetDecompressionContext(context_);
    return true;
  }

  Step Run(std::string_view in, std::span<char> out) override {
    std::size_t consumed = in.size();
    std::size_t produced = out.size();
    std::size_t result =
        LZ4F_decompress(context_, out.data(), &produced, in.data(), &consumed, nullptr);
    Step step{.consumed = consumed, .produced = produced, .end_of_member = result == 0};
    if (LZ4F_isError(result) != 0) step.damage = LZ4F_getErrorName(result);
    return step;
  }

 private:
  LZ4F_dctx* context_ = nullptr;
};

/// liblzma goes through concatenated streams and their padding by itself only when it is told where
/// the input ends; one stream at a time fits our loop better.
class XzDecompressor : public Decompressor {
 public:
  explicit XzDecompressor(const DecompressionLimits& limits)
      : memory_limit_(static_cast<std::uint64_t>(limits.max_window_bytes) + (16 << 20)) {}
  ~XzDecompressor() override { lzma_end(&stream_); }

  bool StartMember(std::string_view in) override {
    return static_cast<unsigned char>(in[0]) == 0xFD &&
           lzma_stream_decoder(&stream_, memory_limit_, 0) == LZMA_OK;
  }

  Step Run(std::string_view in, std::span<char> out) override {
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    stream_.avail_in = in.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream_.avail_out = out.size();
    lzma_ret result = lzma_code(&stream_, LZMA_RUN);
    Step step{.consumed = in.size() - stream_.avail_in,
              .produced = out.size() - stream_.avail_out,
              .end_of_member = result == LZMA_STREAM_END};
    if (result == LZMA_MEMLIMIT_ERROR) {
      step.damage = "its xz window is larger than " + std::to_string(memory_limit_) + " bytes";
    } else if (result != LZMA_OK && result != LZMA_STREAM_END && result != LZMA_BUF_ERROR) {
      step.damage = "its xz data is not valid";
    }
    return step;
  }

 private:
  std::uint64_t memory_limit_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

}  // namespace

std::unique_ptr<Decompressor> MakeGzip() { return std::make_unique<ZlibDecompressor>(true); }
std::unique_ptr<Decompressor> MakeZlib() { return std::make_unique<ZlibDecompressor>(false); }
std::unique_ptr<Decompressor> MakeBzip2() { return std::make_unique<Bzip2Decompressor>(); }
std::unique_ptr<Decompressor> MakeZstd(const DecompressionLimits& limits) {
  return std::make_unique<ZstdDecompressor>(limits);
}
std::unique_ptr<Decompressor> MakeLz4Frame() { return std::make_unique<Lz4FrameDecompressor>(); }
std::unique_ptr<Decompressor> MakeXz(const DecompressionLimits& limits) {
  return std::make_unique<XzDecompressor>(limits);
}

}  // namespace inlet::formats
