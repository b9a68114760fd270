#include "base/digest.h"

#include <gtest/gtest.h>

namespace inlet {
namespace {

TEST(Digest, TheKnownAnswers) {
  EXPECT_EQ(HexEncode(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HexEncode(Md5("abc")), "900150983cd24fb0d6963f7d28e17f72");
  // RFC 4231, test case 2.
  EXPECT_EQ(HexEncode(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Digest, Base64GoesBothWays) {
  for (const char* text : {"", "f", "fo", "foo", "foob"}) {
    EXPECT_EQ(Base64Decode(Base64Encode(text)), text);
  }
  EXPECT_EQ(Base64Encode("foob"), "Zm9vYg==");
  EXPECT_EQ(Base64UrlEncode("\xfb\xff\xfe?"), "-__-Pw");
}

TEST(Digest, WhatIsNotBase64IsRefused) {
  for (const char* text : {"a", "abc", "ab=c", "a===", "ab*=", "Zm9vYh=="}) {
    EXPECT_EQ(Base64Decode(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace inlet
