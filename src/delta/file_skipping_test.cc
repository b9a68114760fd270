#include "delta/file_skipping.h"

#include <arrow/scalar.h>
#include <arrow/type.h>

#include <limits>

#include "base/testing.h"
#include "types/arrow.h"

namespace inlet::delta {
namespace {

using Op = types::ColumnPredicate::Op;
using ScalarPtr = std::shared_ptr<arrow::Scalar>;

class FileSkipperTest : public testing::Test {
 protected:
  /// Whether a file with these statistics is kept for one condition on `column`.
  bool Keeps(const char* column, Op op, ScalarPtr value, std::string stats) {
    types::ColumnPredicate predicate{.column = *schema_.IndexOf(column), .op = op};
    if (value) predicate.values.push_back(std::move(value));
    const std::vector<types::ColumnPredicate> predicates = {predicate};
    FileSkipper skipper(schema_, {"p"}, ColumnMappingMode::kNone, predicates,
                        types::TimeZone::Utc());
    AddFile file{.path = "f", .stats = std::move(stats)};
    file.partition_values["p"] = partition_;
    return skipper.CanMatch(file);
  }
  static ScalarPtr Long(std::int64_t value) { return std::make_shared<arrow::Int64Scalar>(value); }
  static ScalarPtr Text(const char* value) { return std::make_shared<arrow::StringScalar>(value); }
  static ScalarPtr Double(double value) { return std::make_shared<arrow::DoubleScalar>(value); }
  static ScalarPtr Instant(std::int64_t micros) {
    return std::make_shared<arrow::TimestampScalar>(
        micros, types::ToArrow(types::DataType(types::TypeId::kTimestamp)));
  }

  const types::StructType schema_ =
      Value(types::ParseDdl("i BIGINT, d DOUBLE, s STRING, ts TIMESTAMP, p STRING"));
  std::optional<std::string> partition_ = "x";
};

TEST_F(FileSkipperTest, BoundsOfIntegersAreExact) {
  const std::string stats = R"({"numRecords":3,"minValues":{"i":5},"maxValues":{"i":9}})";
  EXPECT_TRUE(Keeps("i", Op::kEqual, Long(5), stats));
  EXPECT_FALSE(Keeps("i", Op::kEqual, Long(4), stats));
  EXPECT_FALSE(Keeps("i", Op::kLess, Long(5), stats));
  EXPECT_TRUE(Keeps("i", Op::kLessOrEqual, Long(5), stats));
  EXPECT_FALSE(Keeps("i", Op::kGreater, Long(9), stats));
  EXPECT_TRUE(Keeps("i", Op::kGreaterOrEqual, Long(9), stats));
  EXPECT_FALSE(Keeps("i", Op::kIn, Long(10), stats));
}

TEST_F(FileSkipperTest, WhatIsUnknownIsKept) {
  for (const char* stats : {"", "{}", "no json", R"({"numRecords":1})", "[]",
                            R"({"minValues":{"i":"7"},"maxValues":{"i":null}})"}) {
    EXPECT_TRUE(Keeps("i", Op::kEqual, Long(1), stats)) << stats;
    EXPECT_TRUE(Keeps("i", Op::kIsNull, nullptr, stats)) << stats;
  }
}

TEST_F(FileSkipperTest, NullCountsDecideOnNulls) {
  EXPECT_FALSE(Keeps("i", Op::kIsNull, nullptr, R"({"numRecords":3,"nullCount":{"i":0}})"));
  EXPECT_TRUE(Keeps("i", Op::kIsNull, nullptr, R"({"numRecords":3,"nullCount":{"i":1}})"));
  EXPECT_FALSE(Keeps("i", Op::kIsNotNull, nullptr, R"({"numRecords":3,"nullCount":{"i":3}})"));
  EXPECT_FALSE(Keeps("i", Op::kEqual, Long(1), R"({"numRecords":3,"nullCount":{"i":3}})"));
}

TEST_F(FileSkipperTest, TimestampsMayBeAMillisecondLaterThanTheirMaximum) {
  const std::string stats =
      R"({"minValues":{"ts":"1970-01-01T00:00:00.001Z"},"maxValues":{"ts":"1970-01-01T00:00:00.002Z"}})";
  EXPECT_TRUE(Keeps("ts", Op::kEqual, Instant(2'999), stats));
  EXPECT_FALSE(Keeps("ts", Op::kEqual, Instant(3'000), stats));
  EXPECT_FALSE(Keeps("ts", Op::kEqual, Instant(999), stats));
}

TEST_F(FileSkipperTest, NanIsAboveEveryMaximum) {
  const std::string stats = R"({"minValues":{"d":1.0},"maxValues":{"d":2.0}})";
  EXPECT_TRUE(Keeps("d", Op::kGreater, Double(5), stats));
  EXPECT_TRUE(Keeps("d", Op::kEqual, Double(std::numeric_limits<double>::quiet_NaN()), stats));
  EXPECT_FALSE(Keeps("d", Op::kLess, Double(0.5), stats));
  EXPECT_TRUE(Keeps("d", Op::kEqual, Double(-0.0), R"({"minValues":{"d":0.0}})"));
}

TEST_F(FileSkipperTest, TextsCompareByBytes) {
  const std::string stats = R"({"minValues":{"s":"a"},"maxValues":{"s":"\uFFFD"}})";
  EXPECT_FALSE(Keeps("s", Op::kEqual, Text("\xF0\x9F\x98\x80"), stats));
  EXPECT_TRUE(Keeps("s", Op::kEqual, Text("\xC3\xBC"), stats));
}

TEST_F(FileSkipperTest, PartitionValuesAreExactAndEmptyTextIsNull) {
  EXPECT_TRUE(Keeps("p", Op::kEqual, Text("x"), ""));
  EXPECT_FALSE(Keeps("p", Op::kEqual, Text("y"), ""));
  EXPECT_FALSE(Keeps("p", Op::kIsNull, nullptr, ""));
  partition_ = "";
  EXPECT_TRUE(Keeps("p", Op::kIsNull, nullptr, ""));
  EXPECT_FALSE(Keeps("p", Op::kEqual, Text(""), ""));
  partition_ = "__HIVE_DEFAULT_PARTITION__";
  EXPECT_TRUE(Keeps("p", Op::kEqual, Text("__HIVE_DEFAULT_PARTITION__"), ""));
}

TEST(NumRecords, IsReadWhereverItStands) {
  EXPECT_EQ(NumRecordsOf(R"({"numRecords":7,"x":1})"), 7);
  EXPECT_EQ(NumRecordsOf(R"({"minValues":{"numRecords":1},"numRecords":8})"), 8);
  EXPECT_EQ(NumRecordsOf(R"({"minValues":{"numRecords":1}})"), std::nullopt);
  EXPECT_EQ(NumRecordsOf(""), std::nullopt);
}

}  // namespace
}  // namespace inlet::delta
