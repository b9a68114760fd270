#include "storage/http/access_token.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/percent_encoding.h"

namespace inlet::storage {
namespace {

using std::chrono::milliseconds;

const HttpClient& TokenClient() {
  static const HttpClient client({.connect_timeout = milliseconds(3000),
                                  .total_timeout = milliseconds(30'000),
                                  .max_body_bytes = 1 << 20});
  return client;
}

std::unexpected<Error> FailToken(const std::string& who, std::string message) {
  return Fail(Condition::PERMISSION_DENIED, {{"path", who}, {"message", std::move(message)}});
}

/// A number, or a text that holds one, as some services write it.
std::int64_t SecondsIn(const nlohmann::json& object) {
  const auto found = object.find("expires_in");
  if (found == object.end()) return 0;
  if (found->is_number_integer()) return found->get<std::int64_t>();
  std::int64_t seconds = 0;
  if (found->is_string()) {
    const auto text = found->get<std::string>();
    std::from_chars(text.data(), text.data() + text.size(), seconds);
  }
  return seconds;
}

Result<AccessToken> ParseToken(const HttpResponse& response, const std::string& who,
                               const NowMs& now_ms) {
  const nlohmann::json object =
      nlohmann::json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  const bool has_token =
      object.is_object() && object.contains("access_token") && object["access_token"].is_string();
  if (!response.is_success() || !has_token) {
    std::string message = "no access token, status " + std::to_string(response.status);
    if (object.is_object() && object.contains("error") && object["error"].is_string()) {
      message += ", " + object["error"].get<std::string>();
    }
    return FailToken(who, message);
  }
  const std::int64_t seconds = SecondsIn(object);
  return AccessToken{.text = object["access_token"].get<std::string>(),
                     .expires_at_ms = seconds > 0 ? now_ms() + seconds * 1000 : 0};
}

}  // namespace

Result<std::string> CachedAccessToken::Get() {
  constexpr std::int64_t kRefreshBeforeMs = 5 * 60 * 1000;
  const std::lock_guard lock(mutex_);
  const bool is_fresh =
      !token_.text.empty() &&
      (token_.expires_at_ms == 0 || now_ms_() < token_.expires_at_ms - kRefreshBeforeMs);
  if (!is_fresh) token_ = TRY(fetch_());
  return token_.text;
}

Result<AccessToken> RequestAccessToken(const std::string& endpoint,
                                       const std::vector<std::pair<std::string, std::string>>& form,
                                       const std::string& who, const NowMs& now_ms) {
  std::string body;
  for (const auto& [name, value] : form) {
    body += (body.empty() ? "" : "&") + name + "=" + PercentEncode(value);
  }
  const auto make = [&]() -> Result<HttpRequest> {
    return HttpRequest{.method = "POST",
                       .url = endpoint,
                       .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                       .body = body};
  };
  const RetriedResponse sent = TRY(SendWithRetries(TokenClient(), {.max_tries = 4}, make));
  return ParseToken(sent.response, who, now_ms);
}

Result<AccessToken> RequestMetadataToken(const std::string& url, const HttpHeaders& headers,
                                         const std::string& who, const NowMs& now_ms) {
  const Result<HttpResponse> response = TokenClient().Send({.url = url, .headers = headers});
  if (!response)
    return FailToken(who,
                     "no credentials: none in the options, the environment or the "
                     "machine");
  return ParseToken(*response, who, now_ms);
}

}  // namespace inlet::storage
