#include "storage/local/local_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "storage/local/temporary_file.h"
#include "storage/object_store_contract.h"

namespace inlet::storage {
namespace {

namespace fs = std::filesystem;

using testing::ElementsAre;
using testing::IsEmpty;

INSTANTIATE_TEST_SUITE_P(Local, ObjectStoreContract,
                         testing::Values(StoreCase{
                             .name = "Local",
                             .open = [] { return std::make_shared<LocalStore>(); },
                             .directory = testing::TempDir().substr(1) + "inlet_local_test"}),
                         NameOf);

class LocalStoreTest : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(root_); }
  void TearDown() override { fs::remove_all(root_); }

  std::string Path(std::string_view name) const {
    return root_.native().substr(1) + "/" + std::string(name);
  }

  void WriteFile(const std::string& name, std::string_view bytes = "x") {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << bytes;
  }

  std::vector<std::string> List(std::string_view prefix = "", ListOptions options = {}) {
    std::vector<std::string> names;
    for (const ObjectInfo& object : Value(store_.List(Path(prefix), options))) {
      names.push_back(object.path.substr(root_.native().size()));
    }
    return names;
  }

  /// A temporary file of ours, as a writer that died an hour ago leaves it.
  fs::path MakeDeadTemporary(const fs::path& directory) {
    const fs::path path = directory / (".inlet-" + RandomUuid() + ".tmp");
    std::ofstream(path) << "half";
    return path;
  }

  const fs::path root_ = fs::path(testing::TempDir()) / ("inlet_local_" + RandomUuid());
  LocalStore store_;
};

TEST_F(LocalStoreTest, SymbolicLinksAreFollowedButNeverInCircles) {
  WriteFile("real/a");
  fs::create_directory_symlink(root_ / "real", root_ / "alias");
  fs::create_symlink(root_ / "real/a", root_ / "file_alias");
  fs::create_directory_symlink(root_, root_ / "real/loop");
  fs::create_symlink("nowhere", root_ / "dangling");
  fs::create_symlink("self", root_ / "self");
  EXPECT_THAT(List(), ElementsAre("alias/a", "file_alias", "real/a"));
}

TEST_F(LocalStoreTest, LinksThatLeadOutAreNotListed) {
  WriteFile("inside/a");
  WriteFile("outside/secret");
  fs::create_symlink(root_ / "outside/secret", root_ / "inside/file");
  fs::create_directory_symlink(root_ / "outside", root_ / "inside/directory");
  fs::create_directory_symlink("/etc", root_ / "inside/etc");
  EXPECT_THAT(List("inside/"), ElementsAre("inside/a"));
  EXPECT_THAT(List("inside/", {.one_level = true}), ElementsAre("inside/a"));
}

TEST_F(LocalStoreTest, PipesAreNeitherListedNorWaitedFor) {
  ASSERT_EQ(mkfifo((root_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(List(), IsEmpty());
  EXPECT_THAT(store_.Get(Path("pipe")), FailsWith(Condition::PATH_NOT_FOUND));
  EXPECT_THAT(store_.Head(Path("pipe")), FailsWith(Condition::PATH_NOT_FOUND));
}

TEST_F(LocalStoreTest, OneLevelShowsEmptyDirectories) {
  fs::create_directory(root_ / "empty");
  EXPECT_THAT(List("", {.one_level = true}), ElementsAre("empty/"));
  EXPECT_THAT(List(), IsEmpty());
}

TEST_F(LocalStoreTest, AFileWhereADirectoryIsNeededIsNamed) {
  WriteFile("a");
  EXPECT_THAT(store_.Put(Path("a/b"), "x", PutMode::kIfAbsent),
              FailsWith(Condition::INVALID_PARAMETER_VALUE));
  EXPECT_THAT(store_.Put(Path("a/b/c"), "x", PutMode::kIfAbsent),
              FailsWith(Condition::INVALID_PARAMETER_VALUE));
  fs::create_directory(root_ / "d");
  EXPECT_THAT(store_.Put(Path("d"), "x", PutMode::kOverwrite),
              FailsWith(Condition::INVALID_PARAMETER_VALUE));
  EXPECT_THAT(store_.Put(Path("d"), "x", PutMode::kIfAbsent),
              FailsWith(Condition::PATH_ALREADY_EXISTS));
  EXPECT_THAT(List(), ElementsAre("a"));
}

TEST_F(LocalStoreTest, PathsThatNoFileCanHaveAreRefused) {
  EXPECT_THAT(store_.Get(Path(std::string(5000, 'x'))),
              FailsWith(Condition::INVALID_PARAMETER_VALUE));
  EXPECT_THAT(store_.Get(std::string_view("a\0b", 3)),
              FailsWith(Condition::INVALID_PARAMETER_VALUE));
  EXPECT_THAT(store_.Put("", "x", PutMode::kOverwrite),
              FailsWith(Condition::INVALID_PARAMETER_VALUE));
  EXPECT_THAT(store_.DeleteAll(""), FailsWith(Condition::INVALID_PARAMETER_VALUE));
  EXPECT_THAT(store_.DeleteAll("tmp/.."), FailsWith(Condition::INVALID_PARAMETER_VALUE));
}

TEST_F(LocalStoreTest, NewFilesFollowTheUmask) {
  ASSERT_THAT(store_.Put(Path("a"), "x", PutMode::kIfAbsent), IsOk());
  struct stat status;
  ASSERT_EQ(stat((root_ / "a").c_str(), &status), 0);
  const mode_t mask = umask(0);
  umask(mask);
  EXPECT_EQ(status.st_mode & 0777, 0666 & ~mask);
  EXPECT_EQ(status.st_nlink, 1u);
}

TEST_F(LocalStoreTest, TemporaryFilesAreHiddenFromListings) {
  const auto writer = Value(store_.OpenWriter(Path("d/a")));
  ASSERT_THAT(writer->Append(std::string(1 << 20, 'x')), IsOk());
  EXPECT_THAT(List(), IsEmpty());
  const std::string name = fs::directory_iterator(root_ / "d")->path().filename();
  EXPECT_TRUE(IsTemporaryName(name)) << name;
  EXPECT_FALSE(IsTemporaryName(".inlet-x.tmp"));
}

TEST_F(LocalStoreTest, LeftoversOfTheDeadGoThoseOfTheLivingStay) {
  fs::create_directories(root_ / "d/e");
  const fs::path dead = MakeDeadTemporary(root_ / "d/e");
  const auto writer = Value(store_.OpenWriter(Path("d/a")));
  ASSERT_THAT(writer->Append("x"), IsOk());
  EXPECT_EQ(Value(store_.RemoveLeftovers(Path("d"))), 1);
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_THAT(writer->Finish(), IsOk());
  EXPECT_EQ(Value(store_.Get(Path("d/a"))), "x");
}

TEST_F(LocalStoreTest, ACleanerNeverTakesAWriterThatHasJustBegun) {
  std::atomic<bool> done = false;
  std::jthread cleaner([&] {
    while (!done) EXPECT_THAT(store_.RemoveLeftovers(Path("d")), IsOk());
  });
  for (int i = 0; i < 300; ++i) {
    EXPECT_THAT(store_.Put(Path("d/a"), "x", PutMode::kOverwrite), IsOk());
  }
  done = true;
}

TEST_F(LocalStoreTest, DeleteAllTakesTheDirectoriesAndNotWhatLinksPointTo) {
  WriteFile("outside/a");
  WriteFile("d/e/b");
  fs::create_directory_symlink(root_ / "outside", root_ / "d/link");
  ASSERT_THAT(store_.DeleteAll(Path("d")), IsOk());
  EXPECT_FALSE(fs::exists(root_ / "d"));
  EXPECT_THAT(List(), ElementsAre("outside/a"));
}

TEST_F(LocalStoreTest, AMappedFileThatIsCutReadsAsZerosAndSaysSo) {
  WriteFile("a", std::string(100'000, 'x'));
  const auto reader = Value(store_.Open(Value(store_.Head(Path("a")))));
  const std::string_view mapped = *reader->Mapped();
  fs::resize_file(root_ / "a", 10);
  EXPECT_EQ(mapped[90'000], '\0');
  EXPECT_THAT(reader->CheckUnchanged(), FailsWith(Condition::FAILED_READ_FILE_FILE_NOT_EXIST));
  char out[10];
  EXPECT_THAT(reader->ReadAt({.position = 50'000, .length = 10}, out),
              FailsWith(Condition::FAILED_READ_FILE_FILE_NOT_EXIST));
}

TEST_F(LocalStoreTest, AFileWrittenInPlaceIsNoticed) {
  WriteFile("a", "one");
  const auto reader = Value(store_.Open(Value(store_.Head(Path("a")))));
  EXPECT_THAT(reader->CheckUnchanged(), IsOk());
  WriteFile("a", "two and more");
  EXPECT_THAT(reader->CheckUnchanged(), FailsWith(Condition::FAILED_READ_FILE_FILE_NOT_EXIST));
}

/// Someone who is not root, since root may read everything.
class OrdinaryUser {
 public:
  OrdinaryUser() {
    if (geteuid() == 0) is_changed_ = seteuid(65534) == 0;
  }
  ~OrdinaryUser() { EXPECT_TRUE(!is_changed_ || seteuid(0) == 0); }

 private:
  bool is_changed_ = false;
};

TEST_F(LocalStoreTest, NoPermissionIsSaidForFilesAndForDirectories) {
  WriteFile("d/a");
  WriteFile("open/a");
  fs::permissions(root_ / "d", fs::perms::none);
  fs::permissions(root_ / "open", fs::perms::owner_read | fs::perms::owner_exec |
                                      fs::perms::others_read | fs::perms::others_exec);
  fs::permissions(root_ / "open/a", fs::perms::none);
  {
    const OrdinaryUser user;
    EXPECT_THAT(store_.Get(Path("open/a")), FailsWith(Condition::PERMISSION_DENIED));
    EXPECT_THAT(store_.Get(Path("d/a")), FailsWith(Condition::PERMISSION_DENIED));
    EXPECT_THAT(store_.Head(Path("d/a")), FailsWith(Condition::PERMISSION_DENIED));
    EXPECT_THAT(store_.List(Path(""), {}), FailsWith(Condition::PERMISSION_DENIED));
    EXPECT_THAT(store_.List(Path("d/"), {}), FailsWith(Condition::PERMISSION_DENIED));
    EXPECT_THAT(store_.Put(Path("open/b"), "x", PutMode::kIfAbsent),
                FailsWith(Condition::PERMISSION_DENIED));
    EXPECT_THAT(store_.Delete(Path("open/a")), FailsWith(Condition::PERMISSION_DENIED));
  }
  fs::permissions(root_ / "d", fs::perms::owner_all);
  fs::permissions(root_ / "open", fs::perms::owner_all);
}

TEST_F(LocalStoreTest, AFullDiskIsSaidAndLeavesNothing) {
  const std::string mount_command =
      "mount -t tmpfs -o size=64k tmpfs " + (root_ / "full").native() + " 2>/dev/null";
  fs::create_directory(root_ / "full");
  if (std::system(mount_command.c_str()) != 0) GTEST_SKIP() << "may not mount a small disk";
  const Status put = store_.Put(Path("full/a"), std::string(1 << 20, 'x'), PutMode::kIfAbsent);
  const auto entries = fs::directory_iterator(root_ / "full");
  const bool is_empty = entries == fs::directory_iterator();
  const std::string unmount_command = "umount -l " + (root_ / "full").native();
  EXPECT_EQ(std::system(unmount_command.c_str()), 0);
  EXPECT_THAT(put, FailsWith(Condition::INLET_DISK_FULL));
  EXPECT_TRUE(is_empty);
}

}  // namespace
}  // namespace inlet::storage
