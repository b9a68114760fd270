#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "base/http_client.h"
#include "storage/http/service_time.h"

namespace inlet::storage {

/// What OAuth 2 gives for a proof of identity.
struct AccessToken {
  std::string text;
  std::int64_t expires_at_ms = 0;  ///< UTC; zero: never.
};

/// Fetches a token when it is first needed and again five minutes before it expires. Thread-safe.
class CachedAccessToken {
 public:
  using Fetch = std::function<Result<AccessToken>()>;

  CachedAccessToken(Fetch fetch, NowMs now_ms)
      : fetch_(std::move(fetch)), now_ms_(std::move(now_ms)) {}

  Result<std::string> Get();

 private:
  const Fetch fetch_;
  const NowMs now_ms_;
  std::mutex mutex_;   // Held over the fetch, so that threads do not all fetch at once.
  AccessToken token_;  // Guarded by mutex_.
};

/// Posts a form to a token endpoint and reads "access_token" and "expires_in" of its answer.
/// Errors: PERMISSION_DENIED, naming `who` asked.
Result<AccessToken> RequestAccessToken(const std::string& endpoint,
                                       const std::vector<std::pair<std::string, std::string>>& form,
                                       const std::string& who, const NowMs& now_ms);

/// The same from a metadata service, by GET.
Result<AccessToken> RequestMetadataToken(const std::string& url, const HttpHeaders& headers,
                                         const std::string& who, const NowMs& now_ms);

}  // namespace inlet::storage
