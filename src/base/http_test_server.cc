#include "base/http_test_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "base/check.h"
#include "base/option_map.h"

namespace inlet {
namespace {

/// Returns false when the test is over first.
bool WaitForInput(int fd, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd poll_fd{.fd = fd, .events = POLLIN, .revents = 0};
    if (poll(&poll_fd, 1, 20) > 0) return true;
  }
  return false;
}

std::size_t ContentLength(const std::string& head) {
  const std::size_t found = ToLower(head).find("\r\ncontent-length:");
  return found == std::string::npos ? 0 : std::strtoul(head.c_str() + found + 17, nullptr, 10);
}

/// Takes one whole request from the front of `input`, once it is there.
std::optional<ReceivedRequest> TakeRequest(std::string& input) {
  const std::size_t end = input.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  ReceivedRequest request{.head = input.substr(0, end + 2), .body = ""};
  const std::size_t length = ContentLength(request.head);
  if (input.size() < end + 4 + length) return std::nullopt;
  request.body = input.substr(end + 4, length);
  input.erase(0, end + 4 + length);
  return request;
}

}  // namespace

HttpTestServer::HttpTestServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  INLET_CHECK(bind(listener_, generic, size) == 0);
  INLET_CHECK(listen(listener_, 64) == 0);
  INLET_CHECK(getsockname(listener_, generic, &size) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread([this](const std::stop_token& stop) { Accept(stop); });
}

HttpTestServer::~HttpTestServer() {
  acceptor_.request_stop();
  acceptor_.join();
  connections_.clear();
  close(listener_);
}

std::vector<ReceivedRequest> HttpTestServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

int HttpTestServer::num_connections() const {
  const std::lock_guard lock(mutex_);
  return num_connections_;
}

std::string HttpAnswer(const std::string& status_line, const std::string& body,
                       const std::string& headers) {
  return "HTTP/1.1 " + status_line + "\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

void HttpTestServer::Accept(const std::stop_token& stop) {
  while (WaitForInput(listener_, stop)) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    {
      const std::lock_guard lock(mutex_);
      ++num_connections_;
    }
    connections_.emplace_back([this, connection](const std::stop_token& connection_stop) {
      Serve(connection, connection_stop);
      close(connection);
    });
  }
}

void HttpTestServer::Serve(int connection, const std::stop_token& stop) {
  std::string input;
  while (WaitForInput(connection, stop)) {
    char buffer[65536];
    const ssize_t size = recv(connection, buffer, sizeof(buffer), 0);
    if (size <= 0) return;
    input.append(buffer, static_cast<std::size_t>(size));
    while (const std::optional<ReceivedRequest> request = TakeRequest(input)) {
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(*request);
      }
      std::string answer;
      {
        const std::lock_guard lock(handler_mutex_);
        answer = handler_(*request);
      }
      if (answer.empty()) return;
      if (send(connection, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return;
      if (answer.find("Connection: close") != std::string::npos) return;
    }
  }
}

}  // namespace inlet
