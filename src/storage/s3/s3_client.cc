#include "storage/s3/s3_client.h"

#include "storage/http/service_error.h"
#include "storage/s3/aws_signature.h"

namespace inlet::storage {
namespace {

/// Where a request goes: "https://host/base" and the path to the object below it.
struct Target {
  std::string scheme_and_host;
  std::string host;
  std::string path;
};

Target TargetOf(const S3Config& config, const std::string& region, const std::string& key) {
  std::string endpoint = config.endpoint;
  if (!config.is_custom_endpoint && region != config.region) {
    const std::size_t found = endpoint.find("." + config.region + ".");
    if (found != std::string::npos) endpoint.replace(found + 1, config.region.size(), region);
  }
  const std::size_t authority = endpoint.find("://") + 3;
  const std::size_t slash = std::min(endpoint.find('/', authority), endpoint.size());
  const std::string scheme = endpoint.substr(0, authority);
  std::string host = endpoint.substr(authority, slash - authority);
  std::string path = endpoint.substr(slash);
  if (config.path_style) {
    path += "/" + config.bucket;
  } else {
    host = config.bucket + "." + host;
  }
  return {.scheme_and_host = scheme + host, .host = host, .path = path + "/" + key};
}

}  // namespace

S3Client::S3Client(S3Config config, const HttpClient& http)
    : config_(std::move(config)), http_(http), region_(config_.region) {}

Result<RetriedResponse> S3Client::Send(const S3Request& request) const {
  const std::string region = Region();
  RetriedResponse sent = TRY(SendTo(region, request));
  // A bucket of another region answers 301 or 400 (a GET, PUT) or 403 and names its region.
  const std::string_view actual = sent.response.Header("x-amz-bucket-region");
  if (sent.response.status < 300 || actual.empty() || actual == region) return sent;
  {
    const std::lock_guard lock(mutex_);
    region_ = actual;
  }
  return SendTo(std::string(actual), request);
}

Result<RetriedResponse> S3Client::SendTo(const std::string& region,
                                         const S3Request& request) const {
  return SendWithRetries(
      http_, config_.retry, [&] { return Signed(region, request); }, {}, request.is_retryable);
}

Result<HttpRequest> S3Client::Signed(const std::string& region, const S3Request& request) const {
  const Target target = TargetOf(config_, region, request.key);
  HttpRequest http{.method = request.method,
                   .url = target.scheme_and_host + CanonicalPath(target.path),
                   .body = request.body,
                   .into = request.into};
  const std::string query = CanonicalQuery(request.query);
  if (!query.empty()) http.url += "?" + query;

  const std::optional<AwsCredentials> credentials = TRY(config_.credentials->Get());
  if (!credentials) {
    http.headers = request.headers;
    return http;
  }
  AwsRequest to_sign{.method = request.method,
                     .host = target.host,
                     .path = target.path,
                     .query = request.query,
                     .body = request.body};
  for (const auto& header : request.headers) {
    (header.first.starts_with("x-amz-") ? to_sign.headers : http.headers).push_back(header);
  }
  const AwsScope scope{.region = region, .service = "s3", .now_ms = config_.now_ms()};
  for (auto& header : SignAwsRequest(to_sign, *credentials, scope)) {
    http.headers.push_back(std::move(header));
  }
  return http;
}

std::string S3Client::Region() const {
  const std::lock_guard lock(mutex_);
  return region_;
}

std::unexpected<Error> S3Client::FailAnswer(const HttpResponse& response,
                                            const std::string& url) const {
  ServiceError error;
  if (const Result<XmlElement> answer = ParseXml(response.body)) {
    error = {.code = std::string(answer->Text("Code")),
             .message = std::string(answer->Text("Message"))};
  }
  return FailService(response, error, url);
}

}  // namespace inlet::storage
