#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace inlet::test {

/// One fenced block of a Markdown page.
struct CodeBlock {
  enum class Kind {
    kSql,      ///< ```sql: statements of the page's session
    kShell,    ///< ```sh: a script for bash
    kConsole,  ///< ```console: lines after "$ " are commands, the others what they print
  };
  /// Lines of the page, without the fences.
  struct Lines {
    std::size_t begin = 0;  ///< Counted from 0.
    std::size_t end = 0;
  };
  Kind kind = Kind::kSql;
  Lines code;
  std::optional<Lines> output;  ///< Of the ```text block that follows.
};

/// A page of docs/guide: its lines and the blocks among them.
struct MarkdownPage {
  std::vector<std::string> lines;
  std::vector<CodeBlock> blocks;

  std::string Text(const CodeBlock::Lines& range) const;
};

/// Reads a page. Errors: INVALID_PARAMETER_VALUE with the line, for a fence that no test would run.
Result<MarkdownPage> ReadMarkdownPage(const std::filesystem::path& path);

/// Whether `actual` is `expected`, where "…" in a line stands for any text and a line of nothing
/// but "…" for any number of lines.
bool MatchesOutput(const std::string& expected, const std::string& actual);

}  // namespace inlet::test
