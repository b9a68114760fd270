#include <csignal>
#include <iostream>

#include "cli/commands.h"
#include "server/http/http_server.h"

namespace inlet::cli {

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
    auto started =
        server::HttpServer::Start({.bind = command.bind, .port = command.http_port}, **workspace);
    if (!started) {
      ShowError(started.error(), "");
      return kFailed;
    }
    http = *std::move(started);
    std::cerr << "Listening on http://" << command.bind << ":" << http->port() << "\n";
  }
  std::unique_ptr<workspace::BackgroundWork> scheduler;
  if (command.max_streams > 0) scheduler = (*workspace)->StartScheduler(command.max_streams);
  int signal = 0;
  sigwait(&signals, &signal);
  return kOk;
}

}  // namespace inlet::cli
