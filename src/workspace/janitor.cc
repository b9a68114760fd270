#include "workspace/janitor.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "storage/object_store.h"

namespace inlet::workspace {
namespace {

std::int64_t NowMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

Status DeleteAllAt(const std::string& url) {
  const storage::Location location = TRY(storage::Resolve(url));
  return location.store->DeleteAll(location.path);
}

/// `<home>/tables/<catalog>/<schema>/<table>`: nothing else is ever deleted, whatever a damaged
/// trace says.
bool IsPlaceOfTable(const std::string& home, const std::string& path) {
  const std::string tables = home.substr(1) + "/tables/";
  if (!path.starts_with(tables)) return false;
  const std::string_view below = std::string_view(path).substr(tables.size());
  return std::ranges::count(below, '/') == 2 && !below.starts_with('/') && !below.ends_with('/') &&
         !below.contains("//");
}

void RemoveLeftoversAt(const std::string& url) {
  const Result<storage::Location> location = storage::Resolve(url);
  if (location) (void)location->store->RemoveLeftovers(location->path).has_value();
}

}  // namespace

Janitor::Janitor(catalog::Catalog& catalog, std::string home)
    : catalog_(catalog), home_(std::move(home)) {}

void Janitor::Start() {
  Work work = FindWork();
  if (work.dead_runs.empty() && work.expired_tables.empty()) return;
  const std::lock_guard lock(mutex_);
  thread_ = std::jthread([this, work = std::move(work)] { Do(work); });
}

Janitor::Work Janitor::FindWork() const {
  Work work{.dead_runs = catalog::FindDeadRuns(home_)};
  const std::int64_t expired_at_ms = NowMs() - catalog::kDroppedTableRetentionMs;
  if (const auto dropped = catalog_.ListDroppedTables()) {
    for (const catalog::DroppedTable& table : *dropped) {
      if (table.dropped_at_ms < expired_at_ms) work.expired_tables.push_back(table);
    }
  }
  return work;
}

void Janitor::Do(const Work& work) const {
  bool any_was_killed = false;
  for (const catalog::DeadRun& run : work.dead_runs) any_was_killed |= !run.ended_cleanly();
  if (any_was_killed) RemoveLeftovers();
  if (!work.dead_runs.empty()) ClearUpAfter(work.dead_runs);
  for (const catalog::DroppedTable& table : work.expired_tables) Purge(table);
}

/// A table that a dead process began may have been removed by it, and its directory be another's by
/// now. So the order matters: a directory that is there cannot be reserved by anybody; if somebody
/// had reserved it before, the note or, after that, the catalog says so.
void Janitor::ClearUpAfter(const std::vector<catalog::DeadRun>& runs) const {
  const auto lock = catalog::LockForClearingUp(home_);
  if (!lock) return;
  std::vector<storage::Location> unfinished;
  std::vector<std::string> urls;
  for (const catalog::DeadRun& run : runs) {
    for (const std::string& url : run.locations()) {
      const Result<storage::Location> location = storage::Resolve(url);
      std::error_code error;
      if (!location || !IsPlaceOfTable(home_, location->path)) continue;
      if (!std::filesystem::exists("/" + location->path, error)) continue;
      unfinished.push_back(*location);
      urls.push_back(url);
    }
  }
  const std::set<std::string> others = catalog::LocationsOfOthers(home_, runs);
  const auto known = KnownLocations();
  if (!known) return;
  for (std::size_t i = 0; i < urls.size(); ++i) {
    const storage::Location& location = unfinished[i];
    if (others.contains(urls[i])) continue;
    if (known->contains(storage::UrlOf(*location.store, location.path))) continue;
    if (!location.store->DeleteAll(location.path)) return;
  }
  for (const catalog::DeadRun& run : runs) run.Forget();
}

/// In the one form that Resolve() gives, however they were written.
Result<std::set<std::string>> Janitor::KnownLocations() const {
  std::set<std::string> known;
  for (const std::string& url : TRY(catalog_.ListTableLocations())) {
    const storage::Location location = TRY(storage::Resolve(url));
    known.insert(storage::UrlOf(*location.store, location.path));
  }
  return known;
}

/// External tables on disks of this machine are among those that a dead process may have written
/// to; elsewhere VACUUM removes unfinished uploads.
void Janitor::RemoveLeftovers() const {
  RemoveLeftoversAt(home_);
  const auto locations = catalog_.ListTableLocations();
  if (!locations) return;
  for (const std::string& url : *locations) {
    if (url.starts_with("file:") && !url.starts_with("file:" + home_ + "/")) RemoveLeftoversAt(url);
  }
}

void Janitor::Purge(const catalog::DroppedTable& table) const {
  const bool is_external = table.kind == catalog::TableKind::kExternal;
  if (!is_external && !DeleteAllAt(table.location)) return;
  (void)catalog_.ForgetDroppedTable(table.id).has_value();
}

}  // namespace inlet::workspace
