#include "types/column_builder.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "base/testing.h"
#include "types/arrow.h"

namespace inlet::types {
namespace {

std::string Text(ColumnBuilder& column) {
  std::shared_ptr<arrow::Array> array = Value(column.Finish());
  EXPECT_TRUE(array->ValidateFull().ok()) << array->ValidateFull().ToString();
  arrow::PrettyPrintOptions options(0, 100, 100);
  options.skip_new_lines = true;
  std::string text;
  EXPECT_TRUE(arrow::PrettyPrint(*array, options, &text).ok());
  return text;
}

TEST(ColumnBuilder, KeepsFixedWidthValuesAndNulls) {
  ColumnBuilder column(TypeId::kInteger);
  column.AppendInteger(1);
  column.AppendNull();
  column.AppendInteger(3);
  EXPECT_EQ(column.length(), 3);
  EXPECT_EQ(Text(column), "[1,null,3]");
  column.AppendInteger(4);
  EXPECT_EQ(Text(column), "[4]");
}

TEST(ColumnBuilder, PacksMoreBooleansThanOneByte) {
  ColumnBuilder column(TypeId::kBoolean);
  for (int i = 0; i < 11; ++i) column.AppendBoolean(i % 3 == 0);
  EXPECT_EQ(Text(column), "[true,false,false,true,false,false,true,false,false,true,false]");
}

TEST(ColumnBuilder, TakesBackTextAfterALength) {
  ColumnBuilder column(TypeId::kString);
  column.AppendBytes("one");
  column.AppendBytes("two");
  column.AppendNull();
  column.Truncate(1);
  column.AppendBytes("three");
  EXPECT_EQ(Text(column), "[\"one\",\"three\"]");
}

TEST(ColumnBuilder, TakesBackElementsOfAnUnfinishedArray) {
  ColumnBuilder column(DataType::Array(TypeId::kLong));
  column.child(0).AppendLong(1);
  column.child(0).AppendLong(2);
  column.CloseNested();
  column.child(0).AppendLong(3);
  column.Truncate(1);
  column.AppendNull();
  EXPECT_EQ(Text(column), "[[1,2],null]");
}

TEST(ColumnBuilder, TakesBackChildrenThatAreAheadOfTheirStruct) {
  ColumnBuilder column(DataType::Struct({{.name = "a", .type = TypeId::kLong},
                                         {.name = "b", .type = DataType::Array(TypeId::kString)}}));
  column.child(0).AppendLong(1);
  column.child(1).AppendNull();
  column.CloseNested();
  column.child(0).AppendLong(2);
  column.child(1).child(0).AppendBytes("lost");
  column.Truncate(1);
  column.AppendNull();
  std::shared_ptr<arrow::Array> array = Value(column.Finish());
  ASSERT_TRUE(array->ValidateFull().ok());
  EXPECT_EQ(array->length(), 2);
  EXPECT_TRUE(array->IsNull(1));
}

TEST(ColumnBuilder, MakesMapsAndVariantsAsArrowKeepsThem) {
  ColumnBuilder map(DataType::Map(TypeId::kString, TypeId::kVariant));
  map.child(0).AppendBytes("k");
  map.child(1).AppendVariant("m", "v");
  map.CloseNested();
  map.AppendNull();
  std::shared_ptr<arrow::Array> array = Value(map.Finish());
  ASSERT_TRUE(array->ValidateFull().ok()) << array->ValidateFull().ToString();
  EXPECT_TRUE(array->type()->Equals(*ToArrow(DataType::Map(TypeId::kString, TypeId::kVariant))));
}

TEST(BatchBuilder, GivesTheColumnsOfTheSchema) {
  BatchBuilder batch(
      StructType{{{.name = "a", .type = TypeId::kLong}, {.name = "n", .type = TypeId::kVoid}}});
  batch.column(0).AppendLong(7);
  batch.column(1).AppendNull();
  BatchPtr result = Value(batch.Finish(1));
  EXPECT_TRUE(result->ValidateFull().ok()) << result->ValidateFull().ToString();
  EXPECT_EQ(result->num_columns(), 2);
}

}  // namespace
}  // namespace inlet::types
