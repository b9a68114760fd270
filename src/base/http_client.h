#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace inlet {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url;  ///< Encoded; sent as it stands.
  HttpHeaders headers;
  std::string_view body;  ///< Borrowed until Send() returns. Sent with PUT, POST and PATCH.
  /// Where the body of a 2xx answer goes, borrowed; empty: into HttpResponse::body. A body that
  /// does not fit is an error.
  std::span<char> into;
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;  ///< Names in lower case.
  std::string body;     ///< Empty when it went to HttpRequest::into.
  std::int64_t num_body_bytes = 0;

  bool is_success() const { return status >= 200 && status < 300; }
  /// The value of the last header of that name (lower case), or an empty text.
  std::string_view Header(std::string_view name) const;
};

/// HTTP and HTTPS by libcurl: blocking, connections are kept and reused. Thread-safe; any number of
/// threads may send at once.
///
/// Certificates are always checked. Redirects are not followed. Proxies come from the environment
/// as curl reads them. Errors name the method and the URL without its query, and never a header.
class HttpClient {
 public:
  struct Options {
    std::chrono::milliseconds connect_timeout{10'000};
    /// Fails when not one byte moves for so long.
    std::chrono::milliseconds stall_timeout{30'000};
    /// For the whole of one request; zero: no limit.
    std::chrono::milliseconds total_timeout{0};
    std::int64_t max_body_bytes = std::int64_t{1} << 30;
    std::size_t max_idle_connections = 64;
  };

  HttpClient() : HttpClient(Options()) {}
  explicit HttpClient(Options options);
  ~HttpClient();

  /// One try. Any status is a success here.
  /// Errors: STORAGE_UNAVAILABLE (no answer, or a part of one), OPERATION_CANCELED,
  /// INLET_RESOURCE_LIMIT (body too large), INVALID_PARAMETER_VALUE (not a URL).
  Result<HttpResponse> Send(const HttpRequest& request, std::stop_token stop = {}) const;

  /// The client for everything that needs no options of its own.
  static const HttpClient& Shared();

 private:
  class Handle;
  class Transfer;

  std::unique_ptr<Handle> TakeHandle() const;
  void GiveBack(std::unique_ptr<Handle> handle) const;

  const Options options_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Handle>> idle_;  // Guarded by mutex_.
};

/// How often and how long to try again. Waits are "full jitter": random between zero and a bound
/// that doubles, so that many clients do not come back at once; at least what Retry-After says.
struct RetryPolicy {
  int max_tries = 8;
  std::chrono::milliseconds first_bound{200};
  std::chrono::milliseconds max_bound{20'000};
  /// A longer Retry-After is cut to this.
  std::chrono::milliseconds max_retry_after{60'000};
};

/// What became of a request that may have been tried several times.
struct RetriedResponse {
  HttpResponse response;
  /// An earlier try got no answer, or one that leaves open whether it was carried out. Then a
  /// "condition failed" may have been caused by ourselves.
  bool maybe_done_before = false;
};

/// Sends until an answer comes that is not 408, 429, 500, 502, 503 or 504 (nor `is_retryable`, if
/// given), or until the tries are used up; then returns that last answer or error. `make_request`
/// is called for each try, since signatures hold the time.
/// Errors: those of Send().
Result<RetriedResponse> SendWithRetries(
    const HttpClient& client, const RetryPolicy& policy,
    const std::function<Result<HttpRequest>()>& make_request, std::stop_token stop = {},
    const std::function<bool(const HttpResponse&)>& is_retryable = nullptr);

}  // namespace inlet
