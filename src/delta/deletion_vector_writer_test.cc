#include "delta/deletion_vector_writer.h"

#include "base/testing.h"
#include "delta/row_bitmap.h"
#include "storage/memory/memory_store.h"

namespace inlet::delta {
namespace {

using testing::ElementsAre;
using testing::Pair;

DeletedRows Rows(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& ranges) {
  RowBitmap bitmap;
  for (const auto& [begin, end] : ranges) {
    for (std::uint64_t row = begin; row < end; ++row) bitmap.Add(row);
  }
  return bitmap.ToRanges();
}

TEST(DeletionVectorWriter, WritesTheBytesOfTheReference) {
  RowBitmap bitmap;
  for (std::uint64_t row = 0; row < 50; row += 7) bitmap.Add(row);
  const std::string bytes = SerializeDeletedRows(bitmap.ToRanges());
  std::string hex;
  for (const char c : bytes) {
    constexpr const char* kDigits = "0123456789ABCDEF";
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[c & 15];
  }
  EXPECT_EQ(hex,
            "D1D33964010000000000000000000000"
            "3A300000010000000000070010000000"
            "000007000E0015001C0023002A003100");
}

TEST(DeletionVectorWriter, WhatIsWrittenIsReadAgainWhateverItsShape) {
  const std::vector<std::pair<std::uint64_t, std::uint64_t>> shapes[] = {
      {{0, 1}},
      {{65535, 65537}},
      {{0, 65536}},
      {{3, 5000}, {70000, 70001}, {131072, 196700}},
      {{(std::uint64_t{1} << 20) - 1, (std::uint64_t{1} << 20) + 100000}},
  };
  for (const auto& shape : shapes) {
    const DeletedRows rows = Rows(shape);
    EXPECT_EQ(rows.ranges, shape);
    const DeletedRows read = Value(ParseDeletedRows(SerializeDeletedRows(rows), "t"));
    EXPECT_EQ(read.ranges, shape);
    EXPECT_EQ(read.cardinality, rows.cardinality);
  }
}

TEST(DeletionVectorWriter, PutsSeveralVectorsIntoOneFile) {
  const storage::Location root{storage::MemoryStore::Named("dv-writer"), "t"};
  DeletionVectorWriter writer(root);
  const DeletionVectorDescriptor first = writer.Add(Rows({{1, 3}}));
  const DeletionVectorDescriptor second = writer.Add(Rows({{10, 5000}}));
  Value(writer.Finish());
  EXPECT_THAT(Value(LoadDeletedRows(root, first)).ranges, ElementsAre(Pair(1, 3)));
  EXPECT_THAT(Value(LoadDeletedRows(root, second)).ranges, ElementsAre(Pair(10, 5000)));
  EXPECT_EQ(first.offset, 1);
  writer.Discard();
  EXPECT_THAT(LoadDeletedRows(root, first), FailsWith(Condition::PATH_NOT_FOUND));
}

TEST(DeletionVectorWriter, UuidsAreZ85) {
  EXPECT_EQ(EncodeZ85("\x86\x4F\xD2\x6F\xB5\x59\xF7\x5B"), "HelloWorld");
  EXPECT_EQ(DecodeZ85(EncodeZ85("abcdefgh")), "abcdefgh");
}

TEST(RowBitmap, KnowsRowsThatItHas) {
  RowBitmap bitmap;
  EXPECT_TRUE(bitmap.Add(100));
  EXPECT_FALSE(bitmap.Add(100));
  bitmap.Add(DeletedRows{.ranges = {{98, 102}}, .cardinality = 4});
  EXPECT_EQ(bitmap.cardinality(), 4u);
  EXPECT_THAT(bitmap.ToRanges().ranges, ElementsAre(Pair(98, 102)));
}

}  // namespace
}  // namespace inlet::delta
