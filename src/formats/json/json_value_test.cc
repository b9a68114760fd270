#include <arrow/api.h>
#include <gtest/gtest.h>

#include "base/testing.h"
#include "formats/json/json_value_reader.h"
#include "types/text_cast.h"

namespace inlet::formats {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

Result<std::string> FromJson(std::string_view text, std::string_view type, OptionMap options = {}) {
  const types::DataType data_type = Value(types::ParseType(type));
  const auto reader = TRY(JsonValueReader::Create(data_type, options, types::TimeZone::Utc()));
  types::ColumnBuilder column(data_type);
  TRY(reader->Append("{\"first\":1}", column));
  TRY(reader->Append(text, column));
  const auto array = Value(column.Finish());
  EXPECT_TRUE(array->ValidateFull().ok()) << array->ValidateFull().ToString();
  EXPECT_EQ(array->length(), 2);
  if (array->IsNull(1)) return "NULL";
  std::string result;
  TRY(types::AppendCell(*array, 1, data_type, types::TimeZone::Utc(), result));
  return result;
}

// The answers are those of Apache Spark 4.1.
TEST(FromJson, GivesWhatSparkGives) {
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"{\"a\":1}", "struct<a:int>", "{1}"},
      {"", "struct<a:int>", "NULL"},
      {"  ", "struct<a:int>", "NULL"},
      {"null", "struct<a:int>", "{null}"},
      {"{bad", "struct<a:int>", "{null}"},
      {"[1]", "struct<a:int>", "{null}"},
      {"3", "struct<a:int>", "{null}"},
      {"{bad", "struct<a:int,_corrupt_record:string>", "{null, {bad}"},
      {"{\"a\":\"x\",\"b\":1}", "struct<a:int,b:int,_corrupt_record:string>",
       "{null, 1, {\"a\":\"x\",\"b\":1}}"},
      {"{\"a\":1}", "array<struct<a:int>>", "[{1}]"},
      {"[1,\"x\"]", "array<int>", "NULL"},
      {"[{\"a\":1},{\"a\":\"x\"}]", "array<struct<a:int>>", "[{1}, {null}]"},
      {"{\"a\":1,\"b\":{\"c\":2}}", "map<string,string>", "{a -> 1, b -> {\"c\":2}}"},
      {"[1", "array<int>", "NULL"},
      {"{\"a\":\"x\"}", "map<string,int>", "NULL"},
      {"[{\"a\":1}]", "struct<a:int>", "{null}"},
      {"{\"a\":{\"b\":\"x\",\"c\":1}}", "struct<a:struct<b:int,c:int>>", "{{null, 1}}"},
      {"{\"a\":1} x", "struct<a:int>", "{1}"},
      {"{'a':1}", "struct<a:int>", "{1}"},
  };
  for (const auto& [text, type, expected] : cases) {
    EXPECT_EQ(Value(FromJson(text, type)), expected) << text << " as " << type;
  }
}

TEST(FromJson, RefusesWhatIsNotItsBusiness) {
  EXPECT_THAT(FromJson("1", "int"), FailsWith(Condition::DATATYPE_MISMATCH_INVALID_JSON_SCHEMA));
  EXPECT_THAT(FromJson("{}", "struct<a:int>", {{"mode", "DROPMALFORMED"}}),
              FailsWith(Condition::PARSE_MODE_UNSUPPORTED));
  EXPECT_THAT(FromJson("{bad", "struct<a:int>", {{"mode", "FAILFAST"}}),
              FailsWith(Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION));
}

TEST(SchemaOfJson, GivesWhatSparkGives) {
  EXPECT_EQ(
      Value(SchemaOfJson(
          R"({"a":1,"b":[1,2.5],"c":{"d":"x"},"e f":null,"g":[],"h":{},"i":99999999999999999999})",
          {})),
      "STRUCT<a: BIGINT, b: ARRAY<DOUBLE>, c: STRUCT<d: STRING>, `e f`: STRING, g: ARRAY<STRING>, "
      "i: DECIMAL(20,0)>");
  EXPECT_EQ(Value(SchemaOfJson("[1,\"x\"]", {})), "ARRAY<STRING>");
  EXPECT_EQ(Value(SchemaOfJson("1", {})), "BIGINT");
  EXPECT_EQ(Value(SchemaOfJson("null", {})), "STRING");
  EXPECT_EQ(Value(SchemaOfJson("{}", {})), "STRUCT<>");
  EXPECT_THAT(SchemaOfJson("{bad", {}),
              FailsWith(Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION));
}

TEST(GetJsonObject, GivesWhatSparkGives) {
  const std::string text = R"({"a":[{"b":1},{"b":"x"}],"c d":{"e":1.50},"n":null,"s":"q\"z"})";
  const auto get = [](std::string_view json, std::string_view path) -> std::optional<std::string> {
    const auto parsed = JsonPath::Parse(path);
    return parsed ? GetJsonObject(json, *parsed) : std::nullopt;
  };
  EXPECT_THAT(get(text, "$.a[*].b"), Optional(std::string("[1,\"x\"]")));
  EXPECT_THAT(get(text, "$.a"), Optional(std::string(R"([{"b":1},{"b":"x"}])")));
  EXPECT_THAT(get(text, "$['c d'].e"), Optional(std::string("1.5")));
  EXPECT_THAT(get(text, "$.s"), Optional(std::string("q\"z")));
  EXPECT_THAT(get("[1,2]", "$[1]"), Optional(std::string("2")));
  EXPECT_THAT(get("[1,2]", "$[*]"), Optional(std::string("[1,2]")));
  EXPECT_THAT(get(R"([{"a":1}])", "$[*].a"), Optional(std::string("1")));
  EXPECT_THAT(get(R"({"a":1,"a":2})", "$.a"), Optional(std::string("1")));
  EXPECT_THAT(get(R"({"a":[[1,2],[3]]})", "$.a[*][0]"), Optional(std::string("[1,3]")));
  EXPECT_THAT(get(R"({"a":[[1,2],[3]]})", "$.a[*][*]"), Optional(std::string("[1,2,3]")));
  EXPECT_THAT(get(R"({"a":[[1,2],[3]]})", "$.a[0][*]"), Optional(std::string("[1,2]")));
  EXPECT_THAT(get(R"({"a":[{"b":[1,2]},{"b":[3]}]})", "$.a[*].b[*]"),
              Optional(std::string("[[1,2],[3]]")));
  for (const char* path : {"$.n", "$.*", "a", "$.a.b", "$.a[7]", "$[*]"}) {
    EXPECT_EQ(get(text, path), std::nullopt) << path;
  }
  EXPECT_EQ(get("{bad", "$.a"), std::nullopt);
  EXPECT_EQ(get(R"({"a":[]})", "$.a[*]"), std::nullopt);
}

TEST(JsonFunctions, CountAndNameAndPick) {
  EXPECT_EQ(JsonArrayLength("[1,[2],3]"), 3);
  EXPECT_EQ(JsonArrayLength("{}"), std::nullopt);
  EXPECT_EQ(JsonArrayLength("[1"), std::nullopt);
  EXPECT_THAT(JsonObjectKeys(R"({"a":1,"b":{"c":1}})"), Optional(ElementsAre("a", "b")));
  EXPECT_EQ(JsonObjectKeys("[1]"), std::nullopt);
  const std::vector<std::string> keys = {"a", "b", "d", "e", "f"};
  EXPECT_THAT(JsonTuple(R"({"a":1,"b":{"c":[1, 2]},"d":"x","e":null})", keys),
              ElementsAre("1", "{\"c\":[1,2]}", "x", std::nullopt, std::nullopt));
}

std::string ToJson(const types::DataType& type, types::ColumnBuilder& column,
                   const OptionMap& options = {}) {
  const auto array = Value(column.Finish());
  std::string out;
  const auto writer = Value(JsonValueWriter::Create(type, options, types::TimeZone::Utc()));
  EXPECT_THAT(writer->Append(*array, 0, out), IsOk());
  return out;
}

TEST(ToJson, LeavesOutNullFieldsAndWritesTimesAsSparkDoes) {
  const types::DataType type = Value(types::ParseType(
      "struct<a:int,b:int,t:timestamp,d:date,f:double,m:map<string,int>,h:binary,x:decimal(5,2)>"));
  const auto fill = [](types::ColumnBuilder& column) {
    column.child(0).AppendInteger(1);
    column.child(1).AppendNull();
    column.child(2).AppendLong(1704448800000000);
    column.child(3).AppendInteger(19727);
    column.child(4).AppendDouble(std::numeric_limits<double>::quiet_NaN());
    column.child(5).child(0).AppendBytes("k");
    column.child(5).child(1).AppendNull();
    column.child(5).CloseNested();
    column.child(6).AppendBytes("hi");
    column.child(7).AppendDecimal(150);
    column.CloseNested();
  };
  types::ColumnBuilder column(type);
  fill(column);
  EXPECT_EQ(
      ToJson(type, column),
      R"({"a":1,"t":"2024-01-05T10:00:00.000Z","d":"2024-01-05","f":"NaN","m":{"k":null},"h":"aGk=","x":1.50})");
  fill(column);
  EXPECT_THAT(ToJson(type, column, {{"ignoreNullFields", "false"}, {"timestampFormat", "yyyy"}}),
              ::testing::StartsWith(R"({"a":1,"b":null,"t":"2024",)"));
}

}  // namespace
}  // namespace inlet::formats
