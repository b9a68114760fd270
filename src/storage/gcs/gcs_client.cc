#include "storage/gcs/gcs_client.h"

#include <nlohmann/json.hpp>

#include "base/percent_encoding.h"
#include "storage/http/service_error.h"

namespace inlet::storage {

GcsClient::GcsClient(GcsConfig config, const HttpClient& http)
    : config_(std::move(config)), http_(http) {}

std::string GcsClient::ObjectPath(std::string_view key) const {
  return "/storage/v1/b/" + PercentEncode(config_.bucket) + "/o/" + PercentEncode(key);
}

std::string GcsClient::UploadPath() const {
  return "/upload/storage/v1/b/" + PercentEncode(config_.bucket) + "/o";
}

Result<RetriedResponse> GcsClient::Send(const GcsRequest& request) const {
  std::string url = config_.endpoint + request.path;
  if (!request.query.empty()) url += "?" + EncodedQuery(request.query);
  return SendTo([&] {
    return HttpRequest{.method = request.method,
                       .url = url,
                       .headers = request.headers,
                       .body = request.body,
                       .into = request.into};
  });
}

Result<RetriedResponse> GcsClient::SendTo(const std::function<HttpRequest()>& make_request) const {
  return SendWithRetries(http_, config_.retry, [&]() -> Result<HttpRequest> {
    HttpRequest request = make_request();
    if (config_.token != nullptr) {
      request.headers.emplace_back("Authorization", "Bearer " + TRY(config_.token->Get()));
    }
    return request;
  });
}

std::unexpected<Error> GcsClient::FailAnswer(const HttpResponse& response,
                                             const std::string& url) const {
  ServiceError error;
  const nlohmann::json answer =
      nlohmann::json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (answer.is_object() && answer.contains("error") && answer["error"].is_object()) {
    const nlohmann::json& inner = answer["error"];
    if (inner.contains("message") && inner["message"].is_string()) {
      error.message = inner["message"].get<std::string>();
    }
  }
  return FailService(response, error, url);
}

}  // namespace inlet::storage
