#include "engine/external_function.h"

#include <map>
#include <mutex>

namespace inlet::engine {
namespace {

struct Table {
  std::mutex mutex;
  // Guarded by mutex:
  std::map<std::string, std::weak_ptr<ExternalFunction>, std::less<>> functions;
  std::uint64_t next_id = 1;
};

Table& Functions() {
  static auto* table = new Table();  // NOLINT: threads of the engine may outlive static objects.
  return *table;
}

}  // namespace

std::string AddExternalFunction(std::weak_ptr<ExternalFunction> function) {
  Table& table = Functions();
  const std::lock_guard lock(table.mutex);
  std::string id = std::to_string(table.next_id++);
  table.functions.emplace(id, std::move(function));
  return id;
}

void RemoveExternalFunction(const std::string& id) {
  Table& table = Functions();
  const std::lock_guard lock(table.mutex);
  table.functions.erase(id);
}

std::shared_ptr<ExternalFunction> FindExternalFunction(std::string_view id) {
  Table& table = Functions();
  const std::lock_guard lock(table.mutex);
  const auto found = table.functions.find(id);
  return found == table.functions.end() ? nullptr : found->second.lock();
}

}  // namespace inlet::engine
