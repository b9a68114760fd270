#include "delta/data_file_writer.h"

#include <arrow/api.h>

#include <limits>

#include "base/testing.h"
#include "delta/data_file_statistics.h"
#include "delta/value_text.h"
#include "formats/columns/column_json.h"
#include "formats/parquet/parquet_file_reader.h"
#include "storage/memory/memory_store.h"
#include "types/arrow.h"

namespace inlet::delta {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::StartsWith;

types::BatchPtr MakeBatch(const std::vector<std::shared_ptr<arrow::Array>>& columns,
                          const types::StructType& schema) {
  return arrow::RecordBatch::Make(types::ToArrow(schema), columns[0]->length(), columns);
}

template <class Builder, class T>
std::shared_ptr<arrow::Array> Column(std::shared_ptr<arrow::DataType> type,
                                     const std::vector<std::optional<T>>& values) {
  Builder builder(std::move(type), arrow::default_memory_pool());
  for (const auto& value : values) {
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  }
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> Longs(const std::vector<std::optional<std::int64_t>>& values) {
  return Column<arrow::Int64Builder>(arrow::int64(), values);
}
std::shared_ptr<arrow::Array> Strings(const std::vector<std::optional<std::string>>& values) {
  return Column<arrow::StringBuilder>(arrow::utf8(), values);
}
std::shared_ptr<arrow::Array> Doubles(const std::vector<std::optional<double>>& values) {
  return Column<arrow::DoubleBuilder>(arrow::float64(), values);
}

class DataFileWriterTest : public ::testing::Test {
 protected:
  DataFileSpec Spec(std::string_view ddl) {
    return {.table_root = {.store = store_, .path = "t"}, .schema = Value(types::ParseDdl(ddl))};
  }

  std::vector<AddFile> WriteAll(
      const DataFileSpec& spec,
      const std::vector<std::vector<std::shared_ptr<arrow::Array>>>& batches) {
    auto writer = Value(DataFileWriter::Open(spec));
    for (const auto& columns : batches) {
      EXPECT_THAT(writer->Append(MakeBatch(columns, spec.schema)), IsOk());
    }
    return Value(writer->Finish());
  }

  std::vector<std::string> Rows(const std::string& path) {
    const auto info = Value(store_->Head("t/" + path));
    const auto file = Value(formats::ParquetFile::Open(*store_, info));
    std::vector<int> groups;
    for (std::size_t i = 0; i < file->row_groups().size(); ++i) {
      groups.push_back(static_cast<int>(i));
    }
    auto reader = Value(file->Read(Value(file->Schema()), groups, {}));
    std::vector<std::string> rows;
    while (const types::BatchPtr batch = Value(reader->Next())) {
      for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
        std::string text;
        for (int i = 0; i < batch->num_columns(); ++i) {
          if (i > 0) text += ",";
          formats::AppendJsonValue(*batch->column(i), row, text);
        }
        rows.push_back(text);
      }
    }
    return rows;
  }

  std::vector<std::string> Objects() {
    std::vector<std::string> paths;
    for (const auto& object : Value(store_->List("t/", {}))) paths.push_back(object.path);
    return paths;
  }

  std::shared_ptr<storage::MemoryStore> store_ = std::make_shared<storage::MemoryStore>("test");
};

TEST_F(DataFileWriterTest, WritesOneFileWithBoundsAndNullCounts) {
  const auto files = WriteAll(Spec("id BIGINT, name STRING, x DOUBLE"),
                              {{Longs({3, 1}), Strings({"b", std::nullopt}), Doubles({1.5, -2})},
                               {Longs({2}), Strings({"a"}), Doubles({1e10})}});
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_THAT(files[0].path, MatchesRegex("part-00000-[0-9a-f-]{36}-c000.snappy.parquet"));
  EXPECT_EQ(files[0].stats,
            R"({"numRecords":3,"minValues":{"id":1,"name":"a","x":-2.0},)"
            R"("maxValues":{"id":3,"name":"b","x":1.0E10},"nullCount":{"id":0,"name":1,"x":0}})");
  EXPECT_THAT(Rows(files[0].path), ElementsAre(R"(3,"b",1.5)", "1,null,-2.0", R"(2,"a",1e+10)"));
}

TEST_F(DataFileWriterTest, WithoutRowsThereIsNoFile) {
  EXPECT_THAT(WriteAll(Spec("id BIGINT"), {{Longs({})}}), SizeIs(0));
  EXPECT_THAT(Objects(), SizeIs(0));
}

TEST_F(DataFileWriterTest, ColumnsWithNanHaveNoBounds) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto files =
      WriteAll(Spec("x DOUBLE, y DOUBLE"), {{Doubles({1, nan}), Doubles({std::nullopt, -0.0})}});
  EXPECT_EQ(files.at(0).stats, R"({"numRecords":2,"minValues":{"y":-0.0},"maxValues":{"y":0.0},)"
                               R"("nullCount":{"x":0,"y":1}})");
}

TEST_F(DataFileWriterTest, ColumnOfNullsHasACountAndNoBounds) {
  const auto files = WriteAll(Spec("a BIGINT, s STRING"),
                              {{Longs({std::nullopt, std::nullopt}), Strings({"x", "y"})}});
  EXPECT_EQ(files.at(0).stats, R"({"numRecords":2,"minValues":{"s":"x"},"maxValues":{"s":"y"},)"
                               R"("nullCount":{"a":2,"s":0}})");
}

TEST_F(DataFileWriterTest, PartitionsGoToEscapedDirectoriesAndOutOfTheFiles) {
  DataFileSpec spec = Spec("id BIGINT, p STRING");
  spec.partition_columns = {"p"};
  const auto files =
      WriteAll(spec, {{Longs({1, 2, 3, 4}), Strings({"a b", std::nullopt, "x:y", ""})},
                      {Longs({5}), Strings({"a b"})}});
  ASSERT_THAT(files, SizeIs(3));
  EXPECT_THAT(files[0].path, StartsWith("p=a%20b/part-"));
  EXPECT_EQ(files[0].partition_values.at("p"), "a b");
  EXPECT_THAT(files[1].path, StartsWith("p=__HIVE_DEFAULT_PARTITION__/part-"));
  EXPECT_EQ(files[1].partition_values.at("p"), std::nullopt);
  EXPECT_THAT(files[1].stats, HasSubstr(R"("numRecords":2)"));
  EXPECT_THAT(files[2].path, StartsWith("p=x%253Ay/part-"));
  EXPECT_THAT(Rows("p=x%3Ay/" + files[2].path.substr(files[2].path.find('/') + 1)),
              ElementsAre("3"));
}

TEST_F(DataFileWriterTest, AVeryLongPartitionValueGetsARandomDirectory) {
  DataFileSpec spec = Spec("id BIGINT, p STRING");
  spec.partition_columns = {"p"};
  const std::string value(400, 'v');
  const auto files = WriteAll(spec, {{Longs({1}), Strings({value})}});
  EXPECT_THAT(files.at(0).path, MatchesRegex("[0-9a-z]{2}/part-.*"));
  EXPECT_EQ(files[0].partition_values.at("p"), value);
}

TEST_F(DataFileWriterTest, ManyPartitionsKeepEveryRowOnce) {
  DataFileSpec spec = Spec("id BIGINT, p BIGINT");
  spec.partition_columns = {"p"};
  std::vector<std::vector<std::shared_ptr<arrow::Array>>> batches;
  for (std::int64_t b = 0; b < 20; ++b) {
    std::vector<std::optional<std::int64_t>> ids;
    std::vector<std::optional<std::int64_t>> parts;
    for (std::int64_t i = 0; i < 100; ++i) {
      ids.push_back(b * 100 + i);
      parts.push_back(i);
    }
    batches.push_back({Longs(ids), Longs(parts)});
  }
  std::vector<bool> seen(2000);
  for (const AddFile& file : WriteAll(spec, batches)) {
    for (const std::string& row : Rows(file.path)) {
      const auto id = static_cast<std::size_t>(std::stoi(row));
      EXPECT_FALSE(seen[id]);
      seen[id] = true;
      EXPECT_EQ(std::to_string(id % 100), file.partition_values.at("p"));
    }
  }
  EXPECT_THAT(seen, ::testing::Each(true));
}

TEST_F(DataFileWriterTest, RollsFilesAtTheTargetSize) {
  DataFileSpec spec = Spec("s STRING");
  spec.target_file_bytes = 64 << 10;
  std::vector<std::vector<std::shared_ptr<arrow::Array>>> batches;
  for (int b = 0; b < 50; ++b) {
    std::vector<std::optional<std::string>> values;
    for (int i = 0; i < 1000; ++i) values.push_back(std::to_string(b * 7919 + i * 104729) + "xyz");
    batches.push_back({Strings(values)});
  }
  const auto files = WriteAll(spec, batches);
  EXPECT_GT(files.size(), 2U);
  for (const AddFile& file : files) EXPECT_LT(file.size, 256 << 10);
}

TEST_F(DataFileWriterTest, NullInANotNullColumnIsRefused) {
  DataFileSpec spec = Spec("id BIGINT NOT NULL");
  auto writer = Value(DataFileWriter::Open(spec));
  EXPECT_THAT(writer->Append(MakeBatch({Longs({1, std::nullopt})}, spec.schema)),
              FailsWith(Condition::DELTA_NOT_NULL_CONSTRAINT_VIOLATED));
}

TEST_F(DataFileWriterTest, AnUnfinishedWriterLeavesNothing) {
  DataFileSpec spec = Spec("id BIGINT, p BIGINT");
  spec.partition_columns = {"p"};
  spec.target_file_bytes = 1;
  {
    auto writer = Value(DataFileWriter::Open(spec));
    for (int i = 0; i < 3; ++i) {
      ASSERT_THAT(writer->Append(MakeBatch({Longs({1}), Longs({1})}, spec.schema)), IsOk());
    }
  }
  EXPECT_THAT(Objects(), SizeIs(0));
}

TEST_F(DataFileWriterTest, NestedFieldsHaveBoundsAndListsOnlyNulls) {
  const DataFileSpec spec = Spec("s STRUCT<a: BIGINT, l: ARRAY<BIGINT>>, m ARRAY<BIGINT>");
  auto list_builder = std::make_shared<arrow::Int64Builder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), list_builder);
  ASSERT_TRUE(lists.Append().ok());
  ASSERT_TRUE(list_builder->Append(7).ok());
  ASSERT_TRUE(lists.AppendNull().ok());
  ASSERT_TRUE(lists.Append().ok());
  const auto list = lists.Finish().ValueOrDie();
  const auto validity = arrow::Buffer::FromString(std::string("\x03", 1));  // The third is NULL.
  const auto structs = std::make_shared<arrow::StructArray>(
      types::ToArrow(spec.schema.fields[0].type), 3,
      arrow::ArrayVector{Longs({5, std::nullopt, 9}), list}, validity);
  const auto files = WriteAll(spec, {{structs, list}});
  EXPECT_EQ(files.at(0).stats,
            R"({"numRecords":3,"minValues":{"s":{"a":5}},"maxValues":{"s":{"a":5}},)"
            R"("nullCount":{"s":{"a":2,"l":2},"m":1}})");
  EXPECT_THAT(Rows(files[0].path), ElementsAre(R"({"a":5,"l":[7]},[7])", "{},null", "null,[]"));
}

TEST_F(DataFileWriterTest, OnlyTheFirstColumnsOrTheNamedOnesHaveStatistics) {
  DataFileSpec spec = Spec("a BIGINT, b BIGINT");
  spec.stats_columns = 1;
  EXPECT_EQ(WriteAll(spec, {{Longs({1}), Longs({2})}}).at(0).stats,
            R"({"numRecords":1,"minValues":{"a":1},"maxValues":{"a":1},"nullCount":{"a":0}})");
  spec.stats_columns = 0;
  EXPECT_EQ(WriteAll(spec, {{Longs({1}), Longs({2})}}).at(0).stats, R"({"numRecords":1})");
  spec.stats_column_names = {"`b`"};
  EXPECT_EQ(WriteAll(spec, {{Longs({1}), Longs({2})}}).at(0).stats,
            R"({"numRecords":1,"minValues":{"b":2},"maxValues":{"b":2},"nullCount":{"b":0}})");
}

TEST_F(DataFileWriterTest, TimestampsAreCutToMillisecondsAndDecimalsKeepTheirScale) {
  const DataFileSpec spec =
      Spec("t TIMESTAMP, n TIMESTAMP_NTZ, d DATE, x DECIMAL(10,2), y DECIMAL(38,3)");
  const auto t = Column<arrow::TimestampBuilder, std::int64_t>(
      arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), {-1, 1'234'567});
  const auto n = Column<arrow::TimestampBuilder, std::int64_t>(
      arrow::timestamp(arrow::TimeUnit::MICRO), {-1, 1'234'567});
  const auto d = Column<arrow::Date32Builder, std::int32_t>(arrow::date32(), {-719162, 20000});
  const auto x = Column<arrow::Decimal128Builder, arrow::Decimal128>(
      arrow::decimal128(10, 2), {arrow::Decimal128(-5), arrow::Decimal128(1230)});
  const auto y = Column<arrow::Decimal128Builder, arrow::Decimal128>(
      arrow::decimal128(38, 3), {arrow::Decimal128("-12345678901234567890123456789.001"),
                                 arrow::Decimal128("99999999999999999999999999999.999")});
  EXPECT_EQ(
      WriteAll(spec, {{t, n, d, x, y}}).at(0).stats,
      R"({"numRecords":2,"minValues":{"t":"1969-12-31T23:59:59.999Z",)"
      R"("n":"1969-12-31T23:59:59.999","d":"0001-01-01","x":-0.05,)"
      R"("y":-12345678901234567890123456789.001},"maxValues":{"t":"1970-01-01T00:00:01.234Z",)"
      R"("n":"1970-01-01T00:00:01.234","d":"2024-10-04","x":12.30,)"
      R"("y":99999999999999999999999999999.999},)"
      R"("nullCount":{"t":0,"n":0,"d":0,"x":0,"y":0}})");
}

TEST_F(DataFileWriterTest, VoidColumnsAreLeftOut) {
  const DataFileSpec spec = Spec("a BIGINT, v VOID");
  const auto files =
      WriteAll(spec, {{Longs({1}), arrow::MakeArrayOfNull(arrow::null(), 1).ValueOrDie()}});
  EXPECT_THAT(Rows(files.at(0).path), ElementsAre("1"));
}

TEST(TruncatedStatistics, LowerBoundIsAPrefixOfCodePoints) {
  EXPECT_EQ(TruncatedMin("abcdef", 3), "abc");
  EXPECT_EQ(TruncatedMin("äöüß", 3), "äöü");
  EXPECT_EQ(TruncatedMin("ab", 3), "ab");
}

TEST(TruncatedStatistics, UpperBoundIsNotBelowTheText) {
  EXPECT_EQ(TruncatedMax("abc", 3), "abc");
  EXPECT_EQ(TruncatedMax("abcdef", 3), "abc\x7F");
  EXPECT_EQ(TruncatedMax("abcé", 3), "abc\xF4\x8F\xBF\xBF");
  EXPECT_EQ(TruncatedMax("ab\xF0\x9F\x98\x80z", 3), "ab\xF0\x9F\x98\x80\x7F");
  EXPECT_EQ(TruncatedMax("ab\xF4\x8F\xBF\xBF", 2), "ab\xF4\x8F\xBF\xBF");
  EXPECT_EQ(TruncatedMax("a\xF4\x8F\xBF\xBF", 1), std::nullopt);
}

TEST(ValueText, NumbersAreWrittenAsJavaDoes) {
  EXPECT_EQ(DoubleText(1), "1.0");
  EXPECT_EQ(DoubleText(0.001), "0.001");
  EXPECT_EQ(DoubleText(0.0001), "1.0E-4");
  EXPECT_EQ(DoubleText(1234567), "1234567.0");
  EXPECT_EQ(DoubleText(12345678), "1.2345678E7");
  EXPECT_EQ(DoubleText(-0.1), "-0.1");
  EXPECT_EQ(FloatText(3.4028235e38F), "3.4028235E38");
  EXPECT_EQ(DecimalText(-5, 2), "-0.05");
  EXPECT_EQ(DecimalText(120, 0), "120");
}

}  // namespace
}  // namespace inlet::delta
