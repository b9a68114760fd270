#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"

namespace grpc {
class Status;
}
namespace spark::connect {
class FetchErrorDetailsResponse;
}

namespace inlet::server {

/// An error and the SQL text in which it has its place; empty for none.
struct ReportedError {
  Error error;
  std::string sql;
};

/// Errors as PySpark turns them into its own exceptions: a gRPC status with a google.rpc.ErrorInfo,
/// and the whole of it for FetchErrorDetails, since a trailer has room for little. Thread-safe.
class ErrorReporter {
 public:
  grpc::Status Report(const Error& error, const std::string& sql = "");
  /// Leaves the response empty when the id is not known (any more).
  void Describe(const std::string& error_id, spark::connect::FetchErrorDetailsResponse& response);

 private:
  std::mutex mutex_;
  std::map<std::string, ReportedError> errors_;  // Guarded by mutex_.
  std::deque<std::string> oldest_first_;         // Guarded by mutex_.
};

}  // namespace inlet::server
