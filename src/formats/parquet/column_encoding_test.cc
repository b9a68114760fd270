#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/parquet/column_encoding_internal.h"

namespace inlet::formats {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kRows = 10'000;
constexpr std::int64_t kLimit = 256 << 10;

template <class Builder, class ValueAt>
std::shared_ptr<arrow::Array> Column(ValueAt value_at) {
  Builder builder;
  for (std::int64_t i = 0; i < kRows; ++i) EXPECT_TRUE(builder.Append(value_at(i)).ok());
  return *builder.Finish();
}

std::int64_t Scattered(std::int64_t i, std::int64_t num_different) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(i) * 0x9E3779B97F4A7C15U >> 20) %
         num_different;
}

ColumnEncodings Choose(const std::vector<std::shared_ptr<arrow::Array>>& columns) {
  arrow::FieldVector fields;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    fields.push_back(arrow::field("c" + std::to_string(i), columns[i]->type()));
  }
  return ChooseEncodings(*arrow::RecordBatch::Make(arrow::schema(fields), kRows, columns), kLimit);
}

TEST(ColumnEncodings, ADictionaryIsBegunOnlyWhereAllValuesFit) {
  const auto key = Column<arrow::Int64Builder>([](auto i) { return i; });
  const auto few = Column<arrow::Int64Builder>([](auto i) { return Scattered(i, 20); });
  const auto fits = Column<arrow::Int64Builder>([](auto i) { return Scattered(i, 15'000); });
  const auto many = Column<arrow::DoubleBuilder>(
      [](auto i) { return static_cast<double>(Scattered(i, 100'000)); });
  const auto names = Column<arrow::StringBuilder>(
      [](auto i) { return "name " + std::to_string(Scattered(i, 300)); });
  const auto texts =
      Column<arrow::StringBuilder>([](auto i) { return "some longer text " + std::to_string(i); });
  const auto flags = Column<arrow::BooleanBuilder>([](auto i) { return i % 2 == 0; });
  const ColumnEncodings chosen = Choose({key, few, fits, many, names, texts, flags});
  EXPECT_THAT(chosen.without_dictionary, ElementsAre("c0", "c3", "c5"));
  EXPECT_THAT(chosen.without_statistics, IsEmpty());
}

TEST(ColumnEncodings, LeavesInListsHaveNoStatistics) {
  const auto values = Column<arrow::Int64Builder>([](auto i) { return i; });
  const auto offsets =
      Column<arrow::Int32Builder>([](auto i) { return static_cast<std::int32_t>(i); });
  const auto structs = *arrow::StructArray::Make(
      {values, Column<arrow::Int64Builder>([](auto i) { return Scattered(i, 5); })},
      std::vector<std::string>{"key", "kind"});
  const auto lists = *arrow::ListArray::FromArrays(*offsets, *structs);
  const ColumnEncodings chosen = Choose({structs, lists->Slice(0)});
  EXPECT_THAT(chosen.without_dictionary, ElementsAre("c0.key", "c1.list.element.key"));
  EXPECT_THAT(chosen.without_statistics,
              ElementsAre("c1.list.element.key", "c1.list.element.kind"));
}

TEST(ColumnEncodings, FewOrNoRowsSayNothing) {
  const auto empty = *arrow::MakeEmptyArray(arrow::list(arrow::int64()));
  const auto schema = arrow::schema({arrow::field("c", empty->type())});
  const auto chosen = ChooseEncodings(*arrow::RecordBatch::Make(schema, 0, {empty}), kLimit);
  EXPECT_THAT(chosen.without_dictionary, IsEmpty());
}

TEST(ColumnEncodings, HowManyThereAreIsEstimatedFromHowManyRepeat) {
  EXPECT_NEAR(EstimateDifferent(8192, 20), 20, 1);
  EXPECT_NEAR(EstimateDifferent(16384, 15'103), 100'000, 2'000);
  EXPECT_GT(EstimateDifferent(100, 100), 1e15);
}

}  // namespace
}  // namespace inlet::formats
