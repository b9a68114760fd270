#include "server/python/python_workers.h"

#include <stdlib.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/uuid.h"
#include "server/python/python_errors.h"
#include "server/python/worker_script.h"

namespace inlet::server {
namespace {

constexpr std::chrono::milliseconds kPoll(100);
/// To import pandas on a busy machine.
constexpr std::chrono::seconds kStartPatience(120);
/// For others to give a process back.
constexpr std::chrono::seconds kTakePatience(300);
/// A session keeps so many that it does not use.
constexpr std::size_t kMaxKnown = 150;

std::int64_t NumberOf(const char* variable, std::int64_t default_value) {
  const char* text = std::getenv(variable);
  std::int64_t value = 0;
  if (text == nullptr) return default_value;
  const char* end = text + std::char_traits<char>::length(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  return error == std::errc() && stop == end && value >= 0 ? value : default_value;
}

}  // namespace

PythonWorkers::Options PythonWorkers::FromEnvironment() {
  Options options;
  if (const char* interpreter = std::getenv("INLET_PYTHON")) options.interpreter = interpreter;
  const auto cores = static_cast<std::int64_t>(std::thread::hardware_concurrency());
  options.max_workers = static_cast<std::size_t>(std::max<std::int64_t>(
      1, NumberOf("INLET_PYTHON_WORKERS", std::max<std::int64_t>(8, cores))));
  options.memory_bytes = NumberOf("INLET_PYTHON_MEMORY", 0);
  return options;
}

PythonWorkers::PythonWorkers(Options options) : options_(std::move(options)) {
  std::error_code error;
  std::string path = (std::filesystem::temp_directory_path(error) / "inlet-python-XXXXXX").string();
  if (mkdtemp(path.data()) != nullptr) directory_ = path;  // Its mode is 0700.
}

PythonWorkers::~PythonWorkers() {
  idle_.clear();
  if (directory_.empty()) return;
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
}

std::string PythonWorkers::socket_path() const {
  return directory_.empty() ? "" : directory_ + "/connect.sock";
}

Result<PythonWorkers::Lease> PythonWorkers::Take(const std::string& session,
                                                 const std::string& interpreter,
                                                 const std::function<bool()>& is_interrupted) {
  if (!options_.is_allowed) {
    return FailUnsupported(
        "Python functions of clients on a server that listens beyond this machine without a token");
  }
  const std::string& program = interpreter.empty() ? options_.interpreter : interpreter;
  const auto deadline = std::chrono::steady_clock::now() + kTakePatience;
  std::unique_ptr<Worker> victim;  // Its end is waited for without the lock.
  {
    std::unique_lock lock(mutex_);
    while (true) {
      const auto mine = std::find_if(idle_.begin(), idle_.end(), [&](const auto& worker) {
        return worker->session == session && worker->interpreter == program;
      });
      if (mine != idle_.end()) {
        std::unique_ptr<Worker> worker = std::move(*mine);
        idle_.erase(mine);
        busy_sessions_.insert(session);
        return Lease(*this, std::move(worker));
      }
      if (num_running_ < options_.max_workers) break;
      if (!idle_.empty()) {
        victim = std::move(idle_.front());
        idle_.erase(idle_.begin());
        --num_running_;
        break;
      }
      changed_.wait_for(lock, kPoll);
      if (is_interrupted && is_interrupted()) return Fail(Condition::OPERATION_CANCELED, {});
      if (std::chrono::steady_clock::now() > deadline) {
        return FailPythonProcess("cannot be had: all " + std::to_string(options_.max_workers) +
                                 " are at work; INLET_PYTHON_WORKERS sets their number");
      }
    }
    ++num_running_;
    busy_sessions_.insert(session);
  }
  victim = nullptr;
  Result<std::unique_ptr<Worker>> started = StartWorker(session, program, is_interrupted);
  if (started) return Lease(*this, *std::move(started));
  const std::lock_guard lock(mutex_);
  --num_running_;
  busy_sessions_.erase(busy_sessions_.find(session));
  changed_.notify_all();
  return std::unexpected(started.error());
}

Result<std::unique_ptr<PythonWorkers::Worker>> PythonWorkers::StartWorker(
    const std::string& session, const std::string& interpreter,
    const std::function<bool()>& is_interrupted) {
  const std::string script = directory_ + "/inlet_worker.py";
  if (directory_.empty()) return FailPythonProcess("has no directory for its program");
  if (std::error_code error; !std::filesystem::exists(script, error)) {
    // Several workers may start at once.
    const std::string part = script + "." + RandomUuid();
    std::ofstream(part, std::ios::binary) << kWorkerScript;
    std::filesystem::rename(part, script, error);
    if (error) return FailPythonProcess("has no directory for its program: " + error.message());
  }
  WorkerProcess::Options options{.interpreter = interpreter, .script = script};
  options.environment = {"INLET_SOCKET=" + socket_path(),
                         "INLET_PYTHON_MEMORY=" + std::to_string(options_.memory_bytes)};
  if (!options_.token.empty()) {
    options.environment.push_back("INLET_WORKER_TOKEN=" + options_.token);
  }
  auto worker = std::make_unique<Worker>();
  worker->session = session;
  worker->interpreter = interpreter;
  worker->process = TRY(
      WorkerProcess::Start(options, {.is_interrupted = is_interrupted, .timeout = kStartPatience}));
  return worker;
}

void PythonWorkers::GiveBack(std::unique_ptr<Worker> worker) {
  const std::string session = worker->session;
  bool is_kept = worker->process->is_usable() && worker->known.size() < kMaxKnown;
  {
    const std::lock_guard lock(mutex_);
    is_kept = is_kept && !ended_sessions_.contains(session);
  }
  if (!is_kept) worker = nullptr;  // Waits for its end, so not under the lock.
  const std::lock_guard lock(mutex_);
  busy_sessions_.erase(busy_sessions_.find(session));
  if (!busy_sessions_.contains(session)) ended_sessions_.erase(session);
  if (worker != nullptr) {
    idle_.push_back(std::move(worker));
  } else {
    --num_running_;
  }
  changed_.notify_all();
}

void PythonWorkers::EndSession(const std::string& session) {
  std::vector<std::unique_ptr<Worker>> ended;  // Ended without the lock.
  const std::lock_guard lock(mutex_);
  for (auto& worker : idle_) {
    if (worker->session == session) ended.push_back(std::move(worker));
  }
  std::erase(idle_, nullptr);
  num_running_ -= ended.size();
  if (busy_sessions_.contains(session)) ended_sessions_.insert(session);
  changed_.notify_all();
}

PythonWorkers::Lease::~Lease() {
  if (worker_ != nullptr) pool_->GiveBack(std::move(worker_));
}

}  // namespace inlet::server
