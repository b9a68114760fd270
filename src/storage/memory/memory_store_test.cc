#include "storage/memory/memory_store.h"

#include "storage/object_store_contract.h"

namespace inlet::storage {
namespace {

INSTANTIATE_TEST_SUITE_P(Memory, ObjectStoreContract,
                         testing::Values(StoreCase{
                             .name = "Memory",
                             .open = [] { return std::make_shared<MemoryStore>("test"); },
                             .directory = "t"}),
                         NameOf);

TEST(MemoryStore, TheClockIsTheCallers) {
  std::int64_t now_ms = 1000;
  MemoryStore store("clock", [&] { return now_ms; });
  ASSERT_THAT(store.Put("a", "x", PutMode::kOverwrite), IsOk());
  EXPECT_EQ(Value(store.Head("a")).modified_at_ms, 1000);
}

TEST(MemoryStore, AnOpenReaderKeepsTheBytesItOpened) {
  MemoryStore store("readers");
  ASSERT_THAT(store.Put("a", "old", PutMode::kOverwrite), IsOk());
  const auto reader = Value(store.Open(Value(store.Head("a"))));
  ASSERT_THAT(store.Put("a", "new", PutMode::kOverwrite), IsOk());
  EXPECT_EQ(reader->Mapped(), "old");
}

}  // namespace
}  // namespace inlet::storage
