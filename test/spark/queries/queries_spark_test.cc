#include <arrow/api.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/testing.h"
#include "types/text_cast.h"
#include "types/time_zone.h"
#include "types/variant.h"
#include "workspace/client.h"

// Each query that Apache Spark has answered (spark_answers.json) must give the same columns and
// rows here, or the same error condition.
namespace inlet {
namespace {

using nlohmann::ordered_json;
using types::TypeId;

const std::string kFolder = INLET_SOURCE_DIR "/test/spark/queries/";

/// Columns and rows as JSON, the way the recorder writes them; or an error's condition.
ordered_json ErrorOf(const Error& error) {
  return {{"error", std::string(error.info().name)}, {"message", ToString(error)}};
}

std::string Hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

Result<ordered_json> Cell(const arrow::Array& array, std::int64_t row,
                          const types::DataType& type) {
  if (array.IsNull(row)) return nullptr;
  std::string text;
  if (type.is(TypeId::kBinary)) {
    text = Hex(static_cast<const arrow::BinaryArray&>(array).GetView(row));
  } else if (type.is(TypeId::kVariant)) {
    const auto& fields = static_cast<const arrow::StructArray&>(array);
    const auto part = [&](int field) {
      return static_cast<const arrow::BinaryArray&>(*fields.field(field)).GetView(row);
    };
    TRY(types::AppendJson({.metadata = part(0), .value = part(1)}, types::TimeZone::Utc(), text));
  } else {
    TRY(types::AppendCell(array, row, type, types::TimeZone::Utc(), text));
  }
  return ordered_json(text);
}

Result<ordered_json> Answer(workspace::Client& client, const std::string& query) {
  workspace::QueryResult result = TRY(client.Execute(query, {}));
  ordered_json answer = {{"columns", ordered_json::array()}, {"rows", ordered_json::array()}};
  for (const types::StructField& field : result.schema.fields) {
    answer["columns"].push_back({field.name, types::ToString(field.type)});
  }
  while (types::BatchPtr batch = TRY(result.rows->Next())) {
    for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
      ordered_json& cells = answer["rows"].emplace_back(ordered_json::array());
      for (int i = 0; i < batch->num_columns(); ++i) {
        cells.push_back(TRY(
            Cell(*batch->column(i), row, result.schema.fields[static_cast<std::size_t>(i)].type)));
      }
    }
  }
  return answer;
}

bool IsOrdered(const std::string& query) {
  static const std::regex kOrdered("ORDER BY[^()]*$");
  return std::regex_search(query, kOrdered);
}

void SortRows(ordered_json& answer) {
  std::vector<ordered_json> rows = answer["rows"];
  std::ranges::sort(rows, {}, [](const ordered_json& row) { return row.dump(); });
  answer["rows"] = rows;
}

/// DuckDB has no type for a bare NULL in a result, and one interval.
bool SameColumn(const ordered_json& spark, const ordered_json& ours) {
  const std::string type = spark[1];
  return spark[0] == ours[0] && (type == ours[1] || type == "void" || type.starts_with("interval"));
}

bool Agree(const std::string& query, ordered_json spark, ordered_json ours) {
  if (spark.contains("error") || ours.contains("error")) {
    if (!spark.contains("error") || !ours.contains("error")) return false;
    const auto family = [](const std::string& name) { return name.substr(0, name.find('.')); };
    return family(spark["error"]) == family(ours["error"]);
  }
  if (!IsOrdered(query)) {
    SortRows(spark);
    SortRows(ours);
  }
  return spark["rows"] == ours["rows"] &&
         std::ranges::equal(spark["columns"], ours["columns"], SameColumn);
}

/// known_failures.txt: blocks of a query with the reason in a comment before it.
std::map<std::string, std::string> Blocks(const std::string& name) {
  std::map<std::string, std::string> blocks;
  std::ifstream file(kFolder + name);
  std::string comment;
  std::string block;
  const auto end_block = [&] {
    if (!block.empty()) blocks[block] = comment;
    block.clear();
    comment.clear();
  };
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) {
      end_block();
    } else if (line.starts_with("-- ")) {
      comment += line.substr(3);
    } else {
      block += (block.empty() ? "" : "\n") + line;
    }
  }
  end_block();
  return blocks;
}

TEST(SparkQueries, AnswerAsApacheSparkDoes) {
  const std::filesystem::path home =
      std::filesystem::temp_directory_path() / ("inlet_queries_test_" + std::to_string(getpid()));
  auto opened = workspace::Workspace::Open({.home = home.string()});
  ASSERT_TRUE(opened.has_value()) << ToString(opened.error());
  const auto client = (*opened)->Connect();
  for (const auto& [block, comment] : Blocks("queries.sql")) {
    if (!block.starts_with("CREATE")) continue;
    ASSERT_THAT(client->Execute(block, {}), IsOk()) << block;
  }
  const auto known = Blocks("known_failures.sql");
  const auto answers = ordered_json::parse(std::ifstream(kFolder + "spark_answers.json"));
  int passed = 0;
  for (const auto& [query, spark] : answers.items()) {
    Result<ordered_json> answer = Answer(*client, query);
    const ordered_json ours = answer ? *answer : ErrorOf(answer.error());
    const bool agrees = Agree(query, spark, ours);
    if (agrees) ++passed;
    EXPECT_EQ(agrees, !known.contains(query))
        << (agrees ? "passes now, take it off known_failures.sql:\n" : "") << query
        << "\n  Spark: " << spark.dump() << "\n  ours:  " << ours.dump();
  }
  std::cout << "as Spark: " << passed << " of " << answers.size()
            << ", known to differ: " << known.size() << "\n";
  std::filesystem::remove_all(home);
}

}  // namespace
}  // namespace inlet
