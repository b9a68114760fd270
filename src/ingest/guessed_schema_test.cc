#include <arrow/api.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "base/testing.h"
#include "ingest/read_files.h"
#include "storage/object_store.h"
#include "types/arrow.h"

namespace inlet::ingest {
namespace {

using Random = std::mt19937;
using Texts = std::vector<std::string>;

int Below(Random& random, int limit) {
  return static_cast<int>(random() % static_cast<unsigned>(limit));
}
bool Chance(Random& random, int percent) { return Below(random, 100) < percent; }
const std::string& OneOf(Random& random, const Texts& texts) {
  return texts[random() % texts.size()];
}

/// Values that look alike, and those that turn up among them late.
const std::vector<Texts> kCsvKinds = {
    {"1", "-7", "42", "+5", "007"},
    {"3000000000", "12", "-9000000000"},
    {"1.5", "2", "-0.25", "1e3", "4."},
    {"2024-01-31", "1999-12-01", "2024-02-29"},
    {"2024-01-31 10:00:00", "2024-01-31T10:00:00Z", "2024-01-31 10:00:00.123456"},
    {"true", "false", "TRUE", "False"},
    {"amber", "fjord haven", "x", "\"a,b\"", "\"say \"\"hi\"\"\""},
    {"", "", "NA"},
};
const Texts kOddCells = {"",     "\"\"",       "NA",         "text",   "9",
                         "2.75", "3000000000", "2024-01-05", "2021",   "12345678901234567890123",
                         "true", "2024-1-5",   "NaN",        " 7",     "2024-01-05 10:00",
                         "Inf",  "31/01/2024", "20240131",   "1999-1", "\"2024-01-31\""};

/// Files of one data set and how they are read.
struct Case {
  std::vector<std::pair<std::string, std::string>> files;
  OptionMap options;
};

std::string CsvRow(Random& random, const std::vector<int>& kinds, int odd_per_mille) {
  std::string row;
  for (const int kind : kinds) {
    const bool odd = Below(random, 1000) < odd_per_mille;
    if (&kind != kinds.data()) row += ',';
    row += OneOf(random, odd ? kOddCells : kCsvKinds[static_cast<std::size_t>(kind)]);
  }
  if (Below(random, 4000) < odd_per_mille) row += ",more";
  if (Below(random, 4000) < odd_per_mille) row = row.substr(0, row.rfind(','));
  return row;
}

Case CsvCase(Random& random) {
  Case made;
  std::vector<int> kinds(static_cast<std::size_t>(1 + Below(random, 5)));
  for (int& kind : kinds) kind = Below(random, static_cast<int>(kCsvKinds.size()));
  const bool header = Chance(random, 80);
  made.options = {{"format", "csv"}, {"header", header ? "true" : "false"}};
  const auto maybe = [&](int percent, const char* name, const Texts& values) {
    if (Chance(random, percent)) made.options[name] = OneOf(random, values);
  };
  maybe(20, "nullValue", {"NA", "x", "9"});
  maybe(10, "emptyValue", {"0", "empty"});
  maybe(10, "mergeSchema", {"true", "false"});
  maybe(10, "dateFormat", {"dd/MM/yyyy", "yyyyMMdd"});
  maybe(10, "timestampFormat", {"yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd"});
  maybe(10, "preferDate", {"false"});
  maybe(10, "mode", {"DROPMALFORMED", "FAILFAST"});
  maybe(10, "nanValue", {"true", "-", "2021"});
  maybe(10, "schemaHints", {"c0 STRING", "_c0 DOUBLE", "new INT", "c1 DECIMAL(10,2)"});
  maybe(10, "rescuedDataColumn", {"c1", "saved"});
  maybe(5, "multiLine", {"true"});
  const bool large = Chance(random, 3);
  const int num_files = large ? 1 : 1 + Below(random, 30);
  const int odd_per_mille = OneOf(random, {"0", "0", "1", "5"})[0] - '0';
  for (int file = 0; file < num_files; ++file) {
    std::string text;
    const bool other_header = Chance(random, 2);
    if (header) {
      for (std::size_t c = 0; c < kinds.size(); ++c) {
        text += (c > 0 ? "," : "") + std::string(other_header && c == 0 ? "C" : "c") +
                std::to_string(c);
      }
      text += other_header && Chance(random, 50) ? ",late\n" : "\n";
    }
    const int rows = large ? 40'000 : Below(random, 40);
    for (int row = 0; row < rows; ++row) {
      text += CsvRow(random, kinds, large ? odd_per_mille / 5 : odd_per_mille) + "\n";
    }
    const std::string folder = Chance(random, 1) ? "c0=1/" : "";
    made.files.emplace_back(folder + std::to_string(100 + file) + ".csv", std::move(text));
  }
  return made;
}

const Texts kOddJson = {"null",
                        "\"\"",
                        "\"text\"",
                        "9",
                        "2.75",
                        "12345678901234567890123",
                        "true",
                        "[]",
                        "[1,null]",
                        "{}",
                        "{\"x\":1}",
                        "\"NaN\"",
                        "[\"a\"]",
                        "[{\"y\":2}]",
                        "\"2024-01-05\"",
                        "1e400",
                        "\"a\\u0041\"",
                        "\"bad \\q\"",
                        "NaN",
                        "9223372036854775808",
                        "{\"x\":null,\"x\":2}",
                        "\"2024-01-05T10:00:00Z\""};

std::string JsonValue(Random& random, int kind, int odd_per_mille) {
  if (Below(random, 1000) < odd_per_mille) return OneOf(random, kOddJson);
  switch (kind) {
    case 0:
      return std::to_string(Below(random, 1000));
    case 1:
      return OneOf(random, {"1.5", "2", "-3.25e2"});
    case 2:
      return OneOf(random, {"true", "false", "null"});
    case 3:
      return OneOf(random, {"\"amber\"", "\"\"", "\"say \\\"hi\\\"\"", "null"});
    case 4:
      return "{\"x\":" + JsonValue(random, 0, odd_per_mille) +
             ",\"y\":" + JsonValue(random, 3, odd_per_mille) + "}";
    case 5:
      return "[" + JsonValue(random, 1, odd_per_mille) + "," + JsonValue(random, 0, odd_per_mille) +
             "]";
    case 6:
      return "[{\"y\":" + JsonValue(random, 0, odd_per_mille) + "}]";
    case 7:
      return OneOf(random, {"null", "[]", "{}"});
    case 8:
      return OneOf(random, {"\"2024-01-31T10:00:00Z\"", "\"2024-02-29 01:02:03.5\""});
    default:
      return "null";
  }
}

std::string JsonLine(Random& random, const std::vector<int>& kinds, int odd_per_mille) {
  std::string line = "{";
  for (std::size_t c = 0; c < kinds.size(); ++c) {
    if (Chance(random, 10)) continue;
    line += (line.size() > 1 ? ",\"" : "\"") +
            std::string(Below(random, 2000) < odd_per_mille ? "C" : "c") + std::to_string(c) +
            "\":" + JsonValue(random, kinds[c], odd_per_mille);
  }
  if (Below(random, 3000) < odd_per_mille)
    line += line.size() > 1 ? ",\"late\":null" : "\"late\":{}";
  line += "}";
  if (Below(random, 3000) < odd_per_mille) return line.substr(0, line.size() / 2);
  if (Below(random, 3000) < odd_per_mille) return line + " 7";
  if (Below(random, 3000) < odd_per_mille) return "[" + line + "," + line + "]";
  return line;
}

Case JsonCase(Random& random) {
  Case made;
  std::vector<int> kinds(static_cast<std::size_t>(1 + Below(random, 5)));
  for (int& kind : kinds) kind = Below(random, 10);
  made.options = {{"format", "json"}};
  const auto maybe = [&](int percent, const char* name, const Texts& values) {
    if (Chance(random, percent)) made.options[name] = OneOf(random, values);
  };
  maybe(10, "mode", {"DROPMALFORMED", "FAILFAST"});
  maybe(10, "schemaHints", {"c0 STRING", "c1 DOUBLE", "late INT", "c0.x STRING"});
  maybe(10, "rescuedDataColumn", {"c1", "saved"});
  maybe(10, "schemaEvolutionMode", {"none"});
  maybe(10, "inferTimestamp", {"true"});
  maybe(10, "primitivesAsString", {"true"});
  maybe(10, "dropFieldIfAllNull", {"true"});
  maybe(10, "readerCaseSensitive", {"false"});
  maybe(5, "allowNonNumericNumbers", {"false"});
  maybe(5, "allowSingleQuotes", {"false"});
  const bool large = Chance(random, 3);
  const int num_files = large ? 1 : 1 + Below(random, 30);
  const int odd_per_mille = OneOf(random, {"0", "0", "1", "5"})[0] - '0';
  for (int file = 0; file < num_files; ++file) {
    std::string text;
    const int rows = large ? 10'000 : Below(random, 40);
    for (int row = 0; row < rows; ++row) {
      text += JsonLine(random, kinds, large ? odd_per_mille / 5 : odd_per_mille) + "\n";
    }
    made.files.emplace_back(std::to_string(100 + file) + ".json", std::move(text));
  }
  return made;
}

/// What a scan gives, or that it fails.
struct Outcome {
  types::StructType schema;
  std::shared_ptr<arrow::Table> rows;  ///< Null: it failed.
  bool guessed = false;
  bool holds = false;
};

Result<std::shared_ptr<arrow::Table>> ReadAll(const FileScan& scan,
                                              const engine::Projection& projection) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (std::size_t split = 0; split < scan.num_splits(); ++split) {
    const auto reader = TRY(scan.Open(split, projection));
    while (types::BatchPtr batch = TRY(reader->Next())) batches.push_back(std::move(batch));
  }
  arrow::FieldVector fields;
  for (const std::size_t column : projection.columns) {
    fields.push_back(types::ToArrow(scan.schema().fields[column]));
  }
  return ARROW_TRY(
      ARROW_TRY(arrow::Table::FromRecordBatches(arrow::schema(fields), batches))->CombineChunks());
}

bool SameRows(const arrow::Table& left, const arrow::Table& right) {
  if (left.num_rows() != right.num_rows() || left.num_columns() != right.num_columns()) {
    return false;
  }
  for (int c = 0; c < left.num_columns() && left.num_rows() > 0; ++c) {
    const auto equal = arrow::EqualOptions::Defaults().nans_equal(true);
    if (!left.column(c)->chunk(0)->Equals(right.column(c)->chunk(0), equal)) return false;
  }
  return true;
}

Outcome Read(const storage::Location& location, const Case& made, bool may_guess, int num_columns) {
  ReadFilesRequest request{
      .location = location, .path_text = "here", .options = made.options, .threads = 2};
  if (may_guess) request.guess = {.min_total_bytes = 0, .sample_bytes = 64 << 10};
  const auto scan = OpenReadFiles(request, {});
  if (!scan) return {};
  Outcome outcome{.schema = (*scan)->schema(), .guessed = (*scan)->spec().guess != nullptr};
  engine::Projection projection;
  for (std::size_t c = 0; c < (*scan)->schema().size(); ++c) {
    if (num_columns == 0 || static_cast<int>(c) < num_columns) projection.columns.push_back(c);
  }
  outcome.rows = ReadAll(**scan, projection).value_or(nullptr);
  outcome.holds = (*scan)->guess_holds();
  return outcome;
}

struct Tally {
  int held = 0;
  int refused = 0;
  int refused_right = 0;  ///< With another schema than that of full inference.
};

int Setting(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

Tally Compare(Case (*make)(Random&)) {
  Tally tally;
  const int first = Setting("INLET_GUESS_SEED", 20260101);
  const int num_cases = Setting("INLET_GUESS_CASES", 200);
  for (int seed = first; seed < first + num_cases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<unsigned>(seed));
    const Case made = make(random);
    const int num_columns = Chance(random, 20) ? 1 : 0;
    storage::Location location =
        Value(storage::Resolve("memory://guess-" + std::to_string(seed) + "/"));
    for (const auto& [path, text] : made.files) {
      EXPECT_THAT(location.store->Put(location.path + path, text, storage::PutMode::kOverwrite),
                  IsOk());
    }
    const Outcome full = Read(location, made, /*may_guess=*/false, num_columns);
    const Outcome guessed = Read(location, made, /*may_guess=*/true, num_columns);
    for (const auto& [path, text] : made.files) {
      EXPECT_THAT(location.store->Delete(location.path + path), IsOk());
    }
    if (!guessed.guessed) continue;
    if (guessed.rows == nullptr) {
      ++tally.refused;
      tally.refused_right += guessed.schema == full.schema ? 0 : 1;
      continue;
    }
    ++tally.held;
    EXPECT_TRUE(guessed.holds);
    EXPECT_EQ(ToDdl(guessed.schema), ToDdl(full.schema));
    if (full.rows == nullptr || !SameRows(*guessed.rows, *full.rows)) {
      ADD_FAILURE() << "other rows by a guess that was not refused";
    }
  }
  return tally;
}

TEST(GuessedSchema, CsvGivesWhatFullInferenceGivesOrIsRefused) {
  const Tally tally = Compare(CsvCase);
  EXPECT_GT(tally.held, 60) << tally.refused;
  EXPECT_GT(tally.refused_right, 10) << tally.refused;
}

TEST(GuessedSchema, JsonGivesWhatFullInferenceGivesOrIsRefused) {
  const Tally tally = Compare(JsonCase);
  EXPECT_GT(tally.held, 60) << tally.refused;
  EXPECT_GT(tally.refused_right, 10) << tally.refused;
}

TEST(GuessedSchema, DoesNotHoldBeforeEverySplitIsRead) {
  storage::Location location = Value(storage::Resolve("memory://guess-unread/"));
  std::string rows = "id\n";
  for (int i = 0; i < 2'000'000; ++i) rows += "1\n";
  for (const char* path : {"a.csv", "b.csv"}) {
    ASSERT_THAT(location.store->Put(location.path + path, rows, storage::PutMode::kOverwrite),
                IsOk());
  }
  ReadFilesRequest request{.location = location,
                           .path_text = "here",
                           .options = {{"format", "csv"}},
                           .guess = formats::ConfiguredFormat::GuessOptions{.min_total_bytes = 0}};
  const auto scan = Value(OpenReadFiles(request, {}));
  ASSERT_NE(scan->spec().guess, nullptr);
  ASSERT_GT(scan->num_splits(), 1U);
  for (std::size_t split = 0; split < scan->num_splits(); ++split) {
    EXPECT_FALSE(scan->guess_holds());
    const auto reader = Value(scan->Open(split, {.columns = {0}}));
    while (Value(reader->Next()) != nullptr) {
    }
  }
  EXPECT_TRUE(scan->guess_holds());
}

}  // namespace
}  // namespace inlet::ingest
