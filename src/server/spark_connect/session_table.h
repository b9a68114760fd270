#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "server/spark_connect/connect_session.h"

namespace inlet::server {

/// The sessions of a server, by user and client-made id. Thread-safe.
class SessionTable {
 public:
  using Key = ConnectSession::Key;

  /// Both outlive this.
  SessionTable(workspace::Workspace& workspace, PythonWorkers& workers)
      : workspace_(workspace), workers_(workers) {}

  /// The session of this key, made when there is none. `observed` is the server-side id that the
  /// client saw last; empty: none.
  /// Errors: INVALID_HANDLE.SESSION_CHANGED when it was another one; INLET_RESOURCE_LIMIT.
  Result<std::shared_ptr<ConnectSession>> Open(const Key& key, const std::string& observed);
  std::shared_ptr<ConnectSession> Find(const Key& key);
  /// Errors: INVALID_HANDLE.SESSION_NOT_FOUND.
  Result<std::shared_ptr<ConnectSession>> Clone(const Key& from, const Key& to);
  /// Interrupts what it runs. Nothing happens when there is none.
  void Release(const Key& key);
  void RemoveIdle(std::chrono::steady_clock::duration session_patience,
                  std::chrono::steady_clock::duration operation_patience);
  void InterruptAll();

 private:
  std::vector<std::pair<Key, std::shared_ptr<ConnectSession>>> All();

  workspace::Workspace& workspace_;
  PythonWorkers& workers_;
  std::mutex mutex_;
  std::map<Key, std::shared_ptr<ConnectSession>> sessions_;  // Guarded by mutex_.
};

}  // namespace inlet::server
