#include "storage/faulty/faulty_store.h"

#include "storage/memory/memory_store.h"
#include "storage/object_store_contract.h"

namespace inlet::storage {
namespace {

using Kind = Fault::Kind;
using testing::ElementsAre;

INSTANTIATE_TEST_SUITE_P(Faulty, ObjectStoreContract,
                         testing::Values(StoreCase{.name = "Faultless",
                                                   .open =
                                                       [] {
                                                         return std::make_shared<FaultyStore>(
                                                             std::make_shared<MemoryStore>("inner"),
                                                             NoFaults());
                                                       },
                                                   .directory = "t"}),
                         NameOf);

class FaultyStoreTest : public testing::Test {
 protected:
  FaultyStore Faulty(Schedule schedule) { return {inner_, std::move(schedule)}; }

  /// Writes three objects and deletes one; four effects. Stops at the first error.
  static Status Work(ObjectStore& store) {
    TRY(store.Put("a", "1", PutMode::kIfAbsent));
    TRY(store.List("", {}));
    auto writer = TRY(store.OpenWriter("b"));
    TRY(writer->Append("2"));
    TRY(writer->Finish());
    TRY(store.Put("c", "3", PutMode::kOverwrite));
    return store.Delete("a");
  }

  std::vector<std::string> Paths() {
    std::vector<std::string> paths;
    for (const ObjectInfo& object : Value(inner_->List("", {}))) paths.push_back(object.path);
    return paths;
  }

  const std::shared_ptr<MemoryStore> inner_ = std::make_shared<MemoryStore>("inner");
};

TEST_F(FaultyStoreTest, CountsCallsAndEffects) {
  FaultyStore store = Faulty(NoFaults());
  EXPECT_THAT(Work(store), IsOk());
  EXPECT_EQ(store.num_effects(), 4);
  EXPECT_EQ(store.num_calls(), 7);
}

TEST_F(FaultyStoreTest, AFailureBeforeLeavesNothing) {
  FaultyStore store = Faulty(FaultAtCall(0, {.kind = Kind::kFailBefore}));
  EXPECT_THAT(store.Put("a", "x", PutMode::kIfAbsent), FailsWith(Condition::STORAGE_UNAVAILABLE));
  EXPECT_TRUE(Paths().empty());
  EXPECT_THAT(store.Put("a", "x", PutMode::kIfAbsent), IsOk());
}

TEST_F(FaultyStoreTest, AFailureAfterHasHappened) {
  FaultyStore store = Faulty(FaultAtCall(0, {.kind = Kind::kFailAfter}));
  EXPECT_THAT(store.Put("a", "x", PutMode::kIfAbsent), FailsWith(Condition::STORAGE_UNAVAILABLE));
  EXPECT_THAT(store.Put("a", "x", PutMode::kIfAbsent), FailsWith(Condition::PATH_ALREADY_EXISTS));
}

TEST_F(FaultyStoreTest, AFullDiskCanBeAskedFor) {
  FaultyStore store = Faulty(
      FaultAtEffect(0, {.kind = Kind::kFailBefore, .condition = Condition::INLET_DISK_FULL}));
  EXPECT_THAT(store.Put("a", "x", PutMode::kIfAbsent), FailsWith(Condition::INLET_DISK_FULL));
}

TEST_F(FaultyStoreTest, AfterACrashNothingWorksAnyMore) {
  FaultyStore store = Faulty(FaultAtEffect(1, {.kind = Kind::kCrashAfter}));
  EXPECT_THAT(Work(store), FailsWith(Condition::STORAGE_UNAVAILABLE));
  EXPECT_TRUE(store.has_crashed());
  EXPECT_THAT(store.Get("a"), FailsWith(Condition::STORAGE_UNAVAILABLE));
  EXPECT_THAT(store.Delete("a"), FailsWith(Condition::STORAGE_UNAVAILABLE));
  EXPECT_THAT(Paths(), ElementsAre("a", "b"));
}

TEST_F(FaultyStoreTest, ASweepMeetsEveryEffectOnce) {
  std::vector<std::size_t> num_objects;
  for (int i = 0;; ++i) {
    FaultyStore store = Faulty(FaultAtEffect(i, {.kind = Kind::kCrashBefore}));
    ASSERT_THAT(inner_->DeleteAll(""), IsOk());
    const Status worked = Work(store);
    num_objects.push_back(Paths().size());
    EXPECT_EQ(worked.has_value(), !store.has_crashed());
    if (!store.has_crashed()) break;
  }
  EXPECT_THAT(num_objects, ElementsAre(0, 1, 2, 3, 2));
}

TEST_F(FaultyStoreTest, TheSameSeedGivesTheSameFaults) {
  const auto run = [&](std::uint64_t seed) {
    FaultyStore store = Faulty(RandomFaults(seed, {.fail_before = 0.3, .fail_after = 0.3}));
    std::string outcome;
    for (int i = 0; i < 64; ++i) {
      outcome += store.Put("a", "x", PutMode::kOverwrite).has_value() ? '1' : '0';
    }
    return outcome;
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

TEST_F(FaultyStoreTest, DeleteAllIsACrashPointForEachObject) {
  for (const char* path : {"d/1", "d/2", "d/3"}) {
    ASSERT_THAT(inner_->Put(path, "x", PutMode::kOverwrite), IsOk());
  }
  FaultyStore store = Faulty(FaultAtEffect(1, {.kind = Kind::kCrashAfter}));
  EXPECT_THAT(store.DeleteAll("d"), FailsWith(Condition::STORAGE_UNAVAILABLE));
  EXPECT_THAT(Paths(), ElementsAre("d/3"));
}

}  // namespace
}  // namespace inlet::storage
