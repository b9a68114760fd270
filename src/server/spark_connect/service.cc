#include "server/spark_connect/service.h"

#include <grpcpp/server_context.h>
#include <zlib.h>

#include <algorithm>

#include "server/spark_connect/protocol/deep_messages.h"
// The generated service comes after our way to read its messages.
#include <spark/connect/base.grpc.pb.h>

#include "base/uuid.h"
#include "server/spark_connect/analyze.h"
#include "server/spark_connect/compressed_plan.h"
#include "server/spark_connect/error_messages.h"
#include "server/spark_connect/plan_runner.h"
#include "server/spark_connect/session_table.h"
#include "server/spark_connect/settings.h"

namespace inlet::server {
namespace {

namespace sc = spark::connect;
using grpc::ServerContext;
using grpc::ServerReader;
using grpc::ServerWriter;

/// How long a stream waits for a response before it looks whether its client is still there.
constexpr std::chrono::milliseconds kPatience(500);

template <class Request>
SessionTable::Key KeyOf(const Request& request) {
  return {.user = request.user_context().user_id(), .session = request.session_id()};
}

template <class Request, class Response>
void Identify(const Request& request, const ConnectSession& session, Response& response) {
  response.set_session_id(request.session_id());
  response.set_server_side_session_id(session.server_side_id());
}

bool IsReattachable(const sc::ExecutePlanRequest& request) {
  for (const auto& option : request.request_options()) {
    if (option.has_reattach_options()) return option.reattach_options().reattachable();
  }
  return false;
}

/// In what pieces the client wants its batches; 0: whole.
std::size_t MaxChunkBytes(const sc::ExecutePlanRequest& request) {
  // Below that the pieces are mostly envelope.
  constexpr std::int64_t kMinBytes = 1024;
  constexpr std::int64_t kDefaultBytes = 8 << 20;
  for (const auto& option : request.request_options()) {
    if (!option.has_result_chunking_options()) continue;
    const auto& chunking = option.result_chunking_options();
    if (!chunking.allow_arrow_batch_chunking()) return 0;
    if (!chunking.has_preferred_arrow_chunk_size()) return kDefaultBytes;
    return static_cast<std::size_t>(
        std::clamp(std::int64_t{chunking.preferred_arrow_chunk_size()}, kMinBytes, kDefaultBytes));
  }
  return 0;
}

bool SameText(std::string_view a, std::string_view b) {
  // Takes the same time wherever the texts differ.
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

class ConnectService final : public sc::SparkConnectService::Service {
 public:
  ConnectService(SessionTable& sessions, std::string token)
      : sessions_(sessions), token_(std::move(token)) {}

  grpc::Status ExecutePlan(ServerContext* context, const sc::ExecutePlanRequest* request,
                           ServerWriter<sc::ExecutePlanResponse>* writer) override {
    if (!IsAdmitted(*context)) return NotAdmitted();
    const auto session = Open(*request);
    if (!session) return errors_.Report(session.error());
    std::string id = request->operation_id();
    if (id.empty()) id = RandomUuid();
    const auto operation =
        (*session)->AddOperation(id, {request->tags().begin(), request->tags().end()});
    if (!operation) return errors_.Report(operation.error());
    const auto plan = std::make_shared<sc::Plan>(request->plan());
    if (const Status expanded = ExpandPlan(*plan); !expanded) {
      (*session)->RemoveOperation(id);
      return errors_.Report(expanded.error());
    }
    if (plan->has_root() && plan->root().has_sql()) (*operation)->sql = plan->root().sql().query();
    (*operation)
        ->Start([&session = **session, plan, session_id = request->session_id(),
                 max_chunk_bytes = MaxChunkBytes(*request)](Operation& running) {
          return PlanRunner(session, running, session_id, max_chunk_bytes).Run(*plan);
        });
    const bool is_reattachable = IsReattachable(*request);
    grpc::Status status = Stream(*context, **operation, "", is_reattachable, *writer);
    if (!is_reattachable) {
      (*operation)->Interrupt();
      (*session)->RemoveOperation(id);
    }
    return status;
  }

  grpc::Status ReattachExecute(ServerContext* context, const sc::ReattachExecuteRequest* request,
                               ServerWriter<sc::ExecutePlanResponse>* writer) override {
    if (!IsAdmitted(*context)) return NotAdmitted();
    const auto session = sessions_.Find(KeyOf(*request));
    if (session == nullptr) {
      return errors_.Report(
          Fail(Condition::INVALID_HANDLE_SESSION_NOT_FOUND, {{"handle", request->session_id()}})
              .error());
    }
    session->Touch();
    const auto operation = session->FindOperation(request->operation_id());
    const bool is_known = operation != nullptr && (request->last_response_id().empty() ||
                                                   operation->Knows(request->last_response_id()));
    if (!is_known) {
      return errors_.Report(
          Fail(Condition::INVALID_HANDLE_OPERATION_NOT_FOUND, {{"handle", request->operation_id()}})
              .error());
    }
    return Stream(*context, *operation, request->last_response_id(), true, *writer);
  }

  grpc::Status ReleaseExecute(ServerContext* context, const sc::ReleaseExecuteRequest* request,
                              sc::ReleaseExecuteResponse* response) override {
    if (!IsAdmitted(*context)) return NotAdmitted();
    response->set_session_id(request->session_id());
    const auto session = sessions_.Find(KeyOf(*request));
    if (session == nullptr) return grpc::Status::OK;
    Identify(*request, *session, *response);
    const auto operation = session->FindOperation(request->operation_id());
    if (operation == nullptr) return grpc::Status::OK;
    response->set_operation_id(request->operation_id());
    if (request->has_release_until()) {
      operation->ReleaseUntil(request->release_until().response_id());
    } else {
      operation->Interrupt();
      session->RemoveOperation(request->operation_id());
    }
    return grpc::Status::OK;
  }

  grpc::Status AnalyzePlan(ServerContext* context, const sc::AnalyzePlanRequest* request,
                           sc::AnalyzePlanResponse* response) override {
    if (!IsAdmitted(*context)) return NotAdmitted();
    const auto session = Open(*request);
    if (!session) return errors_.Report(session.error());
    Identify(*request, **session, *response);
    sc::AnalyzePlanRequest expanded = *request;
    Status status = ExpandPlans(expanded);
    if (status) status = Analyze(**session, expanded, *response);
    if (!status) {
      const bool is_sql = request->has_schema() && request->schema().plan().root().has_sql();
      return errors_.Report(status.error(),
                            is_sql ? request->schema().plan().root().sql().query() : "");
    }
    return grpc::Status::OK;
  }

  grpc::Status Config(ServerContext* context, const sc::ConfigRequest* request,
                      sc::ConfigResponse* response) override {
    if (!IsAdmitted(*context)) return NotAdmitted();
    const auto session = Open(*request);
    if (!session) return errors_.Report(session.error());
    Identify(*request, **session, *response);
    const Status status = RunConfig(**session, request->operation(), *response);
    return status ? grpc::Status::OK : errors_.Report(status.error());
  }

  grpc::Status AddArtifacts(ServerContext* context, ServerReader<sc::AddArtifactsRequest>* reader,
                            sc::AddArtifactsResponse* response) override;

  grpc::Status ArtifactStatus(ServerContext* context, const sc::ArtifactStatusesRequest* request,
                              sc::ArtifactStatusesResponse* response) override {
    if (!IsAdmitted(*context)) return NotAdmitted();
    const auto session = Open(*request);
    if (!session) return errors_.Report(session.error());
    Identify(*request, **session, *response);
    for (const std::string& name : request->names()) {
      (*response->mutable_statuses())[name].set_exists((*session)->HasArtifact(name));
    }
    return grpc::Status::OK;
  }

  grpc::Status Interrupt(ServerContext* context, const sc::InterruptRequest* request,
                         sc::InterruptResponse* response) override {
    if (!IsAdmitted(*context)) return NotAdmitted();
    const auto session = Open(*request);
    if (!session) return errors_.Report(session.error());
    Identify(*request, **session, *response);
    for (const auto& operation : (*session)->operations()) {
      const bool is_meant =
          request->interrupt_type() == sc::InterruptRequest::INTERRUPT_TYPE_ALL ||
          (request->has_operation_tag() && operation->HasTag(request->operation_tag())) ||
          (request->has_operation_id() && operation->id() == request->operation_id());
      if (!is_meant || operation->state() != Operation::State::kRunning) continue;
      operation->Interrupt();
      response->add_interrupted_ids(operation->id());
    }
    return grpc::Status::OK;
  }

  grpc::Status FetchErrorDetails(ServerContext* context,
                                 const sc::FetchErrorDetailsRequest* request,
                                 sc::FetchErrorDetailsResponse* response) override {
    if (!IsAdmitted(*context)) return NotAdmitted();
    response->set_session_id(request->session_id());
    if (const auto session = sessions_.Find(KeyOf(*request))) {
      Identify(*request, *session, *response);
    }
    errors_.Describe(request->error_id(), *response);
    return grpc::Status::OK;
  }

  grpc::Status ReleaseSession(ServerContext* context, const sc::ReleaseSessionRequest* request,
                              sc::ReleaseSessionResponse* response) override {
    if (!IsAdmitted(*context)) return NotAdmitted();
    response->set_session_id(request->session_id());
    if (const auto session = sessions_.Find(KeyOf(*request))) {
      Identify(*request, *session, *response);
    }
    sessions_.Release(KeyOf(*request));
    return grpc::Status::OK;
  }

  grpc::Status CloneSession(ServerContext* context, const sc::CloneSessionRequest* request,
                            sc::CloneSessionResponse* response) override {
    if (!IsAdmitted(*context)) return NotAdmitted();
    const auto session = Open(*request);
    if (!session) return errors_.Report(session.error());
    Identify(*request, **session, *response);
    SessionTable::Key copy = KeyOf(*request);
    copy.session = request->new_session_id().empty() ? RandomUuid() : request->new_session_id();
    const auto cloned = sessions_.Clone(KeyOf(*request), copy);
    if (!cloned) return errors_.Report(cloned.error());
    response->set_new_session_id(copy.session);
    response->set_new_server_side_session_id((*cloned)->server_side_id());
    return grpc::Status::OK;
  }

  grpc::Status GetStatus(ServerContext* context, const sc::GetStatusRequest* request,
                         sc::GetStatusResponse* response) override;

 private:
  bool IsAdmitted(const ServerContext& context) const {
    if (token_.empty()) return true;
    const auto [begin, end] = context.client_metadata().equal_range("authorization");
    for (auto it = begin; it != end; ++it) {
      const std::string_view value(it->second.data(), it->second.size());
      if (SameText(value, "Bearer " + token_)) return true;
    }
    return false;
  }

  static grpc::Status NotAdmitted() {
    return {grpc::StatusCode::UNAUTHENTICATED, "The token is missing or not the right one"};
  }

  template <class Request>
  Result<std::shared_ptr<ConnectSession>> Open(const Request& request) {
    return sessions_.Open(KeyOf(request), request.client_observed_server_side_session_id());
  }

  /// Sends the responses after `last_id` until the operation is over or the client is gone.
  grpc::Status Stream(ServerContext& context, Operation& operation, std::string last_id,
                      bool is_reattachable, ServerWriter<sc::ExecutePlanResponse>& writer) {
    while (!context.IsCancelled()) {
      const Operation::Next next = operation.WaitAfter(last_id, kPatience);
      if (next.is_over) {
        return next.error ? errors_.Report(*next.error, operation.sql) : grpc::Status::OK;
      }
      if (next.response == nullptr) continue;
      last_id = next.response->response_id();
      if (!writer.Write(*next.response)) break;
      if (!is_reattachable) operation.ReleaseUntil(last_id);
    }
    return grpc::Status::CANCELLED;
  }

  static Status RunConfig(ConnectSession& session, const sc::ConfigRequest_Operation& operation,
                          sc::ConfigResponse& response);

  SessionTable& sessions_;  // Outlives this.
  const std::string token_;
  ErrorReporter errors_;
};

Status ConnectService::RunConfig(ConnectSession& session,
                                 const sc::ConfigRequest_Operation& operation,
                                 sc::ConfigResponse& response) {
  const auto add = [&](const std::string& key, const std::optional<std::string>& value) {
    auto& pair = *response.add_pairs();
    pair.set_key(key);
    if (value) pair.set_value(*value);
  };
  if (operation.has_set()) {
    for (const auto& pair : operation.set().pairs()) {
      if (IsStatic(pair.key())) {
        if (operation.set().silent()) continue;
        return Fail(Condition::CANNOT_MODIFY_CONFIG, {{"key", pair.key()}});
      }
      const Status set = session.SetConfig(pair.key(), pair.value());
      if (!set && !operation.set().silent()) return set;
    }
  } else if (operation.has_get()) {
    for (const std::string& key : operation.get().keys()) {
      const std::optional<std::string> value = session.FindConfig(key);
      if (!value) return Fail(Condition::SQL_CONF_NOT_FOUND, {{"sqlConf", "\"" + key + "\""}});
      add(key, value);
    }
  } else if (operation.has_get_with_default()) {
    for (const auto& pair : operation.get_with_default().pairs()) {
      std::optional<std::string> value = session.FindConfig(pair.key());
      if (!value && pair.has_value()) value = pair.value();
      add(pair.key(), value);
    }
  } else if (operation.has_get_option()) {
    for (const std::string& key : operation.get_option().keys()) add(key, session.FindConfig(key));
  } else if (operation.has_get_all()) {
    const std::string& prefix = operation.get_all().prefix();
    for (const auto& [key, value] : session.AllConfigs()) {
      if (key.starts_with(prefix)) add(key.substr(prefix.size()), value);
    }
  } else if (operation.has_unset()) {
    for (const std::string& key : operation.unset().keys()) session.UnsetConfig(key);
  } else if (operation.has_is_modifiable()) {
    for (const std::string& key : operation.is_modifiable().keys()) {
      const bool is_known = session.FindConfig(key).has_value();
      add(key, is_known && !IsStatic(key) ? "true" : "false");
    }
  }
  return Ok();
}

grpc::Status ConnectService::AddArtifacts(ServerContext* context,
                                          ServerReader<sc::AddArtifactsRequest>* reader,
                                          sc::AddArtifactsResponse* response) {
  if (!IsAdmitted(*context)) return NotAdmitted();
  std::shared_ptr<ConnectSession> session;
  std::string name;  // Of the artifact that comes in chunks, with what is there of it.
  std::string data;
  bool is_intact = true;
  std::int64_t chunks_left = 0;
  const auto check = [](const sc::AddArtifactsRequest_ArtifactChunk& chunk) {
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(chunk.data().data()),
                           static_cast<uInt>(chunk.data().size()));
    return static_cast<std::int64_t>(crc) == chunk.crc();
  };
  const auto finish = [&](const std::string& of, std::string bytes, bool intact) -> Status {
    auto& summary = *response->add_artifacts();
    summary.set_name(of);
    summary.set_is_crc_successful(intact);
    return intact ? session->AddArtifact(of, std::move(bytes)) : Ok();
  };
  sc::AddArtifactsRequest request;
  while (reader->Read(&request)) {
    if (session == nullptr) {
      const auto opened = Open(request);
      if (!opened) return errors_.Report(opened.error());
      session = *opened;
      Identify(request, *session, *response);
    }
    Status status = Ok();
    if (request.has_batch()) {
      for (const auto& artifact : request.batch().artifacts()) {
        if (status)
          status = finish(artifact.name(), artifact.data().data(), check(artifact.data()));
      }
    } else {
      const bool is_first = request.has_begin_chunk();
      const auto& chunk = is_first ? request.begin_chunk().initial_chunk() : request.chunk();
      if (is_first) {
        name = request.begin_chunk().name();
        chunks_left = request.begin_chunk().num_chunks();
        data.clear();
        is_intact = true;
      }
      if (chunks_left <= 0) {
        return {grpc::StatusCode::INVALID_ARGUMENT, "A chunk belongs to no artifact"};
      }
      data += chunk.data();
      is_intact = is_intact && check(chunk);
      if (--chunks_left == 0) status = finish(name, std::move(data), is_intact);
    }
    if (!status) return errors_.Report(status.error());
  }
  return grpc::Status::OK;
}

grpc::Status ConnectService::GetStatus(ServerContext* context, const sc::GetStatusRequest* request,
                                       sc::GetStatusResponse* response) {
  using Message = sc::GetStatusResponse_OperationStatus;
  if (!IsAdmitted(*context)) return NotAdmitted();
  const auto session = Open(*request);
  if (!session) return errors_.Report(session.error());
  Identify(*request, **session, *response);
  if (!request->has_operation_status()) return grpc::Status::OK;
  const auto add = [&](const std::string& id, Message::OperationState state) {
    auto& status = *response->add_operation_statuses();
    status.set_operation_id(id);
    status.set_state(state);
  };
  const auto state_of = [](Operation& operation) {
    switch (operation.state()) {
      case Operation::State::kRunning:
        return Message::OPERATION_STATE_RUNNING;
      case Operation::State::kSucceeded:
        return Message::OPERATION_STATE_SUCCEEDED;
      case Operation::State::kFailed:
        return Message::OPERATION_STATE_FAILED;
      case Operation::State::kCancelled:
        return Message::OPERATION_STATE_CANCELLED;
    }
    return Message::OPERATION_STATE_UNKNOWN;
  };
  const auto& ids = request->operation_status().operation_ids();
  if (ids.empty()) {
    for (const auto& operation : (*session)->operations())
      add(operation->id(), state_of(*operation));
  }
  for (const std::string& id : ids) {
    const auto operation = (*session)->FindOperation(id);
    add(id, operation ? state_of(*operation) : Message::OPERATION_STATE_UNKNOWN);
  }
  return grpc::Status::OK;
}

}  // namespace

std::unique_ptr<grpc::Service> MakeConnectService(SessionTable& sessions, std::string token) {
  return std::make_unique<ConnectService>(sessions, std::move(token));
}

}  // namespace inlet::server
