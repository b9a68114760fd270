#include "cli/line_reader.h"

#include <editline/readline.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <cstring>
#include <cwchar>

#include "cli/interrupt.h"

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

/// How often there was Ctrl-C when the prompt was shown.
int interrupts_before_line = 0;

/// The next character that is typed, -1 at the end or after Ctrl-C. The library's own reading goes
/// on after the first Ctrl-C. One that comes between two reads, or that another thread takes, ends
/// no read: it is looked for.
int ReadCharacter(std::FILE*) {
  constexpr int kLookEveryMs = 50;
  std::mbstate_t state = {};
  while (true) {
    if (NumInterrupts() != interrupts_before_line) return -1;
    pollfd input = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    const int ready = poll(&input, 1, kLookEveryMs);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    char byte = 0;
    const ssize_t size = read(STDIN_FILENO, &byte, 1);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return -1;
    wchar_t character = 0;
    const std::size_t used = std::mbrtowc(&character, &byte, 1, &state);
    if (used == static_cast<std::size_t>(-2)) continue;  // More bytes of it follow.
    return used == static_cast<std::size_t>(-1) ? '?' : static_cast<int>(character);
  }
}

}  // namespace

LineReader::LineReader(std::string history_path,
                       std::function<std::vector<std::string>(std::string_view)> complete)
    : history_path_(std::move(history_path)) {
  Completer() = std::move(complete);
  std::setlocale(LC_CTYPE, "");  // What is typed is text of the terminal's encoding.
  rl_readline_name = "inlet";
  rl_attempted_completion_function = Complete;
  rl_getc_function = ReadCharacter;
  using_history();
  stifle_history(kHistoryLines);
  if (!history_path_.empty()) read_history(history_path_.c_str());
}

LineReader::~LineReader() {
  if (!history_path_.empty()) write_history(history_path_.c_str());
}

LineReader::Line LineReader::Read(const std::string& prompt) {
  interrupts_before_line = NumInterrupts();
  char* const text = readline(prompt.c_str());
  if (text == nullptr) {
    return {.outcome =
                NumInterrupts() == interrupts_before_line ? Outcome::kEnd : Outcome::kCancelled};
  }
  Line line{.outcome = Outcome::kLine, .text = text};
  std::free(text);  // NOLINT(cppcoreguidelines-no-malloc): the library's own.
  return line;
}

void LineReader::Remember(const std::string& statement) { add_history(statement.c_str()); }

}  // namespace inlet::cli
