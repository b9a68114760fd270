#include "ingest/xml_record.h"

#include "base/testing.h"

namespace inlet::ingest {
namespace {

std::string Xml(std::string_view json, const XmlRecordOptions& options = {}) {
  std::string out;
  EXPECT_THAT(AppendXmlRecord(json, options, out), IsOk());
  return out;
}

TEST(XmlRecord, FieldsAreElementsAndListsAreRepeated) {
  EXPECT_EQ(Xml(R"({"a":1.10,"l":["x","y"],"s":{"t":true}})"),
            "    <ROW>\n"
            "        <a>1.10</a>\n"
            "        <l>x</l>\n"
            "        <l>y</l>\n"
            "        <s>\n"
            "            <t>true</t>\n"
            "        </s>\n"
            "    </ROW>\n");
}

TEST(XmlRecord, NumbersKeepAllDigits) {
  EXPECT_EQ(Xml(R"({"d":12345678901234567890123456789012345678})"),
            "    <ROW>\n        <d>12345678901234567890123456789012345678</d>\n    </ROW>\n");
}

TEST(XmlRecord, NamesWithThePrefixAreAttributes) {
  EXPECT_EQ(Xml(R"({"_id":"a\"b","_VALUE":"x < y & z"})", {.row_tag = "p"}),
            "    <p id=\"a&quot;b\">x &lt; y &amp; z</p>\n");
}

TEST(XmlRecord, ListsInListsHaveElementsOfTheirOwn) {
  EXPECT_EQ(Xml(R"({"l":[[1,2],[]]})"),
            "    <ROW>\n"
            "        <l>\n"
            "            <item>1</item>\n"
            "            <item>2</item>\n"
            "        </l>\n"
            "        <l>\n"
            "        </l>\n"
            "    </ROW>\n");
}

TEST(XmlRecord, WhatNoElementCanBeCalledIsRefused) {
  std::string out;
  EXPECT_THAT(AppendXmlRecord(R"({"a b":1})", {}, out),
              FailsWith(Condition::INVALID_PARAMETER_VALUE));
}

}  // namespace
}  // namespace inlet::ingest
