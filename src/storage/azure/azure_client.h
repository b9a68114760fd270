#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/http_client.h"
#include "storage/azure/azure_config.h"

namespace inlet::storage {

/// One request to a container; `blob` is empty for one about the container itself.
struct AzureRequest {
  std::string method = "GET";
  std::string blob;
  std::vector<std::pair<std::string, std::string>> query;  ///< Not encoded.
  HttpHeaders headers;                                     ///< Names in lower case.
  std::string_view body;
  std::span<char> into;  ///< As in HttpRequest.
};

/// Signs, sends and repeats requests to the blob interface of one container. Thread-safe.
class AzureClient {
 public:
  AzureClient(AzureConfig config, const HttpClient& http);

  /// Any final status is a success here.
  Result<RetriedResponse> Send(const AzureRequest& request) const;

  std::unexpected<Error> FailAnswer(const HttpResponse& response, const std::string& url) const;

  const AzureConfig& config() const { return config_; }

 private:
  Result<HttpRequest> Signed(const AzureRequest& request) const;

  const AzureConfig config_;
  const HttpClient& http_;  // Outlives this.
};

/// The value of the Authorization header for a request with these headers (all of them, names in
/// lower case) to `path`, the encoded path of its URL.
/// Source: "Authorize with Shared Key", Blob service, versions since 2015-02-21.
std::string SharedKeyAuthorization(const AzureConfig& config, const AzureRequest& request,
                                   std::string_view path);

}  // namespace inlet::storage
