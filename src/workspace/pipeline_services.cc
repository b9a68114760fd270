#include "workspace/pipeline_services.h"

#include <algorithm>

#include "types/text_cast.h"
#include "workspace/binder.h"
#include "workspace/open_stream.h"

namespace inlet::workspace {
namespace {

/// How often a refresh is tried again that failed for a reason that may pass.
constexpr int kMaxRetries = 5;

/// A session that knows what a definition has kept of the one that made it.
Session SessionOf(const pipelines::Scope& scope) {
  Session session{.user = scope.user, .catalog = scope.catalog, .schema = scope.schema};
  session.configs["spark.sql.session.timeZone"] = scope.time_zone;
  return session;
}

std::optional<std::int64_t> NumberIn(const std::map<std::string, std::string>& metrics,
                                     const std::string& name) {
  const auto found = metrics.find(name);
  if (found == metrics.end()) return std::nullopt;
  return types::ParseInteger<std::int64_t>(found->second);
}

class WorkspaceHost final : public pipelines::Host {
 public:
  explicit WorkspaceHost(Shared& shared) : shared_(shared) {}

  catalog::Catalog& catalog() override { return *shared_.catalog; }
  engine::Engine& engine() override { return *shared_.engine; }
  delta::SnapshotCache& snapshots() override { return shared_.snapshots; }

  Result<ingest::BoundQuery> Bind(const pipelines::Scope& scope, const sql::Query& query,
                                  std::stop_token stop) override {
    Session session = SessionOf(scope);
    const ExecuteOptions options{.stop = std::move(stop), .on_progress = {}};
    return workspace::Bind({.shared = shared_, .session = session, .text = {}, .options = options},
                           query);
  }

  Result<std::unique_ptr<ingest::StreamingQuery>> OpenStream(
      const pipelines::Scope& scope, pipelines::FlowStream stream) override {
    Session session = SessionOf(scope);
    const ExecuteOptions options;
    return workspace::OpenStream(
        {.shared = shared_, .session = session, .text = {}, .options = options},
        RequestFor(std::move(stream)));
  }

  Result<std::vector<pipelines::Backlog>> FindBacklog(const pipelines::Scope& scope,
                                                      pipelines::FlowStream stream) override {
    Session session = SessionOf(scope);
    const ExecuteOptions options;
    const std::string flow = stream.name;
    std::vector<pipelines::Backlog> backlogs;
    for (const StreamBacklog& backlog : TRY(workspace::FindBacklog(
             {.shared = shared_, .session = session, .text = {}, .options = options},
             RequestFor(std::move(stream))))) {
      backlogs.push_back({.flow = flow,
                          .source = backlog.source,
                          .num_files = NumberIn(backlog.metrics, "numFilesOutstanding"),
                          .num_bytes = NumberIn(backlog.metrics, "numBytesOutstanding")});
    }
    return backlogs;
  }

  Result<types::StructType> DescribeStream(const pipelines::Scope& scope,
                                           pipelines::FlowStream stream) override {
    Session session = SessionOf(scope);
    const ExecuteOptions options;
    return workspace::DescribeStream(
        {.shared = shared_, .session = session, .text = {}, .options = options},
        RequestFor(std::move(stream)));
  }

 private:
  static StreamRequest RequestFor(pipelines::FlowStream stream) {
    return {.query = std::move(stream.query),
            .query_text = {},
            .name = std::move(stream.name),
            .checkpoint = std::move(stream.checkpoint),
            .sink = std::move(stream.sink),
            .trigger = stream.trigger,
            .make_rewrite = std::move(stream.make_rewrite),
            .restart_on_schema_change = true,
            .on_progress = std::move(stream.on_progress),
            .schema_location = {}};
  }

  Shared& shared_;  // Outlives this.
};

struct RunningScheduler final : BackgroundWork {
  RunningScheduler(catalog::Catalog& catalog, pipelines::Scheduler::RunFunction run,
                   int max_running)
      : scheduler(catalog, std::move(run),
                  {.max_running = static_cast<std::size_t>(std::max(max_running, 1))}) {}

  pipelines::Scheduler scheduler;
};

}  // namespace

PipelineServices::PipelineServices(Shared& shared)
    : events_(shared.home),
      host_(std::make_unique<WorkspaceHost>(shared)),
      updater_(*host_, events_, {}) {}

std::unique_ptr<BackgroundWork> PipelineServices::StartScheduler(int max_running,
                                                                 std::string user) {
  auto run = [this, user = std::move(user)](const pipelines::DueRefresh& due,
                                            pipelines::DueClaim claim, std::stop_token stop) {
    return RunDue(due, user, std::move(claim), std::move(stop));
  };
  auto work = std::make_unique<RunningScheduler>(host_->catalog(), std::move(run), max_running);
  work->scheduler.Start();
  return work;
}

Status PipelineServices::RunDue(const pipelines::DueRefresh& due, const std::string& user,
                                pipelines::DueClaim claim, std::stop_token stop) {
  const catalog::TableEntry entry = TRY(host_->catalog().FindTableById(due.table_id));
  const pipelines::Definition definition = TRY(pipelines::ParseDefinition(entry.definition));
  const bool only_for_news = due.cause == "SCHEDULED" && definition.schedule &&
                             definition.schedule->kind == pipelines::Schedule::Kind::kOnUpdate;
  const auto is_still_wanted = [&]() -> Result<bool> {
    if (!TRY(claim.is_still_due())) return false;
    if (!only_for_news || TRY(HasNews(entry, definition))) return true;
    TRY(claim.set_next());
    return false;
  };
  TRY(updater_.Run({.entry = entry,
                    .definition = definition,
                    .is_full = due.is_full,
                    .cause = due.cause,
                    .user = user,
                    .max_retries = kMaxRetries,
                    .is_still_wanted = is_still_wanted,
                    .on_begin = claim.set_next,
                    .stop = std::move(stop)}));
  return Ok();
}

/// Whether a table that the dataset reads has another version than at the last refresh. Where that
/// cannot be told, as of files, the refresh finds out.
Result<bool> PipelineServices::HasNews(const catalog::TableEntry& entry,
                                       const pipelines::Definition& definition) {
  const std::string now = TRY(pipelines::SourcesNow(*host_, entry, definition));
  if (now.empty()) return true;
  return now != TRY(host_->catalog().FindRefresh(entry.id)).sources;
}

}  // namespace inlet::workspace
