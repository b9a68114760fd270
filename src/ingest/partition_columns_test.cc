#include "ingest/partition_columns.h"

#include <gtest/gtest.h>

#include "base/testing.h"

namespace inlet::ingest {
namespace {

using types::DataType;
using types::TypeId;

std::vector<storage::ObjectInfo> Files(std::initializer_list<std::string> paths) {
  std::vector<storage::ObjectInfo> files;
  for (const std::string& path : paths) files.push_back({.path = path});
  return files;
}

/// The type of the one column `k` that has these values.
DataType TypeOfValues(std::initializer_list<std::string> values) {
  std::vector<storage::ObjectInfo> files;
  for (const std::string& value : values) files.push_back({.path = "t/k=" + value + "/f"});
  return Value(FindPartitionColumns(files, "t", {})).fields.at(0).type;
}

TEST(PartitionColumns, KeysComeInPathOrderWithDecodedValues) {
  const auto columns = Value(FindPartitionColumns(
      Files({"t/b=1/a=x%20y/f", "t/b=2/a=__HIVE_DEFAULT_PARTITION__/f"}), "t", {}));
  ASSERT_EQ(columns.fields.size(), 2U);
  EXPECT_EQ(columns.fields[0].name, "b");
  EXPECT_EQ(columns.values[0][1], "x y");
  EXPECT_EQ(columns.values[1][1], std::nullopt);
}

TEST(PartitionColumns, NarrowestTypeThatTakesAllValues) {
  EXPECT_EQ(TypeOfValues({"1", "2"}), TypeId::kInteger);
  EXPECT_EQ(TypeOfValues({"00", "07"}), TypeId::kInteger);
  EXPECT_EQ(TypeOfValues({"1", "3000000000"}), TypeId::kLong);
  EXPECT_EQ(TypeOfValues({"2024-01-01"}), TypeId::kDate);
  EXPECT_EQ(TypeOfValues({"2024-01-01", "2024-01-01 10%3A00%3A00"}), TypeId::kTimestamp);
  EXPECT_EQ(TypeOfValues({"1.5"}), TypeId::kDouble);
  EXPECT_EQ(TypeOfValues({"1", "1.5"}), TypeId::kString);
  EXPECT_EQ(TypeOfValues({"2024-01-01", "x"}), TypeId::kString);
  EXPECT_EQ(TypeOfValues({"true", "false"}), TypeId::kString);
}

TEST(PartitionColumns, DifferentDepthsConflictUnlessKeysAreGiven) {
  const auto files = Files({"t/a=1/f", "t/a=1/b=2/f"});
  EXPECT_THAT(FindPartitionColumns(files, "t", {}),
              FailsWith(Condition::CONFLICTING_PARTITION_COLUMN_NAMES));
  const auto columns =
      Value(FindPartitionColumns(files, "t", {.keys = std::vector<std::string>{"b"}}));
  EXPECT_EQ(columns.values[0][0], std::nullopt);
  EXPECT_EQ(columns.values[1][0], "2");
}

}  // namespace
}  // namespace inlet::ingest
