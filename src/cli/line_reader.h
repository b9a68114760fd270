#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inlet::cli {

/// Lines from a terminal, with editing, history and completion. One a process: the library below
/// keeps its state in globals.
class LineReader {
 public:
  /// `history_path` is read now and written when this is destroyed; empty: no history file.
  /// `complete` gives the words that may follow a beginning.
  LineReader(std::string history_path,
             std::function<std::vector<std::string>(std::string_view beginning)> complete);
  ~LineReader();

  enum class Outcome { kLine, kEnd, kCancelled };
  struct Line {
    Outcome outcome = Outcome::kEnd;
    std::string text;
  };
  /// Waits for a line; Ctrl-C gives kCancelled, Ctrl-D on an empty line kEnd.
  Line Read(const std::string& prompt);

  void Remember(const std::string& statement);

 private:
  std::string history_path_;
};

}  // namespace inlet::cli
