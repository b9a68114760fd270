#include "connectors/file_events/sqs_events.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "base/http_test_server.h"
#include "base/testing.h"

namespace inlet::connectors {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kMessage =
    R"({"Messages":[{"ReceiptHandle":"r1","Body":"{\"urls\":[\"s3://b/in/1\"]}"},
                    {"ReceiptHandle":"r2","Body":"no event"}]})";

std::string Answer(const std::string& body, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

/// A queue with two messages, which fails the first request of each kind.
class FakeQueue {
 public:
  std::string operator()(const ReceivedRequest& request) {
    ++num_requests_;
    if (num_requests_ == 1) return Answer("", "503 Service Unavailable");
    if (request.head.find("ReceiveMessage") != std::string::npos) {
      return Answer(std::exchange(has_given_, true) ? "{}" : kMessage);
    }
    if (request.head.find("GetQueueAttributes") != std::string::npos) {
      return Answer(R"({"Attributes":{"ApproximateNumberOfMessages":"7"}})");
    }
    return Answer("{}");
  }

 private:
  int num_requests_ = 0;
  bool has_given_ = false;
};

SqsOptions OptionsFor(const HttpTestServer& server) {
  return {.queue_url = server.url() + "/123456789012/files",
          .region = "eu-west-1",
          .credentials = std::make_shared<storage::FixedAwsCredentials>(
              storage::AwsCredentials{.access_key_id = "id", .secret_access_key = "hunter2"}),
          .retry = {.max_tries = 3, .first_bound = std::chrono::milliseconds(1)}};
}

TEST(SqsEvents, AreDeletedWhenTheyAreAcknowledgedAndNotBefore) {
  HttpTestServer server(FakeQueue{});
  const auto events = Value(OpenSqsEvents(OptionsFor(server)));
  std::string position;
  const FileNews news = Value(events->Take(position));
  EXPECT_TRUE(news.is_complete);
  EXPECT_THAT(news.urls, ElementsAre("s3://b/in/1"));
  EXPECT_EQ(events->queue_size(), 7);
  const auto deletes = [&] {
    std::vector<std::string> bodies;
    for (const ReceivedRequest& request : server.requests()) {
      if (request.head.find("DeleteMessageBatch") != std::string::npos) {
        bodies.push_back(request.body);
      }
    }
    return bodies;
  };
  EXPECT_THAT(deletes(), IsEmpty());
  EXPECT_THAT(events->Acknowledge(), IsOk());
  EXPECT_THAT(deletes(), ElementsAre(HasSubstr("\"r1\"")));
  EXPECT_THAT(events->Acknowledge(), IsOk());
  EXPECT_EQ(deletes().size(), 1u);
  EXPECT_THAT(server.requests().front().head, HasSubstr("/eu-west-1/sqs/aws4_request"));
  EXPECT_THAT(server.requests().front().head, Not(HasSubstr("hunter2")));
}

TEST(SqsEvents, SayWhichQueueDoesNotAnswer) {
  HttpTestServer server([](const ReceivedRequest&) {
    return Answer(R"({"__type":"QueueDoesNotExist","message":"no such queue"})", "400 Bad Request");
  });
  const auto events = Value(OpenSqsEvents(OptionsFor(server)));
  std::string position;
  const auto news = events->Take(position);
  EXPECT_THAT(news, FailsWith(Condition::INVALID_PARAMETER_VALUE));
  EXPECT_THAT(ToString(news.error()), HasSubstr("no such queue"));
  EXPECT_THAT(OpenSqsEvents({.queue_url = "files"}), FailsWith(Condition::INVALID_PARAMETER_VALUE));
}

}  // namespace
}  // namespace inlet::connectors
