#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "server/python/worker_process.h"

namespace inlet::server {

/// The Python processes of a server: a bounded number, each of one session at a time, started when
/// they are needed and kept for the next use. Thread-safe.
class PythonWorkers {
 public:
  struct Options {
    bool is_allowed = true;  ///< False: every use fails, naming why.
    std::string interpreter = "python3";
    std::size_t max_workers = 8;
    std::int64_t memory_bytes = 0;  ///< Of each; 0: no limit.
    std::string token;              ///< For those that become clients of the server.
  };
  /// INLET_PYTHON, INLET_PYTHON_WORKERS and INLET_PYTHON_MEMORY of the environment.
  static Options FromEnvironment();

  explicit PythonWorkers(Options options);
  ~PythonWorkers();

  /// A process on loan, with the functions that it knows.
  class Lease {
   public:
    Lease(Lease&&) noexcept = default;
    ~Lease();
    WorkerProcess& process() { return *worker_->process; }
    bool Knows(const std::string& key) const { return worker_->known.contains(key); }
    void Learned(const std::string& key) { worker_->known.insert(key); }

   private:
    friend class PythonWorkers;
    struct Worker {
      std::string session;
      std::string interpreter;
      std::unique_ptr<WorkerProcess> process;
      std::set<std::string> known;
    };
    Lease(PythonWorkers& pool, std::unique_ptr<Worker> worker)
        : pool_(&pool), worker_(std::move(worker)) {}
    PythonWorkers* pool_;
    std::unique_ptr<Worker> worker_;
  };

  /// One of the session's that is idle, else a new one; waits while all are at work.
  /// `interpreter` empty: that of the options.
  /// Errors: those of WorkerProcess; INLET_UNSUPPORTED where Python is not allowed.
  Result<Lease> Take(const std::string& session, const std::string& interpreter,
                     const std::function<bool()>& is_interrupted);

  /// Ends the idle processes of a session; those at work end when they are given back.
  void EndSession(const std::string& session);

  /// Where the server also listens, for the processes alone.
  std::string socket_path() const;

 private:
  using Worker = Lease::Worker;

  Result<std::unique_ptr<Worker>> StartWorker(const std::string& session,
                                              const std::string& interpreter,
                                              const std::function<bool()>& is_interrupted);
  void GiveBack(std::unique_ptr<Worker> worker);

  const Options options_;
  std::string directory_;  ///< Of this server's own, for nobody else.
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::vector<std::unique_ptr<Worker>> idle_;
  std::set<std::string> ended_sessions_;  ///< With processes at work.
  std::multiset<std::string> busy_sessions_;
  std::size_t num_running_ = 0;
};

}  // namespace inlet::server
