#include "storage/object_store_contract.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace inlet::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ObjectStoreContract);

TEST_P(ObjectStoreContract, WhatWasPutIsReadBack) {
  Put("a", "hello");
  EXPECT_EQ(Value(store_->Get(Path("a"))), "hello");
  const ObjectInfo info = Value(store_->Head(Path("a")));
  EXPECT_EQ(info.path, Path("a"));
  EXPECT_EQ(info.size_bytes, 5);
  EXPECT_GT(info.modified_at_ms, 1'600'000'000'000);
}

TEST_P(ObjectStoreContract, PutOverwrites) {
  Put("a", "old and long");
  Put("a", "new");
  EXPECT_EQ(Value(store_->Get(Path("a"))), "new");
  EXPECT_EQ(Value(store_->Head(Path("a"))).size_bytes, 3);
}

TEST_P(ObjectStoreContract, AnEmptyObjectIsAnObject) {
  Put("empty", "");
  EXPECT_EQ(Value(store_->Get(Path("empty"))), "");
  const auto reader = Value(store_->Open(Value(store_->Head(Path("empty")))));
  EXPECT_EQ(ReadAt(*reader, {.position = 0, .length = 10}), "");
  EXPECT_THAT(List(""), ElementsAre("empty"));
}

TEST_P(ObjectStoreContract, AMissingObjectIsPathNotFound) {
  EXPECT_THAT(store_->Get(Path("missing")), FailsWith(Condition::PATH_NOT_FOUND));
  EXPECT_THAT(store_->Head(Path("missing")), FailsWith(Condition::PATH_NOT_FOUND));
  EXPECT_THAT(store_->Get(Path("missing/below")), FailsWith(Condition::PATH_NOT_FOUND));
}

TEST_P(ObjectStoreContract, ADirectoryIsNoObject) {
  Put("d/x");
  EXPECT_THAT(store_->Get(Path("d")), FailsWith(Condition::PATH_NOT_FOUND));
  EXPECT_THAT(store_->Head(Path("d")), FailsWith(Condition::PATH_NOT_FOUND));
}

TEST_P(ObjectStoreContract, ListOfAMissingDirectoryIsEmpty) {
  EXPECT_THAT(List("missing/"), IsEmpty());
  EXPECT_THAT(List("missing/", {.one_level = true}), IsEmpty());
}

TEST_P(ObjectStoreContract, ListIsSortedByTheBytesOfThePath) {
  // '!' and '.' sort before '/', '0' after it; capitals before small letters before non-ASCII.
  const std::vector<std::string> sorted = {"A",  "a!b", "a.txt", "a/1", "a/b/c",
                                           "a0", "b",   "ä",     "日"};
  for (auto name = sorted.rbegin(); name != sorted.rend(); ++name) Put(*name);
  EXPECT_EQ(List(""), sorted);
}

TEST_P(ObjectStoreContract, ListTakesAnyPrefixNotOnlyDirectories) {
  for (const char* name : {"part-1", "part-2", "part/x", "partition", "other"}) Put(name);
  EXPECT_THAT(List("part"), ElementsAre("part-1", "part-2", "part/x", "partition"));
  EXPECT_THAT(List("part-"), ElementsAre("part-1", "part-2"));
  EXPECT_THAT(List("part/"), ElementsAre("part/x"));
  EXPECT_THAT(List("part-2"), ElementsAre("part-2"));
}

TEST_P(ObjectStoreContract, ListSaysWhatHeadSays) {
  Put("d/a", "abc");
  const std::vector<ObjectInfo> listed = Value(store_->List(Path("d/"), {}));
  ASSERT_EQ(listed.size(), 1u);
  const ObjectInfo head = Value(store_->Head(Path("d/a")));
  EXPECT_EQ(listed[0].path, head.path);
  EXPECT_EQ(listed[0].size_bytes, 3);
  EXPECT_EQ(listed[0].etag, head.etag);
  EXPECT_EQ(listed[0].modified_at_ms / 1000, head.modified_at_ms / 1000);
}

TEST_P(ObjectStoreContract, ListStartsAfterAnyPathThereOrNot) {
  for (const char* name : {"a", "d/1", "d/2", "d/3", "e"}) Put(name);
  EXPECT_THAT(List("", {.start_after = "d/1"}), ElementsAre("d/2", "d/3", "e"));
  EXPECT_THAT(List("", {.start_after = "d/11"}), ElementsAre("d/2", "d/3", "e"));
  EXPECT_THAT(List("", {.start_after = "d"}), ElementsAre("d/1", "d/2", "d/3", "e"));
  EXPECT_THAT(List("d/", {.start_after = "a"}), ElementsAre("d/1", "d/2", "d/3"));
  EXPECT_THAT(List("d/", {.start_after = "d/3"}), IsEmpty());
  EXPECT_THAT(List("d/", {.start_after = "e"}), IsEmpty());
}

TEST_P(ObjectStoreContract, ListStopsAtMaxObjects) {
  for (const char* name : {"a", "d/1", "d/2", "e"}) Put(name);
  EXPECT_THAT(List("", {.max_objects = 2}), ElementsAre("a", "d/1"));
  EXPECT_THAT(List("", {.start_after = "d/1", .max_objects = 1}), ElementsAre("d/2"));
  EXPECT_THAT(List("", {.max_objects = 0}), IsEmpty());
  EXPECT_THAT(List("", {.max_objects = 100}), ElementsAre("a", "d/1", "d/2", "e"));
}

TEST_P(ObjectStoreContract, OneLevelNamesEachDirectoryOnce) {
  for (const char* name : {"a", "d/1", "d/2", "d/e/3", "d.x", "z"}) Put(name);
  EXPECT_THAT(List("", {.one_level = true}), ElementsAre("a", "d.x", "d/", "z"));
  EXPECT_THAT(List("d/", {.one_level = true}), ElementsAre("d/1", "d/2", "d/e/"));
  EXPECT_THAT(List("d", {.one_level = true}), ElementsAre("d.x", "d/"));
}

TEST_P(ObjectStoreContract, OneLevelGoesOnAfterADirectory) {
  for (const char* name : {"a", "d/1", "d/2", "e/1", "z"}) Put(name);
  EXPECT_THAT(List("", {.max_objects = 2, .one_level = true}), ElementsAre("a", "d/"));
  EXPECT_THAT(List("", {.start_after = "d/", .one_level = true}), ElementsAre("e/", "z"));
  EXPECT_THAT(List("", {.start_after = "d/1", .one_level = true}), ElementsAre("e/", "z"));
  EXPECT_THAT(List("", {.start_after = "d/", .max_objects = 1, .one_level = true}),
              ElementsAre("e/"));
}

TEST_P(ObjectStoreContract, OddNamesAreTakenAsTheyStand) {
  const std::vector<std::string> sorted = {
      "a b",     "a#b",       "a%20b",   "a%25b", "a%b",           "a&b",  "a'b",
      "a\"b",    "a+b",       "a,b",     "a;b",   "a=b",           "a?b",  "a@b",
      "p=1/x y", "p=a%2Fb/x", "p=..b/x", "p=ü/x", "{x}[y](z)~!$*", "é日本"};
  std::vector<std::string> expected = sorted;
  std::ranges::sort(expected);
  for (const std::string& name : sorted) Put(name, name);
  EXPECT_EQ(List(""), expected);
  for (const std::string& name : sorted) {
    EXPECT_EQ(Value(store_->Get(Path(name))), name);
    EXPECT_EQ(Value(store_->Head(Path(name))).size_bytes, std::ssize(name));
    EXPECT_THAT(List(name), testing::Contains(name));
    const auto reader = Value(store_->Open(Value(store_->Head(Path(name)))));
    EXPECT_EQ(ReadAt(*reader, {.position = 0, .length = 100}), name);
  }
  for (const std::string& name : sorted) EXPECT_THAT(store_->Delete(Path(name)), IsOk());
  EXPECT_THAT(List(""), IsEmpty());
}

TEST_P(ObjectStoreContract, PutIfAbsentLosesToWhatIsThere) {
  EXPECT_THAT(store_->Put(Path("a"), "first", PutMode::kIfAbsent), IsOk());
  EXPECT_THAT(store_->Put(Path("a"), "second", PutMode::kIfAbsent),
              FailsWith(Condition::PATH_ALREADY_EXISTS));
  EXPECT_EQ(Value(store_->Get(Path("a"))), "first");
  EXPECT_THAT(List(""), ElementsAre("a"));
}

TEST_P(ObjectStoreContract, ExactlyOneOfManyPutsIfAbsentWins) {
  constexpr int kNumThreads = 16;
  constexpr int kNumRounds = 3;
  for (int round = 0; round < kNumRounds; ++round) {
    const std::string path = Path("race-" + std::to_string(round));
    std::atomic<int> num_ready = 0;
    std::atomic<int> num_lost = 0;
    std::atomic<int> winner = -1;
    std::atomic<int> num_won = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < kNumThreads; ++i) {
        threads.emplace_back([&, i] {
          ++num_ready;
          while (num_ready < kNumThreads) std::this_thread::yield();
          const Status put = store_->Put(path, std::to_string(i), PutMode::kIfAbsent);
          if (put) {
            winner = i;
            ++num_won;
          } else if (put.error().condition == Condition::PATH_ALREADY_EXISTS) {
            ++num_lost;
          } else {
            ADD_FAILURE() << ToString(put.error());
          }
        });
      }
    }
    EXPECT_EQ(num_won, 1);
    EXPECT_EQ(num_lost, kNumThreads - 1);
    EXPECT_EQ(Value(store_->Get(path)), std::to_string(winner));
  }
}

TEST_P(ObjectStoreContract, AReaderSeesAWholeObjectWhileItIsOverwritten) {
  constexpr std::size_t kSize = 200'000;
  Put("a", std::string(kSize, '0'));
  std::jthread writer([&](std::stop_token stop) {
    for (char c = '1'; !stop.stop_requested(); c = c == '9' ? '1' : static_cast<char>(c + 1)) {
      EXPECT_THAT(store_->Put(Path("a"), std::string(kSize, c), PutMode::kOverwrite), IsOk());
    }
  });
  for (int i = 0; i < 30; ++i) {
    const std::string bytes = Value(store_->Get(Path("a")));
    ASSERT_EQ(bytes.size(), kSize);
    EXPECT_EQ(bytes, std::string(kSize, bytes[0]));
  }
}

TEST_P(ObjectStoreContract, DeleteMakesItGone) {
  Put("d/a");
  EXPECT_THAT(store_->Delete(Path("d/a")), IsOk());
  EXPECT_THAT(store_->Get(Path("d/a")), FailsWith(Condition::PATH_NOT_FOUND));
  EXPECT_THAT(List(""), IsEmpty());
}

TEST_P(ObjectStoreContract, DeletingWhatIsNotThereSucceeds) {
  EXPECT_THAT(store_->Delete(Path("missing")), IsOk());
  EXPECT_THAT(store_->Delete(Path("missing/below")), IsOk());
}

TEST_P(ObjectStoreContract, DeleteAllLeavesNeighbours) {
  for (const char* name : {"d/1", "d/e/2", "d2/3", "d.x"}) Put(name);
  EXPECT_THAT(store_->DeleteAll(Path("d")), IsOk());
  EXPECT_THAT(List(""), ElementsAre("d.x", "d2/3"));
  EXPECT_THAT(List("", {.one_level = true}), ElementsAre("d.x", "d2/"));
  EXPECT_THAT(store_->DeleteAll(Path("d")), IsOk());
}

TEST_P(ObjectStoreContract, AWriterShowsNothingBeforeFinish) {
  auto writer = Value(store_->OpenWriter(Path("d/a")));
  ASSERT_THAT(writer->Append("hello "), IsOk());
  ASSERT_THAT(writer->Append("world"), IsOk());
  EXPECT_THAT(List(""), IsEmpty());
  EXPECT_THAT(store_->Head(Path("d/a")), FailsWith(Condition::PATH_NOT_FOUND));

  const ObjectInfo info = Value(writer->Finish());
  EXPECT_EQ(info.path, Path("d/a"));
  EXPECT_EQ(info.size_bytes, 11);
  EXPECT_EQ(info.etag, Value(store_->Head(Path("d/a"))).etag);
  EXPECT_EQ(Value(store_->Get(Path("d/a"))), "hello world");
}

TEST_P(ObjectStoreContract, AnUnfinishedWriterLeavesNoTrace) {
  {
    auto writer = Value(store_->OpenWriter(Path("a")));
    ASSERT_THAT(
        writer->Append(std::string(static_cast<std::size_t>(GetParam().large_object_bytes), 'x')),
        IsOk());
  }
  EXPECT_THAT(List(""), IsEmpty());
  EXPECT_EQ(Value(store_->RemoveLeftovers(base_)), 0);
}

TEST_P(ObjectStoreContract, AWriterWithoutBytesMakesAnEmptyObject) {
  auto writer = Value(store_->OpenWriter(Path("empty")));
  EXPECT_EQ(Value(writer->Finish()).size_bytes, 0);
  EXPECT_EQ(Value(store_->Get(Path("empty"))), "");
}

TEST_P(ObjectStoreContract, AWriterOverwrites) {
  Put("a", "old");
  auto writer = Value(store_->OpenWriter(Path("a")));
  ASSERT_THAT(writer->Append("new"), IsOk());
  EXPECT_EQ(Value(store_->Get(Path("a"))), "old");
  EXPECT_THAT(writer->Finish(), IsOk());
  EXPECT_EQ(Value(store_->Get(Path("a"))), "new");
}

TEST_P(ObjectStoreContract, ALargeObjectComesBackByteForByte) {
  const auto size = static_cast<std::size_t>(GetParam().large_object_bytes);
  std::string bytes(size, '\0');
  std::uint64_t state = 1;
  for (char& byte : bytes) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<char>(state >> 56);
  }
  auto writer = Value(store_->OpenWriter(Path("large")));
  for (std::size_t position = 0; position < size; position += 700'001) {
    ASSERT_THAT(writer->Append(std::string_view(bytes).substr(position, 700'001)), IsOk());
  }
  EXPECT_EQ(Value(writer->Finish()).size_bytes, std::ssize(bytes));
  EXPECT_TRUE(Value(store_->Get(Path("large"))) == bytes);

  const auto reader = Value(store_->Open(Value(store_->Head(Path("large")))));
  std::vector<std::jthread> threads;
  for (std::int64_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const ByteRange range{.position = i * 2'500'000, .length = 2'500'000};
      EXPECT_TRUE(ReadAt(*reader, range) == bytes.substr(static_cast<std::size_t>(range.position),
                                                         static_cast<std::size_t>(range.length)));
    });
  }
}

TEST_P(ObjectStoreContract, RangedReadsStopAtTheEnd) {
  Put("a", "0123456789");
  const auto reader = Value(store_->Open(Value(store_->Head(Path("a")))));
  EXPECT_EQ(reader->info().size_bytes, 10);
  EXPECT_EQ(ReadAt(*reader, {.position = 0, .length = 10}), "0123456789");
  EXPECT_EQ(ReadAt(*reader, {.position = 3, .length = 4}), "3456");
  EXPECT_EQ(ReadAt(*reader, {.position = 8, .length = 100}), "89");
  EXPECT_EQ(ReadAt(*reader, {.position = 10, .length = 1}), "");
  EXPECT_EQ(ReadAt(*reader, {.position = 99, .length = 5}), "");
  EXPECT_EQ(ReadAt(*reader, {.position = 4, .length = 0}), "");
  EXPECT_EQ(reader->Mapped().value_or("0123456789"), "0123456789");
  EXPECT_THAT(reader->CheckUnchanged(), IsOk());
}

TEST_P(ObjectStoreContract, AnObjectReplacedSinceTheListingIsNotRead) {
  Put("a", "one");
  const ObjectInfo listed = Value(store_->List(Path("a"), {})).at(0);
  Put("a", "two");
  char out[3];
  const auto read = [&]() -> Result<std::int64_t> {
    const auto reader = TRY(store_->Open(listed));
    return reader->ReadAt({.position = 0, .length = 3}, out);
  };
  EXPECT_THAT(read(), FailsWith(Condition::FAILED_READ_FILE_FILE_NOT_EXIST));
  ASSERT_THAT(store_->Delete(Path("a")), IsOk());
  EXPECT_THAT(read(), FailsWith(Condition::FAILED_READ_FILE_FILE_NOT_EXIST));
}

}  // namespace
}  // namespace inlet::storage
