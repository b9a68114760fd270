#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>
#include <variant>

#include "delta/transaction.h"
#include "sql/parser.h"
#include "workspace/client.h"
#include "workspace/pipeline_services.h"
#include "workspace/session.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

std::string UserName() {
  if (const char* user = std::getenv("USER"); user != nullptr && *user != '\0') return user;
  if (const passwd* entry = getpwuid(geteuid()); entry != nullptr) return entry->pw_name;
  return "unknown";
}

/// Hands a statement to the function of its kind; kinds without one are refused by name.
struct Dispatch {
  const Call& call;

  template <class Node>
  Result<QueryResult> operator()(const Node& node) const {
    if constexpr (requires { Run(call, node); }) {
      return Run(call, node);
    } else {
      return FailUnsupported("the statement " + FirstWords());
    }
  }

  /// "MERGE INTO", "OPTIMIZE": what the user wrote first.
  std::string FirstWords() const {
    const std::string_view text = call.text.substr(0, call.text.find_first_of("\n(;"));
    const std::size_t first = text.find(' ');
    return std::string(
        text.substr(0, first == std::string_view::npos ? first : text.find(' ', first + 1)));
  }
};

class LocalClient final : public Client {
 public:
  explicit LocalClient(Shared& shared) : shared_(shared) { session_.user = UserName(); }

  Result<QueryResult> Execute(std::string_view sql, const ExecuteOptions& options) override {
    const sql::Statement statement = TRY(sql::ParseStatement(sql));
    const Call call{.shared = shared_, .session = session_, .text = sql, .options = options};
    QueryResult result = TRY(std::visit(Dispatch{call}, statement.node()));
    result.session_time_zone = session_.time_zone();
    return result;
  }

 private:
  Shared& shared_;  // Outlives this.
  Session session_;
};

class LocalWorkspace final : public Workspace {
 public:
  explicit LocalWorkspace(std::unique_ptr<Shared> shared) : shared_(std::move(shared)) {}
  ~LocalWorkspace() override { delta::FlushLogCheckpoints(); }

  std::unique_ptr<Client> Connect() override { return std::make_unique<LocalClient>(*shared_); }

  std::unique_ptr<BackgroundWork> StartScheduler(int max_running) override {
    return shared_->pipelines->StartScheduler(max_running, UserName());
  }

 private:
  std::unique_ptr<Shared> shared_;
};

}  // namespace

Result<std::unique_ptr<Workspace>> Workspace::Open(const WorkspaceOptions& options) {
  auto shared = std::make_unique<Shared>();
  shared->options = options;
  shared->threads =
      options.threads > 0 ? options.threads : static_cast<int>(std::thread::hardware_concurrency());
  std::error_code error;
  shared->home = std::filesystem::absolute(options.home, error).string();
  shared->catalog = TRY(catalog::Catalog::Open(options.home));
  shared->engine = TRY(engine::OpenDuckDb({.threads = shared->threads,
                                           .memory_bytes = options.memory_bytes,
                                           .temp_directory = shared->home + "/temp"}));
  shared->pipelines = std::make_unique<PipelineServices>(*shared);
  return std::make_unique<LocalWorkspace>(std::move(shared));
}

}  // namespace inlet::workspace
