#include "formats/xml/xpath.h"

#include <gtest/gtest.h>

#include "base/testing.h"

namespace inlet::formats {
namespace {

constexpr std::string_view kBooks =
    "<lib><book id='1' lang='en'><title>Salt</title><price>10</price></book>"
    "<book id='2'><title>Pepper &amp; co</title><price>25.5</price></book><x:y/></lib>";

std::string Text(std::string_view path, std::string_view xml = kBooks) {
  return Value(Value(XPath::Parse(path)).Text(Value(XmlDocument::Parse(xml))));
}

TEST(XPath, WalksAxes) {
  EXPECT_EQ(Text("/lib/book[2]/title"), "Pepper & co");
  EXPECT_EQ(Text("//price[. > 20]/../@id"), "2");
  EXPECT_EQ(Text("/lib/book[last()]/preceding-sibling::book/@lang"), "en");
  EXPECT_EQ(Text("//title/ancestor::lib/book[@id='1']/descendant::text()"), "Salt");
  EXPECT_EQ(Text("name(/lib/*[3])"), "x:y");
  EXPECT_EQ(Text("(//book)[2]/@id"), "2");
  EXPECT_EQ(Text("/lib/shelf"), "");
}

TEST(XPath, Computes) {
  EXPECT_EQ(Text("sum(//price) * 2 - 1"), "70");
  EXPECT_EQ(Text("count(//book | //title)"), "4");
  EXPECT_EQ(Text("10 div 4 + 7 mod 3"), "3.5");
  EXPECT_EQ(Text("not(//book/@id = 3) and //book/@id != 1"), "true");
  EXPECT_EQ(Text("substring('12345', 2, 3)"), "234");
  EXPECT_EQ(Text("translate('bar', 'abc', 'AB')"), "BAr");
  EXPECT_EQ(Text("normalize-space('  a   b ')"), "a b");
  EXPECT_EQ(Text("concat(substring-before('a-b', '-'), '/', substring-after('a-b', '-'))"), "a/b");
  EXPECT_EQ(Text("number('x')"), "NaN");
}

TEST(XPath, GivesTheValuesOfTextsAndAttributesOnly) {
  const XmlDocument books = Value(XmlDocument::Parse(kBooks));
  const auto ids = Value(Value(XPath::Parse("//book/@id")).Nodes(books));
  EXPECT_THAT(ids, testing::ElementsAre("1", "2"));
  const auto elements = Value(Value(XPath::Parse("//title")).Nodes(books));
  EXPECT_THAT(elements, testing::ElementsAre(std::nullopt, std::nullopt));
  EXPECT_THAT(Value(XPath::Parse("1 + 1")).Nodes(books),
              FailsWith(Condition::INVALID_PARAMETER_VALUE));
}

TEST(XPath, RefusesWhatIsNone) {
  for (const std::string_view bad :
       {"a[", "a]", "//", "a/", "f(", "'x", "@", "a b", "1 +", "child::", "bogus::a"}) {
    EXPECT_THAT(XPath::Parse(bad), FailsWith(Condition::INVALID_PARAMETER_VALUE)) << bad;
  }
  EXPECT_THAT(XPath::Parse(std::string(100'000, '(')),
              FailsWith(Condition::INVALID_PARAMETER_VALUE));
  EXPECT_THAT(XPath::Parse(std::string(100'000, '-')),
              FailsWith(Condition::INVALID_PARAMETER_VALUE));
  std::string nested;
  for (int i = 0; i < 100'000; ++i) nested += "a[";
  EXPECT_THAT(XPath::Parse(nested), FailsWith(Condition::INVALID_PARAMETER_VALUE));
  EXPECT_THAT(Value(XPath::Parse("nothing(1)")).Text(Value(XmlDocument::Parse("<a/>"))),
              FailsWith(Condition::INVALID_PARAMETER_VALUE));
}

TEST(XPath, RefusesBrokenXmlAndEntities) {
  for (const std::string_view bad :
       {"", "<a>", "<a></b>", "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "text"}) {
    EXPECT_THAT(XmlDocument::Parse(bad), FailsWith(Condition::INVALID_PARAMETER_VALUE)) << bad;
  }
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "<a>";
  EXPECT_THAT(XmlDocument::Parse(deep), FailsWith(Condition::INVALID_PARAMETER_VALUE));
}

}  // namespace
}  // namespace inlet::formats
