#include "formats/compression/compressed_writer.h"

#include <bzlib.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <utility>

#include "base/option_map.h"

namespace inlet::formats {
namespace {

constexpr std::size_t kOutBytes = 256 << 10;

struct NamedCodec {
  std::string_view name;
  Codec codec;
  std::string_view suffix;
};
constexpr std::array kWritable{
    NamedCodec{"none", Codec::kNone, ""},       NamedCodec{"uncompressed", Codec::kNone, ""},
    NamedCodec{"gzip", Codec::kGzip, ".gz"},    NamedCodec{"deflate", Codec::kDeflate, ".deflate"},
    NamedCodec{"bzip2", Codec::kBzip2, ".bz2"}, NamedCodec{"zstd", Codec::kZstd, ".zst"},
};

std::unexpected<Error> Failed(std::string_view library) {
  return Fail(Condition::INTERNAL_ERROR,
              {{"message", std::string(library) + " could not compress"}});
}

/// Gives each piece of compressed bytes to `object_`.
class Base : public CompressedWriter {
 public:
  explicit Base(std::unique_ptr<storage::ObjectWriter> object)
      : object_(std::move(object)), out_(kOutBytes, '\0') {}

  Result<storage::ObjectInfo> Finish() override {
    TRY(End());
    return object_->Finish();
  }

 protected:
  virtual Status End() = 0;
  Status Put(std::size_t num_bytes) {
    return object_->Append(std::string_view(out_).substr(0, num_bytes));
  }

  std::unique_ptr<storage::ObjectWriter> object_;
  std::string out_;
};

class PlainWriter final : public Base {
 public:
  using Base::Base;
  Status Append(std::string_view bytes) override { return object_->Append(bytes); }

 private:
  Status End() override { return Ok(); }
};

class ZlibWriter final : public Base {
 public:
  ZlibWriter(std::unique_ptr<storage::ObjectWriter> object, bool is_gzip)
      : Base(std::move(object)) {
    constexpr int kWindowBits = 15;
    constexpr int kGzipHeader = 16;
    constexpr int kMemoryLevel = 8;
    is_open_ = deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                            kWindowBits + (is_gzip ? kGzipHeader : 0), kMemoryLevel,
                            Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~ZlibWriter() override {
    if (is_open_) deflateEnd(&stream_);
  }
  ZlibWriter(const ZlibWriter&) = delete;
  ZlibWriter& operator=(const ZlibWriter&) = delete;

  Status Append(std::string_view bytes) override {
    // The length of one call has 32 bits.
    constexpr std::size_t kMaxPiece = 1 << 30;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(kMaxPiece, bytes.size()))) {
      TRY(Run(bytes.substr(0, kMaxPiece), Z_NO_FLUSH));
    }
    return Ok();
  }

 private:
  Status End() override { return Run("", Z_FINISH); }

  Status Run(std::string_view bytes, int flush) {
    if (!is_open_) return Failed("zlib");
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    while (true) {
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = static_cast<uInt>(out_.size());
      const int result = deflate(&stream_, flush);
      if (result == Z_STREAM_ERROR) return Failed("zlib");
      TRY(Put(out_.size() - stream_.avail_out));
      const bool is_done = flush == Z_FINISH ? result == Z_STREAM_END : stream_.avail_out != 0;
      if (is_done) return Ok();
    }
  }

  z_stream stream_ = {};
  bool is_open_ = false;
};

class Bzip2Writer final : public Base {
 public:
  explicit Bzip2Writer(std::unique_ptr<storage::ObjectWriter> object) : Base(std::move(object)) {
    constexpr int kBlocksOf100k = 9;
    is_open_ = BZ2_bzCompressInit(&stream_, kBlocksOf100k, 0, 0) == BZ_OK;
  }
  ~Bzip2Writer() override {
    if (is_open_) BZ2_bzCompressEnd(&stream_);
  }
  Bzip2Writer(const Bzip2Writer&) = delete;
  Bzip2Writer& operator=(const Bzip2Writer&) = delete;

  Status Append(std::string_view bytes) override {
    constexpr std::size_t kMaxPiece = 1 << 30;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(kMaxPiece, bytes.size()))) {
      TRY(Run(bytes.substr(0, kMaxPiece), BZ_RUN));
    }
    return Ok();
  }

 private:
  Status End() override { return Run("", BZ_FINISH); }

  Status Run(std::string_view bytes, int action) {
    if (!is_open_) return Failed("bzip2");
    stream_.next_in = const_cast<char*>(bytes.data());
    stream_.avail_in = static_cast<unsigned>(bytes.size());
    while (true) {
      stream_.next_out = out_.data();
      stream_.avail_out = static_cast<unsigned>(out_.size());
      const int result = BZ2_bzCompress(&stream_, action);
      if (result < 0) return Failed("bzip2");
      TRY(Put(out_.size() - stream_.avail_out));
      const bool is_done = action == BZ_FINISH ? result == BZ_STREAM_END : stream_.avail_in == 0;
      if (is_done) return Ok();
    }
  }

  bz_stream stream_ = {};
  bool is_open_ = false;
};

class ZstdWriter final : public Base {
 public:
  explicit ZstdWriter(std::unique_ptr<storage::ObjectWriter> object)
      : Base(std::move(object)), stream_(ZSTD_createCStream(), ZSTD_freeCStream) {}

  Status Append(std::string_view bytes) override { return Run(bytes, ZSTD_e_continue); }

 private:
  Status End() override { return Run("", ZSTD_e_end); }

  Status Run(std::string_view bytes, ZSTD_EndDirective directive) {
    if (stream_ == nullptr) return Failed("zstd");
    ZSTD_inBuffer in{.src = bytes.data(), .size = bytes.size(), .pos = 0};
    while (true) {
      ZSTD_outBuffer out{.dst = out_.data(), .size = out_.size(), .pos = 0};
      const std::size_t left = ZSTD_compressStream2(stream_.get(), &out, &in, directive);
      if (ZSTD_isError(left) != 0) return Failed("zstd");
      TRY(Put(out.pos));
      const bool is_done = directive == ZSTD_e_end ? left == 0 : in.pos == in.size;
      if (is_done) return Ok();
    }
  }

  std::unique_ptr<ZSTD_CStream, decltype(&ZSTD_freeCStream)> stream_;
};

}  // namespace

Result<Codec> WritableCodec(const std::string& name) {
  std::string known;
  for (const NamedCodec& codec : kWritable) {
    if (EqualsIgnoreCase(codec.name, name)) return codec.codec;
    known += (known.empty() ? "" : ", ") + std::string(codec.name);
  }
  return Fail(Condition::INVALID_PARAMETER_VALUE,
              {{"parameter", "compression"},
               {"functionName", "write"},
               {"message", "unknown codec " + name + ". Known: " + known}});
}

std::string_view SuffixOf(Codec codec) {
  for (const NamedCodec& known : kWritable) {
    if (known.codec == codec) return known.suffix;
  }
  return "";
}

Result<std::unique_ptr<CompressedWriter>> CompressedWriter::Open(const storage::Location& location,
                                                                 Codec codec) {
  auto object = TRY(location.store->OpenWriter(location.path));
  switch (codec) {
    case Codec::kGzip:
    case Codec::kDeflate:
      return std::make_unique<ZlibWriter>(std::move(object), codec == Codec::kGzip);
    case Codec::kBzip2:
      return std::make_unique<Bzip2Writer>(std::move(object));
    case Codec::kZstd:
      return std::make_unique<ZstdWriter>(std::move(object));
    default:
      return std::make_unique<PlainWriter>(std::move(object));
  }
}

}  // namespace inlet::formats
