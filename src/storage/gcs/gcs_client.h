#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/http_client.h"
#include "base/option_map.h"
#include "storage/environment.h"
#include "storage/http/access_token.h"

namespace inlet::storage {

/// Where a bucket is and how to ask it.
struct GcsConfig {
  std::string bucket;
  std::string endpoint = "https://storage.googleapis.com";
  std::shared_ptr<CachedAccessToken> token;  ///< Null: send without one.
  std::int64_t part_bytes = 8 << 20;         ///< A multiple of 256 KiB, says the service.
  RetryPolicy retry;

  /// From `options` (fs.gs.* of Hadoop, google_* of delta-rs), then from the environment:
  /// STORAGE_EMULATOR_HOST, GOOGLE_APPLICATION_CREDENTIALS, gcloud's own file, the metadata
  /// service. Errors: PERMISSION_DENIED (an unreadable key), INVALID_PARAMETER_VALUE.
  static Result<GcsConfig> Make(const std::string& bucket, const OptionMap& options,
                                const Environment& environment);
};

/// One request. `path` begins with "/" and is encoded; `query` is not.
struct GcsRequest {
  std::string method = "GET";
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
  HttpHeaders headers;
  std::string_view body;
  std::span<char> into;  ///< As in HttpRequest.
};

/// Sends and repeats requests to the JSON interface of one bucket. Thread-safe.
class GcsClient {
 public:
  GcsClient(GcsConfig config, const HttpClient& http);

  /// "/storage/v1/b/<bucket>/o/<key>", encoded.
  std::string ObjectPath(std::string_view key) const;
  /// "/upload/storage/v1/b/<bucket>/o".
  std::string UploadPath() const;

  /// Any final status is a success here.
  Result<RetriedResponse> Send(const GcsRequest& request) const;
  /// The same for a whole URL that the service has given, made anew for each try.
  Result<RetriedResponse> SendTo(const std::function<HttpRequest()>& make_request) const;

  std::unexpected<Error> FailAnswer(const HttpResponse& response, const std::string& url) const;

  const GcsConfig& config() const { return config_; }

 private:
  const GcsConfig config_;
  const HttpClient& http_;  // Outlives this.
};

}  // namespace inlet::storage
