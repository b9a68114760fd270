#include "server/python/python_function.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <atomic>

#include "server/python/python_errors.h"
#include "server/spark_connect/arrow_messages.h"
#include "server/spark_connect/local_data.h"
#include "types/arrow.h"
#include "types/json_text.h"

namespace inlet::server {
namespace {

using types::JsonQuote;
using types::StructType;

/// What `key` of the header names in the process.
struct Header {
  std::string kind;
  std::string key;
  std::string fields;  ///< More of JSON, each with a comma before it.
};

/// Of a use of a function that no other one shares.
std::string UniqueKey() {
  static std::atomic<std::uint64_t> next = 0;
  return "use " + std::to_string(next++);
}

std::string DefinitionHeader(const Header& header, const PythonDefinition& definition,
                             const PythonSettings& settings, const StructType& arguments,
                             const std::vector<std::string>& names) {
  std::string quoted;
  for (const std::string& name : names) quoted += (quoted.empty() ? "" : ",") + JsonQuote(name);
  return fmt::format(R"({{"kind":{},"key":{},"eval_type":{},"zone":{},"arguments":{},"names":[{}],)"
                     R"("python_ver":{},"path":{}{}}})",
                     JsonQuote(header.kind), JsonQuote(header.key), definition.eval_type,
                     JsonQuote(settings.time_zone), types::ToJson(arguments), quoted,
                     JsonQuote(definition.version), JsonQuote(settings.path), header.fields);
}

/// Sends the function unless the process knows it.
Status Define(PythonWorkers::Lease& lease, const Header& header, const PythonDefinition& definition,
              const PythonSettings& settings, const StructType& arguments,
              const std::vector<std::string>& names, const WorkerProcess::Patience& patience) {
  if (lease.Knows(header.key)) return Ok();
  TRY(lease.process().Send('D', DefinitionHeader(header, definition, settings, arguments, names),
                           definition.command, patience));
  WorkerProcess::Message answer = TRY(lease.process().Receive(patience));
  if (answer.kind == 'X') {
    return FailPythonFunction("A Python function", answer.body);
  }
  lease.Learned(header.key);
  return Ok();
}

WorkerProcess::Patience PatienceOf(const PythonSettings& settings,
                                   const std::function<bool()>& is_interrupted) {
  WorkerProcess::Patience patience{.is_interrupted = is_interrupted};
  if (settings.timeout.count() > 0) patience.timeout = settings.timeout;
  return patience;
}

/// The column of a batch as one IPC stream.
Result<std::string> Serialize(const StructType& schema, const types::BatchPtr& batch,
                              const std::string& zone) {
  class One final : public types::BatchReader {
   public:
    explicit One(types::BatchPtr batch) : batch_(std::move(batch)) {}
    Result<types::BatchPtr> Next() override { return std::exchange(batch_, nullptr); }

   private:
    types::BatchPtr batch_;
  };
  One one(batch);
  return ToIpcStream(&one, schema, zone);
}

/// An answer's batches, in the layout of `schema`.
Result<std::vector<types::BatchPtr>> Parse(const std::string& body, const StructType& schema) {
  const auto source = LocalSource(body, schema);
  if (!source) {
    return FailPythonProcess("gave values of another type: " + ToString(source.error()));
  }
  engine::Projection all;
  for (std::size_t i = 0; i < schema.size(); ++i) all.columns.push_back(i);
  const auto reader = TRY((*source)->Open(0, all));
  std::vector<types::BatchPtr> batches;
  while (types::BatchPtr batch = TRY(reader->Next())) batches.push_back(std::move(batch));
  return batches;
}

StructType ColumnsOf(const arrow::RecordBatch& batch) {
  auto columns = types::FromArrow(*batch.schema());
  return columns ? *std::move(columns) : StructType();
}

}  // namespace

PythonKind KindOf(int eval_type) {
  switch (eval_type) {
    case 100:
    case 101:
    case 200:
    case 204:
    case 250:
    case 251:
      return PythonKind::kScalar;
    case 202:
    case 217:
    case 252:
    case 254:
      return PythonKind::kAggregate;
    case 201:
    case 209:
    case 215:
    case 216:
      return PythonKind::kGroupMap;
    case 206:
    case 210:
      return PythonKind::kCogroupMap;
    case 205:
    case 207:
      return PythonKind::kMap;
    default:
      return PythonKind::kOther;
  }
}

PythonFunction::PythonFunction(std::shared_ptr<const PythonHome> home, PythonDefinition definition,
                               PythonSettings settings, std::vector<std::string> names)
    : home_(std::move(home)),
      definition_(std::move(definition)),
      settings_(std::move(settings)),
      names_(std::move(names)),
      type_(definition_.type) {
  const PythonKind kind = KindOf(definition_.eval_type);
  if (kind == PythonKind::kGroupMap || kind == PythonKind::kCogroupMap) {
    type_ = types::DataType::Array(definition_.type, /*contains_null=*/false);
  }
}

std::shared_ptr<PythonFunction> PythonFunction::Make(std::shared_ptr<const PythonHome> home,
                                                     PythonDefinition definition,
                                                     PythonSettings settings,
                                                     std::vector<std::string> names) {
  std::shared_ptr<PythonFunction> function(new PythonFunction(
      std::move(home), std::move(definition), std::move(settings), std::move(names)));
  function->id_ = engine::AddExternalFunction(function);
  return function;
}

PythonFunction::~PythonFunction() { engine::RemoveExternalFunction(id_); }

Result<std::shared_ptr<arrow::Array>> PythonFunction::Call(
    std::string_view call, const types::BatchPtr& arguments,
    const std::function<bool()>& is_interrupted) {
  const WorkerProcess::Patience patience = PatienceOf(settings_, is_interrupted);
  PythonWorkers::Lease lease =
      TRY(home_->workers.Take(home_->session, settings_.interpreter, is_interrupted));
  const StructType columns = ColumnsOf(*arguments);
  const Header header{.kind = "udf", .key = std::string(call)};
  TRY(Define(lease, header, definition_, settings_, columns, names_, patience));
  const std::string ask =
      fmt::format(R"({{"key":{},"rows":{}}})", JsonQuote(header.key), arguments->num_rows());
  TRY(lease.process().Send('C', ask, TRY(Serialize(columns, arguments, "UTC")), patience));
  WorkerProcess::Message answer = TRY(lease.process().Receive(patience));
  if (answer.kind == 'X') {
    return FailPythonFunction("A Python function", answer.body);
  }
  const StructType result{.fields = {{.name = "_0", .type = type_}}};
  arrow::ArrayVector parts;
  std::int64_t num_rows = 0;
  for (const types::BatchPtr& batch : TRY(Parse(answer.body, result))) {
    parts.push_back(batch->column(0));
    num_rows += batch->num_rows();
  }
  if (num_rows != arguments->num_rows()) {
    return FailPythonProcess(
        fmt::format("gave {} values for {} rows", num_rows, arguments->num_rows()));
  }
  if (parts.size() == 1) return parts[0];
  return ARROW_TRY(arrow::Concatenate(parts));
}

Result<std::unique_ptr<PythonMap>> PythonMap::Start(std::shared_ptr<const PythonHome> home,
                                                    const PythonDefinition& definition,
                                                    const PythonSettings& settings,
                                                    const StructType& schema, Options options,
                                                    std::unique_ptr<types::BatchReader> input) {
  const WorkerProcess::Patience patience{.is_interrupted = options.is_interrupted};
  PythonWorkers::Lease lease =
      TRY(home->workers.Take(home->session, settings.interpreter, options.is_interrupted));
  const Header header{.kind = options.kind, .key = UniqueKey()};
  TRY(Define(lease, header, definition, settings, schema, {}, patience));
  TRY(lease.process().Send(
      'M', fmt::format(R"({{"key":{},"batch_id":{}}})", JsonQuote(header.key), options.batch_id),
      "", patience));
  return std::unique_ptr<PythonMap>(new PythonMap(std::move(lease), std::move(input), schema,
                                                  definition.type, std::move(options)));
}

PythonMap::~PythonMap() {
  if (!is_over_) lease_.process().Abandon();
}

Result<types::BatchPtr> PythonMap::Next() {
  const WorkerProcess::Patience patience{.is_interrupted = options_.is_interrupted};
  while (!is_over_) {
    WorkerProcess::Message message = TRY(lease_.process().Receive(patience));
    switch (message.kind) {
      case 'N':
        TRY(SendInput(patience));
        break;
      case 'R': {
        const auto batches = TRY(Parse(message.body, StructType{.fields = type_.fields()}));
        if (batches.empty()) break;
        if (batches.size() == 1) return batches[0];
        return ARROW_TRY(arrow::ConcatenateRecordBatches(batches));
      }
      case 'O':
        is_over_ = true;
        break;
      default:
        is_over_ = true;
        return FailPythonFunction(options_.kind == "foreach"
                                      ? "[FOREACH_USER_FUNCTION_ERROR] The function of foreach"
                                      : "A Python function",
                                  message.body);
    }
  }
  return nullptr;
}

Status PythonMap::SendInput(const WorkerProcess::Patience& patience) {
  types::BatchPtr batch;
  if (input_ != nullptr) batch = TRY(input_->Next());
  if (batch == nullptr) {
    input_ = nullptr;
    return lease_.process().Send('E', "", "", patience);
  }
  return lease_.process().Send('B', "", TRY(Serialize(schema_, batch, "UTC")), patience);
}

Result<std::unique_ptr<PythonBatchFunction>> PythonBatchFunction::Start(
    std::shared_ptr<const PythonHome> home, const PythonDefinition& definition,
    const PythonSettings& settings, const std::function<bool()>& is_interrupted) {
  PythonWorkers::Lease lease =
      TRY(home->workers.Take(home->session, settings.interpreter, is_interrupted));
  const Header header{
      .kind = "foreach_batch",
      .key = UniqueKey(),
      .fields = fmt::format(R"(,"session_id":{},"user_id":{})", JsonQuote(home->client_session),
                            JsonQuote(home->user))};
  TRY(Define(lease, header, definition, settings, {}, {}, {.is_interrupted = is_interrupted}));
  return std::unique_ptr<PythonBatchFunction>(
      new PythonBatchFunction(std::move(lease), header.key));
}

Status PythonBatchFunction::Call(const std::string& relation_id, std::int64_t batch_id,
                                 const std::function<bool()>& is_interrupted) {
  const WorkerProcess::Patience patience{.is_interrupted = is_interrupted};
  TRY(lease_.process().Send('C',
                            fmt::format(R"({{"key":{},"relation_id":{},"batch_id":{}}})",
                                        JsonQuote(key_), JsonQuote(relation_id), batch_id),
                            "", patience));
  WorkerProcess::Message answer = TRY(lease_.process().Receive(patience));
  if (answer.kind != 'X') return Ok();
  return FailPythonFunction("[FOREACH_BATCH_USER_FUNCTION_ERROR] The function of foreachBatch",
                            answer.body);
}

}  // namespace inlet::server
