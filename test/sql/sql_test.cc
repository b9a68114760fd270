// Runs the .test files below this folder, each in a home of its own.
//
//   sql_test            all of them
//   sql_test copy_into  those whose path contains the text

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "cli/result_printer.h"
#include "test_file.h"
#include "workspace/client.h"

namespace inlet::test {
namespace {

namespace fs = std::filesystem;

std::string ReplaceAll(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::vector<std::string> LinesWithoutHeader(const std::string& csv) {
  std::vector<std::string> lines;
  std::istringstream in(csv);
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) lines.push_back(line);
  return lines;
}

class SqlFileTest : public testing::Test {
 public:
  explicit SqlFileTest(fs::path path) : path_(std::move(path)) {}

  void TestBody() override {
    Result<TestFile> file = ReadTestFile(path_);
    ASSERT_TRUE(file.has_value()) << ToString(file.error());
    home_ =
        fs::temp_directory_path() / ("inlet_sql_test_" + std::to_string(getpid())) / path_.stem();
    fs::remove_all(home_);
    fs::create_directories(home_ / "scratch");
    Reopen();
    for (const TestCommand& command : file->commands) {
      SCOPED_TRACE(path_.string() + ":" + std::to_string(command.line) + "\n" + command.sql);
      Run(command);
      if (HasFatalFailure()) break;
    }
    client_.reset();
    workspace_.reset();
    fs::remove_all(home_.parent_path());
  }

 private:
  void Reopen() {
    client_.reset();
    workspace_.reset();
    auto opened = workspace::Workspace::Open({.home = (home_ / "lakehouse").string()});
    ASSERT_TRUE(opened.has_value()) << ToString(opened.error());
    workspace_ = *std::move(opened);
    client_ = workspace_->Connect();
  }

  std::string Expand(std::string text) const {
    text = ReplaceAll(std::move(text), "{DATA_DIR}", INLET_SOURCE_DIR "/test/data");
    return ReplaceAll(std::move(text), "{SCRATCH}", (home_ / "scratch").string());
  }

  Result<std::string> Csv(const std::string& sql) {
    workspace::QueryResult result = TRY(client_->Execute(sql, {}));
    std::ostringstream out;
    TRY(cli::Print(std::move(result), {.format = cli::OutputFormat::kCsv}, out));
    return out.str();
  }

  void Run(const TestCommand& command) {
    switch (command.kind) {
      case TestCommand::Kind::kReconnect:
        client_ = workspace_->Connect();
        return;
      case TestCommand::Kind::kReopen:
        return Reopen();
      case TestCommand::Kind::kFile:
        return WriteFile(command);
      case TestCommand::Kind::kStatementOk: {
        const Result<std::string> result = Csv(Expand(command.sql));
        ASSERT_TRUE(result.has_value()) << ToString(result.error());
        return;
      }
      case TestCommand::Kind::kStatementError:
        return ExpectError(command);
      case TestCommand::Kind::kQuery:
        return ExpectRows(command);
    }
  }

  void WriteFile(const TestCommand& command) {
    const fs::path path = Expand(command.path);
    fs::create_directories(path.parent_path());
    std::ofstream out(path);
    if (!command.sql.empty()) out << Expand(command.sql) << "\n";
    out.close();
    ASSERT_TRUE(out.good()) << path;
  }

  void ExpectError(const TestCommand& command) {
    const std::string sql = Expand(command.sql);
    const Result<std::string> result = Csv(sql);
    ASSERT_FALSE(result.has_value()) << "it succeeded:\n" << *result;
    const std::string message = ToString(result.error(), sql);
    for (const std::string& expected : command.expected) {
      EXPECT_TRUE(message.contains(Expand(expected)))
          << "expected: " << expected << "\nmessage:  " << message;
    }
  }

  void ExpectRows(const TestCommand& command) {
    const Result<std::string> result = Csv(Expand(command.sql));
    ASSERT_TRUE(result.has_value()) << ToString(result.error());
    std::vector<std::string> rows = LinesWithoutHeader(*result);
    std::vector<std::string> expected;
    for (const std::string& line : command.expected) expected.push_back(Expand(line));
    if (command.rowsort) {
      std::sort(rows.begin(), rows.end());
      std::sort(expected.begin(), expected.end());
    }
    EXPECT_EQ(rows, expected);
  }

  const fs::path path_;
  fs::path home_;
  std::unique_ptr<workspace::Workspace> workspace_;
  std::unique_ptr<workspace::Client> client_;
};

void RegisterFiles(const std::string& filter) {
  const fs::path root = INLET_SOURCE_DIR "/test/sql";
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".test" && entry.path().string().contains(filter)) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const std::string suite = file.parent_path().filename().string();
    testing::RegisterTest(suite.c_str(), file.stem().string().c_str(), nullptr, nullptr,
                          file.string().c_str(), 1,
                          [file]() -> testing::Test* { return new SqlFileTest(file); });
  }
}

}  // namespace
}  // namespace inlet::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  inlet::test::RegisterFiles(argc > 1 ? argv[1] : "");
  return RUN_ALL_TESTS();
}
