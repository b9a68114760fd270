#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace inlet::test {

/// One block of a .test file.
struct TestCommand {
  enum class Kind {
    kStatementOk,     ///< statement ok
    kStatementError,  ///< statement error ... ---- text that the message contains
    kQuery,           ///< query [rowsort] ... ---- rows as CSV
    kReconnect,       ///< reconnect: a new client of the same workspace
    kReopen,          ///< reopen: the workspace closed and opened again
    kFile,            ///< file PATH: the lines below are what it holds from now on
  };
  Kind kind = Kind::kStatementOk;
  bool rowsort = false;
  std::string sql;   ///< For kFile its lines.
  std::string path;  ///< kFile only.
  std::vector<std::string> expected;
  int line = 0;
};

struct TestFile {
  std::string description;
  std::vector<TestCommand> commands;
};

/// Reads a file of the format of test/sql/README.md. Errors: INVALID_PARAMETER_VALUE with the line.
Result<TestFile> ReadTestFile(const std::filesystem::path& path);

}  // namespace inlet::test
