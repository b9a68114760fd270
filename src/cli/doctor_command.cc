#include <sys/statvfs.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <thread>

#include "base/uuid.h"
#include "cli/commands.h"
#include "cli/progress_bar.h"
#include "storage/object_store.h"

namespace inlet::cli {
namespace {

/// Prints findings as they come and remembers whether one is bad.
class Report {
 public:
  void Good(const std::string& text) { std::cout << "  ok    " << text << "\n"; }
  void Bad(const std::string& text) {
    std::cout << "  FAIL  " << text << "\n";
    healthy_ = false;
  }
  void Check(const Status& status, const std::string& what) {
    status ? Good(what) : Bad(what + ": " + ToString(status.error()));
  }
  bool healthy() const { return healthy_; }

 private:
  bool healthy_ = true;
};

/// A store is fit for Delta when put-if-absent really refuses the second writer. Servers that
/// ignore the condition lose data, so it is proved, not believed.
Status TryStore(const std::string& url) {
  storage::Location root = TRY(storage::Resolve(url));
  const std::string path =
      (root.path.empty() ? "" : root.path + "/") + "inlet-doctor-" + RandomUuid();
  TRY(root.store->Put(path, "first", storage::PutMode::kIfAbsent).Context("the first put"));
  const Status second = root.store->Put(path, "second", storage::PutMode::kIfAbsent);
  const Result<std::string> content = root.store->Get(path);
  TRY(root.store->Delete(path).Context("delete"));
  if (second || TRY(Result<std::string>(content)) != "first") {
    return Fail(
        Condition::INLET_UNSUPPORTED,
        {{"feature", "a store that overwrites where it should refuse; commits would be lost"}});
  }
  if (second.error().condition != Condition::PATH_ALREADY_EXISTS) {
    return std::unexpected(second.error());
  }
  return Ok();
}

void CheckMachine(const workspace::WorkspaceOptions& options, Report& report) {
  report.Good("version " INLET_VERSION);
  report.Good(std::to_string(std::thread::hardware_concurrency()) + " processors");
  const std::int64_t memory = sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGE_SIZE);
  report.Good(BytesText(memory) + " of memory");
  struct statvfs space = {};
  if (statvfs(options.home.c_str(), &space) == 0) {
    const auto free_bytes = static_cast<std::int64_t>(space.f_bavail * space.f_frsize);
    constexpr std::int64_t kLittle = std::int64_t{1} << 30;
    const std::string text = BytesText(free_bytes) + " free under " + options.home;
    free_bytes < kLittle ? report.Bad(text) : report.Good(text);
  }
}

Status RunQuery(workspace::Workspace& workspace) {
  workspace::QueryResult result = TRY(workspace.Connect()->Execute("SELECT 1", {}));
  TRY(result.rows->Next());
  return Ok();
}

}  // namespace

int RunDoctor(const std::vector<std::string>& locations,
              const workspace::WorkspaceOptions& options) {
  Report report;
  std::cout << "inlet doctor\n";
  Result<std::unique_ptr<workspace::Workspace>> workspace = workspace::Workspace::Open(options);
  report.Check(workspace ? Ok() : Status(std::unexpected(workspace.error())),
               "the catalog of " + options.home + " opens");
  CheckMachine(options, report);
  if (workspace) report.Check(RunQuery(**workspace), "a query runs");
  std::vector<std::string> stores = locations;
  stores.insert(stores.begin(), options.home);
  for (const std::string& store : stores) {
    report.Check(TryStore(store), "put-if-absent holds at " + store);
  }
  return report.healthy() ? kOk : kFailed;
}

}  // namespace inlet::cli
