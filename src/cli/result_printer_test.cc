#include "cli/result_printer.h"

#include <gtest/gtest.h>

#include <sstream>

#include "base/testing.h"
#include "cli/text_width.h"
#include "workspace/row_table.h"

namespace inlet::cli {
namespace {

using workspace::MakeResult;

std::string Printed(OutputFormat format) {
  types::StructType schema = workspace::StringColumns({"name"});
  schema.fields.push_back({.name = "n", .type = types::TypeId::kLong});
  std::ostringstream out;
  Value(Print(Value(MakeResult(schema, {{"a,\"b\"", std::int64_t{1}},
                                        {std::optional<std::string>(), std::int64_t{-20}}})),
              {.format = format}, out));
  return out.str();
}

TEST(ResultPrinter, TableAlignsNumbersRight) {
  EXPECT_EQ(Printed(OutputFormat::kTable),
            "┌───────┬─────┐\n"
            "│ name  │   n │\n"
            "├───────┼─────┤\n"
            "│ a,\"b\" │   1 │\n"
            "│ NULL  │ -20 │\n"
            "└───────┴─────┘\n"
            "2 rows\n");
}

TEST(ResultPrinter, CsvTellsNullFromEmptyText) {
  EXPECT_EQ(Printed(OutputFormat::kCsv), "name,n\n\"a,\"\"b\"\"\",1\n,-20\n");
}

TEST(ResultPrinter, JsonLinesHaveNulls) {
  EXPECT_EQ(Printed(OutputFormat::kJsonLines),
            "{\"name\":\"a,\\\"b\\\"\",\"n\":1}\n{\"name\":null,\"n\":-20}\n");
}

TEST(ResultPrinter, MarkdownMarksNumbers) {
  EXPECT_EQ(Printed(OutputFormat::kMarkdown),
            "| name  |   n |\n| ----- | --: |\n| a,\"b\" |   1 |\n| NULL  | -20 |\n");
}

TEST(TextWidth, WideCharactersTakeTwoColumns) {
  EXPECT_EQ(TextWidth("日本"), 4);
  EXPECT_EQ(CutToWidth("日本語", 5), "日本…");
}

}  // namespace
}  // namespace inlet::cli
