#include "formats/binary_file/binary_file_format.h"

#include <arrow/api.h>

#include "base/testing.h"
#include "formats/columns/column_json.h"
#include "storage/memory/memory_store.h"

namespace inlet::formats {
namespace {

class BinaryFileFormatTest : public ::testing::Test {
 protected:
  Result<std::string> Row(const std::string& path, const std::string& ddl) {
    const auto format = TRY(BinaryFileFormat().Configure({}, false));
    const FileSplit split{.file = TRY(store_.Head(path))};
    const auto reader = TRY(format->Open(store_, split, {.columns = TRY(types::ParseDdl(ddl))}));
    const types::BatchPtr batch = TRY(reader->Next());
    std::string text;
    for (int i = 0; i < batch->num_columns(); ++i) {
      text += i > 0 ? "," : "";
      AppendJsonValue(*batch->column(i), 0, text);
    }
    EXPECT_EQ(Value(reader->Next()), nullptr);
    return text;
  }

  storage::MemoryStore store_{"test", [] { return std::int64_t{1'700'000'000'123}; }};
};

TEST_F(BinaryFileFormatTest, OneRowHoldsTheWholeFile) {
  ASSERT_THAT(store_.Put("d/a.bin", std::string("\x00\xFF", 2), storage::PutMode::kOverwrite),
              IsOk());
  EXPECT_EQ(Value(Row("d/a.bin",
                      "path STRING, modificationTime TIMESTAMP, length BIGINT, "
                      "content BINARY")),
            R"("memory://test/d/a.bin","2023-11-14T22:13:20.123Z",2,"AP8=")");
  EXPECT_EQ(Value(Row("d/a.bin", "length BIGINT")), "2");
}

TEST_F(BinaryFileFormatTest, AnEmptyFileIsARowToo) {
  ASSERT_THAT(store_.Put("e", "", storage::PutMode::kOverwrite), IsOk());
  EXPECT_EQ(Value(Row("e", "length BIGINT, content BINARY")), R"(0,"")");
}

TEST_F(BinaryFileFormatTest, AnotherSchemaIsRefused) {
  ASSERT_THAT(store_.Put("e", "", storage::PutMode::kOverwrite), IsOk());
  EXPECT_THAT(Row("e", "content STRING"), FailsWith(Condition::INVALID_SCHEMA));
}

}  // namespace
}  // namespace inlet::formats
