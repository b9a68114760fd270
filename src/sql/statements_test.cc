#include <fstream>
#include <sstream>

#include "base/testing.h"
#include "sql/parser.h"
#include "sql/printer.h"
#include "sql/script.h"

namespace inlet::sql {
namespace {

std::string ReadStatements() {
  std::ifstream file(INLET_SOURCE_DIR "/src/sql/testdata/statements.sql");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Statements, OfTheDialectParse) {
  const std::string text = ReadStatements();
  int parsed = 0;
  for (const ScriptPart& part : SplitStatements(text)) {
    const std::string sql = text.substr(part.span.begin, part.span.end - part.span.begin);
    EXPECT_THAT(ParseStatement(sql), IsOk()) << sql;
    ++parsed;
  }
  EXPECT_GT(parsed, 240);
}

TEST(Statements, PrintedQueriesParseToTheSame) {
  const std::string text = ReadStatements();
  for (const ScriptPart& part : SplitStatements(text)) {
    const std::string sql = text.substr(part.span.begin, part.span.end - part.span.begin);
    const auto query = ParseQuery(sql);
    if (!query) continue;
    const std::string printed = ToSql(*query);
    const auto again = ParseQuery(printed);
    ASSERT_THAT(again, IsOk()) << printed;
    EXPECT_EQ(ToSql(*again), printed) << sql;
  }
}

// A statement that is cut, or that has one byte changed, fails or parses; it never crashes.
TEST(Statements, SurviveCutsAndChanges) {
  const std::string text = ReadStatements();
  unsigned seed = 12345;
  for (const ScriptPart& part : SplitStatements(text)) {
    const std::string sql = text.substr(part.span.begin, part.span.end - part.span.begin);
    for (std::size_t end = 0; end < sql.size(); end += 3) (void)ParseStatement(sql.substr(0, end));
    for (int i = 0; i < 20; ++i) {
      std::string changed = sql;
      seed = seed * 1103515245U + 12345U;
      changed[(seed >> 8) % changed.size()] = static_cast<char>(seed >> 24);
      (void)ParseStatement(changed);
    }
  }
}

}  // namespace
}  // namespace inlet::sql
