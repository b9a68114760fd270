#include "formats/parquet/parquet_file_reader.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <parquet/arrow/writer.h>

#include <numeric>

#include "base/testing.h"
#include "formats/columns/column_conversion.h"
#include "formats/columns/column_json.h"
#include "formats/parquet/parquet_file_writer.h"
#include "storage/memory/memory_store.h"
#include "types/arrow.h"

namespace inlet::formats {
namespace {

using ::testing::ElementsAre;
using types::ColumnPredicate;

using ArrayPtr = std::shared_ptr<arrow::Array>;

template <class Builder, class T>
ArrayPtr Column(const std::shared_ptr<arrow::DataType>& type,
                const std::vector<std::optional<T>>& values) {
  Builder builder(type, arrow::default_memory_pool());
  for (const auto& value : values) {
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  }
  return builder.Finish().ValueOrDie();
}

ArrayPtr Ints(const std::vector<std::optional<std::int32_t>>& values) {
  return Column<arrow::Int32Builder>(arrow::int32(), values);
}
ArrayPtr Longs(const std::vector<std::optional<std::int64_t>>& values) {
  return Column<arrow::Int64Builder>(arrow::int64(), values);
}
ArrayPtr Strings(const std::vector<std::optional<std::string>>& values) {
  return Column<arrow::StringBuilder>(arrow::utf8(), values);
}
ArrayPtr Times(arrow::TimeUnit::type unit, const std::vector<std::optional<std::int64_t>>& values) {
  return Column<arrow::TimestampBuilder>(arrow::timestamp(unit), values);
}

using Columns = std::vector<std::pair<std::string, ArrayPtr>>;

class ParquetFileReaderTest : public ::testing::Test {
 protected:
  struct WriteOptions {
    std::int64_t row_group_rows = 1 << 20;
    bool int96 = false;
    std::map<std::string, std::string> metadata;
    bool compressed = true;
  };

  /// The bytes of a file as Arrow writes it, another writer than ours.
  std::string Bytes(const Columns& columns, const WriteOptions& options) {
    arrow::FieldVector fields;
    arrow::ArrayVector arrays;
    for (const auto& [name, array] : columns) {
      fields.push_back(arrow::field(name, array->type()));
      arrays.push_back(array);
    }
    const auto table = arrow::Table::Make(arrow::schema(fields), arrays);
    parquet::WriterProperties::Builder properties;
    properties.enable_page_checksum();
    if (!options.compressed) properties.disable_dictionary();
    parquet::ArrowWriterProperties::Builder arrow_properties;
    if (options.int96) arrow_properties.enable_deprecated_int96_timestamps();
    const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
    auto writer =
        parquet::arrow::FileWriter::Open(*table->schema(), arrow::default_memory_pool(), sink,
                                         properties.build(), arrow_properties.build())
            .ValueOrDie();
    for (const auto& [key, value] : options.metadata) {
      EXPECT_TRUE(writer->AddKeyValueMetadata(arrow::key_value_metadata({key}, {value})).ok());
    }
    EXPECT_TRUE(writer->WriteTable(*table, options.row_group_rows).ok());
    EXPECT_TRUE(writer->Close().ok());
    return sink->Finish().ValueOrDie()->ToString();
  }

  Result<std::shared_ptr<const ParquetFile>> OpenBytes(const std::string& bytes) {
    TRY(store_.Put("f.parquet", bytes, storage::PutMode::kOverwrite));
    return ParquetFile::Open(store_, TRY(store_.Head("f.parquet")));
  }

  std::shared_ptr<const ParquetFile> Open(const Columns& columns, const WriteOptions& options) {
    return Value(OpenBytes(Bytes(columns, options)));
  }
  std::shared_ptr<const ParquetFile> Open(const Columns& columns) { return Open(columns, {}); }

  static std::vector<int> All(const ParquetFile& file) {
    std::vector<int> groups(file.row_groups().size());
    std::iota(groups.begin(), groups.end(), 0);
    return groups;
  }

  static Result<std::vector<std::string>> Rows(const ParquetFile& file, const std::string& ddl,
                                               const ParquetReadOptions& options = {}) {
    const auto reader = TRY(file.Read(TRY(types::ParseDdl(ddl)), All(file), options));
    std::vector<std::string> rows;
    while (const types::BatchPtr batch = TRY(reader->Next())) {
      EXPECT_TRUE(batch->ValidateFull().ok());
      for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
        std::string text;
        for (int i = 0; i < batch->num_columns(); ++i) {
          text += i > 0 ? "," : "";
          AppendJsonValue(*batch->column(i), row, text);
        }
        rows.push_back(text);
      }
    }
    return rows;
  }

  storage::MemoryStore store_{"test"};
};

TEST_F(ParquetFileReaderTest, ColumnsComeInTheRequestedOrderAndMissingOnesAreNull) {
  const auto file = Open({{"a", Ints({1, 2})}, {"b", Strings({"x", std::nullopt})}});
  EXPECT_EQ(types::ToDdl(Value(file->Schema())), "a INT, b STRING");
  EXPECT_THAT(Value(Rows(*file, "b STRING, z DATE, a INT")),
              ElementsAre(R"("x",null,1)", "null,null,2"));
  EXPECT_THAT(Value(Rows(*file, "z DATE")), ElementsAre("null", "null"));
}

TEST_F(ParquetFileReaderTest, NamesMatchExactlyOrIgnoringCase) {
  const auto file = Open({{"A", Ints({1})}, {"b", Ints({2})}, {"B", Ints({3})}});
  EXPECT_THAT(Value(Rows(*file, "a INT")), ElementsAre("null"));
  const ParquetReadOptions ignoring{.matching = FieldMatching::kByNameIgnoreCase};
  EXPECT_THAT(Value(Rows(*file, "a INT, B INT", ignoring)), ElementsAre("1,3"));
  const auto ambiguous = Open({{"Xy", Ints({1})}, {"xY", Ints({2})}});
  EXPECT_THAT(Rows(*ambiguous, "xy INT", ignoring), FailsWith(Condition::COLUMN_ALREADY_EXISTS));
}

TEST_F(ParquetFileReaderTest, FieldsAreFoundByIdThroughNesting) {
  types::StructType written = Value(types::ParseDdl("c1 INT, c2 STRUCT<c3: STRING>"));
  written.fields[0].metadata["parquet.field.id"] = "1";
  std::vector<types::StructField> inner = written.fields[1].type.fields();
  inner[0].metadata["parquet.field.id"] = "3";
  written.fields[1].type = types::DataType::Struct(inner);
  written.fields[1].metadata["parquet.field.id"] = "2";
  auto store = std::make_shared<storage::MemoryStore>("ids");
  auto writer = Value(ParquetFileWriter::Open({.store = store, .path = "f"}, written, {}));
  const auto structs =
      arrow::StructArray::Make({Strings({"q"})}, {arrow::field("c3", arrow::utf8())});
  ASSERT_THAT(writer->Append(*arrow::RecordBatch::Make(types::ToArrow(written), 1,
                                                       {Ints({7}), structs.ValueOrDie()})),
              IsOk());
  ASSERT_THAT(writer->Finish(), IsOk());
  const auto file = Value(ParquetFile::Open(*store, Value(store->Head("f"))));

  types::StructType requested = Value(types::ParseDdl("s STRUCT<text: STRING>, n INT"));
  inner = requested.fields[0].type.fields();
  inner[0].metadata["delta.columnMapping.id"] = "3";
  requested.fields[0].type = types::DataType::Struct(inner);
  requested.fields[0].metadata["delta.columnMapping.id"] = "2";
  requested.fields[1].metadata["delta.columnMapping.id"] = "1";
  const auto reader =
      Value(file->Read(requested, All(*file), {.matching = FieldMatching::kByFieldId}));
  const types::BatchPtr batch = Value(reader->Next());
  std::string text;
  AppendJsonValue(*batch->column(0), 0, text);
  AppendJsonValue(*batch->column(1), 0, text);
  EXPECT_EQ(text, R"({"text":"q"}7)");
}

TEST_F(ParquetFileReaderTest, TypesWiden) {
  const auto file = Open({{"i", Ints({-1})},
                          {"l", Longs({5})},
                          {"d", Column<arrow::Date32Builder, std::int32_t>(arrow::date32(), {1})}});
  EXPECT_THAT(Value(Rows(*file, "i BIGINT, l DECIMAL(22,2), d TIMESTAMP_NTZ")),
              ElementsAre(R"(-1,5.00,"1970-01-02T00:00:00.000")"));
  EXPECT_THAT(Value(Rows(*file, "i DOUBLE")), ElementsAre("-1.0"));
  EXPECT_THAT(Value(Rows(*file, "i DECIMAL(11,1)")), ElementsAre("-1.0"));
  EXPECT_THAT(Value(Rows(*file, "i TINYINT")), ElementsAre("-1"));
  for (const char* ddl :
       {"l INT", "i STRING", "l DOUBLE", "i DECIMAL(9,0)", "d BIGINT", "i ARRAY<INT>"}) {
    EXPECT_THAT(Rows(*file, ddl),
                FailsWith(Condition::FAILED_READ_FILE_PARQUET_COLUMN_DATA_TYPE_MISMATCH))
        << ddl;
  }
}

TEST_F(ParquetFileReaderTest, NarrowIntegersOfPlainInt32AreChecked) {
  EXPECT_THAT(Rows(*Open({{"i", Ints({300})}}), "i TINYINT"),
              FailsWith(Condition::FAILED_READ_FILE_PARQUET_COLUMN_DATA_TYPE_MISMATCH));
}

TEST_F(ParquetFileReaderTest, UnsignedNumbersAndTimesHaveSqlTypes) {
  const auto file =
      Open({{"u8", Column<arrow::UInt8Builder, std::uint8_t>(arrow::uint8(), {255})},
            {"u32", Column<arrow::UInt32Builder, std::uint32_t>(arrow::uint32(), {4294967295})},
            {"u64", Column<arrow::UInt64Builder, std::uint64_t>(arrow::uint64(),
                                                                {18446744073709551615ULL})},
            {"t", Column<arrow::Time64Builder, std::int64_t>(arrow::time64(arrow::TimeUnit::MICRO),
                                                             {3'723'000'450})},
            {"ns", Times(arrow::TimeUnit::NANO, {-1})}});
  EXPECT_EQ(types::ToDdl(Value(file->Schema())),
            "u8 SMALLINT, u32 BIGINT, u64 DECIMAL(20,0), t STRING, ns TIMESTAMP_NTZ");
  EXPECT_THAT(Value(Rows(*file, types::ToDdl(Value(file->Schema())))),
              ElementsAre(R"(255,4294967295,18446744073709551615,"01:02:03.00045",)"
                          R"("1969-12-31T23:59:59.999999")"));
}

TEST_F(ParquetFileReaderTest, Int96GoesBeyondTheYearsOfNanoseconds) {
  // 0001-01-01 and 9999-12-31 do not fit 64-bit nanoseconds.
  const auto file = Open(
      {{"t", Times(arrow::TimeUnit::MICRO, {-62'135'596'800'000'000, 253'402'300'799'999'999, 0})}},
      {.int96 = true});
  EXPECT_EQ(types::ToDdl(Value(file->Schema())), "t TIMESTAMP");
  EXPECT_THAT(Value(Rows(*file, "t TIMESTAMP")),
              ElementsAre(R"("0001-01-01T00:00:00.000Z")", R"("9999-12-31T23:59:59.999999Z")",
                          R"("1970-01-01T00:00:00.000Z")"));
}

TEST_F(ParquetFileReaderTest, SparkSaysInTheFooterWhichCalendarIsMeant) {
  // -170'057 is 1504-05-27 in the proleptic Gregorian calendar.
  const Columns columns{
      {"d", Column<arrow::Date32Builder, std::int32_t>(arrow::date32(), {-170'057})}};
  const std::string gregorian = R"("1504-05-27")";
  const std::string julian = R"("1504-05-17")";
  const ParquetReadOptions legacy{.datetime_rebase = CalendarRebase::kLegacy};
  EXPECT_THAT(Value(Rows(*Open(columns), "d DATE")), ElementsAre(gregorian));
  EXPECT_THAT(Value(Rows(*Open(columns), "d DATE", legacy)), ElementsAre(julian));
  EXPECT_THAT(Value(Rows(*Open(columns, {.metadata = {{"org.apache.spark.version", "3.5.0"}}}),
                         "d DATE", legacy)),
              ElementsAre(gregorian));
  EXPECT_THAT(
      Value(Rows(*Open(columns, {.metadata = {{"org.apache.spark.version", "2.4.8"}}}), "d DATE")),
      ElementsAre(julian));
  EXPECT_THAT(Value(Rows(*Open(columns, {.metadata = {{"org.apache.spark.version", "3.5.0"},
                                                      {"org.apache.spark.legacyDateTime", ""}}}),
                         "d DATE")),
              ElementsAre(julian));
  EXPECT_THAT(Rows(*Open(columns), "d DATE", {.datetime_rebase = CalendarRebase::kException}),
              FailsWith(Condition::FAILED_READ_FILE_NO_HINT));
}

TEST(CalendarRebase, KeepsYearMonthAndDay) {
  EXPECT_EQ(RebaseDays(-141'427), -141'427);  // 1582-10-15, the first Gregorian day.
  EXPECT_EQ(RebaseDays(-141'428), -141'438);  // Julian 1582-10-04.
  EXPECT_EQ(RebaseDays(-719'164), -719'162);  // Julian 0001-01-01.
  EXPECT_EQ(RebaseMicros(-719'164LL * 86'400'000'000 + 5), -719'162LL * 86'400'000'000 + 5);
}

TEST_F(ParquetFileReaderTest, MisfitsAndUnknownColumnsAreRescued) {
  const auto file = Open({{"a", Ints({1, std::nullopt})},
                          {"b", Strings({"x", std::nullopt})},
                          {"new", Longs({std::nullopt, 9})}});
  ParquetReadOptions options;
  options.rescue =
      Rescue{.known_columns = Value(types::ParseDdl("a STRING, b STRING")), .file_path = "file:/f"};
  EXPECT_THAT(Value(Rows(*file, "a STRING", options)),
              ElementsAre(R"(null,"{\"a\":1,\"_file_path\":\"file:/f\"}")",
                          R"(null,"{\"new\":9,\"_file_path\":\"file:/f\"}")"));
}

TEST_F(ParquetFileReaderTest, RowGroupsArePrunedByTheirBounds) {
  std::vector<std::optional<std::int64_t>> ids;
  for (std::int64_t i = 0; i < 40; ++i) ids.push_back(i);
  for (std::int64_t i = 0; i < 10; ++i) ids.push_back(std::nullopt);
  const auto file = Open({{"id", Longs(ids)}}, {.row_group_rows = 10});
  const types::StructType columns = Value(types::ParseDdl("id BIGINT"));
  const auto matching = [&](ColumnPredicate::Op op, std::optional<std::int64_t> value) {
    ColumnPredicate predicate{.column = 0, .op = op};
    if (value) predicate.values.push_back(std::make_shared<arrow::Int64Scalar>(*value));
    return file->MatchingRowGroups(columns, std::vector{predicate}, {});
  };
  using Op = ColumnPredicate::Op;
  EXPECT_THAT(matching(Op::kEqual, 15), ElementsAre(1));
  EXPECT_THAT(matching(Op::kLess, 10), ElementsAre(0));
  EXPECT_THAT(matching(Op::kLessOrEqual, 10), ElementsAre(0, 1));
  EXPECT_THAT(matching(Op::kGreater, 29), ElementsAre(3));
  EXPECT_THAT(matching(Op::kGreaterOrEqual, 29), ElementsAre(2, 3));
  EXPECT_THAT(matching(Op::kIsNull, std::nullopt), ElementsAre(4));
  EXPECT_THAT(matching(Op::kIsNotNull, std::nullopt), ElementsAre(0, 1, 2, 3));
}

TEST_F(ParquetFileReaderTest, BatchesTellTheirPlaceInTheFile) {
  std::vector<std::optional<std::int64_t>> ids;
  for (std::int64_t i = 0; i < 5000; ++i) ids.push_back(i);
  const auto file = Open({{"id", Longs(ids)}}, {.row_group_rows = 1500});
  const auto reader = Value(
      file->Read(Value(types::ParseDdl("id BIGINT")), std::vector{3, 1}, {.batch_rows = 400}));
  std::int64_t rows = 0;
  while (const types::BatchPtr batch = Value(reader->Next())) {
    const auto& column = static_cast<const arrow::Int64Array&>(*batch->column(0));
    EXPECT_EQ(column.Value(0), reader->batch_first_row());
    EXPECT_LE(batch->num_rows(), 400);
    rows += batch->num_rows();
  }
  EXPECT_EQ(rows, 2000);
}

TEST_F(ParquetFileReaderTest, BatchesAreBoundedByBytes) {
  std::vector<std::optional<std::string>> values(20'000, std::string(100'000, 'x'));
  values.resize(2000);
  const auto file = Open({{"s", Strings(values)}});
  const auto reader = Value(file->Read(Value(types::ParseDdl("s STRING")), All(*file),
                                       {.batch_bytes = 1 << 20, .memory_limit_bytes = 8 << 20}));
  std::int64_t rows = 0;
  std::int64_t batches = 0;
  while (const types::BatchPtr batch = Value(reader->Next())) {
    rows += batch->num_rows();
    ++batches;
    if (batches > 2) {
      EXPECT_LE(batch->num_rows(), 64);
    }
  }
  EXPECT_EQ(rows, 2000);
}

TEST_F(ParquetFileReaderTest, DamageIsAnError) {
  const std::string good =
      Bytes({{"id", Longs({1, 2, 3})}, {"s", Strings({"abc", "def", "ghi"})}}, {});
  EXPECT_THAT(OpenBytes(""), FailsWith(Condition::FAILED_READ_FILE_CANNOT_READ_FILE_FOOTER));
  EXPECT_THAT(OpenBytes("id,name\n1,a\n2,b\n"),
              FailsWith(Condition::FAILED_READ_FILE_CANNOT_READ_FILE_FOOTER));
  EXPECT_THAT(OpenBytes(good.substr(0, good.size() - 20)),
              FailsWith(Condition::FAILED_READ_FILE_CANNOT_READ_FILE_FOOTER));
  EXPECT_THAT(OpenBytes(good.substr(0, good.size() - 4) + "PARE"),
              FailsWith(Condition::INLET_UNSUPPORTED_FILE));
  EXPECT_THAT(OpenBytes("PAR1" + good.substr(good.size() - 300)), ::testing::Not(IsOk()));
}

TEST_F(ParquetFileReaderTest, AFlippedByteInAPageFailsItsChecksum) {
  std::vector<std::optional<std::int64_t>> ids;
  for (std::int64_t i = 0; i < 5000; ++i) ids.push_back(i * 7919);
  std::string bytes = Bytes({{"id", Longs(ids)}}, {.compressed = false});
  bytes[5000] ^= 0x10;
  EXPECT_THAT(Rows(*Value(OpenBytes(bytes)), "id BIGINT"),
              FailsWith(Condition::INLET_CORRUPT_FILE));
}

TEST_F(ParquetFileReaderTest, ChangedBytesNeverCrash) {
  const std::string good =
      Bytes({{"id", Longs({1, 2, 3})}, {"s", Strings({"abc", std::nullopt, "ghi"})}}, {});
  std::uint32_t state = 12345;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = good;
    for (int change = 0; change <= round % 3; ++change) {
      state = state * 1664525 + 1013904223;
      bytes[state % bytes.size()] = static_cast<char>(state >> 24);
    }
    const auto file = OpenBytes(bytes);
    if (!file) continue;
    const auto schema = (*file)->Schema();
    if (!schema || (*file)->num_rows() > 1'000'000) continue;
    const auto reader = (*file)->Read(*schema, All(**file), {});
    if (!reader) continue;
    for (;;) {
      const auto batch = (*reader)->Next();
      if (!batch || *batch == nullptr) break;
    }
  }
}

}  // namespace
}  // namespace inlet::formats
