#include "ingest/glob.h"

#include <gtest/gtest.h>

#include "base/testing.h"

namespace inlet::ingest {
namespace {

TEST(Glob, StarStaysInsideOneSegment) {
  EXPECT_TRUE(GlobMatches("a*.csv", "abc.csv"));
  EXPECT_FALSE(GlobMatches("a*.csv", "a/b.csv"));
  EXPECT_TRUE(GlobMatches("a*.csv", "a/b.csv", /*star_crosses_slash=*/true));
}

TEST(Glob, QuestionMarkTakesOneCharacterNotOneByte) {
  EXPECT_TRUE(GlobMatches("?.csv", "é.csv"));
  EXPECT_FALSE(GlobMatches("?.csv", "ab.csv"));
}

TEST(Glob, ClassesHaveRangesAndNegation) {
  EXPECT_TRUE(GlobMatches("[a-c]x", "bx"));
  EXPECT_FALSE(GlobMatches("[^a-c]x", "bx"));
  EXPECT_TRUE(GlobMatches("[^a-c]x", "dx"));
  EXPECT_TRUE(GlobMatches("[x", "[x"));
}

TEST(Glob, BackslashTakesTheNextCharacterAsItStands) {
  EXPECT_TRUE(GlobMatches("a\\*b", "a*b"));
  EXPECT_FALSE(GlobMatches("a\\*b", "axb"));
}

TEST(Glob, StarsBacktrack) {
  EXPECT_TRUE(GlobMatches("*ab*ab", "abxababab"));
  EXPECT_FALSE(GlobMatches("*ab*abc", "abxababab"));
}

TEST(Glob, NestedBracesAreWrittenOutInOrder) {
  EXPECT_THAT(Value(ExpandBraces("{ab,c{de,fh}}.x")),
              testing::ElementsAre("ab.x", "cde.x", "cfh.x"));
}

TEST(Glob, OpenBraceIsRefused) {
  EXPECT_THAT(ExpandBraces("{a,b"), FailsWith(Condition::INVALID_PARAMETER_VALUE));
}

TEST(Glob, ExplodingBracesAreALimit) {
  std::string pattern;
  for (int i = 0; i < 40; ++i) pattern += "{a,b}";
  EXPECT_THAT(ExpandBraces(pattern), FailsWith(Condition::INLET_RESOURCE_LIMIT));
}

TEST(Glob, RelaxedGlobIsAPrefixAndCrossesSlashes) {
  EXPECT_TRUE(GlobMatchesPrefix("/a/*/c", "/a/b/x/y/c/file.txt"));
  EXPECT_TRUE(GlobMatchesPrefix("/a/*/c", "/a/b/c_file.txt"));
  EXPECT_FALSE(GlobMatchesPrefix("/a/*/c", "/a/b/d"));
}

}  // namespace
}  // namespace inlet::ingest
