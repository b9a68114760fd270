#include "formats/avro/avro_format.h"

#include <arrow/api.h>

#include "base/testing.h"
#include "formats/columns/column_json.h"
#include "storage/memory/memory_store.h"

namespace inlet::formats {
namespace {

using ::testing::ElementsAre;

constexpr char kSync[] = "0123456789abcdef";

std::string Long(std::int64_t value) {
  auto bits = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  std::string out;
  for (; bits >= 0x80; bits >>= 7) out += static_cast<char>(0x80U | (bits & 0x7FU));
  return out + static_cast<char>(bits);
}
std::string Bytes(std::string_view text) {
  return Long(static_cast<std::int64_t>(text.size())) + std::string(text);
}
std::string Header(std::string_view schema, std::string_view codec = "null") {
  return "Obj\x01" + Long(2) + Bytes("avro.schema") + Bytes(schema) + Bytes("avro.codec") +
         Bytes(codec) + Long(0) + kSync;
}
std::string Block(std::int64_t records, const std::string& payload) {
  return Long(records) + Bytes(payload) + kSync;
}
std::string Record(std::string_view fields) {
  return R"({"type":"record","name":"r","fields":[)" + std::string(fields) + "]}";
}

const std::string kIdName =
    Record(R"({"name":"id","type":"long"},{"name":"name","type":["null","string"]})");

class AvroFormatTest : public ::testing::Test {
 protected:
  storage::ObjectInfo Store(const std::string& bytes) {
    EXPECT_THAT(store_.Put("f.avro", bytes, storage::PutMode::kOverwrite), IsOk());
    return Value(store_.Head("f.avro"));
  }

  Result<std::string> Ddl(const std::string& bytes) {
    const std::vector files{Store(bytes)};
    return types::ToDdl(TRY(format_->InferSchema(store_, files, {}, {})));
  }

  Result<std::vector<std::string>> Rows(const FileSplit& split, const std::string& ddl,
                                        bool rescues = false) {
    ReadSchema schema{.columns = TRY(types::ParseDdl(ddl)), .rescue_file_path = false};
    if (rescues) {
      schema.rescued_column = schema.columns.size();
      schema.columns.fields.push_back({.name = "_rescued_data", .type = types::TypeId::kString});
    }
    const auto reader = TRY(format_->Open(store_, split, schema));
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

  Result<std::vector<std::string>> AllRows(const std::string& bytes, const std::string& ddl,
                                           bool rescues = false) {
    return Rows({.file = Store(bytes)}, ddl, rescues);
  }

  storage::MemoryStore store_{"test"};
  std::unique_ptr<ConfiguredFormat> format_ = Value(AvroFormat().Configure({}, true));
};

TEST_F(AvroFormatTest, RecordsBecomeRows) {
  const std::string file =
      Header(kIdName) + Block(1, Long(-7) + Long(1) + Bytes("ü")) + Block(1, Long(1) + Long(0));
  EXPECT_EQ(Value(Ddl(file)), "id BIGINT, name STRING");
  EXPECT_THAT(Value(AllRows(file, "id BIGINT, name STRING")), ElementsAre("-7,\"ü\"", "1,null"));
  EXPECT_THAT(Value(AllRows(file, "id INT", /*rescues=*/true)),
              ElementsAre(R"(null,"{\"id\":-7,\"name\":\"ü\"}")", R"(null,"{\"id\":1}")"));
}

TEST_F(AvroFormatTest, LogicalTypesBecomeSqlTypes) {
  const std::string file =
      Header(Record(
          R"({"name":"d","type":{"type":"int","logicalType":"date"}},)"
          R"({"name":"ms","type":{"type":"long","logicalType":"timestamp-millis"}},)"
          R"({"name":"us","type":{"type":"long","logicalType":"local-timestamp-micros"}},)"
          R"({"name":"x","type":{"type":"bytes","logicalType":"decimal","precision":5,"scale":2}},)"
          R"({"name":"u","type":{"type":"string","logicalType":"uuid"}},)"
          R"({"name":"e","type":{"type":"enum","name":"e","symbols":["A","B"]}},)"
          R"({"name":"f","type":{"type":"fixed","name":"f","size":2}})")) +
      Block(1, Long(1) + Long(-1) + Long(-1) + Bytes("\xFF\x85") + Bytes("q") + Long(1) + "ab");
  EXPECT_EQ(Value(Ddl(file)),
            "d DATE, ms TIMESTAMP, us TIMESTAMP_NTZ, x DECIMAL(5,2), u STRING, e STRING, f BINARY");
  EXPECT_THAT(Value(AllRows(file, Value(Ddl(file)))),
              ElementsAre(R"("1970-01-02","1969-12-31T23:59:59.999Z",)"
                          R"("1969-12-31T23:59:59.999999",-1.23,"q","B","YWI=")"));
}

TEST_F(AvroFormatTest, UnionsArraysAndMapsNest) {
  const std::string file =
      Header(Record(R"({"name":"n","type":["int","long"]},)"
                    R"({"name":"m","type":["null","int","string"]},)"
                    R"({"name":"a","type":{"type":"array","items":["null","double"]}},)"
                    R"({"name":"o","type":{"type":"map","values":"boolean"}})")) +
      Block(1, Long(0) + Long(5) + Long(2) + Bytes("s") + Long(-2) + Long(10) + Long(0) + Long(1) +
                   std::string("\0\0\0\0\0\0\xF0?", 8) + Long(0) + Long(1) + Bytes("k") + "\x01" +
                   Long(0));
  EXPECT_EQ(Value(Ddl(file)),
            "n BIGINT, m STRUCT<member0: INT, member1: STRING>, a ARRAY<DOUBLE>, "
            "o MAP<STRING, BOOLEAN>");
  EXPECT_THAT(Value(AllRows(file, Value(Ddl(file)))),
              ElementsAre(R"(5,{"member1":"s"},[null,1.0],{"k":true})"));
}

TEST_F(AvroFormatTest, SplitsGiveEachRecordOnce) {
  std::string file = Header(Record(R"({"name":"id","type":"long"})"));
  for (std::int64_t i = 0; i < 500; ++i) file += Block(2, Long(2 * i) + Long(2 * i + 1));
  const storage::ObjectInfo info = Store(file);
  for (const std::int64_t target : {1, 17, 100, 3000, 1'000'000}) {
    std::int64_t next = 0;
    for (const FileSplit& split : Value(format_->Split(store_, info, target))) {
      for (const std::string& row : Value(Rows(split, "id BIGINT"))) {
        ASSERT_EQ(row, std::to_string(next++)) << "target " << target;
      }
    }
    EXPECT_EQ(next, 1000) << "target " << target;
  }
}

TEST_F(AvroFormatTest, DamagedBlocksAreErrors) {
  const std::string good = Block(1, Long(1) + Long(0));
  for (const std::string& bad :
       {Long(1) + Bytes(Long(1) + Long(0)) + "fedcba9876543210", Block(std::int64_t{1} << 40, "x"),
        Block(1, Long(1) + Long(0) + "x"), Block(2, Long(1) + Long(0)), Block(1, Long(1) + Long(2)),
        Block(1, Long(1) + Long(1) + Bytes("\xFF")), Block(-1, ""), Long(1) + Long(1 << 30),
        good.substr(0, good.size() - 1)}) {
    EXPECT_THAT(AllRows(Header(kIdName) + good + bad, "id BIGINT, name STRING"),
                FailsWith(Condition::INLET_CORRUPT_FILE));
  }
}

TEST_F(AvroFormatTest, SchemasThatCannotBeAreErrors) {
  EXPECT_THAT(Ddl(Header(Record(R"({"name":"next","type":["null","r"]})"))),
              FailsWith(Condition::RECURSIVE_AVRO_SCHEMA));
  EXPECT_THAT(Ddl(Header("{")), FailsWith(Condition::INLET_CORRUPT_FILE));
  EXPECT_THAT(Ddl(Header(R"("string")")), FailsWith(Condition::INLET_UNSUPPORTED_FILE));
  EXPECT_THAT(Ddl(Header(kIdName, "lzw")), FailsWith(Condition::INLET_UNSUPPORTED_FILE));
  EXPECT_THAT(Ddl("id,name\n1,a\n"),
              FailsWith(Condition::FAILED_READ_FILE_CANNOT_READ_FILE_FOOTER));
  EXPECT_THAT(Ddl(Header(std::string(100'000, '['))), FailsWith(Condition::INLET_RESOURCE_LIMIT));
  std::string doubling = R"({"name":"a0","type":"int"})";
  std::string type = R"("int")";
  for (int i = 0; i < 40; ++i) {
    const std::string name = "t" + std::to_string(i);
    const std::string inner = i == 0 ? type : "\"t" + std::to_string(i - 1) + "\"";
    doubling += R"(,{"name":"b)" + std::to_string(i) + R"(","type":{"type":"record","name":")" +
                name + R"(","fields":[{"name":"x","type":)" + inner + R"(},{"name":"y","type":)" +
                inner + "}]}}";
  }
  EXPECT_THAT(Ddl(Header(Record(doubling))), FailsWith(Condition::INLET_CORRUPT_FILE));
}

TEST_F(AvroFormatTest, AFileWithoutBlocksIsEmpty) {
  EXPECT_THAT(Value(AllRows(Header(kIdName), "id BIGINT")), ElementsAre());
}

}  // namespace
}  // namespace inlet::formats
