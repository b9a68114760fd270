#include "base/percent_encoding.h"

#include <gtest/gtest.h>

#include "base/testing.h"

namespace inlet {
namespace {

TEST(PercentEncoding, KeepsOnlyUnreservedBytes) {
  EXPECT_EQ(PercentEncode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(PercentEncode("a b/c%ä"), "a%20b%2Fc%25%C3%A4");
  EXPECT_EQ(PercentEncode("a b/c=d", "/="), "a%20b/c=d");
}

TEST(PercentEncoding, DecodingIsTheReverse) {
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
  EXPECT_EQ(Value(PercentDecode(PercentEncode(all_bytes))), all_bytes);
  EXPECT_EQ(Value(PercentDecode("a+b%2b%2F")), "a+b+/");
}

TEST(PercentEncoding, ABrokenEscapeIsAnError) {
  for (const char* text : {"%", "%4", "%g0", "%4g", "a%-1"}) {
    EXPECT_THAT(PercentDecode(text), FailsWith(Condition::CANNOT_DECODE_URL)) << text;
  }
}

}  // namespace
}  // namespace inlet
