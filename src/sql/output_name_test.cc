#include <fstream>
#include <set>

#include "base/testing.h"
#include "sql/parser.h"
#include "sql/printer.h"

namespace inlet::sql {
namespace {

// Their names depend on the types of columns, which are not known here.
const std::set<std::string> kNeedTypes = {"dt + 1",
                                          "dt - 1",
                                          "dt + interval 1 day",
                                          "ts + interval 1 hour",
                                          "ars.p",
                                          "first_value(a) ignore nulls over (order by a)",
                                          "assert_true(f)",
                                          "explode(arr)",
                                          "inline(ars)",
                                          "raise_error('x')",
                                          "array_sort(arr)",
                                          "from_json(js, 'a INT')",
                                          "aggregate(arr, 0, (acc, x) -> acc + x)"};

TEST(OutputName, IsWhatSparkSays) {
  std::ifstream file(INLET_SOURCE_DIR "/src/sql/testdata/output_names.tsv");
  ASSERT_TRUE(file.is_open());
  OutputNameOptions options;
  options.is_table = [](std::string_view name) { return name == "t"; };
  int compared = 0;
  for (std::string line; std::getline(file, line);) {
    const std::size_t tab = line.find('\t');
    if (line.starts_with('#') || tab == std::string::npos) continue;
    const std::string sql = line.substr(0, tab);
    if (kNeedTypes.contains(sql)) continue;
    const Expression expression = Value(ParseExpression(sql));
    std::string shown = OutputName(expression, options);
    std::string wanted = line.substr(tab + 1);
    // Units are kept in capitals.
    if (expression.As<FunctionCall>() && !expression.As<FunctionCall>()->keyword.empty()) {
      shown = ToLower(shown);
      wanted = ToLower(wanted);
    }
    EXPECT_EQ(shown, wanted) << sql;
    ++compared;
  }
  EXPECT_GT(compared, 250);
}

TEST(OutputName, OfATableIsDroppedAndOfAStructIsKept) {
  OutputNameOptions options;
  options.is_table = [](std::string_view name) { return name == "t"; };
  EXPECT_EQ(OutputName(Value(ParseExpression("t.a + 1")), options), "(a + 1)");
  EXPECT_EQ(OutputName(Value(ParseExpression("main.s.t.a + 1")), options), "(a + 1)");
  EXPECT_EQ(OutputName(Value(ParseExpression("s.f + 1")), options), "(s.f + 1)");
  EXPECT_EQ(OutputName(Value(ParseExpression("s.f")), options), "f");
}

}  // namespace
}  // namespace inlet::sql
