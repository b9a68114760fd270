#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "workspace/client.h"

namespace inlet::server {

struct HttpOptions {
  std::string bind = "127.0.0.1";
  int port = 8080;
  /// What POST must bring, as `Authorization: Bearer` or as ?token=, since not every service can
  /// send headers; empty: nothing.
  std::string token;
};

/// GET /health: 200 while a query runs to its end. GET /metrics: Prometheus text.
/// POST /file-events: what the notification services of stores say of new files.
/// Runs on threads of its own until it is destroyed, which waits for the last request.
class HttpServer {
 public:
  virtual ~HttpServer() = default;
  virtual int port() const = 0;

  /// `workspace` outlives the server. Errors: STORAGE_UNAVAILABLE when the port cannot be had.
  static Result<std::unique_ptr<HttpServer>> Start(const HttpOptions& options,
                                                   workspace::Workspace& workspace);
};

}  // namespace inlet::server
