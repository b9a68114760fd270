#include "storage/azure/azure_client.h"

#include <map>

#include "base/digest.h"
#include "base/percent_encoding.h"
#include "storage/http/service_error.h"
#include "storage/http/service_time.h"
#include "storage/http/xml_tree.h"

namespace inlet::storage {
namespace {

constexpr const char* kApiVersion = "2021-12-02";

std::string PathBelowHost(std::string_view url) {
  const std::size_t slash = url.find('/', url.find("://") + 3);
  return std::string(slash == std::string_view::npos ? "" : url.substr(slash));
}

}  // namespace

AzureClient::AzureClient(AzureConfig config, const HttpClient& http)
    : config_(std::move(config)), http_(http) {}

Result<RetriedResponse> AzureClient::Send(const AzureRequest& request) const {
  return SendWithRetries(http_, config_.retry, [&] { return Signed(request); });
}

Result<HttpRequest> AzureClient::Signed(const AzureRequest& request) const {
  AzureRequest complete = request;
  complete.headers.emplace_back("x-ms-version", kApiVersion);
  complete.headers.emplace_back("x-ms-date", FormatHttpTime(config_.now_ms()));
  if (request.method == "PUT" || request.method == "POST") {
    complete.headers.emplace_back("content-type", "application/octet-stream");
  }
  std::string url = config_.endpoint + "/" + PercentEncode(config_.container);
  if (!request.blob.empty()) url += "/" + PercentEncode(request.blob, "/");

  if (!config_.account_key.empty()) {
    complete.headers.emplace_back("authorization",
                                  SharedKeyAuthorization(config_, complete, PathBelowHost(url)));
  } else if (config_.sas_token.empty() && config_.access_token != nullptr) {
    complete.headers.emplace_back("authorization", "Bearer " + TRY(config_.access_token->Get()));
  }
  std::string query = EncodedQuery(request.query);
  if (config_.account_key.empty() && !config_.sas_token.empty()) {
    query += (query.empty() ? "" : "&") + config_.sas_token;
  }
  if (!query.empty()) url += "?" + query;
  return HttpRequest{.method = request.method,
                     .url = std::move(url),
                     .headers = std::move(complete.headers),
                     .body = request.body,
                     .into = request.into};
}

std::string SharedKeyAuthorization(const AzureConfig& config, const AzureRequest& request,
                                   std::string_view path) {
  const std::map<std::string, std::string> headers(request.headers.begin(), request.headers.end());
  const auto header = [&](const char* name) {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  };
  std::string text = request.method + "\n";
  text += header("content-encoding") + "\n" + header("content-language") + "\n";
  text += (request.body.empty() ? "" : std::to_string(request.body.size())) + "\n";
  for (const char* name : {"content-md5", "content-type", "date", "if-modified-since", "if-match",
                           "if-none-match", "if-unmodified-since", "range"}) {
    text += header(name) + "\n";
  }
  for (const auto& [name, value] : headers) {
    if (name.starts_with("x-ms-")) text += name + ":" + value + "\n";
  }
  text += "/" + config.account + std::string(path);
  const std::map<std::string, std::string> query(request.query.begin(), request.query.end());
  for (const auto& [name, value] : query) text += "\n" + name + ":" + value;
  return "SharedKey " + config.account + ":" + Base64Encode(HmacSha256(config.account_key, text));
}

std::unexpected<Error> AzureClient::FailAnswer(const HttpResponse& response,
                                               const std::string& url) const {
  ServiceError error{.code = std::string(response.Header("x-ms-error-code"))};
  if (const Result<XmlElement> answer = ParseXml(response.body)) {
    // What follows the first line are ids of the request and the time.
    const std::string_view message = answer->Text("Message");
    error.message = message.substr(0, message.find('\n'));
  }
  return FailService(response, error, url);
}

}  // namespace inlet::storage
