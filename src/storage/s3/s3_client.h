#pragma once

#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/http_client.h"
#include "storage/http/xml_tree.h"
#include "storage/s3/s3_config.h"

namespace inlet::storage {

/// One request to a bucket; `key` is empty for one about the bucket itself.
struct S3Request {
  std::string method = "GET";
  std::string key;
  std::vector<std::pair<std::string, std::string>> query;  ///< Not encoded.
  HttpHeaders headers;                                     ///< Names in lower case.
  std::string_view body;
  std::span<char> into;  ///< As in HttpRequest.
  std::function<bool(const HttpResponse&)> is_retryable;
};

/// Signs, sends and repeats requests to one bucket; follows it into its region. Thread-safe.
class S3Client {
 public:
  S3Client(S3Config config, const HttpClient& http);

  /// Any final status is a success here. Errors: those of SendWithRetries() and of credentials.
  Result<RetriedResponse> Send(const S3Request& request) const;

  /// The Error of an answer that is no success.
  std::unexpected<Error> FailAnswer(const HttpResponse& response, const std::string& url) const;

  const S3Config& config() const { return config_; }

 private:
  Result<RetriedResponse> SendTo(const std::string& region, const S3Request& request) const;
  Result<HttpRequest> Signed(const std::string& region, const S3Request& request) const;
  std::string Region() const;

  const S3Config config_;
  const HttpClient& http_;  // Outlives this.
  mutable std::mutex mutex_;
  mutable std::string region_;  // Guarded by mutex_.
};

}  // namespace inlet::storage
