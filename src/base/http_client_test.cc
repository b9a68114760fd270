#include "base/http_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/http_test_server.h"
#include "base/testing.h"

namespace inlet {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

/// Answers the requests in turn; the last answer stays.
HttpTestServer::Handler InTurn(std::vector<std::string> answers) {
  auto next = std::make_shared<std::atomic<std::size_t>>(0);
  return [next, answers = std::move(answers)](const ReceivedRequest&) {
    return answers[std::min(next->fetch_add(1), answers.size() - 1)];
  };
}

constexpr RetryPolicy kQuick{.max_tries = 4, .first_bound = milliseconds(1)};

Result<RetriedResponse> Retry(const HttpTestServer& server, const RetryPolicy& policy = kQuick,
                              std::stop_token stop = {}) {
  const auto make = [&]() -> Result<HttpRequest> {
    return HttpRequest{.url = server.url() + "/x"};
  };
  return SendWithRetries(HttpClient::Shared(), policy, make, std::move(stop));
}

TEST(HttpClient, SendsMethodHeadersAndBody) {
  const HttpTestServer server(InTurn({HttpAnswer("201 Created", "done", "X-Thing: a b \r\n")}));
  const HttpResponse response =
      Value(HttpClient::Shared().Send({.method = "PUT",
                                       .url = server.url() + "/a%20b/../c?q=1",
                                       .headers = {{"X-One", "1"}, {"X-Empty", ""}},
                                       .body = "hello"}));
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, "done");
  EXPECT_EQ(response.Header("x-thing"), "a b");
  EXPECT_EQ(response.Header("missing"), "");

  const ReceivedRequest request = server.requests().at(0);
  EXPECT_EQ(request.Line(), "PUT /a%20b/../c?q=1 HTTP/1.1");
  EXPECT_THAT(request.head, HasSubstr("\r\nX-One: 1\r\n"));
  EXPECT_THAT(request.head, HasSubstr("\r\nX-Empty:"));
  EXPECT_THAT(request.head, Not(HasSubstr("Expect:")));
  EXPECT_EQ(request.body, "hello");
}

TEST(HttpClient, AnEmptyPutSaysThatItIsEmpty) {
  const HttpTestServer server(InTurn({HttpAnswer("200 OK")}));
  EXPECT_THAT(HttpClient::Shared().Send({.method = "PUT", .url = server.url()}), IsOk());
  EXPECT_THAT(server.requests().at(0).head, HasSubstr("\r\nContent-Length: 0\r\n"));
}

TEST(HttpClient, HeadHasNoBodyButItsLength) {
  const HttpTestServer server(InTurn({"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n"}));
  const HttpResponse response =
      Value(HttpClient::Shared().Send({.method = "HEAD", .url = server.url()}));
  EXPECT_EQ(response.Header("content-length"), "12345");
  EXPECT_EQ(response.num_body_bytes, 0);
}

TEST(HttpClient, ConnectionsAreReused) {
  const HttpTestServer server(InTurn({HttpAnswer("200 OK", "x")}));
  const HttpClient client;
  for (int i = 0; i < 5; ++i) EXPECT_THAT(client.Send({.url = server.url()}), IsOk());
  EXPECT_EQ(server.num_connections(), 1);
}

TEST(HttpClient, ManyThreadsSendAtOnce) {
  const HttpTestServer server(
      [](const ReceivedRequest& request) { return HttpAnswer("200 OK", request.Line()); });
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 20; ++k) {
        const std::string path = "/" + std::to_string(i) + "-" + std::to_string(k);
        EXPECT_EQ(Value(HttpClient::Shared().Send({.url = server.url() + path})).body,
                  "GET " + path + " HTTP/1.1");
      }
    });
  }
}

TEST(HttpClient, ABodyGoesStraightIntoTheBufferOfTheCaller) {
  const HttpTestServer server(
      InTurn({HttpAnswer("206 Partial", "0123456789"), HttpAnswer("404 No", "why")}));
  std::string buffer(10, '\0');
  const HttpRequest request{.url = server.url(), .into = buffer};
  EXPECT_EQ(Value(HttpClient::Shared().Send(request)).num_body_bytes, 10);
  EXPECT_EQ(buffer, "0123456789");
  EXPECT_EQ(Value(HttpClient::Shared().Send(request)).body, "why");
}

TEST(HttpClient, ABodyThatIsTooLargeIsCutOff) {
  const HttpTestServer server(InTurn({HttpAnswer("200 OK", std::string(100, 'x'))}));
  std::string buffer(99, '\0');
  EXPECT_THAT(HttpClient::Shared().Send({.url = server.url(), .into = buffer}),
              FailsWith(Condition::INLET_RESOURCE_LIMIT));
  const HttpClient client({.max_body_bytes = 99});
  EXPECT_THAT(client.Send({.url = server.url()}), FailsWith(Condition::INLET_RESOURCE_LIMIT));
}

TEST(HttpClient, ACutAnswerIsNoAnswer) {
  const HttpTestServer server(
      InTurn({"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\nhalf"}));
  EXPECT_THAT(HttpClient::Shared().Send({.url = server.url()}),
              FailsWith(Condition::STORAGE_UNAVAILABLE));
}

TEST(HttpClient, ARequestIsNotSentTwiceBehindTheBackOfTheCaller) {
  for (const char* method : {"PUT", "POST", "DELETE"}) {
    const HttpTestServer server(InTurn({HttpAnswer("200 OK"), "", HttpAnswer("200 OK")}));
    const HttpClient client;
    EXPECT_THAT(client.Send({.method = method, .url = server.url()}), IsOk());
    // The connection is kept, and closed when the next request has been received.
    EXPECT_THAT(client.Send({.method = method, .url = server.url()}),
                FailsWith(Condition::STORAGE_UNAVAILABLE));
    EXPECT_EQ(server.requests().size(), 2u);
  }
}

TEST(HttpClient, AStalledServerIsGivenUp) {
  const HttpTestServer server([](const ReceivedRequest&) {
    std::this_thread::sleep_for(milliseconds(400));
    return HttpAnswer("200 OK");
  });
  const HttpClient client({.total_timeout = milliseconds(100)});
  EXPECT_THAT(client.Send({.url = server.url()}), FailsWith(Condition::STORAGE_UNAVAILABLE));
}

TEST(HttpClient, StopEndsARunningRequest) {
  const HttpTestServer server([](const ReceivedRequest&) {
    std::this_thread::sleep_for(milliseconds(2000));
    return HttpAnswer("200 OK");
  });
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(milliseconds(100));
    stop.request_stop();
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(HttpClient::Shared().Send({.url = server.url()}, stop.get_token()),
              FailsWith(Condition::OPERATION_CANCELED));
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(1900));
}

TEST(HttpClient, ErrorsHoldNoSecrets) {
  const Result<HttpResponse> response =
      HttpClient::Shared().Send({.url = "http://user:hunter2@127.0.0.1:1/path?sig=hunter2",
                                 .headers = {{"Authorization", "hunter2"}}});
  ASSERT_THAT(response, FailsWith(Condition::STORAGE_UNAVAILABLE));
  EXPECT_THAT(ToString(response.error()), HasSubstr("GET http://127.0.0.1:1/path:"));
  EXPECT_THAT(ToString(response.error()), Not(HasSubstr("hunter2")));
}

TEST(HttpClient, OnlyHttpIsSpoken) {
  EXPECT_THAT(HttpClient::Shared().Send({.url = "file:///etc/passwd"}),
              FailsWith(Condition::INVALID_PARAMETER_VALUE));
  EXPECT_THAT(HttpClient::Shared().Send({.url = "http://[bad"}),
              FailsWith(Condition::INVALID_PARAMETER_VALUE));
}

TEST(SendWithRetries, TriesAgainAfterTransientAnswers) {
  for (const char* status :
       {"429 Slow", "500 Oops", "502 Bad", "503 Busy", "504 Late", "408 Slow"}) {
    const HttpTestServer server(InTurn({HttpAnswer(status), HttpAnswer("200 OK", "x")}));
    EXPECT_EQ(Value(Retry(server)).response.body, "x") << status;
    EXPECT_EQ(server.requests().size(), 2u);
  }
}

TEST(SendWithRetries, DoesNotTryAgainWhatWillNotChange) {
  for (const char* status : {"400 Bad", "403 No", "404 Gone", "412 Lost", "200 OK"}) {
    const HttpTestServer server(InTurn({HttpAnswer(status)}));
    EXPECT_THAT(Retry(server), IsOk()) << status;
    EXPECT_EQ(server.requests().size(), 1u);
  }
}

TEST(SendWithRetries, TellsWhetherAnEarlierTryMayHaveBeenCarriedOut) {
  const HttpTestServer refused(InTurn({HttpAnswer("503 Busy"), HttpAnswer("412 Lost")}));
  EXPECT_FALSE(Value(Retry(refused)).maybe_done_before);
  const HttpTestServer failed(InTurn({HttpAnswer("500 Oops"), HttpAnswer("412 Lost")}));
  EXPECT_TRUE(Value(Retry(failed)).maybe_done_before);
  const HttpTestServer unanswered(InTurn({"", "", HttpAnswer("412 Lost")}));
  EXPECT_TRUE(Value(Retry(unanswered)).maybe_done_before);
}

TEST(SendWithRetries, GivesUpWithTheLastAnswer) {
  const HttpTestServer server(InTurn({HttpAnswer("503 Busy", "why")}));
  EXPECT_EQ(Value(Retry(server)).response.body, "why");
  EXPECT_EQ(server.requests().size(), 4u);
  const HttpTestServer unanswered(InTurn({""}));
  EXPECT_THAT(Retry(unanswered), FailsWith(Condition::STORAGE_UNAVAILABLE));
}

TEST(SendWithRetries, WaitsAsLongAsRetryAfterSays) {
  const HttpTestServer server(
      InTurn({HttpAnswer("503 Busy", "", "Retry-After: 1\r\n"), HttpAnswer("200 OK")}));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(Retry(server), IsOk());
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(1000));
}

TEST(SendWithRetries, StopEndsTheWait) {
  const HttpTestServer server(InTurn({HttpAnswer("503 Busy", "", "Retry-After: 50\r\n")}));
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(milliseconds(50));
    stop.request_stop();
  });
  EXPECT_THAT(Retry(server, kQuick, stop.get_token()), FailsWith(Condition::OPERATION_CANCELED));
}

}  // namespace
}  // namespace inlet
