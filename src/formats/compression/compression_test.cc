#include <gtest/gtest.h>
#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include "base/testing.h"
#include "formats/compression/byte_stream.h"

namespace inlet::formats {
namespace {

std::string Text() {
  std::string text;
  for (int i = 0; i < 50000; ++i) text += std::to_string(i * 7919 % 100003) + ",row\n";
  return text;
}

std::string Gzip(std::string_view text, int window_bits = 31) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<unsigned>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string BigEndian(std::size_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}

std::string Snappy(std::string_view text) {
  std::string out;
  snappy::Compress(text.data(), text.size(), &out);
  return out;
}

Result<std::string> Unpack(Codec codec, std::string_view bytes, DecompressionLimits limits = {}) {
  auto stream = Decompress(codec, MemoryStream(bytes), "dir/x.csv.packed", limits);
  return ReadAll(*stream, std::int64_t{1} << 32, "dir/x.csv.packed");
}

TEST(Compression, AllMembersAndFramesAreRead) {
  std::string text = Text();
  EXPECT_EQ(Value(Unpack(Codec::kGzip, Gzip(text) + Gzip("more"))), text + "more");
  EXPECT_EQ(Value(Unpack(Codec::kDeflate, Gzip(text, 15))), text);
  EXPECT_EQ(Value(Unpack(Codec::kZstd, Zstd(text) + Zstd("more"))), text + "more");
  EXPECT_EQ(Value(Unpack(Codec::kGzip, "")), "");
  EXPECT_EQ(Value(Unpack(Codec::kGzip, Gzip("a") + std::string(1000, '\0'))), "a");
}

TEST(Compression, EachCutIsAnError) {
  for (auto [codec, packed] : {std::pair{Codec::kGzip, Gzip("hello, hello, hello")},
                               std::pair{Codec::kDeflate, Gzip("hello, hello, hello", 15)},
                               std::pair{Codec::kZstd, Zstd("hello, hello, hello")}}) {
    for (std::size_t size = 1; size < packed.size(); ++size) {
      EXPECT_THAT(Unpack(codec, std::string_view(packed).substr(0, size)),
                  FailsWith(Condition::INLET_CORRUPT_FILE))
          << size << " of " << packed.size();
    }
  }
}

TEST(Compression, WrongSumsAndLengthsAreErrorsThatNameTheFile) {
  std::string packed = Gzip(Text());
  for (std::size_t from_end : {1U, 5U}) {  // The length, the CRC.
    std::string bad = packed;
    bad[bad.size() - from_end] ^= 1;
    Result<std::string> result = Unpack(Codec::kGzip, bad);
    EXPECT_THAT(result, FailsWith(Condition::INLET_CORRUPT_FILE));
    EXPECT_THAT(ToString(result.error()), testing::HasSubstr("dir/x.csv.packed"));
  }
  EXPECT_THAT(Unpack(Codec::kGzip, "id,name\n"), FailsWith(Condition::INLET_CORRUPT_FILE));
  EXPECT_THAT(Unpack(Codec::kGzip, packed + "rest"), FailsWith(Condition::INLET_CORRUPT_FILE));
}

TEST(Compression, SnappyAndLz4InHadoopsBlocks) {
  std::string text = Text();
  std::string one = Snappy(text.substr(0, 1000));
  std::string two = Snappy(text.substr(1000));
  std::string packed =
      BigEndian(text.size()) + BigEndian(one.size()) + one + BigEndian(two.size()) + two;
  EXPECT_EQ(Value(Unpack(Codec::kSnappy, packed)), text);
  EXPECT_THAT(Unpack(Codec::kSnappy, packed.substr(0, packed.size() - 3)),
              FailsWith(Condition::INLET_CORRUPT_FILE));
  EXPECT_EQ(Value(Unpack(Codec::kSnappy, Snappy("id,name\n1,a\n"))), "id,name\n1,a\n");
  EXPECT_THAT(Unpack(Codec::kSnappy, "\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f"),
              FailsWith(Condition::INLET_CORRUPT_FILE));

  std::string frame(LZ4F_compressFrameBound(text.size(), nullptr), '\0');
  frame.resize(LZ4F_compressFrame(frame.data(), frame.size(), text.data(), text.size(), nullptr));
  EXPECT_EQ(Value(Unpack(Codec::kLz4, frame)), text);
  EXPECT_THAT(Unpack(Codec::kLz4, frame.substr(0, frame.size() / 2)),
              FailsWith(Condition::INLET_CORRUPT_FILE));
}

TEST(Compression, ABombIsRefused) {
  DecompressionLimits limits{.free_bytes = 1 << 20, .max_ratio = 100};
  std::string packed = Gzip(std::string(10 << 20, 'x'));
  EXPECT_THAT(Unpack(Codec::kGzip, packed, limits), FailsWith(Condition::INLET_RESOURCE_LIMIT));
}

TEST(Compression, TheExtensionNamesTheCodec) {
  EXPECT_EQ(CodecOfPath("a/b.csv.GZ"), Codec::kGzip);
  EXPECT_EQ(CodecOfPath("a/b.zst"), Codec::kZstd);
  EXPECT_EQ(CodecOfPath("a.gz/b.csv"), Codec::kNone);
}

}  // namespace
}  // namespace inlet::formats
