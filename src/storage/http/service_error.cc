#include "storage/http/service_error.h"

#include <fmt/format.h>

namespace inlet::storage {
namespace {

/// Answers of status 400 that speak of credentials.
bool IsAboutCredentials(std::string_view code) {
  return code == "ExpiredToken" || code == "InvalidToken" || code == "TokenRefreshRequired" ||
         code == "InvalidAccessKeyId" || code == "AuthorizationHeaderMalformed" ||
         code == "AuthenticationFailed" || code == "invalid_grant";
}

bool IsAboutSpace(const HttpResponse& response, std::string_view code) {
  return response.status == 507 || code == "QuotaExceeded" || code == "InsufficientStorage" ||
         code == "XMinioStorageFull";
}

/// A later try can go better, though the client was not told to come again.
bool MayPass(int status) { return status == 408 || status == 409 || status == 429; }

}  // namespace

std::unexpected<Error> FailService(const HttpResponse& response, const ServiceError& error,
                                   const std::string& url) {
  std::string message = fmt::format("status {}", response.status);
  if (!error.code.empty()) message += ", " + error.code;
  if (!error.message.empty()) message += ", " + error.message;

  if (response.status == 401 || response.status == 403 || IsAboutCredentials(error.code)) {
    return Fail(Condition::PERMISSION_DENIED, {{"path", url}, {"message", message}});
  }
  if (response.status == 404) return Fail(Condition::PATH_NOT_FOUND, {{"path", url}});
  if (IsAboutSpace(response, error.code)) return Fail(Condition::INLET_DISK_FULL, {{"path", url}});
  if (response.status == 501) return FailUnsupported("a request that " + url + " does not know");
  if (response.status >= 300 && response.status < 500 && !MayPass(response.status)) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "path"}, {"functionName", url}, {"message", message}});
  }
  return Fail(Condition::STORAGE_UNAVAILABLE, {{"message", url + ": " + message}});
}

std::unexpected<Error> FailReplaced(const std::string& url) {
  return Fail(Condition::FAILED_READ_FILE_FILE_NOT_EXIST, {{"path", url}});
}

std::string PlainEtag(std::string_view etag) {
  if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"')) {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

}  // namespace inlet::storage
