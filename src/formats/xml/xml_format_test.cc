#include "formats/xml/xml_format.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "base/testing.h"
#include "formats/columns/column_json.h"
#include "storage/memory/memory_store.h"
#include "types/json_text.h"

namespace inlet::formats {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class XmlFormatTest : public ::testing::Test {
 protected:
  storage::ObjectInfo Put(std::string_view text) {
    return Value(store_.Store("f.xml", std::string(text), storage::PutMode::kOverwrite));
  }
  static std::unique_ptr<ConfiguredFormat> Configure(OptionMap options) {
    options.emplace("rowTag", "r");
    return Value(XmlFormat().Configure(options, false));
  }
  Result<std::vector<std::string>> TryRead(std::string_view text, std::string_view columns,
                                           const OptionMap& options = {}) {
    const storage::ObjectInfo file = Put(text);
    ReadSchema schema;
    schema.columns = Value(types::ParseDdl(columns));
    schema.rescued_column = schema.columns.IndexOf("_rescued");
    schema.corrupt_record_column = schema.columns.IndexOf("_corrupt_record");
    schema.data_schema = schema.columns;
    const auto reader = TRY(Configure(options)->Open(store_, {.file = file}, schema));
    std::vector<std::string> rows;
    while (types::BatchPtr batch = TRY(reader->Next())) {
      EXPECT_TRUE(batch->ValidateFull().ok()) << batch->ValidateFull().ToString();
      const auto array = batch->ToStructArray().ValueOrDie();
      for (std::int64_t i = 0; i < array->length(); ++i) {
        std::string row;
        AppendJsonValue(*array, i, row);
        rows.push_back(std::move(row));
      }
    }
    return rows;
  }
  std::vector<std::string> Read(std::string_view text, std::string_view columns,
                                const OptionMap& options = {}) {
    return Value(TryRead(text, columns, options));
  }
  std::string Infer(std::string_view text, const OptionMap& options = {}) {
    const storage::ObjectInfo file = Put(text);
    return ToDdl(Value(Configure(options)->InferSchema(store_, {&file, 1}, {}, {})));
  }

  storage::MemoryStore store_{"xml"};
};

constexpr std::string_view kTwoRows =
    "<d><r id='1'><a>1</a><b>x</b></r><r><a>2</a><a>3</a><c k='v'>t</c><e/></r></d>";

TEST_F(XmlFormatTest, InfersAsSparkDoes) {
  EXPECT_EQ(
      Infer(kTwoRows),
      "_id BIGINT, a ARRAY<BIGINT>, b STRING, c STRUCT<_VALUE: STRING, _k: STRING>, e STRING");
  EXPECT_EQ(
      Infer("<d><r><a>1</a>text<b><c>1</c>mid<c>x</c></b></r><r><a> 5 </a><t>true</t><f>1.5</f>"
            "<dt>2024-01-05</dt><ts>2024-01-05T10:00:00Z</ts><big>99999999999999999999</big></r></"
            "d>"),
      "_VALUE STRING, a BIGINT, b STRUCT<_VALUE: STRING, c: ARRAY<STRING>>, big DOUBLE, dt DATE, "
      "f DOUBLE, t BOOLEAN, ts TIMESTAMP");
  EXPECT_EQ(Infer("<d><r a='1'>x</r><r>y</r></d>"), "_VALUE STRING, _a BIGINT");
  EXPECT_EQ(Infer("<d><r><a>01</a><b>+1</b><c>1e3</c><e>NaN</e><f>1.</f><g>1d</g></r></d>"),
            "a BIGINT, b BIGINT, c DOUBLE, e STRING, f DOUBLE, g STRING");
}

TEST_F(XmlFormatTest, ReadsAttributesTextAndRepeatedElements) {
  EXPECT_THAT(
      Read(kTwoRows,
           "_id BIGINT, a ARRAY<BIGINT>, b STRING, c STRUCT<_VALUE: STRING, _k: STRING>, e STRING"),
      ElementsAre(R"({"_id":1,"a":[1],"b":"x"})",
                  R"({"a":[2,3],"c":{"_VALUE":"t","_k":"v"},"e":""})"));
  EXPECT_THAT(Read(kTwoRows, "a INT"), ElementsAre(R"({"a":1})", R"({"a":3})"));
  EXPECT_THAT(Read("<d><r><m><k1>1</k1><k2>2</k2></m><l><i>1</i></l></r></d>",
                   "m MAP<STRING,INT>, l STRUCT<i:ARRAY<INT>>"),
              ElementsAre(R"({"m":{"k1":1,"k2":2},"l":{"i":[1]}})"));
  EXPECT_THAT(Read("<d><r><b>x<![CDATA[ <y> ]]></b><!-- c --><c>&lt;&amp;&#65;</c></r></d>",
                   "b STRING, c STRING"),
              ElementsAre(R"({"b":"x <y>","c":"<&A"})"));
}

TEST_F(XmlFormatTest, TakesOnlyTheOutermostRowElements) {
  EXPECT_THAT(Read("<d><r><r><a>1</a></r></r><rr><a>9</a></rr><r/></d>", "r STRUCT<a: INT>"),
              ElementsAre(R"({"r":{"a":1}})", "{}"));
  EXPECT_THAT(Read("<q:d xmlns:q='u'><q:r><q:a>1</q:a></q:r></q:d>", "a INT",
                   {{"ignoreNamespace", "true"}}),
              ElementsAre(R"({"a":1})"));
}

TEST_F(XmlFormatTest, KeepsTheDocumentForAValueThatDoesNotFit) {
  const std::string document = "<d><r><a>x</a><b>1</b></r><r><a>2</a></r></d>";
  EXPECT_THAT(
      Read(document, "a INT, b INT, _corrupt_record STRING"),
      ElementsAre(R"({"b":1,"_corrupt_record":)" + types::JsonQuote(document) + "}", R"({"a":2})"));
  EXPECT_THAT(Read(document, "a INT", {{"mode", "DROPMALFORMED"}}), ElementsAre(R"({"a":2})"));
  EXPECT_THAT(TryRead(document, "a INT", {{"mode", "FAILFAST"}}),
              FailsWith(Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION));
}

TEST_F(XmlFormatTest, RescuesMisfitsAndUnknownElements) {
  EXPECT_THAT(
      Read("<d><r k='v'><a>x</a><s><b>y</b><c>1</c></s><z><q>1</q><q>2</q></z></r></d>",
           "a INT, s STRUCT<b: INT, c: INT>, _rescued STRING"),
      ElementsAre(R"({"s":{"c":1},"_rescued":"{\"_k\":\"v\",\"z\":{\"q\":[\"1\",\"2\"]},)"
                  R"(\"a\":\"x\",\"s\":{\"b\":\"y\"},\"_file_path\":\"memory://xml/f.xml\"}"})"));
}

TEST_F(XmlFormatTest, KeepsTheRowsBeforeTheDamage) {
  const std::string document = "<d><r><id>1</id></r><r><id>2</id><r><id>3</id></r></d>";
  EXPECT_THAT(
      Read(document, "id INT, _corrupt_record STRING"),
      ElementsAre(R"({"id":1})", R"({"_corrupt_record":)" + types::JsonQuote(document) + "}"));
}

TEST_F(XmlFormatTest, RefusesEntities) {
  const std::string file =
      "<?xml version=\"1.0\"?><!DOCTYPE d [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
      "<d><r><id>1</id><v>&x;</v></r></d>";
  const std::vector<std::string> rows = Read(file, "id INT, v STRING, _rescued STRING");
  ASSERT_EQ(rows.size(), 1);
  EXPECT_THAT(rows[0], ::testing::StartsWith(R"({"_rescued":"{\"_corrupt_record\":)"));
  EXPECT_THAT(rows[0], ::testing::Not(::testing::HasSubstr("root:")));
  std::string bomb = "<!DOCTYPE d [<!ENTITY a0 \"lol\">";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "&a" + std::to_string(i - 1) + ";";
    bomb += "<!ENTITY a" + std::to_string(i) + " \"";
    for (int j = 0; j < 10; ++j) bomb += before;
    bomb += "\">";
  }
  EXPECT_EQ(Read(bomb + "]><d><r><v>&a11;</v></r></d>", "v STRING, _corrupt_record STRING").size(),
            1);
  EXPECT_EQ(Read("<d><r><v>&nope;</v></r></d>", "v STRING, _corrupt_record STRING").size(), 1);
}

TEST_F(XmlFormatTest, SurvivesDeepNestingAndEmptyFiles) {
  std::string deep = "<d><r><id>1</id>";
  for (int i = 0; i < 5000; ++i) deep += "<a>";
  EXPECT_THAT(Read(deep, "id INT, _rescued STRING").size(), 1);
  EXPECT_THAT(Read("", "id INT"), IsEmpty());
  EXPECT_THAT(Read("  \n", "id INT"), IsEmpty());
  EXPECT_THAT(Read("<d><q/></d>", "id INT"), IsEmpty());
}

TEST_F(XmlFormatTest, TakesTheEncodingThatTheDocumentDeclares) {
  EXPECT_THAT(
      Read("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><d><r><v>\xE9</v></r></d>", "v STRING"),
      ElementsAre(R"({"v":"é"})"));
  EXPECT_THAT(Read("<d><r><v>\xE9</v></r></d>", "v STRING", {{"encoding", "ISO-8859-1"}}),
              ElementsAre(R"({"v":"é"})"));
}

TEST_F(XmlFormatTest, PutsRowsIntoOneVariant) {
  EXPECT_EQ(Infer(kTwoRows, {{"singleVariantColumn", "v"}}), "v VARIANT");
  EXPECT_EQ(Read(kTwoRows, "v VARIANT", {{"singleVariantColumn", "v"}}).size(), 2);
}

TEST(XmlFormat, NeedsARowTag) {
  EXPECT_THAT(XmlFormat().Configure({}, false), FailsWith(Condition::XML_ROW_TAG_MISSING));
}

}  // namespace
}  // namespace inlet::formats
