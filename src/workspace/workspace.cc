#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>
#include <variant>

#include "connectors/file_events/file_event_log.h"
#include "delta/transaction.h"
#include "ingest/delta_source.h"
#include "sql/parser.h"
#include "workspace/binder.h"
#include "workspace/client.h"
#include "workspace/data_stream.h"
#include "workspace/file_write.h"
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
    if (call.text.empty()) return "that is meant";
    const std::string_view text = call.text.substr(0, call.text.find_first_of("\n(;"));
    const std::size_t first = text.find(' ');
    return std::string(
        text.substr(0, first == std::string_view::npos ? first : text.find(' ', first + 1)));
  }
};

/// `SELECT * FROM t` of a Delta table: the table knows what may be NULL, and comments.
void UseDeltaSchema(const ingest::BoundQuery& bound, types::StructType& schema) {
  const auto* select = std::get_if<sql::Select>(&bound.query.body);
  if (select == nullptr || !select->from || select->items.size() != 1) return;
  const auto* reference = select->from->As<sql::InputRef>();
  if (reference == nullptr || select->items[0].value.As<sql::Star>() == nullptr) return;
  for (const engine::Input& input : bound.inputs) {
    const auto* table = dynamic_cast<const ingest::DeltaSource*>(input.source.get());
    if (input.name != reference->name || table == nullptr) continue;
    for (types::StructField& field : schema.fields) {
      const types::StructField* known = table->schema().Find(field.name);
      if (known == nullptr) continue;
      field.nullable = known->nullable;
      if (known->type.is_nested() && known->type.id() == field.type.id()) field.type = known->type;
      for (const auto& [key, value] : known->metadata) {
        const bool is_internal = key.starts_with("delta.") || key == "CURRENT_DEFAULT" ||
                                 key == "EXISTS_DEFAULT" || key.starts_with("__");
        if (!is_internal) field.metadata[key] = value;
      }
    }
  }
}

class LocalClient final : public Client {
 public:
  explicit LocalClient(Shared& shared) : shared_(shared) { session_.user = UserName(); }

  LocalClient(Shared& shared, Session session) : shared_(shared), session_(std::move(session)) {}

  Result<QueryResult> Execute(std::string_view sql, const ExecuteOptions& options) override {
    return Run(TRY(sql::ParseStatement(sql)),
               {.shared = shared_, .session = session_, .text = sql, .options = options});
  }

  Result<QueryResult> Execute(const sql::Statement& statement,
                              const std::vector<engine::Input>& inputs,
                              const ExecuteOptions& options) override {
    return Run(
        statement,
        {.shared = shared_, .session = session_, .text = "", .options = options, .inputs = inputs});
  }

  Result<QueryResult> Execute(const FileWrite& write, const std::vector<engine::Input>& inputs,
                              const ExecuteOptions& options) override {
    return RunFileWrite(
        {.shared = shared_, .session = session_, .text = "", .options = options, .inputs = inputs},
        write);
  }

  Result<types::StructType> Describe(const sql::Query& query,
                                     const std::vector<engine::Input>& inputs,
                                     const ExecuteOptions& options) override {
    const Call call{
        .shared = shared_, .session = session_, .text = "", .options = options, .inputs = inputs};
    const ingest::BoundQuery bound = TRY(Bind(call, query));
    types::StructType schema =
        TRY(shared_.engine->Describe(bound.query, bound.inputs, bound.context));
    UseDeltaSchema(bound, schema);
    return schema;
  }

  Result<std::unique_ptr<ingest::StreamingQuery>> OpenStream(const DataStream& stream) override {
    const ExecuteOptions options;
    return OpenDataStream({.shared = shared_, .session = session_, .text = "", .options = options},
                          stream);
  }

  Result<types::StructType> DescribeStream(const DataStream& stream) override {
    const ExecuteOptions options;
    return DescribeDataStream(
        {.shared = shared_, .session = session_, .text = "", .options = options}, stream);
  }

  Result<QueryResult> Run(ingest::BoundQuery query, std::stop_token stop) override {
    types::StructType schema =
        TRY(shared_.engine->Describe(query.query, query.inputs, query.context));
    auto rows = TRY(
        shared_.engine->Run(query.query, std::move(query.inputs), query.context, std::move(stop)));
    return QueryResult{.schema = std::move(schema),
                       .rows = std::move(rows),
                       .session_time_zone = session_.time_zone()};
  }

  const OptionMap& configs() const override { return session_.configs; }
  const std::string& current_catalog() const override { return session_.catalog; }
  const std::string& current_schema() const override { return session_.schema; }

  std::vector<std::string> temporary_views() const override {
    std::vector<std::string> names;
    for (const auto& [name, view] : session_.temporary_views) names.push_back(name);
    return names;
  }

  std::unique_ptr<Client> Clone() const override {
    return std::make_unique<LocalClient>(shared_, session_);
  }

 private:
  static Result<QueryResult> Run(const sql::Statement& statement, const Call& call) {
    QueryResult result = TRY(std::visit(Dispatch{call}, statement.node()));
    result.session_time_zone = call.session.time_zone();
    return result;
  }

  Shared& shared_;  // Outlives this.
  Session session_;
};

class LocalWorkspace final : public Workspace {
 public:
  explicit LocalWorkspace(std::unique_ptr<Shared> shared)
      : shared_(std::move(shared)), file_events_(shared_->home) {}
  ~LocalWorkspace() override { delta::FlushLogCheckpoints(); }

  std::unique_ptr<Client> Connect() override { return std::make_unique<LocalClient>(*shared_); }

  Result<std::string> TakeFileEvents(std::string_view message) override {
    return file_events_.TakeMessage(message, pipelines::SystemClockMs());
  }

  std::unique_ptr<BackgroundWork> StartScheduler(int max_running) override {
    return shared_->pipelines->StartScheduler(max_running, UserName());
  }

 private:
  std::unique_ptr<Shared> shared_;
  connectors::FileEventLog file_events_;
};

}  // namespace

Result<std::unique_ptr<Workspace>> Workspace::Open(const WorkspaceOptions& options) {
  auto shared = std::make_unique<Shared>();
  shared->options = options;
  shared->threads =
      options.threads > 0 ? options.threads : static_cast<int>(std::thread::hardware_concurrency());
  std::error_code error;
  shared->home = std::filesystem::absolute(options.home, error).lexically_normal().string();
  if (shared->home.size() > 1 && shared->home.ends_with('/')) shared->home.pop_back();
  shared->catalog = TRY(catalog::Catalog::Open(options.home));
  shared->janitor = std::make_unique<Janitor>(*shared->catalog, shared->home);
  shared->janitor->Start();
  shared->engine =
      TRY(engine::OpenDuckDb({.threads = shared->threads,
                              .memory_bytes = options.memory_bytes,
                              .temp_directory = shared->catalog->temporary_directory()}));
  shared->pipelines = std::make_unique<PipelineServices>(*shared);
  return std::make_unique<LocalWorkspace>(std::move(shared));
}

}  // namespace inlet::workspace
