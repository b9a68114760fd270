#include "storage/s3/aws_signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/digest.h"
#include "base/percent_encoding.h"
#include "storage/http/service_time.h"

namespace inlet::storage {
namespace {

std::string SigningKey(const AwsCredentials& credentials, const AwsScope& scope,
                       std::string_view date) {
  std::string key = HmacSha256("AWS4" + credentials.secret_access_key, date);
  key = HmacSha256(key, scope.region);
  key = HmacSha256(key, scope.service);
  return HmacSha256(key, "aws4_request");
}

}  // namespace

std::string CanonicalQuery(std::vector<std::pair<std::string, std::string>> query) {
  for (auto& [name, value] : query) {
    name = PercentEncode(name);
    value = PercentEncode(value);
  }
  std::ranges::sort(query);
  std::string text;
  for (const auto& [name, value] : query) {
    if (!text.empty()) text += '&';
    text += name + "=" + value;
  }
  return text;
}

std::string CanonicalPath(std::string_view path) { return PercentEncode(path, "/"); }

HttpHeaders SignAwsRequest(const AwsRequest& request, const AwsCredentials& credentials,
                           const AwsScope& scope) {
  const std::string time = FormatCompactTime(scope.now_ms);
  const std::string date = time.substr(0, 8);
  const std::string body_hash = HexEncode(Sha256(request.body));
  std::map<std::string, std::string> signed_headers(request.headers.begin(), request.headers.end());
  signed_headers["x-amz-content-sha256"] = body_hash;
  signed_headers["x-amz-date"] = time;
  if (!credentials.session_token.empty()) {
    signed_headers["x-amz-security-token"] = credentials.session_token;
  }
  HttpHeaders headers(signed_headers.begin(), signed_headers.end());
  signed_headers["host"] = request.host;  // Sent by the client itself.

  std::string header_lines;
  std::string signed_names;
  for (const auto& [name, value] : signed_headers) {
    header_lines += name + ":" + value + "\n";
    signed_names += (signed_names.empty() ? "" : ";") + name;
  }
  const std::string canonical_request =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, CanonicalPath(request.path),
                  CanonicalQuery(request.query), header_lines, signed_names, body_hash);
  const std::string scope_text =
      fmt::format("{}/{}/{}/aws4_request", date, scope.region, scope.service);
  const std::string text_to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope_text,
                                               HexEncode(Sha256(canonical_request)));
  const std::string signature =
      HexEncode(HmacSha256(SigningKey(credentials, scope, date), text_to_sign));
  headers.emplace_back(
      "Authorization",
      fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                  credentials.access_key_id, scope_text, signed_names, signature));
  return headers;
}

}  // namespace inlet::storage
