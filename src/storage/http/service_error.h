#pragma once

#include <string>
#include <string_view>

#include "base/http_client.h"
#include "base/result.h"

namespace inlet::storage {

/// What a service says is wrong: its code ("NoSuchKey") and its text, either may be empty.
struct ServiceError {
  std::string code;
  std::string message;
};

/// The Error of an answer that is no success, for the object or container `url`. 404 is
/// PATH_NOT_FOUND, 401 and 403 are PERMISSION_DENIED, what else the service blames on the request
/// is INVALID_PARAMETER_VALUE, the rest is STORAGE_UNAVAILABLE.
std::unexpected<Error> FailService(const HttpResponse& response, const ServiceError& error,
                                   const std::string& url);

/// The object is not the one that was listed, or is gone.
std::unexpected<Error> FailReplaced(const std::string& url);

/// Without the quotes around it.
std::string PlainEtag(std::string_view etag);

}  // namespace inlet::storage
