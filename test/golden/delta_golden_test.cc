// Judges Inlet's Delta reader by tables that others wrote. The archive delta.tar.zst has the
// tables, index.json what independent readers saw in them, NOTICE where they come from.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "delta/change_feed.h"
#include "delta/scan.h"
#include "delta/snapshot.h"
#include "ingest/change_feed_source.h"
#include "row_checksum.h"
#include "storage/object_store.h"
#include "workspace/client.h"

namespace inlet::golden {
namespace {

using Json = nlohmann::json;

/// INLET_GOLDEN_TABLES: another folder with tables and an index.json.
std::filesystem::path TablesFolder() {
  const char* other = std::getenv("INLET_GOLDEN_TABLES");
  return other != nullptr ? other : INLET_GOLDEN_DIR;
}
const std::filesystem::path kTables = TablesFolder();

Json ReadJson(const std::filesystem::path& path) {
  std::ifstream in(path);
  return Json::parse(in);
}

/// What is wrong with one case; empty when nothing is.
using Problem = std::string;

storage::Location TableOf(const Json& test_case) {
  const std::filesystem::path path = kTables / test_case["table"].get<std::string>();
  const Result<storage::Location> location = storage::Resolve(path.string());
  EXPECT_TRUE(location.has_value()) << path;
  return *location;
}

Problem ReadAll(types::BatchReader& reader, RowChecksum& checksum) {
  while (true) {
    const Result<types::BatchPtr> batch = reader.Next();
    if (!batch) return "read: " + ToString(batch.error());
    if (*batch == nullptr) return {};
    checksum.Add(**batch);
  }
}

Problem ReadAll(const delta::DeltaScan& scan, const std::vector<std::size_t>& columns,
                RowChecksum& checksum) {
  for (std::size_t split = 0; split < scan.num_splits(); ++split) {
    const auto reader = scan.Open(split, columns);
    if (!reader) return "open: " + ToString(reader.error());
    if (Problem problem = ReadAll(**reader, checksum); !problem.empty()) return problem;
  }
  return {};
}

Problem ReadAll(const delta::SnapshotPtr& snapshot, RowChecksum& checksum) {
  const auto scan = delta::DeltaScan::Plan(snapshot);
  if (!scan) return "plan: " + ToString(scan.error());
  std::vector<std::size_t> columns(snapshot->schema().size());
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = i;
  return ReadAll(**scan, columns, checksum);
}

Problem Compare(const RowChecksum& checksum, const Json& expected, std::string_view what) {
  if (checksum.num_rows() != expected["rows"].get<std::int64_t>()) {
    return fmt::format("{}: {} rows instead of {}", what, checksum.num_rows(),
                       expected["rows"].get<std::int64_t>());
  }
  if (checksum.Text() != expected["checksum"].get<std::string>()) {
    return fmt::format("{}: other values", what);
  }
  return {};
}

Problem JudgeRows(const storage::Location& table, const Json& expected) {
  const auto version = expected["version"].get<delta::Version>();
  const auto snapshot = delta::Snapshot::Load(
      table, expected.value("latest", false) ? std::nullopt : std::optional(version));
  if (!snapshot) return fmt::format("version {}: {}", version, ToString(snapshot.error()));
  if ((*snapshot)->version() != version) {
    return fmt::format("version {} instead of {}", (*snapshot)->version(), version);
  }
  RowChecksum checksum((*snapshot)->schema());
  if (Problem problem = ReadAll(*snapshot, checksum); !problem.empty()) {
    return fmt::format("version {}: {}", version, problem);
  }
  return Compare(checksum, expected, fmt::format("version {}", version));
}

Problem JudgeChangeFeed(const storage::Location& table, const Json& expected) {
  const auto latest = delta::Snapshot::Load(table);
  if (!latest) return ToString(latest.error());
  auto feed = delta::LoadChangeFeed(*latest, expected["start"].get<delta::Version>(),
                                    expected["end"].get<delta::Version>());
  if (!feed) return ToString(feed.error());
  const auto source = ingest::OpenChangeFeed(*std::move(feed), "UTC");
  if (!source) return ToString(source.error());
  // The time of a commit is no part of what is compared; it stands last.
  types::StructType schema = (*source)->schema();
  schema.fields.pop_back();
  engine::Projection projection;
  for (std::size_t i = 0; i < schema.size(); ++i) projection.columns.push_back(i);
  RowChecksum checksum(schema);
  for (std::size_t split = 0; split < (*source)->num_splits(); ++split) {
    const auto reader = (*source)->Open(split, projection);
    if (!reader) return "open: " + ToString(reader.error());
    if (Problem problem = ReadAll(**reader, checksum); !problem.empty()) return problem;
  }
  return Compare(checksum, expected, "change feed");
}

Problem JudgeRowIds(const storage::Location& table, const Json& expected) {
  const auto version = expected["version"].get<delta::Version>();
  const auto snapshot = delta::Snapshot::Load(table, version);
  if (!snapshot) return ToString(snapshot.error());
  const auto scan = delta::DeltaScan::Plan(*snapshot, {}, {.with_row_columns = true});
  if (!scan) return "plan: " + ToString(scan.error());
  types::StructType schema = (*snapshot)->schema();
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < schema.size(); ++i) columns.push_back(i);
  const std::size_t first = schema.size();
  for (const auto& [name, column] :
       {std::pair("__row_id", delta::RowColumn::kRowId),
        std::pair("__row_commit_version", delta::RowColumn::kRowCommitVersion)}) {
    schema.fields.push_back({.name = name, .type = types::TypeId::kLong});
    columns.push_back(first + static_cast<std::size_t>(column));
  }
  RowChecksum checksum(schema);
  if (Problem problem = ReadAll(**scan, columns, checksum); !problem.empty()) return problem;
  return Compare(checksum, expected, fmt::format("row ids of version {}", version));
}

/// A filter gives the same rows, whatever files it leaves out.
Problem JudgeQuery(workspace::Client& client, const Json& test_case, const Json& expected) {
  const std::filesystem::path path = kTables / test_case["table"].get<std::string>();
  const auto condition = expected["where"].get<std::string>();
  const auto result = client.Execute(
      fmt::format("SELECT * FROM delta.`{}` WHERE {}", path.string(), condition), {});
  if (!result) return condition + ": " + ToString(result.error());
  RowChecksum checksum(result->schema);
  if (Problem problem = ReadAll(*result->rows, checksum); !problem.empty()) return problem;
  return Compare(checksum, expected, condition);
}

/// Change feeds, row ids and filters, where a case has them.
Problem JudgeMore(workspace::Client& client, const Json& test_case) {
  const storage::Location table = TableOf(test_case);
  const auto first_of = [&](const char* part, const auto& judge) -> Problem {
    if (!test_case.contains(part)) return {};
    for (const Json& expected : test_case[part]) {
      if (Problem problem = judge(expected); !problem.empty()) return problem;
    }
    return {};
  };
  Problem problem = first_of(
      "changeFeed", [&](const Json& expected) { return JudgeChangeFeed(table, expected); });
  if (problem.empty()) {
    problem =
        first_of("rowIds", [&](const Json& expected) { return JudgeRowIds(table, expected); });
  }
  if (problem.empty()) {
    problem = first_of(
        "queries", [&](const Json& expected) { return JudgeQuery(client, test_case, expected); });
  }
  return problem;
}

Json FilesOf(const delta::Snapshot& snapshot, std::uint64_t& checksum) {
  Json files = Json::array();
  for (const delta::AddFile& file : snapshot.files()) {
    Json dv = nullptr;
    std::string key = file.path + '\x1F';
    if (file.deletion_vector) {
      dv = file.deletion_vector->UniqueId();
      key += file.deletion_vector->UniqueId();
    }
    checksum += HashOfText(key);
    files.push_back(Json::array({file.path, dv, file.size}));
  }
  std::sort(files.begin(), files.end());
  return files;
}

Json ProtocolOf(const delta::Protocol& protocol) {
  Json json = {{"minReaderVersion", protocol.min_reader_version},
               {"minWriterVersion", protocol.min_writer_version}};
  const auto sorted = [](const std::vector<std::string>& names) {
    return std::set<std::string>(names.begin(), names.end());
  };
  if (protocol.reader_features) json["readerFeatures"] = sorted(*protocol.reader_features);
  if (protocol.writer_features) json["writerFeatures"] = sorted(*protocol.writer_features);
  return json;
}

Problem JudgeState(const storage::Location& table, const Json& expected) {
  const auto version = expected["version"].get<delta::Version>();
  const auto loaded = delta::Snapshot::Load(table, version);
  if (!loaded) return fmt::format("state {}: {}", version, ToString(loaded.error()));
  const delta::Snapshot& snapshot = **loaded;
  std::uint64_t files_checksum = 0;
  Json files = FilesOf(snapshot, files_checksum);
  Json actual = {{"version", snapshot.version()},
                 {"configuration", snapshot.properties()},
                 {"metadataId", snapshot.metadata().id},
                 {"partitionColumns", snapshot.partition_columns()},
                 {"schemaString", snapshot.metadata().schema_string},
                 {"protocol", ProtocolOf(snapshot.protocol())},
                 {"numFiles", snapshot.num_files()},
                 {"sizeInBytes", snapshot.size_bytes()},
                 {"filesChecksum", fmt::format("{:016x}", files_checksum)},
                 {"txn", Json::object()},
                 {"domainMetadata", Json::object()}};
  if (expected.contains("files")) {
    Json listed = expected["files"];
    std::sort(listed.begin(), listed.end());
    if (listed != files)
      return fmt::format("state {}: files {} instead of {}", version, files.dump(), listed.dump());
  }
  for (const auto& [app_id, transaction] : snapshot.transactions()) {
    actual["txn"][app_id] = transaction.version;
  }
  for (const auto& [name, domain] : snapshot.domains()) {
    actual["domainMetadata"][name] = domain.configuration;
  }
  for (const auto& [key, value] : actual.items()) {
    Json wanted = expected.at(key);
    if (key == "protocol") {
      for (const char* list : {"readerFeatures", "writerFeatures"}) {
        if (wanted.contains(list)) wanted[list] = wanted[list].get<std::set<std::string>>();
      }
    }
    if (wanted != value) {
      return fmt::format("state {}: {} is {} instead of {}", version, key, value.dump(),
                         wanted.dump());
    }
  }
  return {};
}

/// An error table must fail when it is opened or read.
Problem JudgeError(const storage::Location& table) {
  const auto snapshot = delta::Snapshot::Load(table);
  if (!snapshot) return {};
  RowChecksum checksum((*snapshot)->schema());
  return ReadAll(*snapshot, checksum).empty() ? "it was read without an error" : Problem();
}

Problem JudgeStates(const Json& test_case) {
  if (test_case["expect"] == "error" || !test_case.contains("state")) return {};
  const storage::Location table = TableOf(test_case);
  for (const Json& state : ReadJson(kTables / test_case["state"].get<std::string>())) {
    if (Problem problem = JudgeState(table, state); !problem.empty()) return problem;
  }
  return {};
}

Problem Judge(const Json& test_case) {
  const storage::Location table = TableOf(test_case);
  if (test_case["expect"] == "error") return JudgeError(table);
  if (test_case.contains("versions")) {
    for (const Json& version : test_case["versions"]) {
      if (Problem problem = JudgeRows(table, version); !problem.empty()) return problem;
    }
  }
  return {};
}

/// What is known not to pass, by case or "case#state", and why.
std::map<std::string, std::string> ReadKnownFailures() {
  std::map<std::string, std::string> known;
  std::ifstream in(std::string(INLET_SOURCE_DIR) + "/test/golden/known_failures.txt");
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with('#') || colon == std::string::npos) continue;
    known[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return known;
}

/// Counts, and fails the test for what fails without being known to, and for what is known to fail
/// and does not.
class Verdicts {
 public:
  void Add(const std::string& name, const Problem& problem) {
    ++num_judged_;
    if (problem.empty()) ++num_passed_;
    const auto reason = known_.find(name);
    if (problem.empty() && reason != known_.end()) {
      ADD_FAILURE() << name << " passes now: take it out of known_failures.txt";
    } else if (!problem.empty() && reason == known_.end()) {
      ADD_FAILURE() << name << ": " << problem;
    } else if (!problem.empty()) {
      fmt::print("known failure {}: {}\n", name, reason->second);
    }
  }
  void Print(std::string_view what) const {
    fmt::print("{}: {} of {} pass\n", what, num_passed_, num_judged_);
  }

 private:
  const std::map<std::string, std::string> known_ = ReadKnownFailures();
  int num_judged_ = 0;
  int num_passed_ = 0;
};

TEST(DeltaGolden, EveryTableReadsAsOthersReadIt) {
  const Json index = ReadJson(kTables / "index.json");
  const char* only = std::getenv("INLET_GOLDEN_CASE");
  Verdicts cases;
  Verdicts states;
  Verdicts more;
  const auto home = std::filesystem::path(testing::TempDir()) /
                    ("delta_golden_home_" + kTables.filename().string());
  std::filesystem::remove_all(home);
  const auto workspace = workspace::Workspace::Open({.home = home.string()});
  ASSERT_TRUE(workspace.has_value()) << ToString(workspace.error());
  const std::unique_ptr<workspace::Client> client = (*workspace)->Connect();
  for (const Json& test_case : index["cases"]) {
    const auto name = test_case["name"].get<std::string>();
    if (only != nullptr && !name.contains(only)) continue;
    // Where the files are not there, the log is the case.
    const bool is_state_case = test_case["expect"] == "state";
    cases.Add(name, is_state_case ? JudgeStates(test_case) : Judge(test_case));
    if (!is_state_case) states.Add(name + "#state", JudgeStates(test_case));
    for (const char* part : {"changeFeed", "rowIds", "queries"}) {
      if (!test_case.contains(part)) continue;
      more.Add(name + "#more", JudgeMore(*client, test_case));
      break;
    }
  }
  cases.Print("Delta golden tables");
  states.Print("Logs of the tables whose rows are judged");
  more.Print("Change feeds, row ids and filters");
}

}  // namespace
}  // namespace inlet::golden
