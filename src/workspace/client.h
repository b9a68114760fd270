#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/option_map.h"
#include "base/result.h"
#include "types/batch.h"
#include "types/data_type.h"

namespace inlet::engine {
struct Input;
}
namespace inlet::ingest {
struct BoundQuery;
class StreamingQuery;
}  // namespace inlet::ingest
namespace inlet::sql {
struct Query;
struct Statement;
}  // namespace inlet::sql

namespace inlet::workspace {

struct DataStream;
struct FileWrite;

struct QueryResult {
  types::StructType schema;
  std::unique_ptr<types::BatchReader> rows;  ///< Null for a statement without rows.
  std::string session_time_zone = "UTC";     ///< For the text of TIMESTAMP values.
};

/// Work done so far by the running statement.
struct Progress {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  std::int64_t total_bytes = 0;  ///< 0: unknown.
};

struct ExecuteOptions {
  std::stop_token stop;
  std::function<void(const Progress&)> on_progress;  ///< Called from any thread; may be empty.
};

/// The catalog that users mean: `main` is called spark_catalog, too.
std::string CatalogOf(const std::string& name);

/// One connected user: current catalog and schema, temporary views, variables, settings.
/// Everything that the CLI, the REST API, the web UI and Spark Connect can do, they do through
/// here. Not thread-safe; one per connection.
class Client {
 public:
  virtual ~Client() = default;
  /// One statement, without its semicolon.
  virtual Result<QueryResult> Execute(std::string_view sql, const ExecuteOptions& options) = 0;
  /// A statement that did not come as text. Its queries may name `inputs` by sql::InputRef.
  virtual Result<QueryResult> Execute(const sql::Statement& statement,
                                      const std::vector<engine::Input>& inputs,
                                      const ExecuteOptions& options) = 0;
  /// The columns that a query would give.
  virtual Result<types::StructType> Describe(const sql::Query& query,
                                             const std::vector<engine::Input>& inputs,
                                             const ExecuteOptions& options) = 0;
  /// Writes plain files, as df.write does.
  virtual Result<QueryResult> Execute(const FileWrite& write,
                                      const std::vector<engine::Input>& inputs,
                                      const ExecuteOptions& options) = 0;
  /// A streaming query that is ready to start, and what columns it gives. The workspace outlives
  /// it.
  virtual Result<std::unique_ptr<ingest::StreamingQuery>> OpenStream(const DataStream& stream) = 0;
  virtual Result<types::StructType> DescribeStream(const DataStream& stream) = 0;
  /// Runs what a stream hands to a sink that is a function.
  virtual Result<QueryResult> Run(ingest::BoundQuery query, std::stop_token stop) = 0;
  /// The session's settings: what SET has set.
  virtual const OptionMap& configs() const = 0;
  virtual const std::string& current_catalog() const = 0;
  virtual const std::string& current_schema() const = 0;
  /// Names of the temporary views.
  virtual std::vector<std::string> temporary_views() const = 0;
  /// Another client that starts with everything that this one has set.
  virtual std::unique_ptr<Client> Clone() const = 0;
};

struct WorkspaceOptions {
  std::string home = "./lakehouse";  ///< INLET_HOME
  int threads = 0;                   ///< 0: one a core.
  std::int64_t memory_bytes = 0;     ///< 0: the engine's default.
};

/// Work that goes on beside the clients. Destroying it asks it to stop, and waits until it has.
class BackgroundWork {
 public:
  virtual ~BackgroundWork() = default;
};

/// Owns everything: catalog, engine, caches. Thread-safe. Opening it does no work that a simple
/// SELECT does not need.
class Workspace {
 public:
  virtual ~Workspace() = default;
  virtual std::unique_ptr<Client> Connect() = 0;

  /// Notes what a notification service of a store says of new files, for streams with
  /// useManagedFileEvents. Returns what to answer, as JSON.
  /// Errors: INVALID_PARAMETER_VALUE for a message that is none of theirs.
  virtual Result<std::string> TakeFileEvents(std::string_view message) = 0;

  /// Refreshes streaming tables and materialized views when they are due, `max_running` at a time.
  /// Several processes may do so on one home. The workspace outlives what it gives.
  virtual std::unique_ptr<BackgroundWork> StartScheduler(int max_running) = 0;

  static Result<std::unique_ptr<Workspace>> Open(const WorkspaceOptions& options);
};

}  // namespace inlet::workspace
