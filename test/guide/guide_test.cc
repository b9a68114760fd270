// Runs every code block of the pages of docs/guide, each page in a home of its own.
//
//   guide_test                    all pages
//   guide_test read_files         those whose path contains the text
//   guide_test --complete tables  writes what the blocks print into their ```text blocks

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "cli/result_printer.h"
#include "markdown_page.h"
#include "sql/script.h"
#include "workspace/client.h"

namespace inlet::test {
namespace {

namespace fs = std::filesystem;

struct Outcome {
  std::string output;
  bool succeeded = true;
};

std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

/// Runs a script with bash; the output has what it wrote to either stream.
Outcome RunShell(const std::string& script) {
  const std::string command = "exec 2>&1; exec bash -euo pipefail -c " + Quoted(script);
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {"popen failed", false};
  Outcome outcome;
  char buffer[4096];
  while (const std::size_t size = std::fread(buffer, 1, sizeof(buffer), pipe)) {
    outcome.output.append(buffer, size);
  }
  outcome.succeeded = pclose(pipe) == 0;
  return outcome;
}

class GuidePageTest : public testing::Test {
 public:
  GuidePageTest(fs::path path, bool complete) : path_(std::move(path)), complete_(complete) {}

  void TestBody() override {
    Result<MarkdownPage> page = ReadMarkdownPage(path_);
    ASSERT_TRUE(page.has_value()) << ToString(page.error());
    page_ = *std::move(page);
    EnterFreshDirectory();
    for (const CodeBlock& block : page_.blocks) {
      SCOPED_TRACE(fmt::format("{}:{}", path_.string(), block.code.begin + 1));
      if (block.kind == CodeBlock::Kind::kConsole) {
        RunConsole(block);
      } else {
        RunBlock(block);
      }
      if (HasFailure() && !complete_) break;
    }
    client_.reset();
    workspace_.reset();
    fs::current_path("/");
    fs::remove_all(directory_);
    if (complete_) WriteCompleted();
  }

 private:
  /// With a copy of test/data/guide, and the program first in PATH.
  void EnterFreshDirectory() {
    std::string name = fs::temp_directory_path() / "guide-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr) << name;
    directory_ = name;
    fs::copy(INLET_SOURCE_DIR "/test/data/guide", directory_, fs::copy_options::recursive);
    fs::current_path(directory_);
    const std::string home = (directory_ / "lakehouse").string();
    setenv("INLET_HOME", home.c_str(), 1);
    auto opened = workspace::Workspace::Open({.home = home});
    ASSERT_TRUE(opened.has_value()) << ToString(opened.error());
    workspace_ = *std::move(opened);
    client_ = workspace_->Connect();
  }

  void RunBlock(const CodeBlock& block) {
    const std::string code = page_.Text(block.code);
    const Outcome outcome = block.kind == CodeBlock::Kind::kSql ? RunSql(code) : RunShell(code);
    if (block.output) {
      Compare(*block.output, outcome.output);
    } else {
      EXPECT_TRUE(outcome.succeeded) << outcome.output;
    }
  }

  void RunConsole(const CodeBlock& block) {
    for (std::size_t i = block.code.begin; i < block.code.end;) {
      const std::string& line = page_.lines[i];
      ASSERT_TRUE(line.starts_with("$ ")) << "not a command: " << line;
      CodeBlock::Lines output{.begin = ++i, .end = i};
      while (i < block.code.end && !page_.lines[i].starts_with("$ ")) output.end = ++i;
      const Outcome outcome = RunShell(line.substr(2));
      if (output.begin == output.end && !complete_) {
        EXPECT_TRUE(outcome.succeeded) << outcome.output;
      } else {
        Compare(output, outcome.output);
      }
    }
  }

  /// Stops at the first statement that fails; its message is the last of the output.
  Outcome RunSql(const std::string& script) {
    std::ostringstream out;
    for (const sql::ScriptPart& part : sql::SplitStatements(script)) {
      const std::string sql = script.substr(part.span.begin, part.span.end - part.span.begin);
      const Status done = RunStatement(sql, out);
      if (!done) return {out.str() + ToString(done.error(), sql) + "\n", false};
    }
    return {out.str(), true};
  }

  Status RunStatement(const std::string& sql, std::ostream& out) {
    workspace::QueryResult result = TRY(client_->Execute(sql, {}));
    TRY(cli::Print(std::move(result), {.format = cli::OutputFormat::kTable}, out));
    return Ok();
  }

  void Compare(const CodeBlock::Lines& range, const std::string& actual) {
    const std::string expected = page_.Text(range);
    if (MatchesOutput(expected, actual)) return;
    if (complete_) {
      completed_.emplace_back(range, actual);
    } else {
      ADD_FAILURE() << "expected:\n" << expected << "printed:\n" << actual;
    }
  }

  void WriteCompleted() {
    std::ofstream out(path_);
    auto next = completed_.begin();
    for (std::size_t i = 0; i < page_.lines.size(); ++i) {
      if (next != completed_.end() && next->first.begin == i) {
        out << next->second;
        i = next->first.end;
        ++next;
      }
      if (i < page_.lines.size()) out << page_.lines[i] << "\n";
    }
  }

  const fs::path path_;
  const bool complete_;
  fs::path directory_;
  MarkdownPage page_;
  std::unique_ptr<workspace::Workspace> workspace_;
  std::unique_ptr<workspace::Client> client_;
  std::vector<std::pair<CodeBlock::Lines, std::string>> completed_;
};

void RegisterPages(const std::string& filter, bool complete) {
  std::vector<fs::path> pages;
  for (const auto& entry : fs::recursive_directory_iterator(INLET_SOURCE_DIR "/docs/guide")) {
    if (entry.path().extension() == ".md" && entry.path().string().contains(filter)) {
      pages.push_back(entry.path());
    }
  }
  std::sort(pages.begin(), pages.end());
  for (const fs::path& page : pages) {
    testing::RegisterTest(
        "Guide", page.stem().string().c_str(), nullptr, nullptr, page.string().c_str(), 1,
        [page, complete]() -> testing::Test* { return new GuidePageTest(page, complete); });
  }
}

}  // namespace
}  // namespace inlet::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const bool complete = argc > 1 && std::string_view(argv[1]) == "--complete";
  const int filter = complete ? 2 : 1;
  const char* const path = std::getenv("PATH");
  setenv("PATH", fmt::format("{}:{}", INLET_PROGRAM_DIR, path == nullptr ? "" : path).c_str(), 1);
  setenv("TZ", "UTC", 1);
  inlet::test::RegisterPages(argc > filter ? argv[filter] : "", complete);
  return RUN_ALL_TESTS();
}
