#include "sql/script.h"

#include <gmock/gmock.h>

#include <string>

namespace inlet::sql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Split(std::string_view text) {
  std::vector<std::string> statements;
  for (const ScriptPart& part : SplitStatements(text)) {
    statements.emplace_back(text.substr(part.span.begin, part.span.end - part.span.begin));
  }
  return statements;
}

TEST(Script, SplitsAtSemicolonsOutsideOfTextAndComments) {
  EXPECT_THAT(
      Split("SELECT ';' ; -- a;b\n /* ; */ SELECT `a;b` /* x */ , \"\\\";\";; SELECT r'\\';"),
      ElementsAre("SELECT ';'", "SELECT `a;b` /* x */ , \"\\\";\"", "SELECT r'\\'"));
  EXPECT_THAT(Split(" -- only a comment\n ; ;"), IsEmpty());
}

TEST(Script, KeepsABlockTogether) {
  EXPECT_THAT(
      Split("BEGIN SELECT 1; IF a THEN SELECT CASE b WHEN 1 THEN 2 END; END IF; END; SELECT 3"),
      ElementsAre("BEGIN SELECT 1; IF a THEN SELECT CASE b WHEN 1 THEN 2 END; END IF; END",
                  "SELECT 3"));
}

TEST(Script, KnowsWhatIsComplete) {
  EXPECT_TRUE(IsComplete(""));
  EXPECT_TRUE(IsComplete("SELECT 1;  -- done"));
  EXPECT_FALSE(IsComplete("SELECT 1"));
  EXPECT_FALSE(IsComplete("SELECT ';"));
  EXPECT_FALSE(IsComplete("SELECT 1; /* open ;"));
  EXPECT_FALSE(IsComplete("SELECT 1; SELECT 2"));
}

}  // namespace
}  // namespace inlet::sql
