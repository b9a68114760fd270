#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/testing.h"
#include "formats/format.h"
#include "storage/memory/memory_store.h"
#include "types/text_cast.h"

namespace inlet::formats {
namespace {

using nlohmann::json;
using Row = std::vector<std::optional<std::string>>;

std::string FromBase64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (char c : text) {
    std::size_t digit = kDigits.find(c);
    if (digit == kDigits.npos) break;
    bits = bits << 6 | static_cast<unsigned>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return out;
}

struct Answer {
  std::string schema;
  std::vector<Row> rows;
};

types::StructType Select(const types::StructType& columns, std::string_view names) {
  types::StructType chosen;
  for (std::size_t begin = 0; begin < names.size();) {
    const std::size_t end = std::min(names.find(", ", begin), names.size());
    chosen.fields.push_back(*columns.Find(names.substr(begin, end - begin)));
    begin = end + 2;
  }
  return chosen;
}

Result<Answer> ReadCase(const json& given) {
  storage::MemoryStore store("test");
  std::vector<storage::ObjectInfo> files;
  for (const auto& [name, content] : given["files"].items()) {
    TRY(store.Put("t/" + name, FromBase64(content.get<std::string>()),
                  storage::PutMode::kOverwrite));
    files.push_back(TRY(store.Head("t/" + name)));
  }
  OptionMap options;
  for (const auto& [name, value] : given["options"].items()) options[name] = value;
  bool inferring = !given.contains("schema");
  const Format* format = FindFormat(given["format"].get<std::string>());
  if (!format) return FailUnsupported(given["format"].get<std::string>());
  auto configured = TRY(format->Configure(options, inferring));
  ReadSchema read;
  read.columns = inferring ? TRY(configured->InferSchema(store, files, {}, {}))
                           : TRY(types::ParseDdl(given["schema"].get<std::string>()));
  read.data_schema = read.columns;
  if (given.contains("select"))
    read.columns = Select(read.columns, given["select"].get<std::string>());
  std::string corrupt = options.contains("columnNameOfCorruptRecord")
                            ? options["columnNameOfCorruptRecord"]
                            : "_corrupt_record";
  read.corrupt_record_column = read.columns.IndexOf(corrupt);

  Answer answer{.schema = ToString(types::DataType::Struct(read.columns.fields))};
  for (const storage::ObjectInfo& file : files) {
    for (const FileSplit& split : TRY(configured->Split(store, file, 1 << 20))) {
      auto reader = TRY(configured->Open(store, split, read));
      while (types::BatchPtr batch = TRY(reader->Next())) {
        for (std::int64_t i = 0; i < batch->num_rows(); ++i) {
          Row& row = answer.rows.emplace_back();
          for (int c = 0; c < batch->num_columns(); ++c) {
            std::optional<std::string>& cell = row.emplace_back();
            if (batch->column(c)->IsNull(i)) continue;
            TRY(types::AppendCell(*batch->column(c), i,
                                  read.columns.fields[static_cast<std::size_t>(c)].type,
                                  types::TimeZone::Utc(), cell.emplace()));
          }
        }
      }
    }
  }
  return answer;
}

std::vector<Row> RowsOf(const json& rows) {
  std::vector<Row> out;
  for (const json& row : rows) {
    Row& cells = out.emplace_back();
    for (const json& cell : row) {
      if (cell.is_null())
        cells.emplace_back();
      else
        cells.emplace_back(cell.get<std::string>());
    }
  }
  return out;
}

std::string Show(const std::vector<Row>& rows) {
  json out = json::array();
  for (const Row& row : rows) {
    json& cells = out.emplace_back(json::array());
    for (const auto& cell : row) cells.push_back(cell ? json(*cell) : json());
  }
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool NamesCondition(const json& errors, std::string_view condition) {
  return std::ranges::any_of(errors, [&](const json& error) {
    std::string name = error;
    return name == condition || condition.starts_with(name + ".") ||
           name.starts_with(std::string(condition) + ".");
  });
}

// Empty: the case agrees.
std::string Differs(const json& given) {
  Result<Answer> ours = ReadCase(given);
  const json& spark = given["spark"];
  if (given.contains("expect")) {
    std::string expect = given["expect"];
    if (expect.starts_with("error ")) {
      if (!ours && InfoOf(ours.error().condition).name == expect.substr(6)) return "";
      return "expected " + expect + ", got " + (ours ? Show(ours->rows) : ToString(ours.error()));
    }
    std::vector<Row> rows = RowsOf(json::parse(expect));
    if (ours && ours->rows == rows) return "";
    return "expected " + Show(rows) + ", got " + (ours ? Show(ours->rows) : ToString(ours.error()));
  }
  if (spark.contains("error")) {
    if (!ours && NamesCondition(spark["error"], InfoOf(ours.error().condition).name)) return "";
    return "Spark fails with " + spark["error"].dump() + ", got " +
           (ours ? Show(ours->rows) : ToString(ours.error()));
  }
  if (!ours) return "got " + ToString(ours.error()) + ", Spark has " + spark["rows"].dump();
  std::vector<Row> expected = RowsOf(spark["rows"]);
  if (given["files"].size() > 1) {
    std::ranges::sort(expected);
    std::ranges::sort(ours->rows);
  }
  if (ours->rows != expected) return "got " + Show(ours->rows) + "\n   Spark " + Show(expected);
  std::string schema = spark["schema"];
  if (!given.contains("schema") && ours->schema != schema) {
    return "got the schema " + ours->schema + ", Spark has " + schema;
  }
  return "";
}

class FormatsAsSpark : public testing::TestWithParam<const char*> {};

TEST_P(FormatsAsSpark, ReadsTheSameRows) {
  std::ifstream file(std::string(INLET_SOURCE_DIR "/test/spark/formats/") + GetParam() + ".json");
  ASSERT_TRUE(file) << "record_formats.py " << GetParam() << " has not been run";
  json recorded = json::parse(file);
  int agreed = 0;
  for (const json& given : recorded["cases"]) {
    std::string difference = Differs(given);
    if (difference.empty())
      ++agreed;
    else
      ADD_FAILURE() << given["name"].get<std::string>() << ": " << difference;
  }
  std::printf("%s: %d of %zu cases agree with Apache Spark %s\n", GetParam(), agreed,
              recorded["cases"].size(), recorded["spark_version"].get<std::string>().c_str());
}

INSTANTIATE_TEST_SUITE_P(Formats, FormatsAsSpark,
                         testing::Values("csv", "text", "parquet", "orc", "avro", "binaryFile"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace inlet::formats
