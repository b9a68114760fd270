#include "connectors/file_events/sqs_events.h"

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>

#include "connectors/file_events/file_event.h"
#include "storage/http/service_error.h"
#include "storage/http/service_time.h"

namespace inlet::connectors {
namespace {

using Json = nlohmann::json;

/// The most that one request gives or takes. Source: SQS, ReceiveMessage, DeleteMessageBatch.
constexpr int kMessagesAtATime = 10;
/// So many messages are taken before their files go into the stream's log.
constexpr std::size_t kMostMessages = 10'000;
/// Long enough to note the files; then the messages come again.
constexpr int kVisibilitySeconds = 300;

struct Address {
  std::string origin;  ///< https://host:port
  std::string host;
  std::string region;
};

Result<Address> AddressOf(const SqsOptions& options) {
  const std::string& url = options.queue_url;
  const std::size_t scheme = url.find("://");
  const std::size_t slash =
      scheme == std::string::npos ? std::string::npos : url.find('/', scheme + 3);
  if (slash == std::string::npos || !url.starts_with("http")) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "queueUrl"},
                 {"functionName", "the stream's options"},
                 {"message", "'" + url + "' is not the URL of a queue"}});
  }
  Address address{.origin = url.substr(0, slash),
                  .host = url.substr(scheme + 3, slash - scheme - 3),
                  .region = options.region};
  constexpr std::string_view kService = "sqs.";
  if (address.region.empty() && address.host.starts_with(kService)) {
    const std::size_t end = address.host.find('.', kService.size());
    address.region = address.host.substr(kService.size(), end - kService.size());
  }
  if (address.region.empty()) address.region = "us-east-1";
  return address;
}

class SqsEvents final : public FileEventSource {
 public:
  SqsEvents(SqsOptions options, Address address)
      : options_(std::move(options)), address_(std::move(address)) {}

  Result<FileNews> Take(std::string&) override {
    FileNews news;
    while (taken_.size() < kMostMessages) {
      std::vector<std::future<Result<Json>>> answers;
      for (int i = 0; i < std::max(options_.fetch_parallelism, 1); ++i) {
        answers.push_back(std::async(std::launch::async, [this] { return Receive(); }));
      }
      std::size_t num_messages = 0;
      for (auto& answer : answers) num_messages += TRY(TakeMessages(TRY(answer.get()), news));
      if (num_messages == 0) break;
    }
    if (!taken_.empty()) TRY(CountWaiting());
    return news;
  }

  Status Acknowledge() override {
    while (!taken_.empty()) {
      Json entries = Json::array();
      const std::size_t count = std::min<std::size_t>(taken_.size(), kMessagesAtATime);
      for (std::size_t i = 0; i < count; ++i) {
        entries.push_back({{"Id", std::to_string(i)}, {"ReceiptHandle", taken_[i]}});
      }
      // What is not deleted comes again, and is known then.
      TRY(Call("DeleteMessageBatch", {{"Entries", std::move(entries)}}));
      taken_.erase(taken_.begin(), taken_.begin() + static_cast<std::ptrdiff_t>(count));
    }
    return Ok();
  }

  std::int64_t queue_size() const override { return queue_size_; }

 private:
  Result<Json> Receive() const {
    return Call("ReceiveMessage", {{"MaxNumberOfMessages", kMessagesAtATime},
                                   {"VisibilityTimeout", kVisibilitySeconds},
                                   {"WaitTimeSeconds", 0}});
  }

  Result<std::size_t> TakeMessages(const Json& answer, FileNews& news) {
    const auto messages = answer.find("Messages");
    if (messages == answer.end() || !messages->is_array()) return std::size_t{0};
    for (const Json& message : *messages) {
      const auto body = message.find("Body");
      const auto receipt = message.find("ReceiptHandle");
      if (body == message.end() || receipt == message.end()) continue;
      if (!body->is_string() || !receipt->is_string()) continue;
      Result<FileEvents> events = ParseFileEvents(body->get_ref<const std::string&>());
      if (!events) continue;
      for (std::string& url : events->urls) news.urls.push_back(std::move(url));
      taken_.push_back(receipt->get<std::string>());
    }
    return messages->size();
  }

  Status CountWaiting() {
    const Json answer = TRY(Call(
        "GetQueueAttributes", {{"AttributeNames", Json::array({"ApproximateNumberOfMessages"})}}));
    const auto attributes = answer.find("Attributes");
    if (attributes == answer.end() || !attributes->is_object()) return Ok();
    const auto count = attributes->find("ApproximateNumberOfMessages");
    if (count == attributes->end() || !count->is_string()) return Ok();
    queue_size_ = std::strtoll(count->get_ref<const std::string&>().c_str(), nullptr, 10);
    return Ok();
  }

  /// One action of the service's JSON protocol. Source: Amazon SQS API Reference.
  Result<Json> Call(const std::string& action, Json parameters) const {
    parameters["QueueUrl"] = options_.queue_url;
    const std::string body =
        parameters.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    const RetriedResponse sent =
        TRY(SendWithRetries(HttpClient::Shared(), options_.retry,
                            [&]() -> Result<HttpRequest> { return Signed(action, body); }));
    Json answer = Json::parse(sent.response.body, nullptr, /*allow_exceptions=*/false);
    if (sent.response.is_success()) {
      return answer.is_object() ? std::move(answer) : Json::object();
    }
    storage::ServiceError error;
    const auto text = [&](const char* key) {
      const auto found = answer.is_object() ? answer.find(key) : answer.end();
      return answer.is_object() && found != answer.end() && found->is_string()
                 ? found->get<std::string>()
                 : std::string();
    };
    error.code = text("__type");
    error.message = text("message");
    return storage::FailService(sent.response, error, options_.queue_url);
  }

  Result<HttpRequest> Signed(const std::string& action, const std::string& body) const {
    storage::AwsRequest to_sign{.method = "POST", .host = address_.host, .body = body};
    to_sign.headers = {{"x-amz-target", "AmazonSQS." + action}};
    HttpRequest request{.method = "POST", .url = address_.origin + "/", .body = body};
    const auto credentials = TRY(options_.credentials->Get());
    if (credentials) {
      const storage::AwsScope scope{
          .region = address_.region, .service = "sqs", .now_ms = storage::SystemNowMs()};
      request.headers = storage::SignAwsRequest(to_sign, *credentials, scope);
    } else {
      request.headers = to_sign.headers;
    }
    request.headers.emplace_back("Content-Type", "application/x-amz-json-1.0");
    return request;
  }

  const SqsOptions options_;
  const Address address_;
  std::vector<std::string> taken_;  ///< Receipts of what is to be acknowledged.
  std::int64_t queue_size_ = -1;
};

}  // namespace

Result<std::unique_ptr<FileEventSource>> OpenSqsEvents(SqsOptions options) {
  Address address = TRY(AddressOf(options));
  return std::make_unique<SqsEvents>(std::move(options), std::move(address));
}

}  // namespace inlet::connectors
