#include "ingest/file_listing.h"

#include <gtest/gtest.h>

#include "base/testing.h"

namespace inlet::ingest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FileListingTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    location_ = Value(storage::Resolve("memory://listing-" + name + "/"));
    base_ = location_.path;
  }

  void Put(const std::string& path) {
    ASSERT_THAT(location_.store->Put(base_ + path, "x", storage::PutMode::kOverwrite), IsOk());
  }

  std::vector<std::string> List(const std::string& path, FileFilter filter = {}) {
    location_.path = base_ + path;
    std::vector<std::string> names;
    for (const auto& file : Value(ListFiles(location_, filter)).files) {
      names.push_back(file.path.substr(base_.size()));
    }
    return names;
  }

  storage::Location location_;
  std::string base_;
};

TEST_F(FileListingTest, DirectoryIsTakenWithAllBelowIt) {
  Put("a/b/c/file.txt");
  Put("a/b/x.txt");
  Put("a/b_dir/c/file.txt");
  EXPECT_THAT(List("a/b"), ElementsAre("a/b/c/file.txt", "a/b/x.txt"));
  EXPECT_THAT(List("a/b/"), ElementsAre("a/b/c/file.txt", "a/b/x.txt"));
}

TEST_F(FileListingTest, StrictGlobStaysInItsSegment) {
  Put("a/b/c/file.txt");
  Put("a/b/c/d/file.txt");
  Put("a/b/x/y/c/file.txt");
  Put("a/b/c_file.txt");
  Put("a/b/cookie/file.txt");
  EXPECT_THAT(List("a/*/c/"), ElementsAre("a/b/c/d/file.txt", "a/b/c/file.txt"));
  EXPECT_THAT(List("a/*/c"), ElementsAre("a/b/c/d/file.txt", "a/b/c/file.txt"));
}

TEST_F(FileListingTest, RelaxedGlobCrossesDirectories) {
  Put("a/b/c/file.txt");
  Put("a/b/c/d/file.txt");
  Put("a/b/x/y/c/file.txt");
  Put("a/b/c_file.txt");
  EXPECT_THAT(
      List("a/*/c/", {.strict_globber = false}),
      ElementsAre("a/b/c/d/file.txt", "a/b/c/file.txt", "a/b/c_file.txt", "a/b/x/y/c/file.txt"));
}

TEST_F(FileListingTest, AlternativesAreTakenOnce) {
  Put("a/0.txt");
  Put("a/1.txt");
  Put("a/2.txt");
  EXPECT_THAT(List("a/{0.txt,1.txt,?.txt}"), ElementsAre("a/0.txt", "a/1.txt", "a/2.txt"));
  EXPECT_THAT(List("a/[01].txt"), ElementsAre("a/0.txt", "a/1.txt"));
}

TEST_F(FileListingTest, HiddenNamesAreLeftOutAndCounted) {
  Put("a/_x.csv");
  Put("a/.y.csv");
  Put("a/_dir/z.csv");
  Put("a/_k=1/in.csv");
  Put("a/w.csv._COPYING_");
  EXPECT_THAT(List("a"), ElementsAre("a/_k=1/in.csv"));
}

TEST_F(FileListingTest, NameFilterLooksAtTheNameAlone) {
  Put("a/csv/x.json");
  Put("a/csv/x.csv");
  EXPECT_THAT(List("a", {.name_globs = {"*.csv"}}), ElementsAre("a/csv/x.csv"));
}

TEST_F(FileListingTest, NothingThereIsNotFound) {
  location_.path = base_ + "nowhere";
  EXPECT_THAT(ListFiles(location_, {}), FailsWith(Condition::PATH_NOT_FOUND));
  location_.path = base_ + "no*";
  EXPECT_THAT(ListFiles(location_, {}), FailsWith(Condition::PATH_NOT_FOUND));
}

TEST_F(FileListingTest, ModificationTimeBoundsAreStrict) {
  Put("a/x.csv");
  location_.path = base_ + "a";
  const std::int64_t at = Value(ListFiles(location_, {})).files[0].modified_at_ms;
  EXPECT_THAT(List("a", {.modified_after_ms = at}), IsEmpty());
  EXPECT_THAT(List("a", {.modified_before_ms = at}), IsEmpty());
  EXPECT_THAT(List("a", {.modified_after_ms = at - 1, .modified_before_ms = at + 1}),
              ElementsAre("a/x.csv"));
}

}  // namespace
}  // namespace inlet::ingest
