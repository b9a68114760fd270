#pragma once

#include <stop_token>
#include <thread>

namespace inlet::cli {

/// Makes Ctrl-C ask the statement under way to stop, not the program. One at a time.
class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  std::stop_token token() const { return source_.get_token(); }
  bool interrupted() const { return source_.stop_requested(); }

 private:
  std::stop_source source_;
  std::jthread watcher_;
};

/// How often Ctrl-C was pressed so far.
int NumInterrupts();

/// Outside of a statement Ctrl-C only interrupts the reading of a line. Called once, by the shell.
void InstallPromptInterrupt();

}  // namespace inlet::cli
