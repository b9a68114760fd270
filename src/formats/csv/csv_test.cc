#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include "base/testing.h"
#include "formats/csv/csv_format.h"
#include "storage/memory/memory_store.h"
#include "types/text_cast.h"
#include "types/variant.h"

namespace inlet::formats {
namespace {

using testing::ElementsAre;

/// One file of CSV and how it is read; rows come back as text, cells divided by `|`.
struct Csv {
  std::string text;
  OptionMap options = {};
  std::string schema = {};
  std::string rescued = {};
  std::int64_t target_bytes = 1 << 20;
  std::int64_t batch_rows = 16384;

  Result<std::vector<std::string>> Read() const {
    storage::MemoryStore store("test");
    TRY(store.Put("dir/f.csv", text, storage::PutMode::kOverwrite));
    storage::ObjectInfo file = TRY(store.Head("dir/f.csv"));
    auto format = TRY(CsvFormat().Configure(options, schema.empty()));
    ReadSchema read{.batch_rows = batch_rows};
    if (schema.empty()) {
      read.columns = TRY(format->InferSchema(store, std::span(&file, 1), {}, {}));
    } else {
      read.columns = TRY(types::ParseDdl(schema));
    }
    read.data_schema = read.columns;
    if (!rescued.empty()) {
      read.rescued_column = read.columns.size();
      read.columns.fields.push_back({.name = rescued, .type = types::TypeId::kString});
    }
    read.corrupt_record_column = read.columns.IndexOf("_corrupt_record");
    std::vector<std::string> rows;
    for (const FileSplit& split : TRY(format->Split(store, file, target_bytes))) {
      auto reader = TRY(format->Open(store, split, read));
      while (types::BatchPtr batch = TRY(reader->Next())) {
        EXPECT_TRUE(batch->ValidateFull().ok());
        EXPECT_LE(batch->num_rows(), batch_rows);
        for (std::int64_t i = 0; i < batch->num_rows(); ++i) rows.push_back(Row(*batch, i, read));
      }
    }
    return rows;
  }

 private:
  static std::string Row(const arrow::RecordBatch& batch, std::int64_t row,
                         const ReadSchema& read) {
    std::string out;
    for (int c = 0; c < batch.num_columns(); ++c) {
      if (c > 0) out += '|';
      const types::DataType& type = read.columns.fields[static_cast<std::size_t>(c)].type;
      const arrow::Array& column = *batch.column(c);
      if (type.is(types::TypeId::kVariant)) {
        const auto& parts = static_cast<const arrow::StructArray&>(column);
        auto part = [&](int i) {
          return static_cast<const arrow::BinaryArray&>(*parts.field(i)).GetView(row);
        };
        EXPECT_THAT(types::AppendJson({part(0), part(1)}, types::TimeZone::Utc(), out), IsOk());
        continue;
      }
      EXPECT_THAT(types::AppendCell(column, row, type, types::TimeZone::Utc(), out), IsOk());
    }
    return out;
  }
};

TEST(Csv, InfersNamesAndTypes) {
  EXPECT_THAT(Value(Csv{"id,name,amount\n1,a,1.5\n2,,2\n"}.Read()),
              ElementsAre("1|a|1.5", "2|null|2.0"));
}

TEST(Csv, EverySplitGivesEachRecordOnce) {
  std::string text = "id,name\r\n";
  std::vector<std::string> expected;
  for (int i = 0; i < 300; ++i) {
    text +=
        std::to_string(i) + ",\"n" + std::string(static_cast<std::size_t>(i % 7), 'x') + "\"\r\n";
    expected.push_back(std::to_string(i) + "|n" +
                       std::string(static_cast<std::size_t>(i % 7), 'x'));
  }
  for (std::int64_t target : {1, 2, 3, 7, 64, 100, 1000}) {
    EXPECT_EQ(Value(Csv{.text = text, .target_bytes = target, .batch_rows = 17}.Read()), expected)
        << target;
  }
}

TEST(Csv, RescuesWhatDoesNotFit) {
  EXPECT_THAT(Value(Csv{.text = "id,name,x\n1,a,\nb,\"q\"\"\",9\n3,c,,extra\n",
                        .options = {{"header", "true"}, {"escape", "\""}},
                        .schema = "id INT, name STRING",
                        .rescued = "_rescued_data"}
                        .Read()),
              ElementsAre("1|a|null",
                          R"(null|q"|{"id":"b","x":"9","_file_path":"memory://test/dir/f.csv"})",
                          R"(3|c|{"_c3":"extra","_file_path":"memory://test/dir/f.csv"})"));
}

TEST(Csv, DropsOnlyBadRecords) {
  Csv csv{.text = "1,a\nx,b\n3\n4,d\n",
          .options = {{"mode", "DROPMALFORMED"}},
          .schema = "a INT, b STRING"};
  EXPECT_THAT(Value(csv.Read()), ElementsAre("1|a", "4|d"));
  csv.options["mode"] = "FAILFAST";
  EXPECT_THAT(csv.Read(), FailsWith(Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION));
}

TEST(Csv, LongFieldsAndManyColumnsNeedNoMoreThanTheirSize) {
  std::string field(3 << 20, 'x');
  EXPECT_THAT(Value(Csv{"id,name\n1," + field + "\n2,\"" + field + "\"\n"}.Read()),
              ElementsAre("1|" + field, "2|" + field));
  std::string line;
  for (int i = 0; i < 20481; ++i) line += i == 0 ? "c0" : ",c";
  EXPECT_THAT(Csv{line + "\n" + line + "\n"}.Read(), FailsWith(Condition::MALFORMED_CSV_RECORD));
}

TEST(Csv, MultiLineRecordsCrossTheWindow) {
  std::string text = "a,b\n";
  for (int i = 0; i < 30000; ++i)
    text += std::to_string(i) + ",\"two\nlines " + std::to_string(i) + "\"\n";
  std::vector<std::string> rows =
      Value(Csv{.text = text, .options = {{"multiLine", "true"}}}.Read());
  ASSERT_EQ(rows.size(), 30000U);
  EXPECT_EQ(rows[29999], "29999|two\nlines 29999");
}

TEST(Csv, OneVariantHoldsTheRecord) {
  Csv csv{.text = "a,b,a\n1,,x\n1.50,true,2024-01-02,more\n",
          .options = {{"singleVariantColumn", "v"}, {"header", "true"}},
          .schema = "v VARIANT"};
  EXPECT_THAT(Value(csv.Read()),
              ElementsAre(R"({"a0":1,"a2":"x","b":null})",
                          R"({"_c3":"more","a0":1.5,"a2":"2024-01-02","b":true})"));
  csv.schema = "v VARIANT, a INT";
  EXPECT_THAT(csv.Read(), FailsWith(Condition::INVALID_SINGLE_VARIANT_COLUMN));
}

TEST(Csv, BadOptionsAreNamed) {
  for (auto [name, value] :
       {std::pair{"sep", ""}, {"quote", "ab"}, {"maxColumns", "0"}, {"lineSep", ""}}) {
    EXPECT_THAT((Csv{.text = "a\n", .options = {{name, value}}}.Read()),
                FailsWith(Condition::INVALID_PARAMETER_VALUE))
        << name;
  }
  EXPECT_THAT((Csv{.text = "a\n", .options = {{"encoding", "x"}}}.Read()),
              FailsWith(Condition::INVALID_PARAMETER_VALUE_CHARSET));
}

}  // namespace
}  // namespace inlet::formats
