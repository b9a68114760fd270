#include <csignal>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cli/commands.h"
#include "server/http/http_server.h"
#include "server/spark_connect/connect_server.h"

namespace inlet::cli {
namespace {

std::string ContentOf(const std::string& path) {
  if (path.empty()) return "";
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int RunServe(const ServeCommand& command, const workspace::WorkspaceOptions& options) {
  // The signals are taken by this thread alone, so they are blocked before any other starts.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Result<std::unique_ptr<workspace::Workspace>> workspace = workspace::Workspace::Open(options);
  if (!workspace) {
    ShowError(workspace.error(), "");
    return kFailed;
  }
  std::unique_ptr<server::HttpServer> http;
  if (command.http_port != 0) {
    auto started = server::HttpServer::Start(
        {.bind = command.bind, .port = command.http_port, .token = command.token}, **workspace);
    if (!started) {
      ShowError(started.error(), "");
      return kFailed;
    }
    http = *std::move(started);
    std::cerr << "Listening on http://" << command.bind << ":" << http->port() << "\n";
  }
  std::unique_ptr<workspace::BackgroundWork> scheduler;
  if (command.max_streams > 0) scheduler = (*workspace)->StartScheduler(command.max_streams);
  std::unique_ptr<server::ConnectServer> connect;
  if (command.connect_port != 0) {
    auto started = server::ConnectServer::Start({.bind = command.bind,
                                                 .port = command.connect_port,
                                                 .token = command.token,
                                                 .certificate = ContentOf(command.tls_certificate),
                                                 .key = ContentOf(command.tls_key)},
                                                **workspace);
    if (!started) {
      ShowError(started.error(), "");
      return kFailed;
    }
    connect = *std::move(started);
    std::cerr << "Listening on sc://" << command.bind << ":" << connect->port() << "\n";
  }
  int signal = 0;
  sigwait(&signals, &signal);
  return kOk;
}

}  // namespace inlet::cli
