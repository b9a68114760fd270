#include "markdown_page.h"

#include <fstream>
#include <map>
#include <span>
#include <sstream>
#include <string_view>

namespace inlet::test {
namespace {

constexpr std::string_view kFence = "```";
constexpr std::string_view kAnyText = "…";

std::unexpected<Error> Bad(const std::filesystem::path& path, std::size_t line,
                           const std::string& message) {
  return Fail(Condition::INVALID_PARAMETER_VALUE,
              {{"parameter", path.string() + ":" + std::to_string(line + 1)},
               {"functionName", "a page of the guide"},
               {"message", message}});
}

std::vector<std::string> Lines(std::istream& in) {
  std::vector<std::string> lines;
  std::string line;
  while (std::getline(in, line)) lines.push_back(line);
  return lines;
}

/// Whether `text` is `pattern`, where "…" stands for any text.
bool MatchesLine(std::string_view pattern, std::string_view text) {
  const std::size_t any = pattern.find(kAnyText);
  if (any == std::string_view::npos) return pattern == text;
  if (text.substr(0, any) != pattern.substr(0, any)) return false;
  const std::string_view rest = pattern.substr(any + kAnyText.size());
  for (std::size_t at = any; at <= text.size(); ++at) {
    if (MatchesLine(rest, text.substr(at))) return true;
  }
  return false;
}

bool MatchesLines(std::span<const std::string> patterns, std::span<const std::string> lines) {
  if (patterns.empty()) return lines.empty();
  if (patterns[0] == kAnyText) {
    for (std::size_t skipped = 0; skipped <= lines.size(); ++skipped) {
      if (MatchesLines(patterns.subspan(1), lines.subspan(skipped))) return true;
    }
    return false;
  }
  return !lines.empty() && MatchesLine(patterns[0], lines[0]) &&
         MatchesLines(patterns.subspan(1), lines.subspan(1));
}

}  // namespace

std::string MarkdownPage::Text(const CodeBlock::Lines& range) const {
  std::string text;
  for (std::size_t i = range.begin; i < range.end; ++i) text += lines[i] + "\n";
  return text;
}

Result<MarkdownPage> ReadMarkdownPage(const std::filesystem::path& path) {
  static const std::map<std::string_view, CodeBlock::Kind> kKinds = {
      {"sql", CodeBlock::Kind::kSql},
      {"sh", CodeBlock::Kind::kShell},
      {"console", CodeBlock::Kind::kConsole}};
  std::ifstream in(path);
  if (!in) return Fail(Condition::PATH_NOT_FOUND, {{"path", path.string()}});
  MarkdownPage page{.lines = Lines(in)};
  std::optional<std::size_t> last_end;  // Of a block that only blank lines follow so far.
  for (std::size_t i = 0; i < page.lines.size(); ++i) {
    const std::string& line = page.lines[i];
    const std::size_t indent = line.find_first_not_of(' ');
    if (indent == std::string::npos) continue;
    if (!std::string_view(line).substr(indent).starts_with(kFence)) {
      last_end.reset();
      continue;
    }
    if (indent > 0) return Bad(path, i, "a fence is indented");
    const std::string language = line.substr(kFence.size());
    CodeBlock::Lines range{.begin = i + 1, .end = i + 1};
    while (range.end < page.lines.size() && page.lines[range.end] != kFence) ++range.end;
    if (range.end == page.lines.size()) return Bad(path, i, "a fence is not closed");
    if (language == "text") {
      if (!last_end) return Bad(path, i, "no code stands directly before this output");
      page.blocks.back().output = range;
      last_end.reset();
    } else if (const auto kind = kKinds.find(language); kind != kKinds.end()) {
      page.blocks.push_back({.kind = kind->second, .code = range});
      last_end = range.end;
    } else {
      return Bad(path, i, "known blocks are sql, sh, console, text, not '" + language + "'");
    }
    i = range.end;
  }
  return page;
}

bool MatchesOutput(const std::string& expected, const std::string& actual) {
  std::istringstream patterns(expected);
  std::istringstream lines(actual);
  return MatchesLines(Lines(patterns), Lines(lines));
}

}  // namespace inlet::test
