#include "test_file.h"

#include <fstream>

namespace inlet::test {
namespace {

std::unexpected<Error> Bad(const std::filesystem::path& path, int line,
                           const std::string& message) {
  return Fail(Condition::INVALID_PARAMETER_VALUE,
              {{"parameter", path.string() + ":" + std::to_string(line)},
               {"functionName", "a .test file"},
               {"message", message}});
}

constexpr std::string_view kFile = "file ";

bool KindOf(const std::string& head, TestCommand& command) {
  using Kind = TestCommand::Kind;
  if (head == "statement ok")
    command.kind = Kind::kStatementOk;
  else if (head == "statement error")
    command.kind = Kind::kStatementError;
  else if (head == "query" || head == "query rowsort")
    command.kind = Kind::kQuery;
  else if (head == "reconnect")
    command.kind = Kind::kReconnect;
  else if (head == "reopen")
    command.kind = Kind::kReopen;
  else if (head.starts_with(kFile))
    command.kind = Kind::kFile;
  else
    return false;
  if (command.kind == Kind::kFile) command.path = head.substr(kFile.size());
  command.rowsort = head == "query rowsort";
  return true;
}

}  // namespace

Result<TestFile> ReadTestFile(const std::filesystem::path& path) {
  std::ifstream in(path);
  TestFile file;
  std::string line;
  int number = 0;
  while (std::getline(in, line)) {
    ++number;
    constexpr std::string_view kDescription = "# description: ";
    if (line.starts_with(kDescription)) file.description = line.substr(kDescription.size());
    if (line.empty() || line.starts_with('#')) continue;
    TestCommand command{.line = number};
    if (!KindOf(line, command)) return Bad(path, number, "unknown command: " + line);
    bool in_result = false;
    while (std::getline(in, line) && (++number, !line.empty())) {
      if (line == "----") {
        in_result = true;
      } else if (in_result) {
        command.expected.push_back(line);
      } else {
        command.sql += (command.sql.empty() ? "" : "\n") + line;
      }
    }
    const bool has_result = command.kind == TestCommand::Kind::kQuery ||
                            command.kind == TestCommand::Kind::kStatementError;
    if (has_result != in_result) return Bad(path, command.line, "---- is missing or too many");
    file.commands.push_back(std::move(command));
  }
  if (file.commands.empty()) return Bad(path, number, "it has no command");
  return file;
}

}  // namespace inlet::test
