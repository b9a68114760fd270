#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "workspace/client.h"

namespace inlet::server {

struct ConnectOptions {
  std::string bind = "127.0.0.1";
  int port = 15002;         ///< 0: any that is free.
  std::string token;        ///< What clients must bring; empty: nothing.
  std::string certificate;  ///< PEM text, with `key`; empty: no TLS.
  std::string key;
};

/// The service spark.connect.SparkConnectService: PySpark, unmodified, in front of a workspace.
/// Runs on threads of its own until it is destroyed, which interrupts what is under way.
/// Source: Apache Spark 4.x, "Spark Connect Overview" and its protocol definitions.
class ConnectServer {
 public:
  virtual ~ConnectServer() = default;
  virtual int port() const = 0;

  /// `workspace` outlives the server. Errors: STORAGE_UNAVAILABLE when the port cannot be had;
  /// INVALID_PARAMETER_VALUE for a certificate without a key.
  static Result<std::unique_ptr<ConnectServer>> Start(const ConnectOptions& options,
                                                      workspace::Workspace& workspace);
};

}  // namespace inlet::server
