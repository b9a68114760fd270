#include "formats/orc/orc_format.h"

#include <arrow/adapters/orc/adapter.h>
#include <arrow/api.h>
#include <arrow/io/memory.h>

#include "base/testing.h"
#include "formats/columns/column_json.h"
#include "storage/memory/memory_store.h"
#include "types/arrow.h"

namespace inlet::formats {
namespace {

using ::testing::ElementsAre;

class OrcFormatTest : public ::testing::Test {
 protected:
  /// A file with `rows` rows of id BIGINT and name STRING.
  std::string Bytes(std::int64_t rows) {
    arrow::Int64Builder ids;
    arrow::StringBuilder names;
    for (std::int64_t i = 0; i < rows; ++i) {
      EXPECT_TRUE(ids.Append(i).ok());
      EXPECT_TRUE(names.Append("name " + std::to_string(i)).ok());
    }
    const auto table = arrow::Table::Make(
        arrow::schema({arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8())}),
        {ids.Finish().ValueOrDie(), names.Finish().ValueOrDie()});
    const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
    arrow::adapters::orc::WriteOptions options;
    options.stripe_size = 64 << 10;
    options.batch_size = 1000;
    auto writer = arrow::adapters::orc::ORCFileWriter::Open(sink.get(), options).ValueOrDie();
    EXPECT_TRUE(writer->Write(*table).ok());
    EXPECT_TRUE(writer->Close().ok());
    return sink->Finish().ValueOrDie()->ToString();
  }

  storage::ObjectInfo Store(const std::string& bytes) {
    EXPECT_THAT(store_.Put("f.orc", bytes, storage::PutMode::kOverwrite), IsOk());
    return Value(store_.Head("f.orc"));
  }

  Result<std::vector<std::string>> Rows(const FileSplit& split, const ReadSchema& schema) {
    const auto reader = TRY(format_->Open(store_, split, schema));
    std::vector<std::string> rows;
    while (const types::BatchPtr batch = TRY(reader->Next())) {
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
  std::unique_ptr<ConfiguredFormat> format_ = Value(OrcFormat().Configure({}, true));
};

TEST_F(OrcFormatTest, ColumnsAreMatchedByNameAndMisfitsRescued) {
  const storage::ObjectInfo file = Store(Bytes(1));
  EXPECT_EQ(types::ToDdl(Value(format_->InferSchema(store_, std::vector{file}, {}, {}))),
            "id BIGINT, name STRING");
  ReadSchema schema{.columns = Value(types::ParseDdl("other INT, id BIGINT, _rescued_data STRING")),
                    .rescued_column = 2,
                    .rescue_file_path = false};
  EXPECT_THAT(Value(Rows({.file = file}, schema)),
              ElementsAre(R"(null,0,"{\"name\":\"name 0\"}")"));
}

TEST_F(OrcFormatTest, SplitsGiveEachRowOnce) {
  const storage::ObjectInfo file = Store(Bytes(100'000));
  const ReadSchema schema{.columns = Value(types::ParseDdl("id BIGINT"))};
  const auto splits = Value(format_->Split(store_, file, 1000));
  EXPECT_GT(splits.size(), 1U);
  std::int64_t next = 0;
  for (const FileSplit& split : splits) {
    for (const std::string& row : Value(Rows(split, schema))) {
      ASSERT_EQ(row, std::to_string(next++));
    }
  }
  EXPECT_EQ(next, 100'000);
}

TEST_F(OrcFormatTest, ATruncatedFileIsAnError) {
  const std::string bytes = Bytes(1000);
  const storage::ObjectInfo file = Store(bytes.substr(0, bytes.size() - 30));
  EXPECT_THAT(format_->InferSchema(store_, std::vector{file}, {}, {}),
              FailsWith(Condition::FAILED_READ_FILE_CANNOT_READ_FILE_FOOTER));
}

}  // namespace
}  // namespace inlet::formats
