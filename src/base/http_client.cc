#include "base/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "base/option_map.h"

namespace inlet {
namespace {

/// Without query and fragment, which can hold signatures, and without user and password.
std::string UrlForMessages(std::string_view url) {
  std::string text(url.substr(0, url.find_first_of("?#")));
  const std::size_t authority = text.find("://");
  const std::size_t at = text.find('@');
  if (authority != std::string::npos && at != std::string::npos &&
      at < text.find('/', authority + 3)) {
    text.erase(authority + 3, at - authority - 2);
  }
  return text;
}

bool CarriesBody(std::string_view method) {
  return method == "PUT" || method == "POST" || method == "PATCH";
}

struct FreeHeaders {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeHeaders>;

void AddHeader(HeaderList& list, const std::string& line) {
  list.reset(curl_slist_append(list.release(), line.c_str()));
}

HeaderList ListOf(const HttpRequest& request) {
  HeaderList list;
  for (const auto& [name, value] : request.headers) {
    // A header without a value needs a semicolon, or curl would take it out.
    AddHeader(list, value.empty() ? name + ";" : name + ": " + value);
  }
  AddHeader(list, "Expect:");
  const bool has_content_type = std::ranges::any_of(request.headers, [](const auto& header) {
    return EqualsIgnoreCase(header.first, "Content-Type");
  });
  if (CarriesBody(request.method) && !has_content_type) {
    AddHeader(list, "Content-Type: application/octet-stream");
  }
  return list;
}

}  // namespace

std::string_view HttpResponse::Header(std::string_view name) const {
  const auto found = std::ranges::find(headers.rbegin(), headers.rend(), name,
                                       [](const auto& header) { return header.first; });
  return found == headers.rend() ? std::string_view() : found->second;
}

/// One curl handle, which keeps its connections between requests.
class HttpClient::Handle {
 public:
  Handle() : curl_(curl_easy_init()) {}
  ~Handle() {
    if (curl_ != nullptr) curl_easy_cleanup(curl_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  CURL* get() const { return curl_; }

 private:
  CURL* const curl_;
};

/// One request on its way: what curl's callbacks fill.
class HttpClient::Transfer {
 public:
  Transfer(const HttpRequest& request, const Options& options, std::stop_token stop)
      : request_(request), options_(options), stop_(std::move(stop)), headers_(ListOf(request)) {}

  Result<HttpResponse> Run(CURL* curl) {
    SetUp(curl);
    const CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) return FailTransfer(code);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    return std::move(response_);
  }

 private:
  void SetUp(CURL* curl) {
    curl_easy_reset(curl);  // Keeps the connections.
    curl_easy_setopt(curl, CURLOPT_URL, request_.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers_.get());
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "inlet");
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 256L << 10);
    SetUpCertificates(curl);
    SetUpMethod(curl);
    SetUpTimeouts(curl);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &OnHeader);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &OnBody);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, &OnSend);
    curl_easy_setopt(curl, CURLOPT_PREREQDATA, this);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &OnProgress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, this);
  }

  static void SetUpCertificates(CURL* curl) {
    for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
      const char* const file = std::getenv(name);
      if (file == nullptr || *file == '\0') continue;
      curl_easy_setopt(curl, CURLOPT_CAINFO, file);
      return;
    }
  }

  void SetUpMethod(CURL* curl) {
    if (request_.method == "HEAD") {
      curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
      return;
    }
    if (CarriesBody(request_.method)) {
      curl_easy_setopt(curl, CURLOPT_POST, 1L);
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request_.body.empty() ? "" : request_.body.data());
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request_.body.size()));
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }

  void SetUpTimeouts(CURL* curl) {
    const auto whole_seconds = [](std::chrono::milliseconds time) {
      return static_cast<long>(std::chrono::ceil<std::chrono::seconds>(time).count());
    };
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(options_.connect_timeout.count()));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.total_timeout.count()));
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, whole_seconds(options_.stall_timeout));
  }

  /// curl sends a request again by itself when a connection that it kept turns out to be closed.
  /// The server may have carried out the first one, and the caller has to know.
  static int OnSend(void* self, char*, char*, int, int) {
    Transfer& transfer = *static_cast<Transfer*>(self);
    const bool may_repeat = transfer.request_.method == "GET" || transfer.request_.method == "HEAD";
    transfer.is_repeated_ = transfer.num_sends_++ > 0 && !may_repeat;
    return transfer.is_repeated_ ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
  }

  static std::size_t OnHeader(char* data, std::size_t, std::size_t size, void* self) {
    static_cast<Transfer*>(self)->AddResponseHeader(std::string_view(data, size));
    return size;
  }

  void AddResponseHeader(std::string_view line) {
    if (line.starts_with("HTTP/")) {  // A new answer, after "100 Continue".
      response_ = HttpResponse();
      const std::size_t blank = line.find(' ');
      if (blank != std::string_view::npos) {
        std::from_chars(line.data() + blank + 1, line.data() + line.size(), response_.status);
      }
      return;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || response_.headers.size() >= kMaxHeaders) return;
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && std::strchr(" \t", value.front()) != nullptr) value.remove_prefix(1);
    while (!value.empty() && std::strchr(" \t\r\n", value.back()) != nullptr)
      value.remove_suffix(1);
    response_.headers.emplace_back(ToLower(line.substr(0, colon)), value);
  }

  static std::size_t OnBody(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<Transfer*>(self)->AddBody(std::string_view(data, size)) ? size : 0;
  }

  bool AddBody(std::string_view bytes) {
    const bool goes_into = !request_.into.empty() && response_.is_success();
    const std::int64_t limit = goes_into ? std::ssize(request_.into) : options_.max_body_bytes;
    const std::int64_t position = response_.num_body_bytes;
    if (position + std::ssize(bytes) > limit) {
      is_too_large_ = true;
      limit_ = limit;
      return false;
    }
    if (goes_into) {
      std::memcpy(request_.into.data() + position, bytes.data(), bytes.size());
    } else {
      response_.body += bytes;
    }
    response_.num_body_bytes += std::ssize(bytes);
    return true;
  }

  static int OnProgress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Transfer*>(self)->stop_.stop_requested() ? 1 : 0;
  }

  std::unexpected<Error> FailTransfer(CURLcode code) const {
    const std::string what = request_.method + " " + UrlForMessages(request_.url);
    if (is_too_large_) {
      return Fail(Condition::INLET_RESOURCE_LIMIT,
                  {{"message", "The answer to " + what + " is too large"},
                   {"limit", fmt::format("{} bytes", limit_)}});
    }
    if (is_repeated_) {
      return Fail(Condition::STORAGE_UNAVAILABLE,
                  {{"message", what + ": the connection was closed without an answer"}});
    }
    switch (code) {
      case CURLE_ABORTED_BY_CALLBACK:
        return Fail(Condition::OPERATION_CANCELED, {});
      case CURLE_URL_MALFORMAT:
      case CURLE_UNSUPPORTED_PROTOCOL:
        return Fail(Condition::INVALID_PARAMETER_VALUE,
                    {{"parameter", "URL"},
                     {"functionName", UrlForMessages(request_.url)},
                     {"message", curl_easy_strerror(code)}});
      default:
        return Fail(Condition::STORAGE_UNAVAILABLE,
                    {{"message", what + ": " + curl_easy_strerror(code)}});
    }
  }

  static constexpr std::size_t kMaxHeaders = 1000;

  const HttpRequest& request_;
  const Options& options_;
  const std::stop_token stop_;
  const HeaderList headers_;
  HttpResponse response_;
  int num_sends_ = 0;
  bool is_repeated_ = false;
  bool is_too_large_ = false;
  std::int64_t limit_ = 0;
};

HttpClient::HttpClient(Options options) : options_(options) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)initialised;  // A failure shows at the first request.
}

HttpClient::~HttpClient() = default;

const HttpClient& HttpClient::Shared() {
  static const HttpClient client;
  return client;
}

Result<HttpResponse> HttpClient::Send(const HttpRequest& request, std::stop_token stop) const {
  if (stop.stop_requested()) return Fail(Condition::OPERATION_CANCELED, {});
  std::unique_ptr<Handle> handle = TakeHandle();
  if (handle->get() == nullptr) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", "No memory for a connection"}, {"limit", "that of this process"}});
  }
  Result<HttpResponse> response = Transfer(request, options_, std::move(stop)).Run(handle->get());
  GiveBack(std::move(handle));
  return response;
}

std::unique_ptr<HttpClient::Handle> HttpClient::TakeHandle() const {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Handle> handle = std::move(idle_.back());
      idle_.pop_back();
      return handle;
    }
  }
  return std::make_unique<Handle>();
}

void HttpClient::GiveBack(std::unique_ptr<Handle> handle) const {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < options_.max_idle_connections) idle_.push_back(std::move(handle));
}

}  // namespace inlet
