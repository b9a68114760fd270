#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <random>

#include "base/http_client.h"

namespace inlet {
namespace {

using std::chrono::milliseconds;

bool IsTransient(int status) {
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
         status == 504;
}

/// The server refused before doing anything; the other transient answers leave that open.
bool IsSurelyNotDone(int status) { return status == 429 || status == 503; }

/// Seconds only; a date is rare and our own wait serves as well.
milliseconds RetryAfter(const HttpResponse& response) {
  const std::string_view text = response.Header("retry-after");
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  return milliseconds(is_number ? std::max(seconds, 0) * std::int64_t{1000} : 0);
}

milliseconds RandomUpTo(milliseconds bound) {
  thread_local std::mt19937_64 random(std::random_device{}());
  return milliseconds(std::uniform_int_distribution<std::int64_t>(0, bound.count())(random));
}

/// Returns false when `stop` came first.
bool SleepFor(milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any condition;
  std::unique_lock lock(mutex);
  condition.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace

Result<RetriedResponse> SendWithRetries(
    const HttpClient& client, const RetryPolicy& policy,
    const std::function<Result<HttpRequest>()>& make_request, std::stop_token stop,
    const std::function<bool(const HttpResponse&)>& is_retryable) {
  bool maybe_done_before = false;
  milliseconds bound = policy.first_bound;
  for (int num_tries = 1;; ++num_tries) {
    const HttpRequest request = TRY(make_request());
    Result<HttpResponse> response = client.Send(request, stop);
    if (!response && response.error().kind() != ErrorKind::kUnavailable) {
      return std::unexpected(std::move(response).error());
    }
    const bool is_final =
        response && !IsTransient(response->status) && !(is_retryable && is_retryable(*response));
    if (is_final || num_tries >= policy.max_tries) {
      if (!response) return std::unexpected(std::move(response).error());
      return RetriedResponse{*std::move(response), maybe_done_before};
    }
    const bool has_status = response.has_value();
    if (!has_status || !IsSurelyNotDone(response->status)) maybe_done_before = true;

    const milliseconds asked = has_status ? RetryAfter(*response) : milliseconds(0);
    const milliseconds wait = std::max(RandomUpTo(bound), std::min(asked, policy.max_retry_after));
    if (!SleepFor(wait, stop)) return Fail(Condition::OPERATION_CANCELED, {});
    bound = std::min(bound * 2, policy.max_bound);
  }
}

}  // namespace inlet
