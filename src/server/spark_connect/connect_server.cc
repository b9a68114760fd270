#include "server/spark_connect/connect_server.h"

#include <fmt/format.h>
#include <grpcpp/impl/codegen/service_type.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "server/spark_connect/service.h"
#include "server/spark_connect/session_table.h"

namespace inlet::server {
namespace {

constexpr int kMaxRequestBytes = 128 << 20;
/// Each running plan holds one thread, so this bounds the clients that wait at once.
constexpr int kMaxThreads = 2000;
constexpr std::chrono::minutes kSessionPatience(60);
constexpr std::chrono::minutes kOperationPatience(5);
constexpr std::chrono::seconds kCleaningInterval(10);
constexpr std::chrono::seconds kShutdownPatience(2);

class GrpcServer final : public ConnectServer {
 public:
  explicit GrpcServer(workspace::Workspace& workspace) : sessions_(workspace) {}

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
    while (!stop.stop_requested()) {
      wake.wait_for(lock, stop, kCleaningInterval, [] { return false; });
      sessions_.RemoveIdle(kSessionPatience, kOperationPatience);
    }
  }

  SessionTable sessions_;
  std::unique_ptr<grpc::Service> service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::jthread cleaner_;  // Last: it ends before what it uses.
};

}  // namespace

Result<std::unique_ptr<ConnectServer>> ConnectServer::Start(const ConnectOptions& options,
                                                            workspace::Workspace& workspace) {
  auto server = std::make_unique<GrpcServer>(workspace);
  TRY(server->Start(options));
  return server;
}

}  // namespace inlet::server
