#include "formats/json/json_format.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <random>

#include "base/testing.h"
#include "formats/columns/column_json.h"
#include "storage/memory/memory_store.h"
#include "types/json_text.h"

namespace inlet::formats {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Rows as JSON objects without their NULLs.
std::vector<std::string> RowsOf(const types::BatchPtr& batch) {
  std::vector<std::string> rows;
  const auto array = batch->ToStructArray().ValueOrDie();
  for (std::int64_t i = 0; i < array->length(); ++i) {
    std::string text;
    AppendJsonValue(*array, i, text);
    rows.push_back(std::move(text));
  }
  return rows;
}

class JsonFormatTest : public ::testing::Test {
 protected:
  storage::ObjectInfo Put(std::string_view text, std::string path = "d/f.json") {
    return Value(store_.Store(std::move(path), std::string(text), storage::PutMode::kOverwrite));
  }
  static std::unique_ptr<ConfiguredFormat> Configure(const OptionMap& options) {
    return Value(JsonFormat().Configure(options, false));
  }
  /// `columns` as DDL; a column _rescued or _corrupt_record plays that part.
  static ReadSchema SchemaOf(std::string_view columns) {
    ReadSchema schema;
    schema.columns = Value(types::ParseDdl(columns));
    schema.rescued_column = schema.columns.IndexOf("_rescued");
    schema.corrupt_record_column = schema.columns.IndexOf("_corrupt_record");
    schema.split_index_column = schema.columns.IndexOf("_split");
    schema.data_schema = schema.columns;
    return schema;
  }
  Result<std::vector<std::string>> Drain(types::BatchReader& reader) {
    std::vector<std::string> rows;
    while (types::BatchPtr batch = TRY(reader.Next())) {
      EXPECT_TRUE(batch->ValidateFull().ok()) << batch->ValidateFull().ToString();
      for (std::string& row : RowsOf(batch)) rows.push_back(std::move(row));
    }
    return rows;
  }
  Result<std::vector<std::string>> TryRead(std::string_view text, std::string_view columns,
                                           const OptionMap& options = {}) {
    const storage::ObjectInfo file = Put(text);
    const auto format = Configure(options);
    const auto reader = TRY(format->Open(store_, {.file = file}, SchemaOf(columns)));
    return Drain(*reader);
  }
  std::vector<std::string> Read(std::string_view text, std::string_view columns,
                                const OptionMap& options = {}) {
    return Value(TryRead(text, columns, options));
  }
  std::string Infer(std::string_view text, const OptionMap& options = {},
                    ConfiguredFormat::InferOptions infer = {}) {
    const storage::ObjectInfo file = Put(text);
    return ToDdl(Value(Configure(options)->InferSchema(store_, {&file, 1}, infer, {})));
  }

  storage::MemoryStore store_{"json"};
};

TEST_F(JsonFormatTest, ReadsFieldsInAnyOrderAndLeavesOutOthers) {
  EXPECT_THAT(
      Read("{\"a\":1,\"b\":\"x\"}\n{\"b\":\"y\",\"z\":[1,{\"q\":2}],\"a\":2}\r\n\n{\"a\":3}",
           "a INT, b STRING"),
      ElementsAre(R"({"a":1,"b":"x"})", R"({"a":2,"b":"y"})", R"({"a":3})"));
}

TEST_F(JsonFormatTest, ReadsNestedValues) {
  EXPECT_THAT(
      Read(R"({"s":{"x":1,"y":[true,null]},"m":{"k":1.5,"l":2},"a":[[1],[]]})"
           "\n{}\n",
           "s STRUCT<x: BIGINT, y: ARRAY<BOOLEAN>>, m MAP<STRING, DOUBLE>, a ARRAY<ARRAY<INT>>"),
      ElementsAre(R"({"s":{"x":1,"y":[true,null]},"m":{"k":1.5,"l":2.0},"a":[[1],[]]})", "{}"));
}

TEST_F(JsonFormatTest, UnescapesStrings) {
  EXPECT_THAT(
      Read(R"({"v":"a\n\"\u00e9\ud83d\ude00\ud800 and more text than a block"})", "v STRING"),
      ElementsAre("{\"v\":\"a\\n\\\"é😀? and more text than a block\"}"));
}

TEST_F(JsonFormatTest, KeepsOtherFieldsOfARecordWithAMisfit) {
  const std::string line = R"({"a":"x","b":2,"s":{"c":"y","d":1},"l":[1,"z"]})";
  EXPECT_THAT(
      Read(line, "a INT, b INT, s STRUCT<c: INT, d: INT>, l ARRAY<INT>, _corrupt_record STRING"),
      ElementsAre(R"({"b":2,"s":{"d":1},"_corrupt_record":)" + types::JsonQuote(line) + "}"));
}

TEST_F(JsonFormatTest, RescuesMisfitsAndUnknownFieldsWithTheirPlace) {
  EXPECT_THAT(
      Read(
          R"({"a":"x","b":2,"s":{"c":"y","d":1},"l":[{"c":1},{"c":1.5,"q":[ 1 ]}],"Z":{"k":null}})",
          "a INT, b INT, s STRUCT<c: INT, d: INT>, l ARRAY<STRUCT<c: INT>>, _rescued STRING"),
      ElementsAre(
          R"({"b":2,"s":{"d":1},"l":[{"c":1},{}],"_rescued":"{\"a\":\"x\",\"s\":{\"c\":\"y\"},)"
          R"(\"l\":[null,{\"c\":1.5,\"q\":[ 1 ]}],\"Z\":{\"k\":null},)"
          R"(\"_file_path\":\"memory://json/d/f.json\"}"})"));
}

TEST_F(JsonFormatTest, RescuesNoEmptyObject) {
  EXPECT_THAT(Read(R"({"a":1,"o":{},"p":[ { } ],"q":[]})", "a INT, _rescued STRING"),
              ElementsAre(R"({"a":1,"_rescued":"{\"q\":[],)"
                          R"(\"_file_path\":\"memory://json/d/f.json\"}"})"));
}

TEST_F(JsonFormatTest, RescuesTheSameWhicheverColumnsAreAskedFor) {
  const storage::ObjectInfo file = Put(R"({"a":"x","b":2})");
  ReadSchema schema = SchemaOf("_rescued STRING");
  schema.data_schema = Value(types::ParseDdl("a INT, b INT"));
  schema.rescue_file_path = false;
  const auto reader = Value(Configure({})->Open(store_, {.file = file}, schema));
  EXPECT_THAT(Value(Drain(*reader)), ElementsAre(R"({"_rescued":"{\"a\":\"x\"}"})"));
}

TEST_F(JsonFormatTest, KeepsABrokenRecordAsItStands) {
  EXPECT_THAT(Read("{\"a\":1}\n{\"a\":2,\"b\n{\"a\":3}\n", "a INT, _corrupt_record STRING"),
              ElementsAre(R"({"a":1})", R"({"_corrupt_record":"{\"a\":2,\"b"})", R"({"a":3})"));
  EXPECT_THAT(
      Read("{\"a\":1}\n{\"a\":\n2}\n", "a INT, _corrupt_record STRING"),
      ElementsAre(R"({"a":1})", R"({"_corrupt_record":"{\"a\":"})", R"({"_corrupt_record":"2}"})"));
  EXPECT_THAT(Read("{\"a\":1}\n{bad\n", "a INT, _rescued STRING"),
              ElementsAre(R"({"a":1})", R"({"_rescued":"{\"_corrupt_record\":\"{bad\",)"
                                        R"(\"_file_path\":\"memory://json/d/f.json\"}"})"));
}

TEST_F(JsonFormatTest, ReplacesBytesThatAreNotUtf8InTheKeptRecord) {
  EXPECT_THAT(
      Read("{\"a\":\"\xFF\"}\n{\"a\":\"b\"}\n", "a STRING, _corrupt_record STRING"),
      ElementsAre("{\"_corrupt_record\":\"{\\\"a\\\":\\\"\xEF\xBF\xBD\\\"}\"}", R"({"a":"b"})"));
}

TEST_F(JsonFormatTest, RescuesWhatFollowsTheFirstValueOfALine) {
  EXPECT_THAT(Read(R"({"a":1}{"a":2})", "a INT, _corrupt_record STRING"),
              ElementsAre(R"({"a":1})"));
  EXPECT_THAT(
      Read(R"({"a":1}{"a":2})", "a INT, _rescued STRING"),
      ElementsAre(R"({"a":1,"_rescued":"{\"_corrupt_record\":\"{\\\"a\\\":1}{\\\"a\\\":2}\",)"
                  R"(\"_file_path\":\"memory://json/d/f.json\"}"})"));
}

TEST_F(JsonFormatTest, MakesARowOfEachElementOfAnArray) {
  EXPECT_THAT(Read("[{\"a\":1},{\"a\":2}]\n[]\n[{\"a\":3},4]\n", "a INT, _corrupt_record STRING"),
              ElementsAre(R"({"a":1})", R"({"a":2})", R"({"_corrupt_record":"[{\"a\":3},4]"})"));
}

TEST_F(JsonFormatTest, KeepsOnlyTheMisfitsOwnTextOfALargeArray) {
  std::string text = "[";
  for (int i = 0; i < 3000; ++i) text += R"({"a":1,"unknown":"text that takes room"},)";
  const std::vector<std::string> rows =
      Read(text + R"({"a":"x"}])", "a INT, _corrupt_record STRING");
  ASSERT_EQ(rows.size(), 3001);
  EXPECT_EQ(rows[0], R"({"a":1})");
  EXPECT_EQ(rows[3000], R"({"_corrupt_record":"{\"a\":\"x\"}"})");
}

TEST_F(JsonFormatTest, HandsOutALongArrayInBatchesOfTheWantedSize) {
  std::string text = "[";
  for (int i = 0; i < 1000; ++i)
    text += (i == 0 ? "{\"a\":" : ",{\"a\":") + std::to_string(i) + "}";
  const storage::ObjectInfo file = Put(text + "]");
  ReadSchema schema = SchemaOf("a INT");
  schema.batch_rows = 300;
  const auto reader = Value(Configure({})->Open(store_, {.file = file}, schema));
  std::vector<std::int64_t> sizes;
  while (types::BatchPtr batch = Value(reader->Next())) sizes.push_back(batch->num_rows());
  EXPECT_THAT(sizes, ElementsAre(300, 300, 300, 100));
}

TEST_F(JsonFormatTest, TakesRelaxedGrammarAsItsOptionsSay) {
  EXPECT_THAT(Read(R"({'a':007, b:'it\'s', /* c */ "c":NaN})", "a INT, b STRING, c DOUBLE",
                   {{"allowNumericLeadingZeros", "true"},
                    {"allowUnquotedFieldNames", "true"},
                    {"allowComments", "true"}}),
              ElementsAre(R"({"a":7,"b":"it's","c":"NaN"})"));
  EXPECT_THAT(Read(R"({"a":007})", "a INT, _corrupt_record STRING"),
              ElementsAre(R"({"_corrupt_record":"{\"a\":007}"})"));
}

TEST_F(JsonFormatTest, KeepsNumbersExact) {
  EXPECT_THAT(
      Read(R"({"d":12345678901234567890.123456789012345678,"l":9223372036854775807,"f":0.1})",
           "d DECIMAL(38, 18), l BIGINT, f DOUBLE"),
      ElementsAre(R"({"d":12345678901234567890.123456789012345678,)"
                  R"("l":9223372036854775807,"f":0.1})"));
  EXPECT_THAT(Read("{\"l\":9223372036854775808}\n{\"l\":-9223372036854775808}\n", "l BIGINT"),
              ElementsAre("{}", R"({"l":-9223372036854775808})"));
}

TEST_F(JsonFormatTest, DropsOrFailsAsTheModeSays) {
  const std::string text = "{\"a\":1}\n{\"a\":\"x\"}\n{bad\n";
  EXPECT_THAT(Read(text, "a INT", {{"mode", "DROPMALFORMED"}}), ElementsAre(R"({"a":1})"));
  EXPECT_THAT(TryRead(text, "a INT", {{"mode", "failfast"}}),
              FailsWith(Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION));
}

TEST_F(JsonFormatTest, HandsMalformedRecordsToTheSink) {
  const storage::ObjectInfo file = Put("{\"a\":1}\n{\"a\":\"x\"}\n{bad\n");
  ReadSchema schema = SchemaOf("a INT");
  std::vector<std::string> bad;
  schema.bad_record_sink = [&](BadRecord record) { bad.push_back(record.record); };
  const auto reader = Value(Configure({})->Open(store_, {.file = file}, schema));
  EXPECT_THAT(Value(Drain(*reader)), ElementsAre(R"({"a":1})"));
  EXPECT_THAT(bad, ElementsAre(R"({"a":"x"})", "{bad"));
}

TEST_F(JsonFormatTest, LetsTheLastOfTheSameKeyCount) {
  EXPECT_THAT(Read(R"({"a":1,"a":2,"m":{"k":1,"l":2,"k":3}})", "a INT, b INT, m MAP<STRING, INT>"),
              ElementsAre(R"({"a":2,"m":{"l":2,"k":3}})"));
}

TEST_F(JsonFormatTest, MatchesNamesByCaseUnlessToldOtherwise) {
  EXPECT_THAT(Read(R"({"A":5})", "a INT"), ElementsAre("{}"));
  EXPECT_THAT(Read(R"({"A":5})", "a INT", {{"readerCaseSensitive", "false"}}),
              ElementsAre(R"({"a":5})"));
}

TEST_F(JsonFormatTest, ReadsEachRecordOfASplitFileOnce) {
  for (const char* line_end : {"\n", "\r\n", "\r"}) {
    std::string text;
    std::vector<std::string> expected;
    for (int i = 0; i < 40; ++i) {
      const std::string row = "{\"a\":" + std::to_string(i) + "}";
      text += row + std::string(static_cast<std::size_t>(i % 7), ' ') + line_end;
      expected.push_back(row);
    }
    const storage::ObjectInfo file = Put(text);
    for (std::int64_t length = 1; length < 60; ++length) {
      std::vector<std::string> rows;
      for (std::int64_t begin = 0; begin < file.size_bytes; begin += length) {
        const auto reader = Value(Configure({})->Open(
            store_, {.file = file, .position = begin, .length = length}, SchemaOf("a INT")));
        for (std::string& row : Value(Drain(*reader))) rows.push_back(std::move(row));
      }
      ASSERT_EQ(rows, expected) << "splits of " << length << " bytes";
    }
  }
}

TEST_F(JsonFormatTest, ReadsRecordsLongerThanItsBuffer) {
  std::string text;
  std::vector<std::string> expected;
  for (const std::size_t size : {10, 300'000, 20, 3'000'000, 5}) {
    const std::string row = "{\"a\":\"" + std::string(size, 'x') + "\"}";
    expected.push_back(row);
    text += row + "\n";
  }
  EXPECT_EQ(Read(text, "a STRING"), expected);
}

TEST_F(JsonFormatTest, ReadsManyFilesIntoSharedBatches) {
  std::vector<FileSplit> splits;
  for (int i = 0; i < 5; ++i) {
    splits.push_back({.file = Put("{\"a\":" + std::to_string(i) + "}", "f" + std::to_string(i))});
  }
  const auto reader = Value(Configure({})->OpenAll(store_, splits, SchemaOf("_split INT, a INT")));
  const types::BatchPtr batch = Value(reader->Next());
  EXPECT_EQ(batch->num_rows(), 5);
  EXPECT_EQ(RowsOf(batch)[3], R"({"_split":3,"a":3})");
}

TEST_F(JsonFormatTest, ReadsOneDocumentAFileWithMultiLine) {
  EXPECT_THAT(Read("{\n \"a\" :\n 1 }\n", "a INT", {{"multiLine", "true"}}),
              ElementsAre(R"({"a":1})"));
  EXPECT_THAT(Read("\xEF\xBB\xBF[\n{\"a\":1},\n{\"a\":2}\n]", "a INT", {{"multiLine", "true"}}),
              ElementsAre(R"({"a":1})", R"({"a":2})"));
  EXPECT_THAT(Read("", "a INT", {{"multiLine", "true"}}), IsEmpty());
}

TEST_F(JsonFormatTest, SurvivesDeepNesting) {
  const auto nested = [](int depth) {
    const auto size = static_cast<std::size_t>(depth);
    return "{\"a\":1,\"z\":" + std::string(size, '[') + std::string(size, ']') + "}";
  };
  EXPECT_THAT(Read(nested(900) + "\n", "a INT"), ElementsAre(R"({"a":1})"));
  EXPECT_THAT(Read(nested(100'000) + "\n{\"a\":2}\n", "a INT"), ElementsAre("{}", R"({"a":2})"));
  EXPECT_EQ(Infer(nested(100'000) + "\n{\"a\":2}\n"), "a BIGINT");
  EXPECT_THAT(Infer(nested(900)), ::testing::StartsWith("a BIGINT, z ARRAY<ARRAY<"));
}

TEST_F(JsonFormatTest, ReadsTimesByTheGrammarOfCastOrByPattern) {
  EXPECT_THAT(Read(R"({"d":"2024-1-5","t":"2024-01-05T10:00:00Z","n":"2024-01-05 10:00:00"})",
                   "d DATE, t TIMESTAMP, n TIMESTAMP_NTZ"),
              ElementsAre(R"({"d":"2024-01-05","t":"2024-01-05T10:00:00.000Z",)"
                          R"("n":"2024-01-05T10:00:00.000"})"));
  EXPECT_THAT(Read(R"({"d":"05/01/2024","t":1704164645})", "d DATE, t TIMESTAMP",
                   {{"dateFormat", "dd/MM/yyyy"}}),
              ElementsAre(R"({"d":"2024-01-05","t":"2024-01-02T03:04:05.000Z"})"));
}

TEST_F(JsonFormatTest, InfersSortedMergedTypes) {
  EXPECT_EQ(Infer("{\"b\":1,\"a\":{\"y\":1}}\n{\"a\":{\"x\":\"s\"},\"b\":1.5,\"c\":[]}\n"),
            "a STRUCT<x: STRING, y: BIGINT>, b DOUBLE, c ARRAY<STRING>");
  EXPECT_EQ(Infer("{\"a\":1,\"b\":true,\"c\":{},\"d\":null,\"e\":{\"q\":1}}\n"
                  "{\"a\":\"x\",\"b\":1,\"e\":[1]}\n"),
            "a STRING, b STRING, d STRING, e STRING");
  EXPECT_EQ(Infer("{\"a\":99999999999999999999}\n{\"a\":1}\n"), "a DECIMAL(20,0)");
}

TEST_F(JsonFormatTest, InfersNothingFromABrokenRecord) {
  EXPECT_EQ(Infer("{\"a\":1}\n{\"a\":\"x\",\"z\":1,\n"), "a BIGINT");
  EXPECT_EQ(Infer("{\"B\":1}\n{bad\n", {}, {.add_corrupt_record_column = true}),
            "B BIGINT, _corrupt_record STRING");
}

TEST_F(JsonFormatTest, InfersOneColumnForNamesThatDifferInCase) {
  EXPECT_EQ(Infer("{\"id\":1}\n{\"ID\":\"x\"}\n"), "id BIGINT");
  EXPECT_EQ(Infer("{\"id\":1}\n{\"ID\":\"x\"}\n", {{"readerCaseSensitive", "false"}}), "id STRING");
}

TEST_F(JsonFormatTest, InfersTextOnlyWhenAskedTo) {
  EXPECT_EQ(Infer("{\"a\":1,\"b\":{\"c\":1}}\n", {}, {.infer_column_types = false}),
            "a STRING, b STRING");
}

TEST_F(JsonFormatTest, GivesARowForEachLineHoweverDamaged) {
  const std::string line =
      R"({"id":12,"v":"a\u00e9b","d":-1.5e3,"s":{"x":[1,2,{"y":null}]},"m":{"k":true},"t":"2024-01-05"})";
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    std::size_t num_lines = 0;
    for (int i = 0; i < 20; ++i) {
      std::string damaged = line;
      for (std::uint32_t change = random() % 4; change > 0; --change) {
        const std::size_t at = random() % damaged.size();
        if (random() % 3 == 0) {
          damaged.erase(at, random() % 5);
        } else {
          damaged[at] = R"({}]":,\'0-9tfn/ x)"[random() % 18];
        }
        if (random() % 5 == 0)
          damaged[random() % damaged.size()] = static_cast<char>(0x80 + random() % 128);
      }
      // An array may give any number of rows.
      if (damaged.find_first_not_of(' ') == std::string::npos || damaged[0] == '[') continue;
      text += damaged + "\n";
      ++num_lines;
    }
    for (const char* columns :
         {"id INT, v STRING, d DOUBLE, s STRUCT<x: ARRAY<INT>>, m MAP<STRING, BOOLEAN>, _rescued "
          "STRING",
          "id STRING, v VARIANT, s VARIANT, t DATE, _corrupt_record STRING"}) {
      ASSERT_EQ(
          Read(text, columns, {{"allowUnquotedFieldNames", "true"}, {"allowComments", "true"}})
              .size(),
          num_lines)
          << "round " << round << "\n"
          << text;
    }
    Infer(text);
  }
}

TEST_F(JsonFormatTest, PutsWholeDocumentsIntoOneVariant) {
  const OptionMap options = {{"singleVariantColumn", "v"}};
  EXPECT_EQ(Infer("{\"a\":1}\n", options), "v VARIANT");
  EXPECT_EQ(Read("{\"a\":1}\n[1]\n3\n{bad\n", "v VARIANT, _corrupt_record STRING", options).size(),
            4);
  EXPECT_THAT(TryRead("{}", "a INT", options), FailsWith(Condition::INVALID_SINGLE_VARIANT_COLUMN));
}

}  // namespace
}  // namespace inlet::formats
