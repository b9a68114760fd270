#include "formats/encoding/text_encoding.h"

#include <gtest/gtest.h>

#include "base/testing.h"

namespace inlet::formats {
namespace {

using namespace std::string_view_literals;

std::string Decode(std::string_view encoding, std::string_view bytes) {
  auto stream = DecodeText(Value(ParseEncoding(encoding)), MemoryStream(bytes));
  return Value(ReadAll(*stream, 1 << 20, "x"));
}

std::string Repair(std::string_view text) {
  std::string out;
  AppendValidUtf8(text, out);
  return out;
}

TEST(TextEncoding, DecodesEachEncoding) {
  EXPECT_EQ(Decode("UTF-8", "caf\xC3\xA9"), "café");
  EXPECT_EQ(Decode("ISO-8859-1", "caf\xE9"), "café");
  EXPECT_EQ(Decode("us-ascii", "caf\xE9"), "caf\uFFFD");
  EXPECT_EQ(Decode("UTF-16LE", "a\0\x3D\xD8\x00\xDE"sv), "a😀");
  EXPECT_EQ(Decode("UTF-16BE", "\0a\xD8\x3D\xDE\x00"sv), "a😀");
  EXPECT_EQ(Decode("UTF-16", "\0a"sv), "a");
  EXPECT_EQ(Decode("UTF-32", "\0\0\0a\0\x01\xF6\x00"sv), "a😀");
}

TEST(TextEncoding, AByteOrderMarkWinsOverTheOption) {
  EXPECT_EQ(Decode("UTF-8", "\xEF\xBB\xBFid"), "id");
  EXPECT_EQ(Decode("UTF-16", "\xFF\xFEi\0d\0"sv), "id");
  EXPECT_EQ(Decode("UTF-8", "\xFE\xFF\0i\0d"sv), "id");
  EXPECT_EQ(Decode("UTF-8", "\xFF\xFE\0\0i\0\0\0"sv), "i");
}

TEST(TextEncoding, NothingIsLostInSilence) {
  EXPECT_EQ(Decode("UTF-16LE", "a\0b"sv), "a\uFFFD");
  EXPECT_EQ(Decode("UTF-16LE", "\x3D\xD8x\0"sv), "\uFFFDx");
  EXPECT_EQ(Decode("UTF-32LE", "\0\0\x11\0"sv), "\uFFFD");
}

TEST(TextEncoding, LongTextDecodesAcrossChunks) {
  std::string bytes;
  std::string expected;
  for (int i = 0; i < 200000; ++i) {
    bytes += "\x3D\xD8\x00\xDE"sv;
    expected += "😀";
  }
  bytes.insert(0, "x\0"sv);
  EXPECT_EQ(Decode("UTF-16LE", bytes), "x" + expected);
}

TEST(TextEncoding, UnknownNamesAreRefused) {
  EXPECT_THAT(ParseEncoding("ebcdic"), FailsWith(Condition::INVALID_PARAMETER_VALUE_CHARSET));
}

// The counts are those of new String(bytes, UTF_8) on JDK 17.
TEST(Utf8, MalformedSequencesAreReplacedAsJavaDoes) {
  EXPECT_EQ(Repair("caf\xE9,1"), "caf\uFFFD,1");
  EXPECT_EQ(Repair("\xE2\x82x"), "\uFFFDx");
  EXPECT_EQ(Repair("\xED\xA0\x80"), "\uFFFD");
  EXPECT_EQ(Repair("\xC0\xAF"), "\uFFFD\uFFFD");
  EXPECT_EQ(Repair("\xF0\x9F\x98"), "\uFFFD");
  EXPECT_EQ(Repair("a😀b"), "a😀b");
  EXPECT_TRUE(IsValidUtf8("a😀b"));
  EXPECT_FALSE(IsValidUtf8("\xED\xA0\x80"));
}

}  // namespace
}  // namespace inlet::formats
