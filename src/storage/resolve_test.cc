#include <gtest/gtest.h>

#include <filesystem>

#include "base/testing.h"
#include "storage/object_store.h"

namespace inlet::storage {
namespace {

std::string UrlOfResolved(std::string_view url) {
  const Location location = Value(Resolve(url));
  return UrlOf(*location.store, location.path);
}

TEST(Resolve, EverySpellingOfALocalPathIsTheSame) {
  for (const char* url : {"/dir/x", "file:/dir/x", "file:///dir/x", "file://localhost/dir/x",
                          "FILE:/dir/x", "/dir//x/", "/dir/./y/../x"}) {
    EXPECT_EQ(UrlOfResolved(url), "file:/dir/x") << url;
  }
}

TEST(Resolve, ARelativePathStartsAtTheWorkingDirectory) {
  const std::string here = std::filesystem::current_path().native();
  EXPECT_EQ(UrlOfResolved("a/b"), "file:" + here + "/a/b");
  EXPECT_EQ(UrlOfResolved("./a:b"), "file:" + here + "/a:b");
  EXPECT_EQ(UrlOfResolved("12:30.csv"), "file:" + here + "/12:30.csv");
}

TEST(Resolve, PercentSignsAndBlanksStandForThemselves) {
  EXPECT_EQ(Value(Resolve("/d/a%20b c#d?e")).path, "d/a%20b c#d?e");
  EXPECT_EQ(Value(Resolve("file:/d/a%20b c")).path, "d/a%20b c");
}

TEST(Resolve, WhatAStoreNamesComesBackToIt) {
  for (const char* url : {"file:/d/a%25", "memory://name/d/x"}) {
    EXPECT_EQ(UrlOfResolved(url), url);
    EXPECT_EQ(UrlOfResolved(UrlOfResolved(url)), url);
  }
}

TEST(Resolve, MemoryStoresAreSharedByName) {
  const Location a = Value(Resolve("memory://shared/d/x"));
  const Location b = Value(Resolve("memory://shared/d/x/"));
  EXPECT_EQ(a.store, b.store);
  EXPECT_EQ(a.path, "d/x");
  EXPECT_EQ(b.path, "d/x");
  EXPECT_NE(a.store, Value(Resolve("memory://other/d/x")).store);
}

TEST(Resolve, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(Resolve("ftp://host/x"), FailsWith(Condition::INVALID_PARAMETER_VALUE));
  EXPECT_THAT(Resolve("file://otherhost/x"), FailsWith(Condition::INVALID_PARAMETER_VALUE));
  EXPECT_THAT(Resolve("memory:///x"), FailsWith(Condition::INVALID_PARAMETER_VALUE));
  EXPECT_THAT(Resolve(""), FailsWith(Condition::INVALID_PARAMETER_VALUE));
  EXPECT_THAT(Resolve(std::string_view("/a\0b", 4)), FailsWith(Condition::INVALID_PARAMETER_VALUE));
}

}  // namespace
}  // namespace inlet::storage
