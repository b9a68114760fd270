#include "storage/confined_path.h"

#include <gtest/gtest.h>

#include "base/testing.h"

namespace inlet::storage {
namespace {

TEST(ConfinedPath, JoinsAndDropsEmptyParts) {
  EXPECT_EQ(Value(ConfinedPath("v/main", "a/b.csv")), "v/main/a/b.csv");
  EXPECT_EQ(Value(ConfinedPath("v", "./a//b/")), "v/a/b");
  EXPECT_EQ(Value(ConfinedPath("v", "")), "v");
  EXPECT_EQ(Value(ConfinedPath("", "a")), "a");
}

TEST(ConfinedPath, KeepsNamesThatOnlyLookOdd) {
  EXPECT_EQ(Value(ConfinedPath("v", "p=../...")), "v/p=../...");
  EXPECT_EQ(Value(ConfinedPath("v", "%2e%2e/a")), "v/%2e%2e/a");
  EXPECT_EQ(Value(ConfinedPath("v", "a:b")), "v/a:b");
}

TEST(ConfinedPath, RefusesEveryWayOut) {
  using namespace std::string_view_literals;
  for (const std::string_view path : {".."sv, "../x"sv, "a/../../x"sv, "a/.."sv, "/etc/passwd"sv,
                                      "file:/etc/passwd"sv, "s3://b/x"sv, "a\0b"sv}) {
    EXPECT_THAT(ConfinedPath("v", path), FailsWith(Condition::INLET_PATH_OUTSIDE)) << path;
  }
}

TEST(NormalizedPath, ResolvesByTheText) {
  EXPECT_EQ(NormalizedPath("/a//b/./c/"), "a/b/c");
  EXPECT_EQ(NormalizedPath("a/../b"), "b");
  EXPECT_EQ(NormalizedPath("/../../etc"), "etc");
  EXPECT_EQ(NormalizedPath("/"), "");
}

}  // namespace
}  // namespace inlet::storage
