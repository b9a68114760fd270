#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace inlet::server {

/// One Python process that runs functions of clients, and the socket on which it is asked. It ends
/// with this object, at the latest. Not thread-safe.
///
/// Errors of all: FailPythonProcess() when it cannot be started, has died or does not answer
/// in time; OPERATION_CANCELED. After any error it is of no more use.
class WorkerProcess {
 public:
  struct Options {
    std::string interpreter;               ///< "python3", or a path.
    std::string script;                    ///< The path of inlet_worker.py.
    std::vector<std::string> environment;  ///< NAME=value, beside the server's own.
  };
  /// One message each way: a kind, a header of JSON, a body. inlet_worker.py says which there are.
  struct Message {
    char kind = 0;
    std::string body;
  };
  /// How long to wait for an answer, and what ends the waiting.
  struct Patience {
    std::function<bool()> is_interrupted;  ///< May be empty.
    std::optional<std::chrono::milliseconds> timeout;
  };

  /// Starts it and waits until it has said that it is ready.
  static Result<std::unique_ptr<WorkerProcess>> Start(const Options& options,
                                                      const Patience& patience);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  Status Send(char kind, std::string_view header, std::string_view body, const Patience& patience);
  /// The answer X, a traceback, is a message like the others.
  Result<Message> Receive(const Patience& patience);

  /// Whether it can be asked again.
  bool is_usable() const { return is_usable_; }
  /// What was asked last is not of interest any more.
  void Abandon() { is_usable_ = false; }

 private:
  WorkerProcess(pid_t pid, int socket, int lifeline)
      : pid_(pid), socket_(socket), lifeline_(lifeline) {}

  Status Wait(bool to_write, const Patience& patience,
              std::chrono::steady_clock::time_point deadline);
  Status Read(char* out, std::size_t size, const Patience& patience,
              std::chrono::steady_clock::time_point deadline);
  std::unexpected<Error> Died();

  const pid_t pid_;
  const int socket_;
  const int lifeline_;  ///< The process ends when this is closed.
  bool is_usable_ = true;
  bool has_ended_ = false;
};

}  // namespace inlet::server
