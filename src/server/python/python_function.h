#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/external_function.h"
#include "server/python/python_workers.h"
#include "types/batch.h"

namespace inlet::server {

/// The sessions' side of Python: whose the functions are, and where they run. Shared by a session's
/// functions, which may outlive it.
struct PythonHome {
  PythonWorkers& workers;      ///< Outlives all sessions.
  std::string session;         ///< The server's name of the session.
  std::string client_session;  ///< The client's name of it, and its user: to become a client of it.
  std::string user;
};

/// How a Python function is called, by the numbers of PySpark's PythonEvalType.
enum class PythonKind : std::uint8_t {
  kScalar,     ///< One value a row.
  kAggregate,  ///< One value a group.
  kGroupMap,   ///< Rows from each group.
  kCogroupMap,
  kMap,  ///< Rows from an iterator of batches.
  kOther,
};
PythonKind KindOf(int eval_type);

/// A function of a client's program, as its client has pickled it.
struct PythonDefinition {
  std::string name;
  int eval_type = 0;
  types::DataType type;
  std::string command;
  std::string version;  ///< "3.11": of the Python that made it.
};

/// How functions run: settings of the session when they were named.
struct PythonSettings {
  std::string interpreter;  ///< Empty: the server's.
  std::string time_zone = "UTC";
  std::string path;  ///< A directory with the modules that the client has sent; may be empty.
  std::chrono::milliseconds timeout{0};  ///< For each batch; 0: none.
};

/// A function over rows: scalar, or over the rows of a group as a list of structs. Thread-safe:
/// each call takes a process of its own.
///
/// Errors of calls: FailPythonFunction() with the traceback; those of PythonWorkers.
class PythonFunction final : public engine::ExternalFunction {
 public:
  /// `names`: of the arguments that were given by name, else empty texts.
  static std::shared_ptr<PythonFunction> Make(std::shared_ptr<const PythonHome> home,
                                              PythonDefinition definition, PythonSettings settings,
                                              std::vector<std::string> names);
  ~PythonFunction() override;

  const std::string& id() const { return id_; }
  const types::DataType& type() const override { return type_; }
  Result<std::shared_ptr<arrow::Array>> Call(std::string_view call,
                                             const types::BatchPtr& arguments,
                                             const std::function<bool()>& is_interrupted) override;

 private:
  PythonFunction(std::shared_ptr<const PythonHome> home, PythonDefinition definition,
                 PythonSettings settings, std::vector<std::string> names);

  const std::shared_ptr<const PythonHome> home_;
  const PythonDefinition definition_;
  const PythonSettings settings_;
  const std::vector<std::string> names_;
  types::DataType type_;
  std::string id_;
};

/// mapInPandas and mapInArrow, and foreach: batches go in as they are asked for, rows come out.
/// Not thread-safe.
class PythonMap {
 public:
  struct Options {
    std::string kind = "udf";  ///< "foreach" for the function of that sink.
    std::int64_t batch_id = 0;
    std::function<bool()> is_interrupted;
  };
  /// `input` gives batches of `schema`.
  static Result<std::unique_ptr<PythonMap>> Start(std::shared_ptr<const PythonHome> home,
                                                  const PythonDefinition& definition,
                                                  const PythonSettings& settings,
                                                  const types::StructType& schema, Options options,
                                                  std::unique_ptr<types::BatchReader> input);
  ~PythonMap();
  /// The next batch of what the function gives, null at the end.
  Result<types::BatchPtr> Next();

 private:
  PythonMap(PythonWorkers::Lease lease, std::unique_ptr<types::BatchReader> input,
            types::StructType schema, types::DataType type, Options options)
      : lease_(std::move(lease)),
        input_(std::move(input)),
        schema_(std::move(schema)),
        type_(std::move(type)),
        options_(std::move(options)) {}

  Status SendInput(const WorkerProcess::Patience& patience);

  PythonWorkers::Lease lease_;
  std::unique_ptr<types::BatchReader> input_;
  const types::StructType schema_;
  const types::DataType type_;
  const Options options_;
  bool is_over_ = false;
};

/// The function of foreachBatch, in a process of its own that is a client of the session.
/// Not thread-safe.
class PythonBatchFunction {
 public:
  static Result<std::unique_ptr<PythonBatchFunction>> Start(
      std::shared_ptr<const PythonHome> home, const PythonDefinition& definition,
      const PythonSettings& settings, const std::function<bool()>& is_interrupted);
  /// Runs it over the kept relation of this id.
  Status Call(const std::string& relation_id, std::int64_t batch_id,
              const std::function<bool()>& is_interrupted);

 private:
  PythonBatchFunction(PythonWorkers::Lease lease, std::string key)
      : lease_(std::move(lease)), key_(std::move(key)) {}
  PythonWorkers::Lease lease_;
  const std::string key_;
};

}  // namespace inlet::server
