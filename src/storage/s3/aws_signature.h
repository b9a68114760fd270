#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/http_client.h"

namespace inlet::storage {

struct AwsCredentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;       ///< Empty for long-lived keys.
  std::int64_t expires_at_ms = 0;  ///< UTC; zero: never.
};

/// What is signed of a request. `path` and `query` are not encoded.
struct AwsRequest {
  std::string method;
  std::string host;
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> query;
  /// Further headers to be signed and sent, names in lower case: all that begin with "x-amz-".
  HttpHeaders headers;
  std::string_view body;
};

struct AwsScope {
  std::string region;
  std::string service;
  std::int64_t now_ms = 0;
};

/// "a=1&b=%2F", sorted: the query as it is signed, and as it must be sent.
std::string CanonicalQuery(std::vector<std::pair<std::string, std::string>> query);

/// The path as it is signed and sent: each byte but the slashes encoded once.
std::string CanonicalPath(std::string_view path);

/// The headers that make `request` a signed one: its own, those of the signature, Authorization.
/// Source: "AWS Signature Version 4", chunks unsigned, payload hashed.
HttpHeaders SignAwsRequest(const AwsRequest& request, const AwsCredentials& credentials,
                           const AwsScope& scope);

}  // namespace inlet::storage
