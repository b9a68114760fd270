#include "cli/line_reader.h"

#include <editline/readline.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace inlet::cli {
namespace {

constexpr int kHistoryLines = 10'000;

/// The library asks through a plain function.
std::function<std::vector<std::string>(std::string_view)>& Completer() {
  static std::function<std::vector<std::string>(std::string_view)> completer;
  return completer;
}

char* NextMatch(const char* beginning, int state) {
  static std::vector<std::string> matches;
  static std::size_t next = 0;
  if (state == 0) {
    matches = Completer()(beginning);
    next = 0;
  }
  return next < matches.size() ? strdup(matches[next++].c_str()) : nullptr;
}

char** Complete(const char* beginning, int, int) {
  rl_attempted_completion_over = 1;  // Never file names.
  return rl_completion_matches(beginning, NextMatch);
}

}  // namespace

LineReader::LineReader(std::string history_path,
                       std::function<std::vector<std::string>(std::string_view)> complete)
    : history_path_(std::move(history_path)) {
  Completer() = std::move(complete);
  rl_readline_name = "inlet";
  rl_attempted_completion_function = Complete;
  using_history();
  stifle_history(kHistoryLines);
  if (!history_path_.empty()) read_history(history_path_.c_str());
}

LineReader::~LineReader() {
  if (!history_path_.empty()) write_history(history_path_.c_str());
}

LineReader::Line LineReader::Read(const std::string& prompt) {
  errno = 0;
  char* const text = readline(prompt.c_str());
  if (text == nullptr) {
    return {.outcome = errno == EINTR ? Outcome::kCancelled : Outcome::kEnd};
  }
  Line line{.outcome = Outcome::kLine, .text = text};
  std::free(text);  // NOLINT(cppcoreguidelines-no-malloc): the library's own.
  return line;
}

void LineReader::Remember(const std::string& statement) { add_history(statement.c_str()); }

}  // namespace inlet::cli
