#include "server/python/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "server/python/python_errors.h"

namespace inlet::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPoll(50);
/// Answers larger than this are taken for damage.
constexpr std::uint64_t kMaxMessageBytes = std::uint64_t{2} << 30;
/// The files under which the process finds its two ends.
constexpr int kSocketFile = 3;
constexpr int kLifelineFile = 4;
constexpr std::size_t kHeadBytes = 13;

template <class Number>
void Append(Number value, std::string& out) {
  std::array<char, sizeof(Number)> bytes{};
  std::memcpy(bytes.data(), &value, sizeof(Number));
  out.append(bytes.data(), bytes.size());
}

/// Between fork and exec: only what is safe after a fork of many threads.
[[noreturn]] void Become(char* const* arguments, char* const* environment, int socket, int lifeline,
                         int report) {
  // Out of the way of the numbers that they are to have.
  socket = fcntl(socket, F_DUPFD, 10);
  lifeline = fcntl(lifeline, F_DUPFD, 10);
  report = fcntl(report, F_DUPFD_CLOEXEC, 10);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(socket, kSocketFile);
  dup2(lifeline, kLifelineFile);
  close(socket);
  close(lifeline);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  // Ctrl-C at the server's terminal is the server's to handle.
  setpgid(0, 0);
  execvpe(arguments[0], arguments, environment);
  const int error = errno;
  (void)!write(report, &error, sizeof(error));
  _exit(127);
}

struct Pair {
  int ours = -1;
  int theirs = -1;
  ~Pair() {
    if (ours >= 0) close(ours);
    if (theirs >= 0) close(theirs);
  }
  int Take() { return std::exchange(ours, -1); }
  void CloseTheirs() { close(std::exchange(theirs, -1)); }
};

Status OpenPipe(Pair& pair, bool we_read) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return FailPythonProcess(std::string("has no pipe: ") + std::strerror(errno));
  pair.ours = ends[we_read ? 0 : 1];
  pair.theirs = ends[we_read ? 1 : 0];
  return Ok();
}

}  // namespace

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::Start(const Options& options,
                                                            const Patience& patience) {
  Pair socket;
  Pair lifeline;
  Pair report;
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return FailPythonProcess(std::string("has no socket: ") + std::strerror(errno));
  }
  socket.ours = ends[0];
  socket.theirs = ends[1];
  TRY(OpenPipe(lifeline, /*we_read=*/false));
  TRY(OpenPipe(report, /*we_read=*/true));

  // All memory is had before the fork.
  std::vector<std::string> texts = {options.interpreter, "-u", options.script};
  std::vector<char*> arguments;
  for (std::string& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  std::vector<std::string> variables = options.environment;
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  for (char** known = environ; *known != nullptr; ++known) environment.push_back(*known);
  environment.push_back(nullptr);

  const pid_t pid = fork();
  if (pid < 0) return FailPythonProcess(std::string("cannot be started: ") + std::strerror(errno));
  if (pid == 0) {
    Become(arguments.data(), environment.data(), socket.theirs, lifeline.theirs, report.theirs);
  }
  socket.CloseTheirs();
  lifeline.CloseTheirs();
  report.CloseTheirs();
  int error = 0;
  if (read(report.ours, &error, sizeof(error)) == sizeof(error)) {
    waitpid(pid, nullptr, 0);
    return FailPythonProcess(
        "cannot be started: " + options.interpreter + ": " + std::strerror(error) +
        "; set INLET_PYTHON or spark.pyspark.python to a Python with pyspark-client, "
        "pandas and pyarrow");
  }
  fcntl(socket.ours, F_SETFL, O_NONBLOCK);
  std::unique_ptr<WorkerProcess> process(new WorkerProcess(pid, socket.Take(), lifeline.Take()));
  const Message ready = TRY(process->Receive(patience));
  if (ready.kind != 'O') {
    return FailPythonProcess("(" + options.interpreter + ") lacks a package: " + ready.body +
                             "; it needs pyspark-client, pandas and pyarrow");
  }
  return process;
}

WorkerProcess::~WorkerProcess() {
  close(lifeline_);
  close(socket_);
  if (has_ended_) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

Status WorkerProcess::Send(char kind, std::string_view header, std::string_view body,
                           const Patience& patience) {
  std::string head(1, kind);
  Append(static_cast<std::uint32_t>(header.size()), head);
  Append(static_cast<std::uint64_t>(body.size()), head);
  head += header;
  const auto deadline =
      patience.timeout ? Clock::now() + *patience.timeout : Clock::time_point::max();
  for (std::string_view left : {std::string_view(head), body}) {
    while (!left.empty()) {
      const ssize_t count = send(socket_, left.data(), left.size(), MSG_NOSIGNAL);
      if (count > 0) {
        left.remove_prefix(static_cast<std::size_t>(count));
      } else if (errno == EAGAIN || errno == EINTR) {
        TRY(Wait(/*to_write=*/true, patience, deadline));
      } else {
        return Died();
      }
    }
  }
  return Ok();
}

Result<WorkerProcess::Message> WorkerProcess::Receive(const Patience& patience) {
  const auto deadline =
      patience.timeout ? Clock::now() + *patience.timeout : Clock::time_point::max();
  std::array<char, kHeadBytes> head{};
  TRY(Read(head.data(), head.size(), patience, deadline));
  std::uint32_t header_bytes = 0;
  std::uint64_t body_bytes = 0;
  std::memcpy(&header_bytes, head.data() + 1, sizeof(header_bytes));
  std::memcpy(&body_bytes, head.data() + 1 + sizeof(header_bytes), sizeof(body_bytes));
  if (header_bytes != 0 || body_bytes > kMaxMessageBytes) {
    is_usable_ = false;
    return FailPythonProcess("sent an answer that is none");
  }
  Message message{.kind = head[0]};
  message.body.resize(body_bytes);
  TRY(Read(message.body.data(), message.body.size(), patience, deadline));
  return message;
}

Status WorkerProcess::Read(char* out, std::size_t size, const Patience& patience,
                           Clock::time_point deadline) {
  while (size > 0) {
    const ssize_t count = recv(socket_, out, size, 0);
    if (count > 0) {
      out += count;
      size -= static_cast<std::size_t>(count);
    } else if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
      TRY(Wait(/*to_write=*/false, patience, deadline));
    } else {
      return Died();
    }
  }
  return Ok();
}

Status WorkerProcess::Wait(bool to_write, const Patience& patience, Clock::time_point deadline) {
  while (true) {
    pollfd file{
        .fd = socket_, .events = static_cast<short>(to_write ? POLLOUT : POLLIN), .revents = 0};
    if (poll(&file, 1, static_cast<int>(kPoll.count())) > 0) return Ok();
    if (patience.is_interrupted && patience.is_interrupted()) {
      is_usable_ = false;
      return Fail(Condition::OPERATION_CANCELED, {});
    }
    if (Clock::now() >= deadline) {
      is_usable_ = false;
      return FailPythonProcess("did not answer within " +
                               std::to_string(patience.timeout->count() / 1000) + " seconds");
    }
  }
}

std::unexpected<Error> WorkerProcess::Died() {
  is_usable_ = false;
  int status = 0;
  kill(pid_, SIGKILL);  // Its socket is closed; it may live on all the same.
  const bool is_known = waitpid(pid_, &status, 0) == pid_;
  has_ended_ = true;
  if (is_known && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) {
    return FailPythonProcess("died of the signal " + std::string(strsignal(WTERMSIG(status))));
  }
  if (is_known && WIFEXITED(status)) {
    return FailPythonProcess("ended with the code " + std::to_string(WEXITSTATUS(status)));
  }
  return FailPythonProcess("was killed");
}

}  // namespace inlet::server
