#include "server/spark_connect/connect_server.h"

#include <fmt/format.h>
#include <grpcpp/impl/codegen/service_type.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "base/option_map.h"
#include "server/spark_connect/service.h"
#include "server/spark_connect/session_table.h"

namespace inlet::server {
namespace {

constexpr int kMaxRequestBytes = 128 << 20;
/// Each running plan holds one thread, so this bounds the clients that wait at once.
constexpr int kMaxThreads = 2000;
constexpr std::int64_t kSessionSeconds = 60 * 60;
constexpr std::int64_t kOperationSeconds = 5 * 60;
constexpr std::chrono::seconds kCleaningInterval(10);
constexpr std::chrono::seconds kShutdownPatience(2);

/// A function of a client can do what the server's user can. So whoever may reach the server from
/// elsewhere has to bring a token, or the server was told of its Python.
PythonWorkers::Options PythonOptions(const ConnectOptions& options) {
  PythonWorkers::Options python = PythonWorkers::FromEnvironment();
  const bool is_local = options.bind.starts_with("127.") || options.bind == "localhost" ||
                        options.bind == "::1" || options.bind == "[::1]";
  python.is_allowed = is_local || !options.token.empty() || std::getenv("INLET_PYTHON") != nullptr;
  python.token = options.token;
  return python;
}

/// A number of seconds from the environment.
std::chrono::seconds SecondsOf(const char* variable, std::int64_t default_value) {
  const char* text = std::getenv(variable);
  const OptionMap options = {{variable, text == nullptr ? "" : text}};
  const auto seconds = text == nullptr ? Result<std::optional<std::int64_t>>(std::nullopt)
                                       : GetInt64(options, variable);
  if (!seconds || !*seconds || **seconds <= 0) return std::chrono::seconds(default_value);
  return std::chrono::seconds(**seconds);
}

class GrpcServer final : public ConnectServer {
 public:
  GrpcServer(workspace::Workspace& workspace, const ConnectOptions& options)
      : workers_(PythonOptions(options)), sessions_(workspace, workers_) {}

  ~GrpcServer() override {
    cleaner_.request_stop();
    sessions_.InterruptAll();
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now() + kShutdownPatience);
  }

  Status Start(const ConnectOptions& options) {
    if (options.certificate.empty() != options.key.empty()) {
      return Fail(Condition::INVALID_PARAMETER_VALUE,
                  {{"parameter", "certificate"},
                   {"functionName", "serve"},
                   {"message", "a certificate and its key go together"}});
    }
    service_ = MakeConnectService(sessions_, options.token);
    auto credentials = grpc::InsecureServerCredentials();
    if (!options.certificate.empty()) {
      grpc::SslServerCredentialsOptions tls;
      tls.pem_key_cert_pairs.push_back(
          {.private_key = options.key, .cert_chain = options.certificate});
      credentials = grpc::SslServerCredentials(tls);
    }
    grpc::ServerBuilder builder;
    builder.AddListeningPort(fmt::format("{}:{}", options.bind, options.port), credentials, &port_);
    if (const std::string path = workers_.socket_path(); !path.empty()) {
      // For Python processes of this server, in a directory that only its user can enter.
      builder.AddListeningPort("unix:" + path, grpc::InsecureServerCredentials());
    }
    builder.RegisterService(service_.get());
    builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
    builder.SetMaxSendMessageSize(-1);
    builder.SetResourceQuota(grpc::ResourceQuota("spark_connect").SetMaxThreads(kMaxThreads));
    // Two servers on one port would each get some of the clients.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port_ == 0) {
      return Fail(Condition::STORAGE_UNAVAILABLE,
                  {{"message", fmt::format("port {} of {} is taken or not allowed", options.port,
                                           options.bind)}});
    }
    cleaner_ = std::jthread([this](std::stop_token stop) { Clean(stop); });
    return Ok();
  }

  int port() const override { return port_; }

 private:
  /// Frees what vanished clients have left.
  void Clean(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    const auto session_patience = SecondsOf("INLET_SESSION_TIMEOUT", kSessionSeconds);
    const auto operation_patience = SecondsOf("INLET_OPERATION_TIMEOUT", kOperationSeconds);
    const auto interval = std::min({kCleaningInterval, session_patience, operation_patience});
    while (!stop.stop_requested()) {
      wake.wait_for(lock, stop, interval, [] { return false; });
      sessions_.RemoveIdle(session_patience, operation_patience);
    }
  }

  PythonWorkers workers_;
  SessionTable sessions_;
  std::unique_ptr<grpc::Service> service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::jthread cleaner_;  // Last: it ends before what it uses.
};

}  // namespace

Result<std::unique_ptr<ConnectServer>> ConnectServer::Start(const ConnectOptions& options,
                                                            workspace::Workspace& workspace) {
  auto server = std::make_unique<GrpcServer>(workspace, options);
  TRY(server->Start(options));
  return server;
}

}  // namespace inlet::server
