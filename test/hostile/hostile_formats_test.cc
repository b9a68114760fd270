#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/testing.h"
#include "formats/format.h"
#include "types/text_cast.h"

namespace inlet::formats {
namespace {

using nlohmann::json;

/// What reading one case gave.
struct Outcome {
  std::vector<std::string> columns;  // Without the two special ones.
  std::vector<std::vector<std::optional<std::string>>> rows;
  int rescued = 0;
};

bool IsHidden(std::string_view path) {
  std::string_view name = path.substr(path.rfind('/') + 1);
  return name.starts_with('_') || name.starts_with('.');
}

Result<std::vector<storage::ObjectInfo>> FilesOf(const storage::Location& place, bool directory) {
  if (!directory) return std::vector{TRY(place.store->Head(place.path))};
  std::vector<storage::ObjectInfo> files = TRY(place.store->List(place.path + "/", {}));
  std::erase_if(files, [](const auto& file) { return IsHidden(file.path); });
  return files;
}

Result<Outcome> ReadCase(const json& given, std::string_view mode) {
  std::string path = given["path"];
  auto place = TRY(storage::Resolve(std::string(INLET_HOSTILE_DIR) + "/" + path));
  auto files = TRY(FilesOf(place, path.ends_with('/')));
  OptionMap options;
  std::optional<std::string> ddl;
  for (const auto& [name, value] : given["options"].items()) {
    std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (name == "schema")
      ddl = text;
    else
      options[name] = text;
  }
  const Format* format = FindFormat(given["format"].get<std::string>());
  auto knows = [&](std::string_view name) {
    return std::ranges::any_of(format->options(), [&](const OptionSpec& option) {
      return EqualsIgnoreCase(option.name, name);
    });
  };
  if (knows("header")) options.emplace("header", "true");
  if (!mode.empty() && knows("mode")) options["mode"] = mode;
  auto configured = TRY(format->Configure(options, !ddl));
  ReadSchema read;
  read.columns =
      ddl ? TRY(types::ParseDdl(*ddl)) : TRY(configured->InferSchema(*place.store, files, {}, {}));
  read.data_schema = read.columns;
  Outcome outcome;
  for (const auto& field : read.columns.fields) outcome.columns.push_back(field.name);
  std::size_t num_data = read.columns.size();
  read.rescued_column = num_data;
  read.corrupt_record_column = num_data + 1;
  read.columns.fields.push_back({.name = "_rescued_data", .type = types::TypeId::kString});
  read.columns.fields.push_back({.name = "_corrupt_record", .type = types::TypeId::kString});
  for (const storage::ObjectInfo& file : files) {
    for (const FileSplit& split : TRY(configured->Split(*place.store, file, 1 << 20))) {
      auto reader = TRY(configured->Open(*place.store, split, read));
      while (types::BatchPtr batch = TRY(reader->Next())) {
        EXPECT_TRUE(batch->ValidateFull().ok()) << path;
        for (std::int64_t i = 0; i < batch->num_rows(); ++i) {
          auto& row = outcome.rows.emplace_back();
          for (std::size_t c = 0; c < num_data; ++c) {
            const auto& column = *batch->column(static_cast<int>(c));
            auto& cell = row.emplace_back();
            if (column.IsNull(i)) continue;
            TRY(types::AppendCell(column, i, read.columns.fields[c].type, types::TimeZone::Utc(),
                                  cell.emplace()));
          }
          bool hurt = !batch->column(static_cast<int>(num_data))->IsNull(i) ||
                      !batch->column(static_cast<int>(num_data) + 1)->IsNull(i);
          outcome.rescued += hurt ? 1 : 0;
        }
      }
    }
  }
  return outcome;
}

std::string TextOf(const json& value) {
  if (value.is_string()) return value;
  std::string out;
  if (value.is_number_float())
    types::AppendDouble(value.get<double>(), out);
  else
    out = value.dump();
  return out;
}

bool IsCondition(std::string_view name, const std::string& wanted) {
  return name == wanted || name.starts_with(wanted + ".");
}

// Why `got` is not the outcome that `expect` wants; empty when it is.
std::string Misses(const Result<Outcome>& got, const json& expect) {
  std::string kind = expect["outcome"];
  if (kind == "no_crash" || kind == "denied") return "";
  if (kind == "error") {
    if (got) return "no error but " + std::to_string(got->rows.size()) + " rows";
    for (const json& condition : expect["errors"]) {
      if (IsCondition(InfoOf(got.error().condition).name, condition)) return "";
    }
    return ToString(got.error());
  }
  if (!got) return ToString(got.error());
  auto rows = static_cast<int>(got->rows.size());
  if (rows != expect.value("rows", 0)) return std::to_string(rows) + " rows";
  if (kind == "rescued" && got->rescued != expect.value("rescued", 0)) {
    return std::to_string(got->rescued) + " rescued";
  }
  if (kind == "rows" && got->rescued != 0 && !expect.contains("note")) {
    return std::to_string(got->rescued) + " rescued";
  }
  return "";
}

// Names, numbers of columns and values, where they are given.
std::string MissesDetails(const Outcome& got, const json& expect) {
  if (expect.contains("columns") && !got.columns.empty() &&
      got.columns != expect["columns"].get<std::vector<std::string>>()) {
    return "columns " + json(got.columns).dump();
  }
  if (expect.contains("ncols") && got.columns.size() != expect["ncols"].get<std::size_t>()) {
    return std::to_string(got.columns.size()) + " columns";
  }
  auto cell = [&](const json& check) -> std::optional<std::string> {
    auto column = std::ranges::find(got.columns, check[0].get<std::string>()) - got.columns.begin();
    auto row = check[1].get<std::size_t>();
    if (row >= got.rows.size() || static_cast<std::size_t>(column) >= got.columns.size()) return {};
    return got.rows[row][static_cast<std::size_t>(column)];
  };
  for (const json& check : expect.value("check", json::array())) {
    if (cell(check) != TextOf(check[2]))
      return check.dump() + " is " + cell(check).value_or("NULL");
  }
  for (const json& check : expect.value("check_len", json::array())) {
    if (cell(check).value_or("").size() != check[2].get<std::size_t>()) return check.dump();
  }
  if (expect.contains("check_set")) {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < got.rows.size(); ++i) {
      values.push_back(cell(json::array({expect["check_set"][0], i})).value_or("NULL"));
    }
    std::ranges::sort(values);
    auto wanted = expect["check_set"][1].get<std::vector<std::string>>();
    std::ranges::sort(wanted);
    if (values != wanted) return "values " + json(values).dump();
  }
  return "";
}

std::string Judge(const json& given) {
  const json& expect = given["expect"];
  Result<Outcome> got = ReadCase(given, "");
  std::string miss = Misses(got, expect);
  if (miss.empty()) {
    miss = got ? MissesDetails(*got, expect) : "";
  } else {
    for (const json& alternative : expect.value("alt", json::array())) {
      if (Misses(got, alternative).empty()) miss.clear();
    }
  }
  if (!miss.empty()) return miss;
  for (std::string mode : {"failfast", "dropmalformed"}) {
    if (!expect.contains(mode) || expect[mode] == "either") continue;
    Result<Outcome> in_mode = ReadCase(given, mode);
    bool wants_error = expect[mode] == "error";
    if (wants_error == in_mode.has_value()) return mode + " gives another outcome";
    if (!wants_error && in_mode->rows.size() != expect[mode].get<std::size_t>()) {
      return mode + " gives " + std::to_string(in_mode->rows.size()) + " rows";
    }
  }
  return "";
}

class Hostile : public testing::TestWithParam<const char*> {};

TEST_P(Hostile, FilesHaveTheDocumentedOutcome) {
  std::ifstream file(INLET_SOURCE_DIR "/test/hostile/expectations.json");
  json cases = json::parse(file)["cases"];
  int passed = 0;
  int total = 0;
  for (const json& given : cases) {
    std::string path = given["path"];
    // Directories with partitions and odd names are a matter of listing, above the formats.
    if (given["format"] != GetParam() || given["big"] == true || path.starts_with("dirs/") ||
        path.starts_with("names/")) {
      continue;
    }
    ++total;
    auto begin = std::chrono::steady_clock::now();
    std::string miss = Judge(given);
    auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    EXPECT_LT(seconds, given["expect"].value("max_seconds", 60)) << given["id"];
    if (miss.empty())
      ++passed;
    else
      ADD_FAILURE() << given["id"].get<std::string>() << " (" << given["expect"].dump()
                    << "): " << miss;
  }
  std::printf("%s: %d of %d hostile files\n", GetParam(), passed, total);
}

INSTANTIATE_TEST_SUITE_P(Formats, Hostile, testing::Values("csv", "text"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace inlet::formats
