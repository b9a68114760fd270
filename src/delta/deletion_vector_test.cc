#include "delta/deletion_vector.h"

#include "base/testing.h"
#include "storage/memory/memory_store.h"

namespace inlet::delta {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

// Rows 0, 7, ..., 49 as the reference wrote them.
constexpr std::string_view kEverySeventh =
    "D1D33964"
    "0100000000000000"
    "00000000"
    "3A300000"
    "01000000"
    "00000700"
    "10000000"
    "00000700"
    "0E001500"
    "1C002300"
    "2A003100";

TEST(DeletionVector, ReadsTheReferencesBytes) {
  const DeletedRows rows = Value(ParseDeletedRows(FromHex(kEverySeventh), "t"));
  EXPECT_EQ(rows.cardinality, 8u);
  EXPECT_EQ(rows.ranges.front(), std::pair(std::uint64_t{0}, std::uint64_t{1}));
  EXPECT_EQ(rows.ranges.back(), std::pair(std::uint64_t{49}, std::uint64_t{50}));
}

TEST(DeletionVector, ReadsRunsAsRanges) {
  // One container with one run: 5 and the 9 after it.
  const std::string bytes = FromHex(
      "D1D33964"
      "0100000000000000"
      "00000000"
      "3B300000"
      "01"
      "00000900"
      "0100"
      "05000900");
  const DeletedRows rows = Value(ParseDeletedRows(bytes, "t"));
  EXPECT_THAT(rows.ranges, ElementsAre(Pair(5, 15)));
}

TEST(DeletionVector, EveryCutIsAnErrorNotACrash) {
  const std::string bytes = FromHex(kEverySeventh);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THAT(ParseDeletedRows(std::string_view(bytes).substr(0, length), "t"),
                FailsWith(Condition::INLET_CORRUPT_FILE))
        << length;
  }
}

TEST(DeletionVector, EveryFlippedByteIsAnErrorOrOtherRows) {
  for (std::size_t i = 0; i < kEverySeventh.size() / 2; ++i) {
    std::string bytes = FromHex(kEverySeventh);
    bytes[i] = static_cast<char>(~bytes[i]);
    (void)ParseDeletedRows(bytes, "t");
  }
}

TEST(DeletionVector, NamesItsFileByUuid) {
  const storage::Location root{storage::MemoryStore::Named("dv"), "t"};
  const auto file = Value(DeletionVectorFile(root, {"u", "ab^-aqEH.-t@S}K{vb[*k^", 1, 0, 0}));
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->path, "t/ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin");
}

TEST(DeletionVector, ShortLastGroupsOfOtherWritersDecode) {
  EXPECT_EQ(DecodeZ85("##093"), std::string("\x03\x00", 2));
  EXPECT_EQ(DecodeZ85("#####"), std::nullopt);
  EXPECT_EQ(DecodeZ85("abcd"), std::nullopt);
}

}  // namespace
}  // namespace inlet::delta
