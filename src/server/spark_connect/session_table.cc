#include "server/spark_connect/session_table.h"

#include "base/uuid.h"

namespace inlet::server {
namespace {

constexpr std::size_t kMaxSessions = 10'000;

}  // namespace

Result<std::shared_ptr<ConnectSession>> SessionTable::Open(const Key& key,
                                                           const std::string& observed) {
  std::lock_guard lock(mutex_);
  auto found = sessions_.find(key);
  if (found == sessions_.end()) {
    if (!observed.empty()) {
      return Fail(Condition::INVALID_HANDLE_SESSION_CHANGED, {{"handle", key.session}});
    }
    if (sessions_.size() >= kMaxSessions) {
      return Fail(Condition::INLET_RESOURCE_LIMIT, {{"message", "There are too many sessions"},
                                                    {"limit", std::to_string(kMaxSessions)}});
    }
    auto session = std::make_shared<ConnectSession>(workspace_.Connect(), workers_, key);
    found = sessions_.emplace(key, std::move(session)).first;
  } else if (!observed.empty() && observed != found->second->server_side_id()) {
    return Fail(Condition::INVALID_HANDLE_SESSION_CHANGED, {{"handle", key.session}});
  }
  found->second->Touch();
  return found->second;
}

std::shared_ptr<ConnectSession> SessionTable::Find(const Key& key) {
  std::lock_guard lock(mutex_);
  const auto found = sessions_.find(key);
  return found == sessions_.end() ? nullptr : found->second;
}

Result<std::shared_ptr<ConnectSession>> SessionTable::Clone(const Key& from, const Key& to) {
  const std::shared_ptr<ConnectSession> original = Find(from);
  if (original == nullptr) {
    return Fail(Condition::INVALID_HANDLE_SESSION_NOT_FOUND, {{"handle", from.session}});
  }
  std::shared_ptr<ConnectSession> copy = original->Clone(to);
  std::lock_guard lock(mutex_);
  sessions_[to] = copy;
  return copy;
}

void SessionTable::Release(const Key& key) {
  std::shared_ptr<ConnectSession> released;  // Its end waits for operations: not under the lock.
  {
    std::lock_guard lock(mutex_);
    const auto found = sessions_.find(key);
    if (found == sessions_.end()) return;
    released = std::move(found->second);
    sessions_.erase(found);
  }
  for (const auto& operation : released->operations()) operation->Interrupt();
}

std::vector<std::pair<SessionTable::Key, std::shared_ptr<ConnectSession>>> SessionTable::All() {
  std::lock_guard lock(mutex_);
  return {sessions_.begin(), sessions_.end()};
}

void SessionTable::RemoveIdle(std::chrono::steady_clock::duration session_patience,
                              std::chrono::steady_clock::duration operation_patience) {
  const auto limit = std::chrono::steady_clock::now() - session_patience;
  for (const auto& [key, session] : All()) {
    session->RemoveAbandoned(operation_patience);
    const bool is_idle = session->last_used() < limit && session->operations().empty() &&
                         session->streams().Active().empty();
    if (is_idle) Release(key);
  }
}

void SessionTable::InterruptAll() {
  for (const auto& [key, session] : All()) {
    for (const auto& operation : session->operations()) operation->Interrupt();
  }
}

}  // namespace inlet::server
