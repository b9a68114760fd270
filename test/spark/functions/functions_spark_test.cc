#include <duckdb.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/testing.h"
#include "engine/duckdb/functions/raise.h"
#include "engine/duckdb/functions/register.h"
#include "engine/duckdb/logical_types.h"
#include "sql/duckdb_printer.h"
#include "sql/parser.h"

// Each expression that Apache Spark has answered (spark_answers.json) goes through our parser,
// printer and functions, and must give Spark's type and value, or Spark's error condition.
namespace inlet {
namespace {

const std::string kFolder = INLET_SOURCE_DIR "/test/spark/functions/";

struct Answer {
  std::string error;  ///< A condition; empty: a type and rows.
  std::string type;
  std::vector<std::optional<std::string>> rows;
};

Answer FromJson(const nlohmann::json& json) {
  Answer answer;
  answer.error = json.value("error", "");
  if (!answer.error.empty()) return answer;
  answer.type = json.at("type");
  for (const auto& row : json.at("rows")) {
    answer.rows.push_back(row.is_null() ? std::nullopt : std::optional(row.get<std::string>()));
  }
  return answer;
}

std::string ToText(const Answer& answer) {
  if (!answer.error.empty()) return answer.error;
  std::string text = answer.type;
  for (const auto& row : answer.rows) text += " | " + row.value_or("NULL");
  return text;
}

/// Conditions are compared without their sub-class. What Spark does not name may fail with
/// anything.
bool SameError(const std::string& spark, const std::string& ours) {
  if (ours.empty()) return false;
  if (spark.starts_with('_') || spark.find(' ') != std::string::npos) return true;
  return spark.substr(0, spark.find('.')) == ours.substr(0, ours.find('.'));
}

/// DuckDB has one interval, and no type for a bare NULL in a result.
bool SameType(const std::string& spark, const std::string& ours) {
  if (spark.starts_with("interval")) return ours.starts_with("interval");
  return spark == ours || spark == "void";
}

bool Agree(const Answer& spark, const Answer& ours) {
  if (!spark.error.empty()) return SameError(spark.error, ours.error);
  return ours.error.empty() && SameType(spark.type, ours.type) && spark.rows == ours.rows;
}

class Replay {
 public:
  explicit Replay(const std::string& zone) {
    engine::RegisterSparkFunctions(*database_.instance);
    for (const std::string& setting :
         {std::string("SET default_null_order = 'nulls_first_on_asc_last_on_desc'"),
          "SET TimeZone = '" + zone + "'", std::string("SET threads = 1")}) {
      connection_.Query(setting);
    }
    engine::SetFunctionSession(*connection_.context, {.time_zone = zone,
                                                      .current_catalog = "main",
                                                      .current_schema = "default",
                                                      .current_user = "tester"});
  }

  Answer Ask(const std::string& line) {
    Result<sql::Query> query = sql::ParseQuery("SELECT " + line);
    if (!query) return Failed(query.error());
    Result<std::string> text = sql::ToDuckDb(*query);
    if (!text) return Failed(text.error());
    auto prepared = connection_.Prepare(*text);
    if (prepared->HasError()) return Failed(prepared->GetErrorObject());
    Answer answer;
    const duckdb::LogicalType type = prepared->GetTypes().at(0);
    answer.type = types::ToString(engine::FromDuckDbType(type));
    const std::string shown =
        answer.type == "binary" ? "spark_hex(c0)" : "spark_cast(c0, 'string')";
    auto result = connection_.Query("SELECT " + shown + " FROM (" + *text + ") AS t(c0)");
    if (result->HasError()) return Failed(result->GetErrorObject());
    // Not by values: they refuse texts that are no UTF-8, which Spark has too.
    for (auto& chunk : result->Collection().Chunks()) {
      duckdb::UnifiedVectorFormat texts;
      chunk.data[0].ToUnifiedFormat(chunk.size(), texts);
      for (duckdb::idx_t row = 0; row < chunk.size(); ++row) {
        const duckdb::idx_t at = texts.sel->get_index(row);
        const auto* data = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(texts);
        answer.rows.push_back(texts.validity.RowIsValid(at) ? std::optional(data[at].GetString())
                                                            : std::nullopt);
      }
    }
    return answer;
  }

 private:
  static Answer Failed(const Error& error) { return {.error = std::string(error.info().name)}; }
  static Answer Failed(const duckdb::ErrorData& error) {
    if (const auto ours = engine::DecodeRaised(error)) return Failed(*ours);
    return {.error = "DuckDB: " + error.RawMessage().substr(0, 120)};
  }

  duckdb::DuckDB database_{nullptr};
  duckdb::Connection connection_{database_};
};

/// known_failures.txt: zone, expression and reason, with tabs between them.
std::map<std::pair<std::string, std::string>, std::string> KnownFailures() {
  std::map<std::pair<std::string, std::string>, std::string> known;
  std::ifstream file(kFolder + "known_failures.txt");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find('\t');
    const std::size_t second = line.find('\t', first + 1);
    if (line.starts_with('#') || second == std::string::npos) continue;
    known[{line.substr(0, first), line.substr(first + 1, second - first - 1)}] =
        line.substr(second + 1);
  }
  return known;
}

TEST(SparkFunctions, AnswerAsApacheSparkDoes) {
  const auto answers = nlohmann::ordered_json::parse(std::ifstream(kFolder + "spark_answers.json"));
  const auto known = KnownFailures();
  std::size_t passed = 0;
  std::size_t total = 0;
  // INLET_SPARK_FAILURES names a file for what differs, in the form of known_failures.txt.
  const char* wanted = std::getenv("INLET_SPARK_FAILURES");
  std::ofstream differing(wanted != nullptr ? wanted : "/dev/null");
  for (const auto& [zone, cases] : answers.items()) {
    Replay replay(zone);
    for (const auto& [line, json] : cases.items()) {
      const Answer spark = FromJson(json);
      const Answer ours = replay.Ask(line);
      const bool is_known = known.contains({zone, line});
      ++total;
      if (Agree(spark, ours)) {
        ++passed;
        EXPECT_FALSE(is_known) << "passes now, take it off known_failures.txt: " << zone << " "
                               << line;
      } else {
        differing << zone << '\t' << line << '\t' << "Spark: " << ToText(spark)
                  << " Ours: " << ToText(ours) << '\n';
        EXPECT_TRUE(is_known) << zone << ": " << line << "\n  Spark: " << ToText(spark)
                              << "\n  ours:  " << ToText(ours);
      }
    }
  }
  std::cout << "as Spark: " << passed << " of " << total << ", known to differ: " << known.size()
            << "\n";
}

}  // namespace
}  // namespace inlet
